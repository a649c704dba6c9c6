"""Fields of a record: a part of JSONPath (RFC 9535) - names, `[*]`, `[0]`, `.*` and `..name`.

A text that holds JSON is gone into as if it stood there: what a model was asked stands so in the lines of the gateway.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from garrison.errors import ConfigError, UnmappedError
from garrison.watch.redact.records import DEEPEST, ERRORS, Change, rewritten

_STEP = re.compile(
    r"\.\.(?P<deep>[\w-]+)|\.(?P<name>[\w-]+)|\.(?P<all>\*)|\[(?P<index>\d{1,6}|\*)\]|\[(?P<quoted>\"(?:[^\"\\]|\\.)*\")\]"
)
DROPPED: Any = object()


class Step(msgspec.Struct, frozen=True):
    """To a name, an index, or each of them; `deep` looks for the name at any depth.

    `names` are those that a name may be in lower case, without - and _ and what stands before a dot.
    """

    name: str | None = None
    names: frozenset[str] = frozenset()
    index: int | None = None
    each: bool = False
    deep: bool = False


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


def changed(value: Any, steps: tuple[Step, ...], change: Change, depth: int = 0) -> Any:
    """A value with what a path leads to changed, or left out. Raises UnmappedError for one that is too deep to be looked through."""
    if depth > DEEPEST:
        raise UnmappedError(f"nested deeper than {DEEPEST}")
    if not steps:
        return change(value)
    if isinstance(value, str):
        return _inside(value, steps, change, depth)
    if isinstance(value, dict):
        made = {name: _item(name, item, steps, change, depth) for name, item in value.items()}
        return {name: item for name, item in made.items() if item is not DROPPED}
    if isinstance(value, list):
        items = [_item(number, item, steps, change, depth) for number, item in enumerate(value)]
        return [None if item is DROPPED else item for item in items]  # so that the others keep their places
    return value


def _item(at: str | int, item: Any, steps: tuple[Step, ...], change: Change, depth: int) -> Any:
    """What stands at a name or a number."""
    step = steps[0]
    if step.each or at in (step.name, step.index) or (step.names and _said(at) in step.names):
        item = changed(item, steps[1:], change, depth + 1)
    if step.deep and item is not DROPPED:
        item = changed(item, steps, change, depth + 1)
    return item


def _said(at: str | int) -> str:
    """A name, however it is written."""
    return str(at).rpartition(".")[2].lower().replace("-", "").replace("_", "")


def _inside(text: str, steps: tuple[Step, ...], change: Change, depth: int) -> Any:
    """A text that holds JSON, changed inside; another one as it is."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return rewritten(text.encode(), lambda said: changed(said, steps, change, depth + 1)).decode()
    except ERRORS:
        return text
