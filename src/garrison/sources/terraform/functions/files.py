"""Functions of files. Only files of the scanned tree are read; any other is unknown, as it may be made by a build."""

from __future__ import annotations

import base64
import hashlib
import posixpath
from typing import Any

from garrison.estate.values import Body, Source, State, Value, known, unknown
from garrison.sources.terraform.conversion import text_value
from garrison.sources.terraform.evaluation import Env, undecided
from garrison.sources.terraform.functions.calling import Call, Function, Refused, of_data, of_values
from garrison.sources.terraform.functions.text import text


def _opened(call: Call, path: Value) -> Source | Value:
    """The file, or why it is not known."""
    said = text_value(path, call.place)
    if said.state is not State.KNOWN:
        return undecided(said, call.place)
    source = call.env.scope.text_of(said.content)
    return unknown(f"{call.name}(): the file is not in this folder", call.place) if source is None else source


def _file(call: Call, path: Value) -> Value:
    source = _opened(call, path)
    if isinstance(source, Value):
        return source
    try:
        return known(source.data.decode(), call.place)
    except UnicodeDecodeError:
        return call.failed("the file is no text")


def _template_file(call: Call, path: Value, variables: Value) -> Value:
    source = _opened(call, path)
    if isinstance(source, Value):
        return source
    if variables.state is not State.KNOWN or not isinstance(variables.content, Body):
        return undecided(variables, call.place)
    template = call.env.scope.template_of(text_value(path).content, call.place)
    if template is None:
        return unknown("the template cannot be read", call.place)
    return template(Env(call.env.scope, dict(variables.content.items())))


def _template_text(call: Call, value: Value, _: Value) -> Value:
    return undecided(value) if value.state is State.UNKNOWN else unknown(f"{call.name}() is not evaluated", call.place)


def _encoded(call: Call, path: Value) -> Value:
    source = _opened(call, path)
    return source if isinstance(source, Value) else known(base64.b64encode(source.data).decode(), call.place)


def _digest(name: str, *, base_64: bool = False) -> Function:
    def run(call: Call, path: Value) -> Value:
        source = _opened(call, path)
        if isinstance(source, Value):
            return source
        found = hashlib.new(name, source.data, usedforsecurity=False)
        return known(base64.b64encode(found.digest()).decode() if base_64 else found.hexdigest(), call.place)

    return of_values(run, 1)


def _exists(call: Call, path: Value) -> Value:
    source = _opened(call, path)
    return undecided(source, call.place) if isinstance(source, Value) else known(True, call.place)


def _folder_of(path: Any) -> str:
    return posixpath.dirname(text(path)) or "."


def _name_of(path: Any) -> str:
    said = text(path).rstrip("/")
    if not said:
        raise Refused("the path is empty")
    return posixpath.basename(said)


FUNCTIONS: dict[str, Function] = {
    "basename": of_data(_name_of, 1),
    "dirname": of_data(_folder_of, 1),
    "file": of_values(_file, 1),
    "filebase64": of_values(_encoded, 1),
    "filebase64sha256": _digest("sha256", base_64=True),
    "filebase64sha512": _digest("sha512", base_64=True),
    "fileexists": of_values(_exists, 1),
    "filemd5": _digest("md5"),
    "filesha1": _digest("sha1"),
    "filesha256": _digest("sha256"),
    "filesha512": _digest("sha512"),
    "templatefile": of_values(_template_file, 2),
    "templatestring": of_values(_template_text, 2),
}
