"""Which key of a file is wrong, and what to write instead.

msgspec stops at the first error and does not tell which entry of a table it is in: here every part is tried on its own.
"""

from __future__ import annotations

import enum
import re
import types
import typing
from collections.abc import Iterator
from typing import Any

import msgspec

from garrison.errors import nearest
from garrison.forms.places import Steps

_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}


class Blame(msgspec.Struct, frozen=True):
    """One thing that is wrong."""

    steps: Steps
    message: str
    hint: str = ""


def blames(kind: Any, said: Any, steps: Steps = ()) -> Iterator[Blame]:
    """All that keeps `said` from being a `kind`, deepest first."""
    try:
        msgspec.convert(said, kind)
    except msgspec.ValidationError as error:
        inner = list(_inner(kind, said, steps))
        yield from inner or [_blame(str(error), kind, steps)]


def _inner(kind: Any, said: Any, steps: Steps) -> Iterator[Blame]:
    tables, kind = _tables(kind), _plain(kind)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if isinstance(said, dict) and tables:
        yield from _tagged(tables, said, steps)
    elif isinstance(said, dict) and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from _struct(kind, said, steps)
    elif isinstance(said, dict) and origin is dict:
        for name, value in said.items():
            for wrong in blames(arguments[0], name, (*steps, name)):
                yield Blame(wrong.steps, f"not a name: {wrong.message}", wrong.hint)
            yield from blames(arguments[1], value, (*steps, name))
    elif isinstance(said, list) and origin is tuple:
        for number, value in enumerate(said):
            yield from blames(arguments[0], value, (*steps, number))


def _tables(kind: Any) -> dict[Any, type[msgspec.Struct]]:
    """Tables that are told apart by a tag, each by its own."""
    if typing.get_origin(kind) is typing.Annotated:
        return _tables(typing.get_args(kind)[0])
    is_union = typing.get_origin(kind) in (types.UnionType, typing.Union)
    choices = typing.get_args(kind) if is_union else (kind,)
    structs = [k for k in choices if isinstance(k, type) and issubclass(k, msgspec.Struct)]
    return {k.__struct_config__.tag: k for k in structs if k.__struct_config__.tag is not None}


def _tagged(tables: dict[Any, type[msgspec.Struct]], said: dict[str, Any], steps: Steps) -> Iterator[Blame]:
    field = str(next(iter(tables.values())).__struct_config__.tag_field)
    tag, otherwise = said.get(field), f"write one of: {', '.join(map(str, sorted(tables)))}"
    if tag in tables:
        yield from _struct(tables[tag], {name: value for name, value in said.items() if name != field}, steps)
    elif tag is None:
        yield Blame(steps, f"{field} is missing", otherwise)
    else:
        yield Blame((*steps, field), f"there is no {field} {tag}", nearest(str(tag), tables, otherwise))


def _struct(kind: type[msgspec.Struct], said: dict[str, Any], steps: Steps) -> Iterator[Blame]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name, value in said.items():
        if name not in fields:
            otherwise = f"it can be one of: {', '.join(sorted(fields))}"
            yield Blame((*steps, name), "unknown key", nearest(name, fields, otherwise))
        else:
            yield from blames(fields[name].type, value, (*steps, name))
    for name, field in fields.items():
        if field.required and name not in said:
            yield Blame(steps, f"{name} is missing", _to_add((*steps, name), field.type))


def _blame(message: str, kind: Any, steps: Steps) -> Blame:
    plain, described = _plain(kind), _described(kind).removeprefix(": ")
    message = message.partition(" - at ")[0]
    if isinstance(plain, type) and issubclass(plain, enum.Enum):
        return Blame(steps, "not one of its words", f"write one of: {', '.join(str(m.value) for m in plain)}")
    if pattern := re.fullmatch(r"Expected `str` matching regex '(.*)'", message, re.DOTALL):
        return Blame(steps, "not of the right form", described or f"it has to match {pattern[1]}")
    if message == "Expected `object` of length >= 1":
        return Blame(steps, "nothing is in it", _to_add(steps, kind))
    quoted = plain in (int, float, bool) and message.endswith(", got `str`")
    message = re.sub(r"`([^`]*)`", lambda said: _in_words(said[1]), message)
    return Blame(steps, message[:1].lower() + message[1:], "write it without quotation marks" if quoted else described)


def _in_words(kinds: str) -> str:
    """What msgspec calls `int | null`."""
    return " or ".join(_WORDS.get(kind, kind) for kind in kinds.split(" | ") if kind != "null") or "nothing"


def _to_add(steps: Steps, kind: Any) -> str:
    """What to add where a key is missing, as it is written in TOML."""
    plain, path = _plain(kind), ".".join(map(str, steps))
    if typing.get_origin(plain) is tuple and _is_table(typing.get_args(plain)[0]):
        return f"add [[{path}]]{_described(kind)}"
    if typing.get_origin(plain) is dict:
        plain, path = _plain(typing.get_args(plain)[1]), f"{path}.NAME"
    if not _is_table(plain):
        return f"add {steps[-1]} = {_sample(kind)}{_described(kind)}"
    keys = [f"{field.encode_name} = {_sample(field.type)}" for field in msgspec.structs.fields(plain) if field.required]
    return f"add [{path}]" + (f" with {', '.join(keys)}" if keys else "")


def _is_table(kind: Any) -> bool:
    plain = _plain(kind)
    return isinstance(plain, type) and issubclass(plain, msgspec.Struct)


def _plain(kind: Any) -> Any:
    """A type without what is annotated, and without None."""
    if typing.get_origin(kind) is typing.Annotated:
        return _plain(typing.get_args(kind)[0])
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        return _plain(next(k for k in typing.get_args(kind) if k is not types.NoneType))
    return kind


def _sample(kind: Any) -> str:
    plain = _plain(kind)
    if plain is str:
        return '"..."'
    if plain in (int, float):
        return "..."
    return "[...]" if typing.get_origin(plain) is tuple else "{...}"


def _described(kind: Any) -> str:
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        return next(filter(None, map(_described, typing.get_args(kind))), "")
    if typing.get_origin(kind) is not typing.Annotated:
        return ""
    found = [m.description for m in typing.get_args(kind)[1:] if isinstance(m, msgspec.Meta) and m.description]
    return f": {found[-1]}" if found else ""
