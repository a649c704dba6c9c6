"""What the words of the language mean where values are unknown or absent.

CEL ends in an error where an operand is missing or of another type, and lets `&&`, `||`, `exists` and `all` forget the
error where the rest decides (cel-spec, langdef.md, "Logical Operators"). Here that error is *unknown*, and says why. Of an
absent value, of which nothing is said, only this is certain: it equals nothing, has nothing in it and is of size 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from garrison.estate.truth import YES, Truth, any_of
from garrison.estate.values import Body, State, Value, dig, known, number, same, unknown

_BOOLEANS = {"true": True, "false": False}
_OPEN = unknown("what decides it is not known")


class Members(msgspec.Struct, frozen=True, eq=False):
    """What is in a list: items, each with whether it is there, and the unknowns that may stand for more."""

    items: tuple[tuple[Any, Truth], ...]
    rest: tuple[Value, ...] = ()


def literal(content: object) -> Value:
    """A value of the expression itself. It is nobody's evidence: it stands nowhere, and has nothing to tell."""
    return known(content)


def evidence(*values: Value) -> tuple[Value, ...]:
    """Those that were said somewhere, or have something to tell."""
    return tuple(v for v in values if v.place is not None or v.reason)


def undecided(value: Value, why: str) -> Truth:
    """Unknown, because of what a value is."""
    return Truth(None, (unknown(why, value.place),))


def equal(a: Value, b: Value) -> Truth:
    """Whether two values are the same.

    Formats write numbers and truths as text now and then, so that a text equals the number or the truth that it spells.
    """
    if a.state is State.ABSENT and b.state is State.ABSENT:
        return undecided(a, "nothing is said of either")
    if State.ABSENT in (a.state, b.state):
        return Truth(False, evidence(a, b))
    if a.state is State.KNOWN and b.state is State.KNOWN:
        if isinstance(a.content, tuple | Body) and isinstance(b.content, tuple | Body):
            return undecided(a, "lists and maps are not compared as a whole")
        return Truth(_alike(a.content, b.content) or _alike(b.content, a.content), evidence(a, b))
    if a.state is State.UNKNOWN and b.state is State.UNKNOWN:
        return Truth(None, evidence(a, b))
    open_, said = (a, b) if a.state is State.UNKNOWN else (b, a)
    if not isinstance(said.content, str):
        return Truth(None, evidence(open_))
    return Truth(open_.equals(said.content).answer, evidence(open_))  # its known parts may already differ


def _alike(a: object, b: object) -> bool:
    """Whether they are the same, or `a` is a text that spells `b`."""
    if same(a, b):
        return True
    if not isinstance(a, str) or isinstance(b, str):
        return False
    return _BOOLEANS.get(a.lower()) is b if isinstance(b, bool) else number(b) is not None and number(a) == b


def agree(a: Truth, b: Truth) -> Truth:
    """Whether two truths are the same."""
    return (a & b) | (~a & ~b)


def says(value: Value, truth: Truth) -> Truth:
    """Whether a value is this yes or no."""
    if value.state is State.UNKNOWN or truth.unknown:
        return Truth(None, evidence(value) if value.state is State.UNKNOWN else truth.because)
    return Truth(_alike(value.content, truth.answer), (*evidence(value), *truth.because))


def ordered(a: Value, b: Value, test: Callable[[float, float], bool]) -> Truth:
    """Whether two numbers, also written as text, stand in an order; unknown of all else."""
    sides = []
    for value in (a, b):
        if value.state is State.UNKNOWN:
            return Truth(None, evidence(value))
        found = number(value.content) if value.state is State.KNOWN else None
        if found is None:
            absent_ = value.state is State.ABSENT
            return undecided(value, "nothing is said: has() asks for that" if absent_ else "it is no number")
        sides.append(found)
    return Truth(test(*sides), evidence(a, b))


def text_test(value: Value, test: Callable[[str], bool]) -> Truth:
    """Whether a text is so; unknown of what is no text."""
    if value.state is State.KNOWN and not isinstance(value.content, str):
        return undecided(value, "it is no text")
    return Truth(value.test(test).answer, evidence(value))


def starts_with(value: Value, part: str) -> Truth:
    """Also decided by the known beginning of an unknown text."""
    if value.state is State.UNKNOWN:
        return Truth(value.starts_with(part).answer, evidence(value))
    return text_test(value, lambda said: said.startswith(part))


