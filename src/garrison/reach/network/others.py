"""Networks of Google Cloud and Azure, as far as their firewalls decide.

Google Cloud: rules hold for a whole network, or for the machines with a tag or an account of theirs; the lowest priority
that fits decides, a denial before an allowance; what none fits may leave and may not enter ("VPC firewall rules", Google
Cloud documentation). Azure: the groups of the subnet and of the interface must both let pass, by the lowest priority;
what none fits enters from the virtual network only, and may leave ("Network security groups", Azure documentation).
Routes, load balancers and hierarchical policies are not followed: where they may matter, nothing is refused for sure.
"""

from __future__ import annotations

from garrison.estate.assets.compute import Instance
from garrison.estate.assets.network import Firewall, Rule
from garrison.estate.estate import Estate
from garrison.estate.relations import Relation
from garrison.estate.truth import Truth
from garrison.estate.values import Value
from garrison.reach.network.lines import incoming, outgoing, rules_of
from garrison.reach.network.rules import FREE, UNKNOWN, Flow, Known, Line, Peer, flow, passed
from garrison.reach.network.seats import INTERNET, Seat
from garrison.reach.network.sets import ALL_TRAFFIC, EVERY_ADDRESS, NOTHING

_LAST = 1 << 16  # after every priority a rule can have


class Google:
    """Its networks."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate

    def from_internet(self, seat: Seat, address: Truth) -> Flow:
        """What anyone on the internet can open to it."""
        if address.no:
            return Flow(because=address.because)
        return flow(address) & self._guarded(seat, INTERNET, out=False)

    def to_internet(self, seat: Seat, address: Truth) -> Flow:
        """What it can open to anywhere; without an address of its own, a NAT it may have decides."""
        return (FREE if address.yes else UNKNOWN) & self._guarded(seat, INTERNET, out=True)

    def way(self, start: Seat, end: Seat) -> Flow:
        """Inside one network all is routed; networks may be peered."""
        return UNKNOWN if start.networks.isdisjoint(end.networks) else FREE

    def between(self, start: Seat, end: Seat) -> Flow:
        """What one can open to the other inside one network."""
        if start.networks.isdisjoint(end.networks):
            return UNKNOWN
        return self._guarded(start, end.peer, out=True) & self._guarded(end, start.peer, out=False)

    def _guarded(self, seat: Seat, peer: Peer, *, out: bool) -> Flow:
        if not seat.networks:
            return UNKNOWN
        walls = [
            e.end
            for address in sorted(seat.networks)
            for e in self.estate.graph.out(self.estate.by_address[address], Relation.CONTAINS)
            if isinstance(e.end, Firewall)
        ]
        rules = [r for r in rules_of(walls, self.estate) if not _meant(r, seat).no]
        lines = (outgoing if out else incoming)(rules, peer, self.estate)
        unsure = {id(r) for r in rules if _meant(r, seat).unknown}
        lines = [
            Line(n.order, n.allow, n.traffic, Known(NOTHING, n.peers.perhaps), n.said) if id(r) in unsure else n
            for r, n in zip(_one_way(rules, out=out), lines, strict=True)
        ]
        return passed(lines, peer, otherwise=out)


def _one_way(rules: list[Rule], *, out: bool) -> list[Rule]:
    other = "ingress" if out else "egress"
    return [r for r in rules if not r.direction.equals(other).yes]


def _meant(rule: Rule, seat: Seat) -> Truth:
    """Whether a rule is for the asset: it names nobody, or a tag or an account of the asset's."""
    if rule.targets.is_empty().yes:
        return Truth(True)
    if not isinstance(seat.asset, Instance):
        return Truth(None)
    asset = seat.asset

    def same(said: Value) -> Truth:
        if said.ref is not None:
            own = any(
                r.ref is not None and r.ref.address == said.ref.address for r in asset.role.items() or (asset.role,)
            )
            return Truth(own or None)
        return asset.network_tags.any(lambda t: t.equals(said.content)) | asset.role.any(
            lambda r: r.equals(said.content)
        )

    return rule.targets.any(same)


class Azure:
    """Its networks."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate

    def from_internet(self, seat: Seat, address: Truth) -> Flow:
        """What anyone on the internet can open to it."""
        if address.no:
            return Flow(because=address.because)
        return flow(address) & self._guarded(seat, INTERNET, out=False)

    def to_internet(self, seat: Seat, address: Truth) -> Flow:
        """What it can open to anywhere; Azure lends an address where none is given, unless the subnet is private."""
        return (FREE if address.yes else UNKNOWN) & self._guarded(seat, INTERNET, out=True)

    def way(self, start: Seat, end: Seat) -> Flow:
        """Inside one virtual network all is routed; networks may be peered."""
        return UNKNOWN if start.networks.isdisjoint(end.networks) else FREE

    def between(self, start: Seat, end: Seat) -> Flow:
        """What one can open to the other inside one virtual network."""
        guarded = self._guarded(start, end.peer, out=True) & self._guarded(end, start.peer, out=False)
        return self.way(start, end) & guarded

    def _guarded(self, seat: Seat, peer: Peer, *, out: bool) -> Flow:
        if not seat.firewalls or seat.loose_firewall:
            return UNKNOWN
        result = FREE
        for wall in seat.firewalls:
            rules = list(rules_of([wall], self.estate))
            lines = (outgoing if out else incoming)(rules, peer, self.estate)
            inside = out or not peer.anyone
            every = Known(ALL_TRAFFIC, ALL_TRAFFIC)
            lines.append(Line(_LAST, inside, every, Known(EVERY_ADDRESS, EVERY_ADDRESS), wall.name))
            result = result & passed(lines, peer, otherwise=False)
        return result
