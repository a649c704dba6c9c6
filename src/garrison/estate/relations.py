"""How assets relate: typed, directed, with the place that states it."""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from garrison.estate.values import Ref, State, Value

if TYPE_CHECKING:
    from garrison.estate.assets.asset import Asset


class Relation(enum.StrEnum):
    """Read as a sentence: subject, relation, object."""

    READS = "reads"
    WRITES = "writes"
    RUNS_AS = "runs as"
    ASSUMES = "assumes"
    TRUSTS = "trusts"
    GRANTS = "grants"
    MOUNTS = "mounts"
    EXPOSES = "exposes"
    ROUTES_TO = "routes to"
    CAN_REACH = "can reach"
    ENCRYPTS = "encrypts"
    LOGS_TO = "logs to"
    TRAINS = "trains"
    PRODUCES = "produces"
    REGISTERS = "registers"
    SERVES = "serves"
    DEPLOYS = "deploys"
    CONTAINS = "contains"
    BUILT_FROM = "built from"
    SHIELDS = "shields"


class To(msgspec.Struct, frozen=True):
    """Annotates a field of an asset: the asset stands in this relation to what the field names."""

    relation: Relation


class By(msgspec.Struct, frozen=True):
    """Annotates a field of an asset: what the field names stands in this relation to the asset."""

    relation: Relation


class Edge(msgspec.Struct, frozen=True, eq=False):
    """One relation that was stated. `end` is None where it names something that is not in these files."""

    start: Asset | None
    relation: Relation
    end: Asset | None
    stated: Value


class Graph:
    """All edges, from both ends."""

    def __init__(self) -> None:
        self._out: dict[str, list[Edge]] = defaultdict(list)
        self._in: dict[str, list[Edge]] = defaultdict(list)

    def add(self, start: Asset | None, relation: Relation, end: Asset | None, stated: Value) -> None:
        """One end may be None: named, but not found."""
        edge = Edge(start, relation, end, stated)
        if start is not None:
            self._out[start.address].append(edge)
        if end is not None:
            self._in[end.address].append(edge)

    def out(self, asset: Asset, relation: Relation | None = None) -> list[Edge]:
        """The edges that start at an asset."""
        return [e for e in self._out.get(asset.address, ()) if relation is None or e.relation is relation]

    def into(self, asset: Asset, relation: Relation | None = None) -> list[Edge]:
        """The edges that end at an asset."""
        return [e for e in self._in.get(asset.address, ()) if relation is None or e.relation is relation]

    def whole_of(self, asset: Asset) -> Asset | None:
        """What an asset is a part of."""
        wholes = (e.start for e in self.into(asset, Relation.CONTAINS))
        return next((w for w in wholes if w is not None and asset.is_part_of(w)), None)

    def edges(self) -> Iterator[Edge]:
        """Every edge once, in the order of its start's address (those without a start last)."""
        for address in sorted(self._out):
            yield from self._out[address]
        for address in sorted(self._in):
            yield from (e for e in self._in[address] if e.start is None)


def refs(value: Value) -> Iterator[tuple[Ref, Value]]:
    """Every reference a value carries: its own, those of its items, of what may be beside them, of a text's parts."""
    stack = [value]
    while stack:
        found = stack.pop()
        if found.rest is not None:
            stack.append(found.rest)
        if found.ref is not None:
            yield found.ref, found
        elif isinstance(found.content, tuple) and found.state is not State.ABSENT:
            stack.extend(reversed(found.content))
