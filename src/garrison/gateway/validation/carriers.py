"""In which forms a body can be held against a schema: carriers.toml, and the Lua that asks a request for its form."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import msgspec

from garrison.gateway.validation.lua import table, text


class Carrier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Content types and content encodings in which a validator sees all of a body.

    `json_length` is the header that tells how much of the body is JSON, empty where all of it is.
    """

    content_types: tuple[str, ...]
    content_encodings: tuple[str, ...]
    absent: bool
    json_length: str = ""


@cache
def carriers() -> dict[str, Carrier]:
    """By the kind of a route's body. A kind that is not there (protobuf, multipart, text) cannot be checked at all."""
    path = Path(__file__).with_name("carriers.toml")
    return msgspec.convert(tomllib.loads(path.read_text("utf-8")), dict[str, Carrier])


def carried(carrier: Carrier) -> str:
    """An expression of Lua: a function of a request's content-type and content-encoding (nil where there is none).

    It answers true, or false and what was expected.
    """
    types, encodings = (table(text(v) for v in values) for values in (carrier.content_types, carrier.content_encodings))
    absent = "true" if carrier.absent else "false"
    said = text(f"the content type: expected {' or '.join(carrier.content_types)} in UTF-8")
    return f"(function(t, e) return garrison.carries(t, e, {types}, {encodings}, {absent}, {said}) end)"
