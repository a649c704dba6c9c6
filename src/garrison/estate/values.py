"""Values that know where they were said and what they do not know."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Any

import msgspec

from garrison.estate.truth import NO, YES, Truth, all_of, any_of

HOLE = "\0"  # stands in `shown` for what is not known of a text
_COLUMN_BITS = 20
_COLUMN_MASK = (1 << _COLUMN_BITS) - 1


class Source(msgspec.Struct, frozen=True, eq=False, dict=True):
    """One file as it was read. Text is cut from it only when something is printed.

    `path` is relative to what was scanned, with forward slashes. Columns of its places count bytes where the parser
    does (`byte_columns`), else characters.
    """

    path: str
    data: bytes
    byte_columns: bool = False

    def __repr__(self) -> str:  # else every Value's repr would hold the whole file, its secrets too
        return self.path

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """The offset at which each line begins, and that of the end; made for the files of which something is printed."""
        ends = [m.end() for m in re.finditer(rb"\n", self.data)]
        return (0, *ends, len(self.data) + 1)

    def line(self, number: int) -> bytes:
        """A line by its number from 0, without its line feed; empty beyond the end."""
        starts = self.starts
        return self.data[starts[number] : starts[number + 1] - 1] if number < len(starts) - 1 else b""


class Place(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Where something was said: a span of a source, as two packed integers."""

    source: Source
    start: int
    end: int

    @classmethod
    def at(cls, source: Source, start: tuple[int, int], end: tuple[int, int]) -> Place:
        """Lines and columns count from 0; `end` is exclusive."""
        return cls(source, pack(*start), pack(*end))

    @property
    def line(self) -> int:
        """Counts from 1."""
        return (self.start >> _COLUMN_BITS) + 1

    @property
    def end_line(self) -> int:
        """The last line with a character of it; counts from 1."""
        line, column = self.end >> _COLUMN_BITS, self.end & _COLUMN_MASK
        return max(self.line, line + 1 if column else line)

    @property
    def column(self) -> int:
        """In characters; counts from 1."""
        return self._characters(self.start) + 1

    @property
    def end_column(self) -> int:
        """In characters, exclusive; counts from 1."""
        return self._characters(self.end) + 1

    @property
    def text(self) -> str:
        """What stands there."""
        first, last = self.start >> _COLUMN_BITS, self.end >> _COLUMN_BITS
        texts = [self.source.line(n).decode("utf8", "replace") for n in range(first, last + 1)]
        texts[-1] = texts[-1][: self._characters(self.end)]
        texts[0] = texts[0][self._characters(self.start) :]
        return "\n".join(texts)

    def _characters(self, packed: int) -> int:
        column = packed & _COLUMN_MASK
        if not self.source.byte_columns:
            return column
        return len(self.source.line(packed >> _COLUMN_BITS)[:column].decode("utf8", "replace"))

    def __str__(self) -> str:
        return f"{self.source.path}:{self.line}:{self.column}"

    def __repr__(self) -> str:
        return str(self)


def pack(line: int, column: int) -> int:
    """A line and a column, both from 0, as one integer that sorts as they do."""
    return line << _COLUMN_BITS | (column if column < _COLUMN_MASK else _COLUMN_MASK)  # noqa: FURB136 - asked of each word


class Ref(msgspec.Struct, frozen=True, gc=False):
    """Whose attribute a value is: `aws_kms_key.a.arn`, `!GetAtt Key.Arn`. It survives evaluation, known or not."""

    address: str
    attribute: str = ""


class State(enum.IntEnum):
    """What is known of a value."""

    KNOWN = 0
    UNKNOWN = 1
    ABSENT = 2


_KNOWN, _UNKNOWN, _ABSENT = State  # an attribute of an enum costs more than a global


