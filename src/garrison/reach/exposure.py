"""Which assets anyone on the internet reaches, directly or through what stands before them.

Exact network reach (routes, access lists, load balancers) is not computed here: an asset is exposed where it says so
itself, or where something exposed routes to it or is made of it.
"""

from __future__ import annotations

from garrison.estate.assets import Asset
from garrison.estate.estate import Estate
from garrison.estate.relations import Relation
from garrison.estate.truth import Truth

_THROUGH = (Relation.EXPOSES, Relation.ROUTES_TO)


class Exposure:
    """Exposure of every asset, worked out when asked for, once."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._memo: dict[str, tuple[Truth, str]] = {}
        self.faults: dict[str, str] = {}  # by the address of an asset whose exposure could not be worked out: why

    def of(self, asset: Asset) -> tuple[Truth, str]:
        """Whether it is exposed, and the label of what exposes it ("" where it does so itself).

        Walks back over routes without recursion; a cycle of routes exposes nothing by itself.
        """
        found = self._memo.get(asset.address)
        if found is None:
            found = self._memo[asset.address] = self._walk(asset)
        return found

    def _walk(self, asset: Asset) -> tuple[Truth, str]:
        best, by = self._public(asset, asset), ""
        seen = {asset.address}
        waiting = [asset]
        while waiting and not best.yes:
            for edge in self._before(waiting.pop()):
                if edge.address in seen:
                    continue
                seen.add(edge.address)
                waiting.append(edge)
                truth = self._public(edge, asset)
                if truth.yes or (truth.unknown and best.no):
                    best, by = truth, edge.label
        return best, by

    def _public(self, asset: Asset, asked: Asset) -> Truth:
        """Whether it is exposed by itself; where that raises it is unknown, and a fault of the asset `asked` for."""
        try:
            return asset.public & asset.exists
        except Exception as error:  # noqa: BLE001 - a defect of one kind of asset is named, and all else still judged
            what = f"working out whether {asset.label} is public raised {type(error).__name__}: {error}"
            self.faults.setdefault(asked.address, what)
            return Truth(None)

    def _before(self, asset: Asset) -> list[Asset]:
        """What routes to it or exposes it, what it is a part of, and its own parts."""
        into, out = self._estate.graph.into(asset), self._estate.graph.out(asset, Relation.CONTAINS)
        before = [e.start for e in into if e.start is not None and e.relation in _THROUGH]
        whole = [e.start for e in into if e.start is not None and e.relation is Relation.CONTAINS]
        parts = [e.end for e in out if e.end is not None and e.end.is_part_of(asset)]
        return before + [w for w in whole if asset.is_part_of(w)] + parts
