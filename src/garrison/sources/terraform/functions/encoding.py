"""Functions that write and read JSON, YAML, CSV, base 64, URLs, and digests."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

import msgspec

from garrison.estate.values import Body, State, Value, known, unknown
from garrison.sources.terraform.conversion import json_text, of_plain
from garrison.sources.terraform.evaluation import Encoded, undecided
from garrison.sources.terraform.functions.calling import (
    Call,
    Function,
    Refused,
    TooMuch,
    of_data,
    of_values,
    unknown_among,
)
from garrison.sources.terraform.functions.text import text

_MAX_DEPTH = 100
_CODECS = {"UTF-8": "utf-8", "UTF-16LE": "utf-16-le", "UTF-16BE": "utf-16-be", "US-ASCII": "ascii"}


def _encode(call: Call, value: Value) -> Value:
    """Structure stays structure: policies are read from it; as text it is JSON again."""
    if type(value) is Encoded:
        value = json_text(value, call.place)
    if value.state is State.UNKNOWN:
        return value if value.content is None else undecided(value, call.place)
    if isinstance(value.content, tuple | Body):
        return Encoded(State.KNOWN, value.content, call.place, "", value.ref, "", value.rest)
    if value.state is State.ABSENT:
        return known("null", call.place)
    return known(msgspec.json.encode(value.content).decode(), call.place)


def _decode(decode: Callable[[str], Any]) -> Function:
    def run(call: Call, value: Value) -> Value:
        if type(value) is Encoded:
            return Value(State.KNOWN, value.content, call.place, "", value.ref, "", value.rest)
        cause = unknown_among(call)
        if cause is not None:
            return cause
        try:
            return of_plain(decode(text(value.content)), call.place)
        except (msgspec.DecodeError, Refused, RecursionError, ValueError):
            return call.failed("the text cannot be read")
        except TooMuch as error:
            return unknown(f"{call.name}(): {error}", call.place)

    return of_values(run, 1)


def _yaml(said: str) -> Any:
    import yaml

    if max(said.count(bracket) for bracket in "[{") > _MAX_DEPTH * 10 or ("&" in said and "*" in said):
        raise TooMuch("the text is too involved")
    deepest = max((len(line) - len(line.lstrip(" -?:")) for line in said.splitlines()), default=0)
    if deepest > _MAX_DEPTH * 4:
        raise TooMuch("the text is nested too deeply")
    try:
        return _dated(yaml.load(said, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506 - both are safe
    except yaml.YAMLError as error:
        raise Refused("the text is no YAML") from error


def _dated(data: Any) -> Any:
    """YAML's dates as text, as Terraform reads them."""
    if isinstance(data, dict):
        return {str(k): _dated(v) for k, v in data.items()}
    if isinstance(data, list):
        return [_dated(d) for d in data]
    return data if data is None or isinstance(data, str | bool | int | float) else str(data)


def _csv(said: Any) -> list[dict[str, str]]:
    import csv

    return [dict(row) for row in csv.DictReader(text(said).splitlines(), strict=True)]


def _base64_decode(said: Any) -> str:
    try:
        return base64.b64decode(text(said), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Refused("the text is no base 64") from error


def _text_encode(said: Any, codec: Any) -> str:
    return base64.b64encode(text(said).encode(_CODECS[text(codec)])).decode()


def _text_decode(said: Any, codec: Any) -> str:
    return base64.b64decode(text(said)).decode(_CODECS[text(codec)])


def _digest(name: str) -> Function:
    return of_data(lambda s: hashlib.new(name, text(s).encode(), usedforsecurity=False).hexdigest(), 1)


def _digest64(name: str) -> Function:
    return of_data(
        lambda s: base64.b64encode(hashlib.new(name, text(s).encode(), usedforsecurity=False).digest()).decode(), 1
    )


FUNCTIONS: dict[str, Function] = {
    "base64decode": of_data(_base64_decode, 1),
    "base64encode": of_data(lambda s: base64.b64encode(text(s).encode()).decode(), 1),
    "base64sha256": _digest64("sha256"),
    "base64sha512": _digest64("sha512"),
    "csvdecode": of_data(_csv, 1),
    "jsondecode": _decode(msgspec.json.decode),
    "jsonencode": of_values(_encode, 1),
    "md5": _digest("md5"),
    "sha1": _digest("sha1"),
    "sha256": _digest("sha256"),
    "sha512": _digest("sha512"),
    "textdecodebase64": of_data(_text_decode, 2),
    "textencodebase64": of_data(_text_encode, 2),
    "urlencode": of_data(lambda s: quote_plus(text(s), safe="~"), 1),
    "yamldecode": _decode(_yaml),
    "yamlencode": of_values(_encode, 1),
}
