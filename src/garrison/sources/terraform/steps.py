"""`.name`, `[key]`, `.*` and `[*]`: how one gets from a value to a part of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from garrison.estate.values import Body, State, Value, known
from garrison.sources.terraform.conversion import as_number, as_text
from garrison.sources.terraform.evaluation import Env, Expr, Failed, Instances, extended, failed, undecided

Step = Callable[[Env, Value], Value]


def attribute(value: Value, name: str) -> Value:
    """`value.name`."""
    if value.state is State.KNOWN:
        content = value.content
        if isinstance(content, Body):
            found = content.child(name)
            if found.state is not State.ABSENT or name in content.keys():
                return found
            rest = value.rest
            return failed(f"there is no {name}", value.place) if rest is None else extended(rest, name)
        return failed(f"there is no {name}", value.place)
    if value.state is State.ABSENT:
        return failed(f"null has no {name}", value.place)
    return value if type(value) is Failed else extended(value, name)


def item(value: Value, key: Value) -> Value:
    """`value[key]`."""
    if (
        isinstance(value, Instances)
        and value.one is not None
        and (key.state is State.UNKNOWN or value.state is State.UNKNOWN)
    ):
        return value.one
    if value.state is State.UNKNOWN:
        if isinstance(key.content, str) and as_number(key.content) is None:
            return attribute(value, key.content)
        return value if value.content is None else undecided(value)
    if key.state is State.UNKNOWN:
        return undecided(key)
    content = value.content
    if isinstance(content, Body):
        name = as_text(key.content)
        found = failed("a key is missing", value.place) if name is None else attribute(value, name)
        # what it asked for may be a secret: a key that is written as a text is not named
        return failed("there is no such key", value.place) if type(found) is Failed else found
    if not isinstance(content, tuple):
        return failed("it has no items", value.place)
    number = as_number(key.content)
    if value.rest is not None:
        return value.rest
    if not isinstance(number, int) or not 0 <= number < len(content):
        return failed("there is no such item", value.place)
    chosen: Value = content[number]
    return chosen


def splat(env: Env, value: Value, steps: Sequence[Step]) -> Value:
    """`value[*]...`: null has no items, and a single thing is its own only item."""
    if value.state is State.ABSENT:
        return known((), value.place)
    if value.state is State.UNKNOWN:
        return (
            through(env, value.one, steps, listed=value)
            if isinstance(value, Instances) and value.one is not None
            else follow(env, value, steps)
        )
    items = value.content if isinstance(value.content, tuple) else (value,)
    rest = None if value.rest is None else follow(env, value.rest, steps)
    return Value(State.KNOWN, tuple(follow(env, i, steps) for i in items), value.place, rest=rest)


def through(env: Env, one: Value, steps: Sequence[Step], listed: Value) -> Value:
    """A list of which only is known what any item of it would be."""
    return any_number_of(follow(env, one, steps), listed)


def any_number_of(item_: Value, listed: Value) -> Value:
    """A list of unknown length whose items are like `item_`: what they name stays known."""
    return Value(State.UNKNOWN, None, listed.place, listed.reason, item_.ref, listed.decided_by)


def follow(env: Env, value: Value, steps: Sequence[Step]) -> Value:
    """One step after the other."""
    for step in steps:
        value = step(env, value)
    return value


def attribute_step(name: str) -> Step:
    """`.name`."""
    return lambda _, value: attribute(value, name)


def item_step(key: Expr) -> Step:
    """`[key]`."""
    return lambda env, value: item(value, key(env))


def splat_step(steps: Sequence[Step]) -> Step:
    """`.*` or `[*]` and what is done to each item."""
    return lambda env, value: splat(env, value, steps)
