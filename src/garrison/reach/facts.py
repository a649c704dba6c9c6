"""Facts derived from the whole estate, worked out for an asset when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from garrison.estate.assets import Asset
from garrison.estate.assets.identity import Policy, Role
from garrison.estate.estate import Estate
from garrison.estate.facts import Content, Environment, Facts, Holds, Reached, Stage, Stated
from garrison.estate.relations import Relation
from garrison.estate.values import Body, State, Value
from garrison.reach import words
from garrison.reach.exposure import Exposure

_TELLING = frozenset({"name", "purpose", "data", "content", "contains", "classification", "dataclassification", "use"})
_ENVIRONMENT_TAGS = frozenset({"env", "environment", "stage", "tier"})
_IDENTITY = frozenset({Relation.RUNS_AS, Relation.ASSUMES})
_TAKEN_OVER = _IDENTITY | {Relation.READS, Relation.EXPOSES, Relation.ROUTES_TO, Relation.CONTAINS}
_FAR = 4  # identities taken on one after the other
_BY_RELATION = {
    Relation.TRAINS: (Content.TRAINING_DATA, 0.9),
    Relation.SERVES: (Content.MODELS, 0.9),
    Relation.REGISTERS: (Content.MODELS, 0.9),
    Relation.LOGS_TO: (Content.AUDIT_LOG, 0.6),
}


class FactBook:
    """Derives facts with a memo; `estate.facts` is its `of`."""

    def __init__(self, estate: Estate, stated: Sequence[Stated] = ()) -> None:
        self._estate, self.exposure, self._stated = estate, Exposure(estate), stated
        self._memo: dict[str, Facts] = {}

    def of(self, asset: Asset) -> Facts:
        """The facts of an asset."""
        found = self._memo.get(asset.address)
        if found is None:
            exposed, by = self.exposure.of(asset)
            said = self._said(asset)
            environment = next((s.environment for s in said if s.environment is not None), None) or _environment(asset)
            stage = next((s.stage for s in said if s.stage is not None), None) or _stage(asset)
            fault = self.exposure.faults.get(asset.address, "")
            found = Facts(exposed, by, self._holds(asset), self._reaches(asset), environment, stage, fault)
            self._memo[asset.address] = found
        return found

    def _holds(self, asset: Asset) -> tuple[Holds, ...]:
        """What a store holds: as people state it, else by its kind, relations, tags and names; for the rest, nothing."""
        stated = next((s.holds for s in self._said(asset) if s.holds is not None), None)
        if stated is not None:
            return tuple(Holds(c, 1.0, "the configuration says so") for c in stated)
        if not asset.stores:
            return ()
        found = {c: Holds(c, 0.9, f"it is a {type(asset).__name__}") for c in asset.keeps}
        for edge in self._estate.graph.into(asset):
            if edge.relation in _BY_RELATION and edge.start is not None:
                content, confidence = _BY_RELATION[edge.relation]
                _keep(found, Holds(content, confidence, f"{edge.start.label} {edge.relation} it"))
        for where, text in _texts(asset):
            for holds in words.contents(text, where).values():
                _keep(found, holds)
        return tuple(sorted(found.values(), key=lambda h: (-h.confidence, h.content)))

    def _said(self, asset: Asset) -> list[Stated]:
        return [s for s in self._stated if s.speaks_of(asset.address, asset.place.source.path)]

    def _reaches(self, asset: Asset) -> tuple[Reached, ...]:
        """The stores that whoever takes the asset over can read: through its identity, or what it is made of."""
        found: dict[str, Reached] = {}
        seen = {asset.address}
        waiting: list[tuple[Asset, tuple[str, ...]]] = [(asset, ())]
        if _runs_nothing(asset):
            return ()
        whole = self._estate.graph.whole_of(asset)
        if whole is not None and not _runs_nothing(whole):
            return self.of(whole).reaches  # who takes over a part has the whole
        while waiting:
            at, path = waiting.pop(0)
            for end, relation in self._ahead(at):
                if end.address in seen:
                    continue
                seen.add(end.address)
                if relation is Relation.READS:
                    holds = max(self._holds(end), key=lambda h: h.confidence, default=None)
                    if holds is not None:
                        found[end.address] = Reached((*path, end.label), holds)
                elif len(path) < _FAR:
                    waiting.append((end, (*path, end.label) if relation in _IDENTITY else path))
        return tuple(sorted(found.values(), key=lambda r: (-r.holds.confidence, r.path)))

    def _ahead(self, asset: Asset) -> Iterator[tuple[Asset, Relation]]:
        """One step from an asset that was taken over."""
        graph = self._estate.graph
        for edge in graph.out(asset):
            if edge.end is not None and edge.relation in _TAKEN_OVER:
                yield edge.end, edge.relation
        for edge in graph.into(asset, Relation.CONTAINS):  # a container is its pod
            if edge.start is not None and asset.is_part_of(edge.start):
                yield edge.start, Relation.CONTAINS


def _runs_nothing(asset: Asset) -> bool:
    """Whether taking it over is taking data, or a paper, over."""
    return asset.stores or isinstance(asset, Role | Policy)


def _keep(found: dict[Content, Holds], holds: Holds) -> None:
    """The strongest reason for a content wins."""
    if holds.content not in found or found[holds.content].confidence < holds.confidence:
        found[holds.content] = holds


def _texts(asset: Asset) -> Iterator[tuple[str, str]]:
    """The texts that tell something of an asset, the surest first, and whose they are."""
    yield from ((f"its tag {k}", t) for k, t in _tags(asset) if k.lower() in _TELLING)
    if asset.name.state is not State.ABSENT:
        pieces = asset.name.content if isinstance(asset.name.content, tuple) else (asset.name,)
        yield "its name", " ".join(p.text() for p in pieces)
    yield "its address", asset.address.rpartition(":")[2].rpartition(".")[2]


def _tags(asset: Asset) -> Iterator[tuple[str, str]]:
    if asset.tags.state is State.KNOWN and isinstance(asset.tags.content, Body):
        yield from ((key, value.text()) for key, value in asset.tags.content.items())


def _zone_texts(asset: Asset) -> Iterator[str]:
    """Where an environment or a stage is said, the surest first: tags, name, namespace, address."""
    yield from (text for key, text in _tags(asset) if key.lower() in _ENVIRONMENT_TAGS)
    yield asset.name.text()
    namespace = getattr(asset, "namespace", None)
    if isinstance(namespace, Value):
        yield namespace.text()
    yield asset.address


def _environment(asset: Asset) -> Environment | None:
    return next((e for text in _zone_texts(asset) if (e := words.environment(text)) is not None), None)


def _stage(asset: Asset) -> Stage | None:
    return next((s for text in _zone_texts(asset) if (s := words.stage(text)) is not None), None)
