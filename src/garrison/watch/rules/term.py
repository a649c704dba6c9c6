"""What a rule asks of an event: tests of its fields, joined by all, any and not.

`holds` is the plain meaning of a term, which the faster ways are held against. A record is an event as its sender wrote it:
mappings, lists, texts, numbers.
"""

from __future__ import annotations

import datetime as dt
import enum
import ipaddress
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Record = Mapping[str, Any]


class Op(enum.Enum):
    """How a value is looked at; texts without regard to case unless the test is `cased`."""

    EQUALS = enum.auto()
    STARTS = enum.auto()
    ENDS = enum.auto()
    CONTAINS = enum.auto()
    REGEX = enum.auto()  # the value is a pattern of RE2
    NETWORK = enum.auto()  # an address in a network
    NUMBER = enum.auto()  # equals a number
    LESS = enum.auto()
    LESS_OR_EQUAL = enum.auto()
    GREATER = enum.auto()
    GREATER_OR_EQUAL = enum.auto()
    ABSENT = enum.auto()  # null, or not there
    EXISTS = enum.auto()  # there, whatever it says
    PRESENT = enum.auto()  # there, and not null
    FIELD = enum.auto()  # equals another field
    FIELD_STARTS = enum.auto()
    FIELD_ENDS = enum.auto()
    FIELD_CONTAINS = enum.auto()
    PART = enum.auto()  # a part of a time: (part, number)
    ANYWHERE = enum.auto()  # a text, or a pattern, in any value of the event


class Predicate(msgspec.Struct, frozen=True):
    """One look at one field; `field` is a path, `a.b.c`."""

    field: str
    op: Op
    value: Any = None  # hashable: a text, a number, a pattern, a network, a field's name, a pair
    cased: bool = False


class All(msgspec.Struct, frozen=True):
    terms: tuple[Term, ...]


class Any_(msgspec.Struct, frozen=True):  # noqa: N801 - `Any` is taken
    terms: tuple[Term, ...]


class Not(msgspec.Struct, frozen=True):
    term: Term


Term = Predicate | All | Any_ | Not | bool
COMPARE: dict[Op, Callable[[float, float], bool]] = {
    Op.NUMBER: lambda said, asked: said == asked,
    Op.LESS: lambda said, asked: said < asked,
    Op.LESS_OR_EQUAL: lambda said, asked: said <= asked,
    Op.GREATER: lambda said, asked: said > asked,
    Op.GREATER_OR_EQUAL: lambda said, asked: said >= asked,
}
TEXTUAL = {Op.EQUALS, Op.STARTS, Op.ENDS, Op.CONTAINS}
FIELDS = {Op.FIELD, Op.FIELD_STARTS, Op.FIELD_ENDS, Op.FIELD_CONTAINS}
_ABSENT = object()


def holds(term: Term, record: Record) -> bool:
    """Whether a record is what a term asks for."""
    if isinstance(term, bool):
        return term
    if isinstance(term, All):
        return all(holds(t, record) for t in term.terms)
    if isinstance(term, Any_):
        return any(holds(t, record) for t in term.terms)
    if isinstance(term, Not):
        return not holds(term.term, record)
    return _passes(term, record)


def _passes(test: Predicate, record: Record) -> bool:
    if test.op is Op.ANYWHERE:
        if not isinstance(test.value, str):
            return any(test.value.search(said) is not None for said in texts_of(record))
        asked = test.value if test.cased else test.value.lower()
        return any(asked in (said if test.cased else said.lower()) for said in texts_of(record))
    values = list(values_of(record, test.field))
    if test.op is Op.EXISTS:
        return bool(values)
    if test.op is Op.ABSENT:
        return all(v is None for v in values)
    told = [v for v in values if v is not None]
    if test.op is Op.PRESENT:
        return bool(told)
    if test.op in FIELDS:
        others = [v for v in values_of(record, test.value) if v is not None]
        return any(of_field(test.op, text_of(v), text_of(other), cased=test.cased) for v in told for other in others)
    return any(of_value(test, v) for v in told)


def of_value(test: Predicate, value: object) -> bool:
    """Whether one value that is there passes a test of one field."""
    if test.op in TEXTUAL:
        said = text_of(value)
        return of_text(test, said if test.cased else said.lower())
    if test.op in COMPARE:
        number = number_of(value)
        return number is not None and COMPARE[test.op](number, test.value)
    said = text_of(value)
    if test.op is Op.REGEX:
        return test.value.search(said) is not None
    if test.op is Op.NETWORK:
        return in_network(said, test.value)
    return part_of(said, test.value)


def of_text(test: Predicate, said: str) -> bool:
    """A textual test of a text that is in lower case already, unless case counts."""
    asked = test.value if test.cased else test.value.lower()
    if test.op is Op.EQUALS:
        return bool(said == asked)
    if test.op is Op.STARTS:
        return said.startswith(asked)
    return said.endswith(asked) if test.op is Op.ENDS else asked in said


def of_field(op: Op, said: str, other: str, *, cased: bool) -> bool:
    """One field against another."""
    one, two = (said, other) if cased else (said.lower(), other.lower())
    if op is Op.FIELD:
        return one == two
    if op is Op.FIELD_CONTAINS:
        return two in one
    return one.startswith(two) if op is Op.FIELD_STARTS else one.endswith(two)


def values_of(record: Record, path: str) -> Iterator[Any]:
    """What a field says: nothing where it is not there, each of its values where it is a list."""
    whole = record.get(path, _ABSENT)
    found = whole if whole is not _ABSENT or "." not in path else _descend(record, path.split("."))
    yield from _flat(found)


def _descend(value: Any, steps: list[str]) -> Any:
    for number, step in enumerate(steps):
        if isinstance(value, list):
            return [_descend(item, steps[number:]) for item in value]
        if not isinstance(value, dict):
            return _ABSENT
        value = value.get(step, _ABSENT)
    return value


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for item in value:
            yield from _flat(item)
    elif value is not _ABSENT:
        yield value


def text_of(value: object) -> str:
    """A value as text; a structure as its JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else msgspec.json.encode(value).decode()


def texts_of(value: Any) -> Iterator[str]:
    """Every value of a record as text."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from texts_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_of(item)
    elif value is not None:
        yield text_of(value)


def number_of(value: object) -> float | None:
    """A number, or a text that is one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    try:
        return float(value) if isinstance(value, str) else None
    except ValueError:
        return None


def in_network(said: str, network: Network) -> bool:
    try:
        return ipaddress.ip_address(said) in network
    except ValueError:
        return False


def part_of(said: str, asked: tuple[str, int]) -> bool:
    """Whether a part of a time (`hour`, of ISO 8601) is a number."""
    try:
        moment = dt.datetime.fromisoformat(said)
    except ValueError:
        return False
    part, number = asked
    return bool((moment.isocalendar().week if part == "week" else getattr(moment, part)) == number)
