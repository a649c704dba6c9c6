"""One answer for all clouds: what the internet opens to an asset, what an asset opens to another and to the internet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Protocol

from garrison.estate.assets import Asset
from garrison.estate.assets.compute import Instance, Interface, NodePool
from garrison.estate.assets.data import Database
from garrison.estate.assets.network import Listener, LoadBalancer
from garrison.estate.assets.notebook import Notebook
from garrison.estate.assets.routing import TargetGroup
from garrison.estate.assets.workload import Workload
from garrison.estate.estate import Estate
from garrison.estate.relations import Relation
from garrison.estate.truth import Truth
from garrison.estate.values import State, number
from garrison.reach.network.aws import Aws
from garrison.reach.network.cluster import Cluster
from garrison.reach.network.others import Azure, Google
from garrison.reach.network.rules import UNKNOWN, Flow, join
from garrison.reach.network.seats import Seat, has_address, seat_of
from garrison.reach.network.sets import ALL_TRAFFIC, Ranges, tcp

# What has its address in the customer's own network, where firewalls and routes decide who reaches it.
_ON_NETWORK = (Instance, Interface, NodePool, Notebook)
_ON_NETWORK_OF_AWS = (Database, LoadBalancer)


# By root and provider, by place: assets with their numbers.
Places = dict[tuple[str, str], dict[tuple[object, ...], list[tuple[int, Asset]]]]


class Cloud(Protocol):
    """The networks of one provider."""

    def from_internet(self, seat: Seat, address: Truth) -> Flow: ...
    def to_internet(self, seat: Seat, address: Truth) -> Flow: ...
    def way(self, start: Seat, end: Seat) -> Flow: ...
    def between(self, start: Seat, end: Seat) -> Flow: ...


class Reach:
    """Answers with a memo. An answer of None: networks do not decide, or nothing is said of them."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.cluster = Cluster(estate)
        self._clouds: dict[str, Cloud] = {"aws": Aws(estate), "gcp": Google(estate), "azure": Azure(estate)}
        self._seats: dict[str, Seat | None] = {}
        self._memo: dict[tuple[object, ...], Flow] = {}

    def seat(self, asset: Asset) -> Seat | None:
        """Where it sits."""
        if asset.address not in self._seats:
            found = seat_of(asset, self.estate) if asset.provider in self._clouds else None
            self._seats[asset.address] = found
        return self._seats[asset.address]

    def from_internet(self, asset: Asset) -> Flow | None:
        """What anyone on the internet can open to an address that it has there."""
        there = isinstance(asset, _ON_NETWORK) or (asset.provider == "aws" and isinstance(asset, _ON_NETWORK_OF_AWS))
        seat = self.seat(asset) if there else None
        if seat is None:
            return None
        flow = self._clouds[asset.provider].from_internet(seat, has_address(seat, self.estate))
        if isinstance(asset, LoadBalancer):
            return flow & Flow(*_listening(asset, self.estate))
        return flow

    def to_internet(self, asset: Asset) -> Flow | None:
        """What it can open to anywhere on the internet."""
        seat = self.seat(asset)
        if seat is None:
            return None
        return self._clouds[asset.provider].to_internet(seat, has_address(seat, self.estate))

    def between(self, start: Asset, end: Asset) -> Flow | None:
        """What one can open to the other over a private network."""
        one, other = self.seat(start), self.seat(end)
        if one is None or other is None or start.provider != end.provider or start.root != end.root:
            return None
        key = (start.provider, one.key, other.key)
        found = self._memo.get(key)
        if found is None:
            found = self._memo[key] = self._clouds[start.provider].between(one, other)
        return found

    def places(self, assets: Iterable[Asset]) -> Places:
        """Those that sit somewhere, by place."""
        found: Places = defaultdict(lambda: defaultdict(list))
        for number_, asset in enumerate(assets):
            if (seat := self.seat(asset)) is not None:
                found[asset.root, asset.provider][seat.place].append((number_, asset))
        return found

    def all_between(self, start: Asset, ends: Places) -> Iterator[tuple[Asset, Flow]]:
        """Those that an asset may open something of, in their order; of a place without a way there none is asked."""
        seat = self.seat(start)
        if seat is None:
            return
        found: list[tuple[int, Asset]] = []
        for each in ends[start.root, start.provider].values():
            there = self.seat(each[0][1])
            if there is not None and self._clouds[start.provider].way(seat, there).perhaps:
                found += each
        for _, end in sorted(found, key=itemgetter(0)):
            flow = self.between(start, end)
            if flow is not None and flow.perhaps:
                yield end, flow

    def opened(self, start: Asset, end: Asset) -> Flow | None:
        """What one can open to the other, in a cloud or in a cluster; None where they share no network."""
        if isinstance(start, Workload) and isinstance(end, Workload):
            return self.cluster.between(start, end)
        return self.between(start, end)

    def forwarded(self, group: TargetGroup | Listener | LoadBalancer, target: Asset) -> Flow:
        """What a load balancer can hand to a target of its."""
        balancers = _balancers(group, self.estate)
        wanted = _handed(group)
        flows = [self.between(b, target) or UNKNOWN for b in balancers] or [UNKNOWN]
        found = join(flows)
        return Flow(found.sure & wanted, found.perhaps & wanted, found.because)


def _listening(balancer: LoadBalancer, estate: Estate) -> tuple[Ranges, Ranges]:
    """The ports it listens on; every one where a listener may not be in these files."""
    listeners = [e.end for e in estate.graph.out(balancer, Relation.CONTAINS) if isinstance(e.end, Listener)]
    ports = [number(x.port.content) if x.port.state is State.KNOWN else None for x in listeners]
    sure = tcp(*(int(p) for p in ports if p is not None and 0 <= p < 1 << 16))
    return sure, ALL_TRAFFIC if None in ports or not ports else sure


def _balancers(asset: Asset, estate: Estate) -> list[Asset]:
    """The load balancers that lead to a listener or a group of targets."""
    if isinstance(asset, LoadBalancer):
        return [asset]
    found: dict[str, Asset] = {}
    for edge in estate.graph.into(asset):
        if isinstance(edge.start, LoadBalancer):
            found[edge.start.address] = edge.start
        elif isinstance(edge.start, Listener) and isinstance(asset, TargetGroup):
            found.update((b.address, b) for b in _balancers(edge.start, estate))
    return list(found.values())


def _handed(group: Asset) -> Ranges:
    """The ports that targets are spoken to on; every one where that is not known."""
    if not isinstance(group, TargetGroup):
        return ALL_TRAFFIC
    said = [number(v.content) for v in (group.port, *group.target_ports.items()) if v.state is State.KNOWN]
    known = [int(p) for p in said if p is not None and 0 <= p < 1 << 16]
    return tcp(*known) if known and group.port.state is not State.UNKNOWN else ALL_TRAFFIC
