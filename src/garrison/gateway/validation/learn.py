"""A contract to review, from what a running server or an OpenAPI file says of its inputs.

What is learned is what the server takes now: sizes it leaves open and bounds it does not know are for the reader to set.
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from garrison.errors import ConfigError, GarrisonError, UsageError
from garrison.gateway.file.urls import fault
from garrison.gateway.validation.contract import document
from garrison.gateway.validation.schema import DIALECT, Where, read
from garrison.gateway.validation.tensors import Datatype, Tensor, Tensors, check

_SCALARS = re.compile(r'\[\s+[^][{}"]+\]')
_MAX_BYTES = 4 << 20  # of an answer
_METHODS = ("post", "put", "patch")
_FORMATS = {  # OpenAPI's formats that say which numbers there are
    "int32": (-(1 << 31), (1 << 31) - 1),
    "int64": (-(1 << 63), (1 << 63) - 1),
}
_SILENT = frozenset({"float", "double", "password"})  # they rule nothing out
_BY_NAME = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_IN_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_DATA = frozenset({"enum", "const", "default", "example", "examples", "required", "type"})
_DROPPED = ("discriminator", "xml", "externalDocs")


class Learned(msgspec.Struct, frozen=True):
    """The text of a contract, and what a reader has to know of it."""

    text: str
    notes: tuple[str, ...]


def learn_server(
    url: str,
    model: str,
    *,
    version: str = "",
    headers: Mapping[str, str] | None = None,
    ca: str = "",
    timeout_s: float = 10,
) -> Learned:
    """Ask a server of the Open Inference Protocol for the metadata of a model. Raises GarrisonError."""
    if wrong := fault(url, ("http", "https"), path=True):
        raise UsageError(f"this is no address of a server: {wrong}", hint="write http://HOST:PORT or https://HOST:PORT")
    path = f"/v2/models/{urllib.parse.quote(model, safe='')}"
    address = url.rstrip("/") + path + (f"/versions/{urllib.parse.quote(version, safe='')}" if version else "")
    return learn_metadata(_fetch(address, headers or {}, ca, timeout_s), address)


def learn_metadata(data: bytes, shown: str) -> Learned:
    """A contract from the metadata of a model, as `GET /v2/models/NAME` answers it. Raises ConfigError."""
    try:
        said = msgspec.json.decode(data)
        tensors = Tensors(inputs=tuple(_tensors(said, "inputs")), outputs=tuple(_tensors(said, "outputs")))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        hint = "expected inputs with name, datatype and shape; write the file by hand where the server has none"
        raise ConfigError(f"the metadata cannot be used: {error}", path=shown, hint=hint) from error
    if not tensors.inputs:
        raise ConfigError("the server says nothing of the inputs", path=shown, hint="declare the tensors by hand")
    check(tensors, Where(shown))
    told = {
        "$comment": f"learned from {shown}; review it",
        "tensors": {"inputs": _told(tensors.inputs), "outputs": _told(tensors.outputs)},
    }
    return Learned(_text(told), tuple(_to_review(tensors)))


def learn_openapi(path: Path, *, operation: str = "", shown: str = "") -> Learned:
    """A schema of what an operation of an OpenAPI file takes, named as `POST /predict` or by its operationId.

    It may be left out where only one takes JSON. OpenAPI 3.0 and 3.1, and Swagger 2.0. Raises ConfigError.
    """
    name = shown or str(path)
    description, where = document(path, name)
    if not isinstance(description, dict):
        where.wrong("", "this is no OpenAPI description", "expected an object with paths")
    found = {key: schema for keys, schema in _bodies(description) for key in keys}
    distinct = {id(schema) for schema in found.values()}
    if operation not in found and (operation or len(distinct) != 1):
        known = [key for key in found if " " in key]
        said = "several operations take JSON" if known else "no operation takes JSON"
        hint = f"name one of: {', '.join(known)}" if known else "describe the body of a request as application/json"
        raise ConfigError(f"no operation {operation!r} takes JSON" if operation else said, path=name, hint=hint)
    chosen = found[operation] if operation else next(iter(found.values()))
    translation = _Translation(description)
    schema = {"$schema": DIALECT, "$comment": f"learned from {name}; review it", **translation.schema(chosen)}
    if translation.defs:
        schema["$defs"] = translation.defs
    read(schema, Where(name))
    return Learned(_text(schema), tuple(dict.fromkeys(translation.notes)))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A key must not be carried to another server."""

    def redirect_request(self, *_: object) -> None:
        return None


def _fetch(address: str, headers: Mapping[str, str], ca: str, timeout_s: float) -> bytes:
    hint = "check that the server is up and that the name of the model is right"
    try:
        context = ssl.create_default_context(cafile=ca or None) if address.startswith("https:") else None
        request = urllib.request.Request(address, headers={"accept": "application/json", **headers})  # noqa: S310  # http(s) only
        opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=context))
        with opener.open(request, timeout=timeout_s) as answer:
            data: bytes = answer.read(_MAX_BYTES + 1)
    except urllib.error.HTTPError as error:
        with error:
            raise GarrisonError(f"the server answered {error.code}", path=address, hint=hint) from error
    except (OSError, http.client.HTTPException) as error:
        raise GarrisonError(f"the server cannot be asked: {error}", path=address, hint=hint) from error
    if len(data) > _MAX_BYTES:
        raise GarrisonError("the answer is too large to be metadata", path=address, hint=hint)
    return data