class Value(msgspec.Struct, frozen=True, eq=False):
    """Something that was said, could not be decided, or was not said at all.

    `content` of a known value is a scalar, a tuple of Values or a `Body`; of an unknown text, its parts in order, as a
    tuple of Values, or None. `reason` says why it is unknown, or where a default came from; `decided_by` names what
    would decide it (`var.region`). `rest` is given for a collection that may have more items than those in `content`:
    an unknown that says why.
    """

    state: State
    content: Any = None
    place: Place | None = None
    reason: str = ""
    ref: Ref | None = None
    decided_by: str = ""
    rest: Value | None = None

    def __bool__(self) -> bool:
        raise TypeError("a Value is not a bool: ask .equals(), .one_of() or .given()")

    def __repr__(self) -> str:
        said = (
            type(self.content).__name__ if isinstance(self.content, tuple | Body | Value) else repr(self.content)[:60]
        )
        return f"<{self.state.name.lower()} {said if self.state is _KNOWN else self.reason} at {self.place}>"

    # Questions. Each answers with a Truth that carries this value as evidence.

    def test(self, predicate: Callable[[Any], bool]) -> Truth:
        """Absent is no: a field without a default was not said."""
        if self.state is _KNOWN:
            return Truth(predicate(self.content), (self,))
        return Truth(None if self.state is _UNKNOWN else False, (self,))

    def equals(self, expected: object) -> Truth:
        """Also no where the known parts of an unknown text already differ."""
        return self.one_of((expected,))

    def one_of(self, expected: Iterable[object]) -> Truth:
        """The type counts: 1 is not true, and "true" is not true."""
        content = self.content
        if self.state is _KNOWN:
            # Most are texts, and no text is the same as something else.
            return Truth(
                content in expected if type(content) is str else any(same(content, e) for e in expected), (self,)
            )
        if self.state is _UNKNOWN and content and not any(_may_be(content, e) for e in expected):
            return Truth(False, (self,))
        return Truth(None if self.state is _UNKNOWN else False, (self,))

    def matches(self, pattern: str) -> Truth:
        """Whether a text has the regular expression in it."""
        search = _compiled(pattern).search
        return self.test(lambda c: isinstance(c, str) and search(c) is not None)

    def starts_with(self, prefix: str) -> Truth:
        """Decided by the known beginning of an unknown text where that is long enough."""
        if self.state is _UNKNOWN and self.content:
            head = self.content[0]
            if head.state is _KNOWN and isinstance(head.content, str):
                if head.content.startswith(prefix):
                    return Truth(True, (self,))
                if not prefix.startswith(head.content):
                    return Truth(False, (self,))
        return self.test(lambda c: isinstance(c, str) and c.startswith(prefix))

    def contains(self, part: str) -> Truth:
        """Decided by any known part of an unknown text that has it."""
        if self.state is _UNKNOWN and self.content:
            for piece in self.content:
                if piece.state is _KNOWN and isinstance(piece.content, str) and part in piece.content:
                    return Truth(True, (self,))
        return self.test(lambda c: isinstance(c, str) and part in c)

    def at_least(self, bound: float) -> Truth:
        """For numbers, also when written as text."""
        return self.test(lambda c: (n := number(c)) is not None and n >= bound)

    def at_most(self, bound: float) -> Truth:
        """For numbers, also when written as text."""
        return self.test(lambda c: (n := number(c)) is not None and n <= bound)

    def given(self) -> Truth:
        """Whether something is said, even if what it is shows only at deploy time."""
        if self.state is _UNKNOWN:
            return Truth(True if self.ref is not None or self.content else None, (self,))
        return Truth(self.state is _KNOWN, (self,))

    def is_absent(self) -> Truth:
        """Whether nothing is said."""
        return ~self.given()

    def is_empty(self) -> Truth:
        """Whether a text or a collection has nothing in it; absent is empty."""
        if self.state is _ABSENT:
            return Truth(True, (self,))
        if self.rest is not None and not _size(self.content):
            return Truth(None, (self, self.rest))
        if self.state is _UNKNOWN and (self.ref is not None or self.content):
            return Truth(False, (self,))
        return self.test(lambda c: _size(c) == 0)

    # Collections.

    def items(self) -> tuple[Value, ...]:
        """The items that are known to be there; a single thing is its own only item."""
        if self.state is not _KNOWN:
            return ()
        return self.content if isinstance(self.content, tuple) else (self,)

    def each(self, test: Callable[[Value], Truth]) -> tuple[Truth, ...]:
        """`test` on every item, and an unknown truth for what may be there beside them."""
        if self.state is _UNKNOWN:
            return (Truth(None, (self,)),)
        truths = tuple(test(item) for item in self.items())
        return truths if self.rest is None else (*truths, Truth(None, (self.rest,)))

    def any(self, test: Callable[[Value], Truth]) -> Truth:
        """Whether some item passes `test`; no for an absent collection."""
        return any_of(self.each(test))

    def all(self, test: Callable[[Value], Truth]) -> Truth:
        """Whether every item passes `test`; yes for an absent collection."""
        return all_of(self.each(test))

    def child(self, name: str) -> Value:
        """One entry of a mapping; unknown where the mapping is, or where it may have more entries."""
        if self.state is not _KNOWN:
            return self
        if not isinstance(self.content, Body):
            return absent(self.place)
        found = self.content.child(name)
        return self.rest if found.state is _ABSENT and self.rest is not None else found

    def or_default(self, content: object, origin: str) -> Value:
        """`content` where nothing is said; `origin` says whose default that is."""
        return Value(_KNOWN, content, self.place, origin) if self.state is _ABSENT else self

    def text(self, default: str = "") -> str:
        """The text of a known string, else `default`."""
        return str(self.content) if self.state is _KNOWN and isinstance(self.content, str) else default


def known(content: object, place: Place | None = None, ref: Ref | None = None) -> Value:
    """A value that is decided."""
    return Value(_KNOWN, content, place, "", ref)


def unknown(
    reason: str,
    place: Place | None = None,
    parts: tuple[Value, ...] | None = None,
    decided_by: str = "",
) -> Value:
    """A value that is decided elsewhere; `parts` are the pieces of a text, in order."""
    return Value(_UNKNOWN, parts, place, reason, None, decided_by)


def referred(address: str, attribute: str, place: Place | None) -> Value:
    """An attribute of another resource, known only at deploy time."""
    name = f"{address}.{attribute}" if attribute else address
    return Value(_UNKNOWN, None, place, f"{name} is known only at deploy time", Ref(address, attribute), name)


