"""What loops go over, and `for` expressions."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from garrison.estate.values import Body, Place, State, Value, known, unknown
from garrison.sources.terraform.conversion import as_bool, as_text, sequence
from garrison.sources.terraform.evaluation import Env, Expr, Instances, failed, guarded, undecided
from garrison.sources.terraform.steps import any_number_of


class For(msgspec.Struct, frozen=True):
    """A `for` expression; `key` is given for one that makes an object."""

    names: tuple[str, ...]
    over: Expr
    key: Expr | None
    value: Expr
    condition: Expr | None
    grouped: bool
    of_set: bool  # its keys are its values
    place: Place


def turns(env: Env, over: Value, *, of_set: bool = False) -> list[tuple[Value, Value]] | None:
    """The key and value of each turn, mappings in the order of their keys; None where there are too many."""
    content = over.content
    if over.state is State.ABSENT:
        return []
    if isinstance(content, Body):
        keys = sorted(content.keys())
        return [(known(k, over.place), content.child(k)) for k in keys] if env.scope.spend(len(keys)) else None
    items = content if isinstance(content, tuple) else (over,)
    if not env.scope.spend(len(items)):
        return None
    return [(item if of_set else known(n, over.place), item) for n, item in enumerate(items)]


def run(loop: For, env: Env) -> Value:
    """The value of a `for` expression; what cannot be decided of it goes to `rest`."""
    over = loop.over(env)
    if over.state is State.ABSENT:
        return failed("a loop over null", loop.place)
    if over.state is State.UNKNOWN:
        return _of_unknown(loop, env, over)
    found = turns(env, over, of_set=loop.of_set)
    if found is None:
        return unknown("too many turns of a loop", loop.place)
    rest = None if over.rest is None else undecided(over.rest, loop.place)
    if loop.key is None:
        return _list(loop, env, found, rest)
    return _object(loop, env, found, rest, loop.key)


def _of_unknown(loop: For, env: Env, over: Value) -> Value:
    """What it goes over is not known; what its items name still is."""
    if loop.key is None and over.ref is not None:
        one = over.one if isinstance(over, Instances) and over.one is not None else over
        inner = env.having(_names(loop, undecided(over), one))
        return any_number_of(loop.value(inner), undecided(over, loop.place))
    return undecided(over, loop.place)


def _names(loop: For, key: Value, value: Value) -> dict[str, Value]:
    return {loop.names[0]: key, loop.names[1]: value} if len(loop.names) > 1 else {loop.names[0]: value}


def _kept(loop: For, env: Env, found: list[tuple[Value, Value]]) -> Iterator[tuple[Env, Value | None]]:
    """The turns whose condition holds; with the value that keeps it undecided, those where that is not known."""
    for key, value in found:
        inner = env.having(_names(loop, key, value))
        if loop.condition is None:
            yield inner, None
            continue
        test = loop.condition(inner)
        if test.state is State.UNKNOWN:
            yield inner, test
        elif as_bool(test.content):
            yield inner, None


def _list(loop: For, env: Env, found: list[tuple[Value, Value]], rest: Value | None) -> Value:
    items: list[Value] = []
    for inner, doubt in _kept(loop, env, found):
        if doubt is None:
            items.append(loop.value(inner))
        else:
            rest = undecided(doubt, loop.place) if rest is None else rest
    return sequence(items, loop.place, rest)


def _object(loop: For, env: Env, found: list[tuple[Value, Value]], rest: Value | None, key: Expr) -> Value:
    envs: dict[str, list[Env]] = {}
    for inner, doubt in _kept(loop, env, found):
        name = key(inner)
        cause = doubt if doubt is not None else name if name.state is State.UNKNOWN else None
        text = as_text(name.content)
        if cause is not None:
            rest = undecided(cause, loop.place) if rest is None else rest
        elif text is None:
            return failed("a key is no text", loop.place)
        else:
            envs.setdefault(text, []).append(inner)

    def make(name: str) -> Value:
        if name not in envs:
            return Value(State.ABSENT, None, loop.place)
        if loop.grouped:
            return sequence([loop.value(e) for e in envs[name]], loop.place, rest)
        return loop.value(envs[name][-1])

    return Value(State.KNOWN, Body(guarded(make, loop.place), lambda: tuple(envs)), loop.place, rest=rest)