def ends_with(value: Value, part: str) -> Truth:
    """Also decided by the known end of an unknown text."""
    if value.state is State.UNKNOWN and value.content:
        tail = value.content[-1]
        if tail.state is State.KNOWN and (len(str(tail.content)) >= len(part) or not part.endswith(str(tail.content))):
            return Truth(str(tail.content).endswith(part), evidence(value))
    return text_test(value, lambda said: said.endswith(part))


def contains(value: Value, part: str) -> Truth:
    """Also decided by a known part of an unknown text."""
    if value.state is State.UNKNOWN:
        return Truth(value.contains(part).answer, evidence(value))
    return text_test(value, lambda said: part in said)


def members(value: Value) -> Members:
    """A value as a list: its items, the keys of a map; a single thing is its own only item."""
    if value.state is State.UNKNOWN:
        return Members((), (value,))
    if value.state is State.ABSENT:
        return Members(())
    rest = () if value.rest is None else (value.rest,)
    if isinstance(value.content, Body):
        return Members(tuple((known(k, value.content.child(k).place), YES) for k in value.content.keys()), rest)
    return Members(tuple((item, YES) for item in value.items()), rest)


def any_member(found: Members, test: Callable[[Any], Truth]) -> Truth:
    """Whether one of them is so."""
    truth = any_of(there & test(item) for item, there in found.items)
    return truth if truth.yes or not found.rest else truth | Truth(None, found.rest)


def one_member(found: Members, test: Callable[[Any], Truth]) -> Truth:
    """Whether exactly one of them is so."""
    truths = [there & test(item) for item, there in found.items]
    certain = [t for t in truths if t.yes]
    if len(certain) > 1:
        return Truth(False, tuple(v for t in certain for v in t.because))
    open_ = [*(t for t in truths if t.unknown), *(Truth(None, (v,)) for v in found.rest)]
    decided = open_ or certain or truths
    return Truth(None if open_ else bool(certain), tuple(v for t in decided for v in t.because))


def filtered(found: Members, test: Callable[[Any], Truth]) -> Members:
    """Those that are so; where that is not known, it is not known whether they are there."""
    kept = ((item, there & test(item)) for item, there in found.items)
    return Members(tuple((item, there) for item, there in kept if not there.no), found.rest)


def mapped(found: Members, make: Callable[[Any], Any]) -> Members:
    """What is made of each."""
    return Members(tuple((make(item), there) for item, there in found.items), found.rest)


def is_in(value: Value, where: Value) -> Truth:
    """Whether a value is an item of a list, or a key of a map."""
    if where.state is State.KNOWN and isinstance(where.content, Body) and isinstance(value.content, str):
        return where.child(value.content).given()
    return any_member(members(where), lambda item: equal(value, item))


def size(value: Value) -> Value:
    """How many characters, items or keys."""
    if value.state is State.UNKNOWN:
        return opaque(value)
    if value.state is State.ABSENT:
        return known(0, value.place)
    if value.rest is not None:
        return opaque(value.rest)
    if isinstance(value.content, str | tuple):
        return known(len(value.content), value.place)
    if isinstance(value.content, Body):
        return known(len(value.content.keys()), value.place)
    return unknown("it has no size", value.place)


def count(found: Members) -> Value:
    """How many items a list has."""
    open_ = [there for _, there in found.items if there.unknown]
    if open_ or found.rest:
        return _because((*found.rest, *(v for there in open_ for v in there.because)))
    return literal(sum(there.yes for _, there in found.items))


def choose(condition: Truth, yes: Callable[[], Any], no: Callable[[], Any]) -> Any:
    """`condition ? yes : no`; where that is not known, what both have in common."""
    if condition.answer is not None:
        return yes() if condition.answer else no()
    a, b = yes(), no()
    if isinstance(a, Truth):
        return a if a.answer is b.answer and a.answer is not None else Truth(None, condition.because)
    if isinstance(a, Value) and equal(a, b).yes:
        return a
    open_ = _because(condition.because)
    return Members((), (open_,)) if isinstance(a, Members) else open_


def _because(values: Iterable[Value]) -> Value:
    """Unknown, for the first reason among these."""
    return next((opaque(v) for v in values if v.state is State.UNKNOWN), _OPEN)


def opaque(value: Value) -> Value:
    """An unknown value without the parts of it that are known: they are none of what is asked of it."""
    return Value(State.UNKNOWN, None, value.place, value.reason, value.ref, value.decided_by)


def select(value: Value, name: str) -> Value:
    """What a map says under a name; a list of one is entered, as nested blocks of Terraform are lists."""
    if value.state is State.UNKNOWN:
        return opaque(value)
    return value.child(name) if name == "*" else dig(value, (name,))