def _tensors(metadata: Any, kind: str) -> Iterator[Tensor]:
    if not isinstance(metadata, dict):
        raise TypeError("it is no object")
    for said in metadata.get(kind) or ():
        shape = tuple(int(size) for size in said["shape"])  # Triton's JSON has numbers, protobuf's JSON has texts
        yield Tensor(name=str(said["name"]), datatype=Datatype(said["datatype"]), shape=shape)


def _told(tensors: tuple[Tensor, ...]) -> list[dict[str, Any]]:
    return [{"name": t.name, "datatype": t.datatype, "shape": list(t.shape)} for t in tensors]


def _to_review(tensors: Tensors) -> Iterator[str]:
    """What a server does not know of its inputs."""
    for said, names in (
        ("any size is taken where a shape says -1", [t.name for t in tensors.inputs if -1 in t.shape]),
        ("write minimum and maximum where you know them", [t.name for t in tensors.inputs if t.datatype.numeric]),
        ("write max_bytes", [t.name for t in tensors.inputs if t.datatype is Datatype.BYTES]),
        ("no other outputs can be asked for", [t.name for t in tensors.outputs]),
    ):
        if names:
            yield f"{said}: {', '.join(names)}"


def _text(said: object) -> str:
    """JSON as one would write it: a list of scalars in one line."""
    text = json.dumps(said, indent=2, ensure_ascii=False, default=float)
    return _SCALARS.sub(lambda found: " ".join(found[0].split()).replace("[ ", "[").replace(" ]", "]"), text) + "\n"


def _bodies(said: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The names of each operation that takes JSON, and its schema."""
    for path, item in (said.get("paths") or {}).items():
        for method in _METHODS:
            operation = item.get(method) if isinstance(item, dict) else None
            if isinstance(operation, dict) and (schema := _body(said, operation)) is not None:
                named = operation.get("operationId")
                yield (f"{method.upper()} {path}", *([named] if isinstance(named, str) else [])), schema


def _body(said: Mapping[str, Any], operation: Mapping[str, Any]) -> Any:
    body = _followed(said, operation.get("requestBody"))
    if isinstance(body, dict):
        for kind, media in (body.get("content") or {}).items():
            if kind.partition(";")[0].strip().lower() == "application/json" and isinstance(media, dict):
                return media.get("schema")
    for parameter in operation.get("parameters") or ():  # Swagger 2.0
        parameter = _followed(said, parameter)  # noqa: PLW2901  # what it stands for
        if isinstance(parameter, dict) and parameter.get("in") == "body":
            return parameter.get("schema")
    return None


def _followed(said: Mapping[str, Any], value: Any) -> Any:
    """What a $ref outside of schemas stands for."""
    for _ in range(10):
        if not isinstance(value, dict) or "$ref" not in value:
            break
        value = _at(said, value["$ref"])
    return value


def _at(said: Any, reference: object) -> Any:
    if not isinstance(reference, str) or not reference.startswith("#/"):
        raise ConfigError(f"{reference} points out of the file", hint="bundle the description into one file first")
    for part in reference[2:].split("/"):
        key = urllib.parse.unquote(part).replace("~1", "/").replace("~0", "~")
        if not isinstance(said, dict) or key not in said:
            raise ConfigError(f"nothing stands at {reference}", hint="correct the $ref")
        said = said[key]
    return said


class _Translation:
    """Schemas of OpenAPI as JSON Schema 2020-12; `defs` are those that others name, `notes` what was left out."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self.said = said
        self.defs: dict[str, Any] = {}
        self.notes: list[str] = []

    def schema(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        found: dict[str, Any] = {}
        for keyword, inner in value.items():
            found |= self._keyword(keyword, inner)
        for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if isinstance(found.get(exclusive), bool) and found.pop(exclusive) and bound in found:  # 3.0 and 2.0
                found[exclusive] = found.pop(bound)
        if value.get("format") in _FORMATS:
            low, high = _FORMATS[value["format"]]
            found = {"minimum": low, "maximum": high} | found
        if found.get("nullable") is True and "type" not in found:
            del found["nullable"]
            return {"anyOf": [found, {"type": "null"}]}
        return found

    def _keyword(self, keyword: str, inner: Any) -> dict[str, Any]:
        """What one keyword becomes: itself, with what is inside translated, or nothing and a note."""
        if keyword == "$ref":
            return {"$ref": f"#/$defs/{self._named(inner)}"}
        if keyword.startswith("x-") or keyword in _DROPPED:
            self.notes.append(f"{keyword} is not carried over")
            return {}
        if keyword == "format":
            if inner not in _FORMATS and inner not in _SILENT:
                self.notes.append(f"format {inner} is not enforced; write a pattern where it matters")
            return {}
        if keyword in _BY_NAME and isinstance(inner, dict):
            return {keyword: {name: self.schema(schema) for name, schema in inner.items()}}
        if keyword in _IN_LISTS and isinstance(inner, list):
            return {keyword: [self.schema(schema) for schema in inner]}
        return {keyword: inner if keyword in _DATA else self.schema(inner)}

    def _named(self, reference: object) -> str:
        value = _at(self.said, reference)
        name = str(reference).rpartition("/")[2]
        if name not in self.defs:
            self.defs[name] = True  # before what is inside names it again
            self.defs[name] = self.schema(value)
        return name