def absent(place: Place | None = None) -> Value:
    """Nothing is said."""
    return Value(_ABSENT, None, place)


class Body:
    """A mapping whose values are made when asked for, once.

    Without the memo references would cost 2**n; the mark set while a value is being made turns a cycle into unknown.
    """

    __slots__ = ("_keys", "_make", "_memo")

    def __init__(self, make: Callable[[str], Value], keys: Callable[[], Sequence[str]]) -> None:
        self._make, self._keys = make, keys
        self._memo: dict[str, Value] = {}

    @classmethod
    def of(cls, items: dict[str, Value], place: Place | None = None) -> Body:
        """A mapping of values that exist already."""
        return cls(lambda name: items[name] if name in items else absent(place), lambda: tuple(items))

    def keys(self) -> Sequence[str]:
        """The names that are said, in the order of the source."""
        return self._keys()

    def child(self, name: str) -> Value:
        """The value called `name`, absent where there is none."""
        found = self._memo.get(name)
        if found is None:
            self._memo[name] = unknown(f"{name} refers to itself")
            found = self._memo[name] = self._make(name)
        return found

    def items(self) -> Iterator[tuple[str, Value]]:
        """Every name with its value."""
        return ((name, self.child(name)) for name in self.keys())


def dig(value: Value, path: Sequence[str], start: int = 0) -> Value:
    """Follow a path of names.

    `*` means every item that is said, in one flat list; a list of one is entered without it, as Terraform's nested
    blocks are lists.
    """
    for n in range(start, len(path)):
        step = path[n]
        if step == "*":
            return _dig_each(value, path, n + 1)
        if value.state is not _KNOWN:
            # An attribute of a resource that is not decided yet: whose it is stays known.
            return value
        content = value.content
        if type(content) is tuple:
            if not content:
                return value.rest if value.rest is not None else absent(value.place)
            if len(content) > 1:
                return unknown("several are said where one was expected", value.place)
            if content[0].state is not _KNOWN:
                single: Value = content[0]
                return single
            content = content[0].content
        if not isinstance(content, Body):
            return absent(value.place)
        found = content.child(step)
        value = value.rest if found.state is _ABSENT and value.rest is not None else found
    return value


def _dig_each(value: Value, path: Sequence[str], start: int) -> Value:
    if value.state is not _KNOWN:
        return value
    found: list[Value] = []
    rest = value.rest
    items = value.content if isinstance(value.content, tuple) else (value,)
    for item in items:
        inner = dig(item, path, start)
        if inner.state is _KNOWN and isinstance(inner.content, tuple):
            found += inner.content
            rest = inner.rest if rest is None else rest
        elif inner.state is not _ABSENT:
            found.append(inner)
    if not found and rest is None:
        return absent(value.place)
    return Value(_KNOWN, tuple(found), value.place, rest=rest)


def entries(value: Value) -> tuple[tuple[str, Value], ...]:
    """Every name of a mapping that is said, with its value; nothing for what is no mapping."""
    if value.state is not _KNOWN or not isinstance(value.content, Body):
        return ()
    return tuple(value.content.items())


def deciders(values: Iterable[Value]) -> str:
    """What would decide them, each once, in their order."""
    return ", ".join(dict.fromkeys(v.decided_by for v in values if v.decided_by))


def same(a: object, b: object) -> bool:
    """Equality that tells true from 1, as HCL, YAML and JSON do."""
    return a == b and (type(a) is bool) is (type(b) is bool)


def number(content: object) -> float | None:
    """A number, or a text that is one; None for all else."""
    if isinstance(content, bool):
        return None
    if isinstance(content, int | float):
        return content
    if isinstance(content, str):
        try:
            return float(content)
        except ValueError:
            return None
    return None


def shown(value: Value) -> str:
    """A scalar as text, with a hole for each part of it that is not known."""
    if value.state is _KNOWN:
        return str(value.content)
    if value.state is _UNKNOWN and isinstance(value.content, tuple):
        return "".join(str(p.content) if p.state is _KNOWN else HOLE for p in value.content)
    return HOLE if value.state is _UNKNOWN else ""


def _size(content: object) -> int:
    if isinstance(content, Body):
        return len(content.keys())
    return len(content) if isinstance(content, str | tuple) else 1


def _may_be(parts: tuple[Value, ...], expected: object) -> bool:
    """Whether a text of which only `parts` are known can turn out to be `expected`."""
    if not isinstance(expected, str):
        return False
    head, tail = parts[0], parts[-1]
    if head.state is _KNOWN and not expected.startswith(str(head.content)):
        return False
    if tail.state is _KNOWN and not expected.endswith(str(tail.content)):
        return False
    said = [str(p.content) for p in parts if p.state is _KNOWN]
    return all(s in expected for s in said) and sum(map(len, said)) <= len(expected)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


__all__ = [
    "HOLE", "NO", "YES", "Body", "Place", "Ref", "Source", "State", "Truth", "Value", "absent", "all_of", "any_of", "deciders", "dig",
    "entries", "known", "number", "pack", "referred", "same", "shown", "unknown",
]  # fmt: skip
