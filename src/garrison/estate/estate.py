"""All assets of a scan, and what is near each."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TypeVar, overload

from garrison.estate.assets.asset import Asset, lineage
from garrison.estate.facts import Facts
from garrison.estate.relations import Edge, Graph, Relation
from garrison.estate.truth import Truth, any_of

A = TypeVar("A", bound=Asset)


class Estate:
    """All assets of a scan, and how they relate."""

    def __init__(self, assets: Iterable[Asset], today: dt.date | None = None) -> None:
        self.assets = tuple(assets)
        self.today = today or dt.datetime.now().astimezone().date()  # what has run out is judged by it
        self.graph = Graph()
        self.facts: Callable[[Asset], Facts] = lambda asset: Facts(asset.public)  # reach puts a better one here
        self.by_address: dict[str, Asset] = {}
        self._instances: dict[str, list[Asset]] = defaultdict(list)
        self._kinds: dict[type[Asset], list[Asset]] = defaultdict(list)
        for asset in self.assets:
            self.by_address[asset.address] = asset
            self._instances[without_index(asset.address)].append(asset)
            for kind in lineage(type(asset)):
                self._kinds[kind].append(asset)

    def of(self, kind: type[A]) -> list[A]:
        """All assets of a kind, or of one that it comprises, in the order they were read."""
        return self._kinds.get(kind, [])  # type: ignore[return-value]

    def at(self, address: str) -> list[Asset]:
        """The asset at an address, or all instances of it where its index is not said."""
        exact = self.by_address.get(address)
        return [exact] if exact is not None else self._instances.get(without_index(address), [])

    def near(self, asset: Asset) -> Relations:
        """What a check receives beside the asset."""
        return Relations(asset, self.graph, self)


def without_index(address: str) -> str:
    """`aws_s3_bucket.a["x"]` without `["x"]`."""
    return address.rpartition("[")[0] if address.endswith("]") else address


class Relations:
    """What is near one asset: what a check receives beside it."""

    __slots__ = ("_asset", "_graph", "estate")

    def __init__(self, asset: Asset, graph: Graph, estate: Estate) -> None:
        self._asset, self._graph, self.estate = asset, graph, estate

    @property
    def facts(self) -> Facts:
        """What is derived about the asset: exposure, contents, zone."""
        return self.estate.facts(self._asset)

    @overload
    def to(self, relation: Relation) -> tuple[Asset, ...]: ...
    @overload
    def to(self, relation: Relation, kind: type[A]) -> tuple[A, ...]: ...
    def to(self, relation: Relation, kind: type[A] | None = None) -> tuple[Asset, ...]:
        """What the asset stands in this relation to."""
        return _ends((e.end for e in self._graph.out(self._asset, relation)), kind)

    @overload
    def by(self, relation: Relation) -> tuple[Asset, ...]: ...
    @overload
    def by(self, relation: Relation, kind: type[A]) -> tuple[A, ...]: ...
    def by(self, relation: Relation, kind: type[A] | None = None) -> tuple[Asset, ...]:
        """What stands in this relation to the asset."""
        return _ends((e.start for e in self._graph.into(self._asset, relation)), kind)

    def any_to(self, relation: Relation, kind: type[A], test: Callable[[A], Truth]) -> Truth:
        """Whether something it stands in this relation to passes `test`; unknown for what was not found."""
        edges = self._graph.out(self._asset, relation)
        return _any(edges, [e.end for e in edges], kind, test)

    def any_by(self, relation: Relation, kind: type[A], test: Callable[[A], Truth]) -> Truth:
        """Whether something that stands in this relation to it passes `test`; unknown for what was not found."""
        edges = self._graph.into(self._asset, relation)
        return _any(edges, [e.start for e in edges], kind, test)


def _ends(ends: Iterable[Asset | None], kind: type[A] | None) -> tuple[Asset, ...]:
    unique = {e.address: e for e in ends if e is not None and (kind is None or isinstance(e, kind))}
    return tuple(unique.values())


def _any(edges: list[Edge], ends: list[Asset | None], kind: type[A], test: Callable[[A], Truth]) -> Truth:
    truths = []
    for edge, end in zip(edges, ends, strict=True):
        if end is None:
            truths.append(Truth(None, (edge.stated,)))
        elif isinstance(end, kind):
            truths.append(end.exists & test(end))
    return any_of(truths)
