"""Which assets anyone on the internet reaches, directly or through what stands before them.

An asset is exposed where it says so itself and the network lets the internet through to it, or where something exposed
routes to it or is made of it. Where parts of the network are not in these files, what it says of itself counts.
"""

from __future__ import annotations

from functools import cached_property

from garrison.estate.assets import Asset
from garrison.estate.assets.exposure import Service
from garrison.estate.assets.network import Listener, LoadBalancer
from garrison.estate.assets.routing import TargetGroup
from garrison.estate.assets.workload import Workload
from garrison.estate.estate import Estate
from garrison.estate.relations import Relation
from garrison.estate.truth import Truth
from garrison.reach.network.reach import Reach

_THROUGH = (Relation.EXPOSES, Relation.ROUTES_TO)


class Exposure:
    """Exposure of every asset, worked out when asked for, once."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._memo: dict[str, tuple[Truth, str]] = {}
        self.faults: dict[str, str] = {}  # by the address of an asset whose exposure could not be worked out: why

    @cached_property
    def reach(self) -> Reach:
        """What the network lets through; made when the first asset is asked for, after all relations are known."""
        return Reach(self._estate)

    def of(self, asset: Asset) -> tuple[Truth, str]:
        """Whether it is exposed, and the label of what exposes it ("" where it does so itself).

        Walks back over routes without recursion; a cycle of routes exposes nothing by itself.
        """
        found = self._memo.get(asset.address)
        if found is None:
            whole = self._estate.graph.whole_of(asset)
            found = self._walk(asset) if whole is None else self._as_part(asset, whole)
            self._memo[asset.address] = found
        return found

    def _as_part(self, asset: Asset, whole: Asset) -> tuple[Truth, str]:
        """As exposed as what it is a part of, of which all parts are looked at once."""
        own = self._public(asset, asset)
        truth, by = self.of(whole)
        if whole.address in self.faults:
            self.faults.setdefault(asset.address, self.faults[whole.address])
        through = not own.yes and (truth.yes or (truth.unknown and own.no))
        return (truth, by or whole.label) if through else (own, "")

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
            return self.directly(asset)
        except Exception as error:  # noqa: BLE001 - a defect of one kind of asset is named, and all else still judged
            what = f"working out whether {asset.label} is public raised {type(error).__name__}: {error}"
            self.faults.setdefault(asked.address, what)
            return Truth(None)

    def directly(self, asset: Asset) -> Truth:
        """Whether the internet opens a connection to it by an address of its own, and it is there."""
        flow = self.reach.from_internet(asset)
        said = asset.public if flow is None or flow.any.unknown else flow.any
        return said & asset.exists

    def _before(self, asset: Asset) -> list[Asset]:
        """What routes to it or exposes it, what it is a part of, and its own parts."""
        into, out = self._estate.graph.into(asset), self._estate.graph.out(asset, Relation.CONTAINS)
        before = [
            e.start for e in into if e.start is not None and e.relation in _THROUGH and self.forwards(e.start, asset)
        ]
        whole = [e.start for e in into if e.start is not None and e.relation is Relation.CONTAINS]
        parts = [e.end for e in out if e.end is not None and e.end.is_part_of(asset)]
        return before + [w for w in whole if asset.is_part_of(w)] + parts

    def forwards(self, before: Asset, asset: Asset) -> bool:
        """Whether what stands before an asset can open a connection to it, as far as is known."""
        if isinstance(before, Service) and isinstance(asset, Workload):
            cluster = self.reach.cluster
            return not cluster.from_outside(asset).on(cluster.served(before, asset)).no
        if not isinstance(before, TargetGroup | LoadBalancer) or isinstance(asset, Listener):
            return True
        return not self.reach.forwarded(before, asset).any.no
