"""How HCL turns one type into another, and values into plain data and back.

The rules are those of "Types and Values" and "Operators" in Terraform's language documentation.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import msgspec

from garrison.estate.values import Body, Place, State, Value, absent, known, unknown
from garrison.sources.terraform.evaluation import MAX_ITEMS, MAX_TEXT, Failed, Undecided, failed

Scalar = str | bool | int | float
_MAX_DIGITS = 400
_NUMBER = re.compile(r"-?\d{1,300}(\.\d{1,300})?([eE][+-]?\d{1,3})?\Z")


def as_text(content: object) -> str | None:
    """A scalar as text; structure as JSON, since only `jsonencode` puts structure where text is needed."""
    if isinstance(content, str):
        return content
    if isinstance(content, bool):
        return "true" if content else "false"
    if isinstance(content, int):
        return str(content)
    if isinstance(content, float):
        return str(int(content)) if content.is_integer() else format(Decimal(repr(content)), "f")
    return None


def as_number(content: object) -> int | float | None:
    """A number, or a text that is one."""
    if isinstance(content, bool):
        return None
    if isinstance(content, int | float):
        return content
    if isinstance(content, str) and _NUMBER.match(content):
        return whole(Decimal(content))
    return None


def as_bool(content: object) -> bool | None:
    """A bool, or a text that is one."""
    if isinstance(content, bool):
        return content
    return {"true": True, "false": False}.get(content) if isinstance(content, str) else None


def whole(number: Decimal) -> int | float | None:
    """An int where it is one; None beyond what a float holds."""
    if number == number.to_integral_value() and number.adjusted() < _MAX_DIGITS:
        return int(number)
    result = float(number)
    return result if abs(result) != float("inf") else None


def text_value(value: Value, place: Place | None = None) -> Value:
    """`tostring`, as interpolation does it; null and unconvertible structure fail."""
    if value.state is State.UNKNOWN or isinstance(value.content, str):
        return value
    if value.state is State.ABSENT:
        return failed("null where a text is needed", place or value.place)
    if isinstance(value.content, tuple | Body):
        return json_text(value, place)
    return Value(State.KNOWN, as_text(value.content), place or value.place, value.reason, value.ref)


def json_text(value: Value, place: Place | None = None) -> Value:
    """The JSON text of a value, as `jsonencode` writes it: keys in order, no white space."""
    try:
        data = msgspec.json.encode(plain(value), order="deterministic").decode()
    except Undecided as error:
        cause = error.value
        if type(cause) is Failed:
            return failed(cause.reason, place)
        return unknown(cause.reason, place or value.place, None, cause.decided_by)
    for char, escape in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        data = data.replace(char, escape)
    return known(data, place or value.place)


def plain(value: Value, budget: list[int] | None = None) -> Any:
    """Python data of a value that is known throughout. Raises Undecided."""
    budget = budget or [MAX_ITEMS]
    budget[0] -= 1
    if budget[0] <= 0:
        raise Undecided(unknown("too large to be evaluated", value.place))
    if value.state is State.UNKNOWN:
        raise Undecided(value)
    if value.rest is not None:
        raise Undecided(value.rest)
    content = value.content
    if isinstance(content, tuple):
        return [plain(item, budget) for item in content]
    if isinstance(content, Body):
        return {name: plain(item, budget) for name, item in content.items()}
    return content if value.state is State.KNOWN else None


def of_plain(data: Any, place: Place | None) -> Value:
    """A value of Python data."""
    if data is None:
        return absent(place)
    if isinstance(data, dict):
        return known(Body.of({str(k): of_plain(v, place) for k, v in data.items()}, place), place)
    if isinstance(data, list | tuple):
        return known(tuple(of_plain(item, place) for item in data), place)
    if isinstance(data, str) and len(data) > MAX_TEXT:
        return unknown("too long to be evaluated", place)
    return known(data, place)


def sequence(items: list[Value], place: Place | None, rest: Value | None = None) -> Value:
    """A list of values, with what may be there beside them."""
    if len(items) > MAX_ITEMS:
        return unknown("too many items to be evaluated", place)
    return Value(State.KNOWN, tuple(items), place, rest=rest)
