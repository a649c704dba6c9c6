"""Values with something changed in them. What is not changed stays shared, with its places, and is still made lazily."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from garrison.estate.values import Body, Place, State, Value, absent, known

Change = Callable[[Value], Value]
EACH = "*"  # a step to every item of a list


class Edited(Body):
    """A mapping of which some entries are said elsewhere; one that is absent there is taken away."""

    __slots__ = ("_place", "base", "changed")

    def __init__(self, base: Body | None, changed: dict[str, Value], place: Place | None) -> None:
        self.base, self.changed, self._place = base, changed, place

    def keys(self) -> Sequence[str]:
        """The names that are said: those of the base in their order, then the new ones."""
        names = dict.fromkeys((*(self.base.keys() if self.base is not None else ()), *self.changed))
        return tuple(n for n in names if n not in self.changed or self.changed[n].state is not State.ABSENT)

    def child(self, name: str) -> Value:
        """The value called `name`, absent where there is none."""
        found = self.changed.get(name)
        if found is not None:
            return found
        return absent(self._place) if self.base is None else self.base.child(name)


def with_entries(mapping: Value, changed: dict[str, Value]) -> Value:
    """A mapping with some entries replaced, added or, where they are absent, taken away; nothing becomes a mapping."""
    base = body_of(mapping)
    place = mapping.place or next((v.place for v in changed.values()), None)
    if isinstance(base, Edited):  # one layer, however often it is changed
        return Value(State.KNOWN, Edited(base.base, {**base.changed, **changed}, place), place, rest=mapping.rest)
    return Value(State.KNOWN, Edited(base, changed, place), place, rest=mapping.rest)


def updated(value: Value, path: Sequence[str], change: Change) -> Value:
    """`value` with what stands at `path` changed; mappings on the way are made, lists are entered by `*` or a number.

    Nothing is made where the change comes out absent, and nothing is changed inside of what is not decided.
    """
    if not path:
        return change(value)
    if value.state is State.UNKNOWN:
        return value
    step, rest = path[0], path[1:]
    if value.state is State.KNOWN and isinstance(value.content, tuple):
        items = [
            updated(item, rest, change) if step in (EACH, str(n)) else item for n, item in enumerate(value.content)
        ]
        if all(new is old for new, old in zip(items, value.content, strict=True)):
            return value
        kept = tuple(i for i in items if i.state is not State.ABSENT)
        return Value(State.KNOWN, kept, value.place, rest=value.rest)
    if step == EACH or (value.state is State.KNOWN and body_of(value) is None):
        return value
    before = entry(value, step)
    after = updated(before, rest, change)
    if after is before or (after.state is State.ABSENT and before.state is State.ABSENT):
        return value
    return with_entries(value, {step: after})


def put(path: Sequence[str], value: Value) -> Change:
    """The change that says `value` at a path."""
    return lambda whole: updated(whole, path, lambda _: value)


def entry(value: Value, name: str) -> Value:
    """An entry of a mapping; absent where it is none."""
    body = body_of(value)
    return absent(value.place) if body is None else body.child(name)


def body_of(value: Value) -> Body | None:
    """The mapping that a value is."""
    return value.content if value.state is State.KNOWN and isinstance(value.content, Body) else None


def listed(value: Value) -> tuple[Value, ...] | None:
    """The items of the list that a value is."""
    return value.content if value.state is State.KNOWN and isinstance(value.content, tuple) else None


def mapping_of(entries: dict[str, Value], place: Place | None) -> Value:
    """A mapping of values that exist already."""
    return known(Body.of(entries, place), place)
