"""Functions of maps and objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from garrison.estate.values import Body, Place, State, Value, absent, known
from garrison.sources.terraform.conversion import as_text, sequence
from garrison.sources.terraform.evaluation import Instances, failed, guarded, undecided
from garrison.sources.terraform.functions.calling import (
    Call,
    Function,
    listed,
    of_data,
    of_values,
    unknown_among,
    unknown_or_failed,
)
from garrison.sources.terraform.steps import any_number_of


def merged(values: Sequence[Value], place: Place) -> Value:
    """`merge`: later maps override earlier ones.

    What is said before an unknown map may be overridden by it, so only what is said after it is known.
    """
    bodies: list[Body] = []
    rest: Value | None = None
    for value in values:
        if value.state is State.UNKNOWN or value.rest is not None:
            rest, bodies = undecided(value.rest if value.rest is not None else value, place), []
        if isinstance(value.content, Body) and value.state is State.KNOWN:
            bodies.append(value.content)
        elif value.state is State.KNOWN:
            return failed("merge(): needs maps", place)
    holders = {name: body for body in bodies for name in body.keys()}

    def make(name: str) -> Value:
        return holders[name].child(name) if name in holders else absent(place)

    if rest is not None and len(values) == 1:
        return values[0]
    return Value(State.KNOWN, Body(guarded(make, place), lambda: tuple(holders)), place, rest=rest)


def _lookup(call: Call, value: Value, key: Value, default: Value | None = None) -> Value:
    cause = unknown_among(call) if default is None else None
    if value.state is State.UNKNOWN or key.state is State.UNKNOWN or cause is not None:
        return undecided(value if value.state is State.UNKNOWN else key, call.place)
    name = as_text(key.content)
    if not isinstance(value.content, Body) or name is None:
        return call.failed("needs a map and a key")
    found = value.content.child(name)
    if found.state is not State.ABSENT or name in value.content.keys():
        return found
    if value.rest is not None:
        return undecided(value.rest, call.place)
    return call.failed("there is no such key") if default is None else default


def _keys(call: Call, value: Value) -> Value:
    if value.state is not State.KNOWN or not isinstance(value.content, Body):
        return unknown_or_failed(call, "needs a map")
    return sequence([known(k, call.place) for k in sorted(value.content.keys())], call.place, value.rest)


def _values(call: Call, value: Value) -> Value:
    if isinstance(value, Instances) and value.state is State.UNKNOWN and value.one is not None:
        return any_number_of(value.one, value)
    if value.state is not State.KNOWN or not isinstance(value.content, Body):
        return value if value.ref is not None else unknown_or_failed(call, "needs a map")
    body = value.content
    return sequence([body.child(k) for k in sorted(body.keys())], call.place, value.rest)


def _zip_map(call: Call, keys: Value, values: Value) -> Value:
    names, items = listed(keys), listed(values)
    rest = values.rest if keys.rest is None else keys.rest
    if names is None or items is None or rest is not None:
        return undecided(rest, call.place) if rest is not None else unknown_or_failed(call, "needs lists")
    if len(names) != len(items):
        return call.failed("its lists are not of one length")
    unsaid = next((n for n in names if n.state is not State.KNOWN), None)
    found = {str(as_text(n.content)): v for n, v in zip(names, items, strict=True) if n.state is State.KNOWN}
    return Value(
        State.KNOWN,
        Body.of(found, call.place),
        call.place,
        rest=undecided(unsaid, call.place) if unsaid is not None else None,
    )


def _transpose(data: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key in sorted(data):
        for name in data[key]:
            found.setdefault(name, []).append(key)
    return found


def _map(*pairs: Any) -> dict[str, Any]:
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


FUNCTIONS: dict[str, Function] = {
    "keys": of_values(_keys, 1),
    "lookup": of_values(_lookup, 2, 3),
    "map": of_data(_map, 0, 100),
    "merge": lambda call: merged(call.values, call.place),
    "transpose": of_data(_transpose, 1),
    "values": of_values(_values, 1),
    "zipmap": of_values(_zip_map, 2),
}
