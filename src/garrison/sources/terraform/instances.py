"""`count` and `for_each`: how often a block is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from garrison.estate.truth import YES, Truth
from garrison.estate.values import Body, State, Value, known, unknown
from garrison.sources.terraform.conversion import as_number
from garrison.sources.terraform.evaluation import Env, undecided

if TYPE_CHECKING:
    from garrison.sources.terraform.modules import Module
    from garrison.sources.terraform.syntax import Block, Expression

MAX_EACH = 10_000  # instances of one block that are told apart
_MAX_COUNTED = 100


class Instance(msgspec.Struct, frozen=True, eq=False):
    """One instance of a block; `key` is what stands behind its name in an address, `many` how many it stands for."""

    env: Env
    exists: Truth = YES
    condition: str = ""
    key: str = ""
    name: str = ""
    many: int | None = 1


def both(a: str, b: str) -> str:
    """Two conditions as one text."""
    return f"{a} and {b}" if a and b else a or b


def instances_of(block: Block, module: Module) -> list[Instance]:
    """The instances of a block; one where how many there are is not known."""
    if block.broken:
        return [Instance(module.env)]
    count, each = block.attributes.get("count"), block.attributes.get("for_each")
    if count is not None:
        return _counted(block, count, module)
    return _for_each(each, module) if each is not None else [Instance(module.env)]


def _condition(expression: Expression, module: Module) -> str:
    text = " ".join(expression.text.split())
    return f"{module.where.rstrip('.')}: {text}" if module.where else text


def _counted(block: Block, expression: Expression, module: Module) -> list[Instance]:
    value = expression.value(module.env)
    number = as_number(value.content) if value.state is State.KNOWN else None
    if number is None:
        doubt = value if value.state is State.UNKNOWN else unknown("its count is no number", value.place)
        index = undecided(doubt, value.place)
        return [Instance(_indexed(module, index), Truth(None, (doubt,)), _condition(expression, module), many=None)]
    if number < 1:
        return []
    if number == 1:
        return [Instance(_indexed(module, known(0, value.place)))]
    if number <= _MAX_COUNTED and block.mentions(b"count.index"):
        return [
            Instance(_indexed(module, known(n, value.place)), key=f"[{n}]", name=str(n), many=int(number))
            for n in range(int(number))
        ]
    index = unknown("count.index differs between the instances", value.place, None, "count.index")
    return [Instance(_indexed(module, index), many=min(int(number), _MAX_COUNTED))]


def _indexed(module: Module, index: Value) -> Env:
    return Env(module, {"count": known(Body.of({"index": index}))})


def _for_each(expression: Expression, module: Module) -> list[Instance]:
    value = expression.value(module.env)
    items = _members(value)
    if items is None or len(items) > MAX_EACH:
        cause = value if value.rest is None else value.rest
        keyless = unknown("it has too many keys, or some that are no text", value.place)
        some = undecided(cause) if cause.state is State.UNKNOWN else keyless
        each = known(Body.of({"key": some, "value": some}))
        return [Instance(Env(module, {"each": each}), Truth(None, (some,)), _condition(expression, module), many=None)]
    return [
        Instance(
            Env(module, {"each": known(Body.of({"key": known(key, value.place), "value": member}))}),
            key=f'["{key}"]',
            name=key,
        )
        for key, member in items.items()
    ]


def _members(value: Value) -> dict[str, Value] | None:
    """The known keys and values it goes over; None where not all are known."""
    if value.state is not State.KNOWN or value.rest is not None:
        return None
    if isinstance(value.content, Body):
        return {key: value.content.child(key) for key in value.content.keys()}
    if not isinstance(value.content, tuple):
        return None
    found = {}
    for item in value.content:
        if item.state is not State.KNOWN or not isinstance(item.content, str):
            return None
        found[item.content] = item
    return found
