"""`near`: what stands in relation to the asset, and the facts derived about it.

`near.to.runs_as.Role` are the roles it runs as, `near.by.shields.Firewall` the firewalls that shield it; the relations and
their direction are those of `garrison.estate.relations`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from garrison.checks.cel.operations import Members, literal
from garrison.checks.cel.syntax import ExpressionError, Select
from garrison.checks.cel.types import BOOL, TEXT, VALUE, Type, list_of, thing
from garrison.errors import nearest
from garrison.estate.assets import Asset, kinds
from garrison.estate.estate import Relations
from garrison.estate.relations import By, Relation, To
from garrison.estate.truth import YES, Truth
from garrison.estate.values import State, Value, absent

Ask = Callable[[Asset, Relations], Any]

RELATIONS = {relation.value.replace(" ", "_"): relation for relation in Relation}
_DIRECTIONS = ("to", "by")


def near_words(stated: To | By) -> str:
    """How an expression asks for the relation that a field states."""
    return f"near.{'to' if isinstance(stated, To) else 'by'}.{stated.relation.replace(' ', '_')}"


def near_path(steps: Sequence[Select]) -> tuple[Type, Ask]:
    """What stands behind `near`. Raises ExpressionError for what is not there."""
    first, *others = steps
    if first.name == "facts":
        return _fact(first, others)
    if first.name not in _DIRECTIONS:
        hint = nearest(first.name, (*_DIRECTIONS, "facts"), "write near.to, near.by or near.facts")
        raise ExpressionError(f"near has no {first.name}", first.at, hint)
    if len(others) != 2:  # noqa: PLR2004 - the relation and the kind
        raise ExpressionError(f"near.{first.name} takes a relation and a kind", first.at, "near.to.runs_as.Role")
    said, kind = others
    if said.name not in RELATIONS:
        hint = nearest(said.name, RELATIONS, f"one of: {', '.join(RELATIONS)}")
        raise ExpressionError(f"no relation is called {said.name}", said.at, hint)
    if kind.name not in kinds():
        hint = nearest(kind.name, kinds(), "garrison kinds lists them")
        raise ExpressionError(f"no kind is called {kind.name}", kind.at, hint)
    found = kinds()[kind.name]
    return list_of(thing(found)), _related(RELATIONS[said.name], found, outgoing=first.name == "to")


def _related(relation: Relation, kind: type[Asset], *, outgoing: bool) -> Ask:
    def ask(asset: Asset, near: Relations) -> Members:
        graph = near.estate.graph
        items: dict[str, tuple[Asset, Truth]] = {}
        lost = []
        for edge in graph.out(asset, relation) if outgoing else graph.into(asset, relation):
            end = edge.end if outgoing else edge.start
            if end is None:
                lost.append(edge.stated)  # it is named, but not in these files
            elif isinstance(end, kind):
                items[end.address] = end, end.exists
        return Members(tuple(items.values()), tuple(lost))

    return ask


def _fact(first: Select, others: Sequence[Select]) -> tuple[Type, Ask]:
    if len(others) != 1:
        raise ExpressionError("near.facts takes one fact", first.at, f"one of: {', '.join(FACTS)}")
    name = others[0].name
    if name not in FACTS:
        raise ExpressionError(
            f"no fact is called {name}", others[0].at, nearest(name, FACTS, f"one of: {', '.join(FACTS)}")
        )
    return FACTS[name].type, FACTS[name].ask


def _held(asset: Asset, near: Relations) -> Members:
    told = [h for h in near.facts.holds if near.facts.contains(h.content)]
    values = (Value(State.KNOWN, h.content.value, asset.place, f"it holds {h.content}: {h.reason}") for h in told)
    return Members(tuple((v, YES) for v in values))


def _zone(name: str) -> Ask:
    def ask(asset: Asset, near: Relations) -> Value:
        found = getattr(near.facts, name)
        return absent(asset.place) if found is None else literal(found.value)

    return ask


class Fact(msgspec.Struct, frozen=True):
    """Something that is derived about an asset."""

    type: Type
    meaning: str
    ask: Ask


FACTS = {
    "exposed": Fact(
        BOOL, "whether the internet reaches it, itself or through another asset", lambda _, n: n.facts.exposed
    ),
    "holds": Fact(
        list_of(TEXT), "what lies in it, as far as is believed: training data, models, credentials, ...", _held
    ),
    "environment": Fact(VALUE, "production, staging or development; nothing where nothing tells", _zone("environment")),
    "stage": Fact(VALUE, "ingest, train, register, serve or monitor; nothing where nothing tells", _zone("stage")),
}
