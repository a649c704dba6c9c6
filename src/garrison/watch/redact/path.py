"""Fields of a record: a part of JSONPath (RFC 9535) - names, `[*]`, `[0]`, `.*` and `..name`.

A text that holds JSON, or a piece of it behind other words, is gone into as if it stood there: what a model was asked stands so in the lines
of the gateway, and what programs write in those of containers, of the journal and of syslog.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from garrison.errors import ConfigError, UnmappedError
from garrison.watch.redact.records import DEEPEST, Change, inside

_STEP = re.compile(
    r"\.\.(?P<deep>[\w-]+)|\.(?P<name>[\w-]+)|\.(?P<all>\*)|\[(?P<index>\d{1,6}|\*)\]|\[(?P<quoted>\"(?:[^\"\\]|\\.)*\")\]"
)
_REMEMBERED = 64  # characters of a name
_LOOKED_THROUGH = (str, dict, list)
DROPPED: Any = object()


class Step(msgspec.Struct, frozen=True):
    """To a name, an index, or each of them; `deep` looks for the name at any depth.

    `names` are those that a name may be in lower case, without - and _ and what stands before a dot; `words` as well, but for objects.
    """

    name: str | None = None
    names: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    index: int | None = None
    each: bool = False
    deep: bool = False


class Target(msgspec.Struct, frozen=True, eq=False):
    """Where a path leads to, and what becomes of what is there; `rest` changes a text that is no JSON."""

    steps: tuple[Step, ...]
    change: Change
    rest: Callable[[str], str]


def parse(said: str) -> tuple[Step, ...]:
    """The steps of a path. Raises ConfigError."""
    steps, at = [], 1
    while said.startswith("$") and at < len(said):
        found = _STEP.match(said, at)
        if found is None:
            break
        part = found.groupdict()
        if part["deep"]:
            steps.append(Step(part["deep"], deep=True))
        elif part["all"] or part["index"] == "*":
            steps.append(Step(each=True))
        elif part["index"]:
            steps.append(Step(index=int(part["index"])))
        else:
            steps.append(Step(part["name"] or msgspec.json.decode(part["quoted"])))
        at = found.end()
    if at != len(said) or not steps:
        raise ConfigError(f"{said!r} is no path", hint="write $.user.email, $..password, $.items[*].name")
    return tuple(steps)


def changed(value: Any, target: Target, at: int = 0, depth: int = 0) -> Any:
    """A value with what a path leads to, from its step `at` on, changed or left out.

    Raises UnmappedError for one that is too deep to be looked through.
    """
    if depth > DEEPEST:
        raise UnmappedError(f"nested deeper than {DEEPEST}")
    if at == len(target.steps):
        return target.change(value)
    if isinstance(value, str):
        if '"' in value or "[" in value or "{" in value:
            return inside(value, lambda said: changed(said, target, at, depth + 1), target.rest)
        return value
    if isinstance(value, dict):
        made = {name: _item(name, item, target, at, depth + 1) for name, item in value.items()}
        return {name: item for name, item in made.items() if item is not DROPPED}
    if isinstance(value, list):
        items = [_item(number, item, target, at, depth + 1) for number, item in enumerate(value)]
        return [None if item is DROPPED else item for item in items]  # so that the others keep their places
    return value


def _item(place: str | int, item: Any, target: Target, at: int, depth: int) -> Any:
    """What stands at a name or a number."""
    step = target.steps[at]
    if step.each or place in (step.name, step.index) or (step.names and _is_named(place, item, step)):
        item = changed(item, target, at + 1, depth)
    if step.deep and isinstance(item, _LOOKED_THROUGH):
        item = changed(item, target, at, depth)
    return item


def _is_named(place: str | int, item: Any, step: Step) -> bool:
    """Whether this has one of the names of a step, however it is written."""
    if isinstance(place, int):
        return False
    said = _said(place) if len(place) <= _REMEMBERED else _said.__wrapped__(place)
    return said in step.names or (said in step.words and not isinstance(item, dict))


@lru_cache(1024)
def _said(name: str) -> str:
    return name.rpartition(".")[2].lower().replace("-", "").replace("_", "")
