"""Terraform's functions, chosen by name. One that is not known yields unknown."""

from __future__ import annotations

from collections.abc import Sequence

from garrison.estate.values import Body, Place, State, Value, known, unknown
from garrison.sources.terraform.evaluation import Env, Expr, Failed, failed, undecided
from garrison.sources.terraform.functions import (
    encoding,
    files,
    mappings,
    network,
    numbers,
    patterns,
    sequences,
    text,
    types,
)
from garrison.sources.terraform.functions.calling import Call, Function

FUNCTIONS: dict[str, Function] = {
    **encoding.FUNCTIONS,
    **files.FUNCTIONS,
    **mappings.FUNCTIONS,
    **network.FUNCTIONS,
    **numbers.FUNCTIONS,
    **patterns.FUNCTIONS,
    **sequences.FUNCTIONS,
    **text.FUNCTIONS,
    **types.FUNCTIONS,
}
_MAX_LOOKED_AT = 2000  # values inside of one that `try` tests
SETS = frozenset({"toset", "setunion", "setintersection", "setsubtract", "setproduct", "fileset"})


def call(name: str, arguments: Sequence[Expr], expanded: bool, env: Env, place: Place) -> Value:
    """The value of a call; `expanded` says that the last argument is a list of arguments."""
    name = name.removeprefix("core::")
    if name == "try":
        return _try(arguments, env, place)
    if name == "can":
        return _can(arguments, env, place)
    function = FUNCTIONS.get(name)
    if function is None:
        return unknown(f"{name}() is not evaluated", place)
    values = [argument(env) for argument in arguments]
    if expanded and values:
        last = values.pop()
        if last.state is not State.KNOWN or last.rest is not None:
            return undecided(last if last.rest is None else last.rest, place)
        if isinstance(last.content, Body):
            return failed(f"{name}(): a map cannot be its arguments", place)
        values += last.content if isinstance(last.content, tuple) else (last,)
    for value in values:
        if type(value) is Failed:
            return failed(value.reason, place)
    return function(Call(name, values, env, place))


def _try(arguments: Sequence[Expr], env: Env, place: Place) -> Value:
    """The first argument that is no error."""
    for argument in arguments:
        value = argument(env)
        if not _fails(value):
            return value
    return failed("try(): every one of its arguments fails", place)


def _can(arguments: Sequence[Expr], env: Env, place: Place) -> Value:
    value = arguments[0](env) if arguments else failed("can() needs an argument", place)
    if _fails(value):
        return known(False, place)
    return known(True, place) if value.state is not State.UNKNOWN or value.content else undecided(value, place)


def _fails(value: Value) -> bool:
    """Whether it, or something that is computed in it, is an error; resources are not looked into."""
    stack = [value]
    for _ in range(_MAX_LOOKED_AT):
        if not stack:
            return False
        found = stack.pop()
        if type(found) is Failed:
            return True
        if found.state is State.KNOWN and found.ref is None:
            if isinstance(found.content, tuple):
                stack += found.content
            elif isinstance(found.content, Body):
                stack += [item for _, item in found.content.items()]
    return False
