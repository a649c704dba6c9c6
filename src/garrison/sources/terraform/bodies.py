"""What is said in a block, as a body: attributes evaluated when asked for, blocks as lists, dynamic ones made."""

from __future__ import annotations

from garrison.estate.values import Body, State, Value, absent, known, unknown
from garrison.sources.terraform.evaluation import Env, guarded, undecided
from garrison.sources.terraform.functions import SETS
from garrison.sources.terraform.loops import turns
from garrison.sources.terraform.syntax import Block


def block_body(block: Block, env: Env) -> Body:
    """The attributes and blocks of a block in an environment."""
    if block.broken:
        nothing = unknown(block.broken, block.place)
        return Body(lambda _: nothing, tuple)

    def child(name: str) -> Value:
        attribute = block.attributes.get(name)
        if attribute is not None:
            return attribute.value(env)
        inner = block.blocks.get(name)
        return absent(block.place) if inner is None else _listed(inner, env)

    return Body(guarded(child, block.place), lambda: (*block.attributes, *block.blocks))


def _listed(blocks: list[Block], env: Env) -> Value:
    """All blocks of a type; those that a dynamic one may or may not make are its `rest`."""
    items: list[Value] = []
    rest: Value | None = None
    for block in blocks:
        if block.type == "dynamic":
            made, doubt = _dynamic(block, env)
            items += made
            rest = doubt if rest is None else rest
        else:
            items.append(known(block_body(block, env), block.place))
    if not items and rest is None:
        return absent(blocks[0].place)
    return Value(State.KNOWN, tuple(items), blocks[0].place, rest=rest)


def _dynamic(block: Block, env: Env) -> tuple[list[Value], Value | None]:
    each = block.attributes.get("for_each")
    contents = block.blocks.get("content", [])
    if each is None or not contents:
        return [], unknown("a dynamic block without for_each or content", block.place)
    over = each.value(env)
    if over.state is State.UNKNOWN:
        return [], undecided(over, block.place)
    iterator = block.attributes.get("iterator")
    name = iterator.text.strip('"') if iterator is not None else block.labels[0]
    found = turns(env, over, of_set=each.text.partition("(")[0].strip() in SETS)
    if found is None:
        return [], unknown("too many turns of a loop", block.place)
    made = []
    for key, value in found:
        turn = known(Body.of({"key": key, "value": value}))
        made.append(known(block_body(contents[0], env.having({name: turn})), contents[0].place))
    return made, None if over.rest is None else undecided(over.rest, block.place)
