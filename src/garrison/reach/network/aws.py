"""Networks of AWS.

What is taken from AWS's documentation: a security group only allows, and remembers connections; an access list decides
by the lowest number and remembers none, so that the answer must pass too, to a port from 1024 up ("Ephemeral ports",
Amazon VPC User Guide); an asset is on the internet where it has an address there and its subnet's route table sends the
internet's addresses to an internet gateway; a subnet without a table of its own has its network's main one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

from garrison.estate.assets.network import Network, Rule, Subnet, is_internet
from garrison.estate.assets.routing import AclRule, Gateway, NatGateway, NetworkAcl, Peering, Route, RouteTable
from garrison.estate.estate import Estate
from garrison.estate.relations import Relation, refs
from garrison.estate.truth import NO, Truth, any_of
from garrison.estate.values import State, Value
from garrison.reach.network.lines import acl_lines, hides, known_addresses
from garrison.reach.network.rules import FREE, UNKNOWN, Flow, Peer, flow, join, passed
from garrison.reach.network.seats import INTERNET, Seat
from garrison.reach.network.sets import ALL_TRAFFIC, EVERY_ADDRESS, traffic
from garrison.reach.network.walls import Wall

_TCP, _UDP = 6, 17
_EPHEMERAL = 1024
_NOT_KNOWN = Truth(None)
T = TypeVar("T", RouteTable, NetworkAcl)
G = TypeVar("G", Gateway, NatGateway)


class Aws:
    """The networks that AWS's resources in a scan make up."""

    def __init__(self, estate: Estate) -> None:
        self.estate, graph = estate, estate.graph
        self._tables: dict[str, list[RouteTable]] = defaultdict(list)  # by subnet, or for main ones by network
        self._acls: dict[str, list[NetworkAcl]] = defaultdict(list)
        self._loose: set[tuple[str, type]] = set()  # root and kind: one of that kind names what is not known
        self._walls: dict[tuple[object, ...], Wall] = {}
        self._ways: dict[tuple[object, ...], Flow] = {}
        self._managed: set[str] = set()  # networks some subnet of which has a route table here
        for table in estate.of(RouteTable):
            self._note(table, self._tables, main=table.main)
        for acl in estate.of(NetworkAcl):
            self._note(acl, self._acls, main=acl.default)
        for kind in (Route, Rule, AclRule):
            for asset in estate.of(kind):
                if not any(e.start is not None for e in graph.into(asset, Relation.CONTAINS)):
                    self._loose.add((asset.root, kind))

    def _note(self, asset: T, found: dict[str, list[T]], *, main: Truth) -> None:
        networks = [e.start for e in self.estate.graph.into(asset, Relation.CONTAINS) if isinstance(e.start, Network)]
        for edge in self.estate.graph.out(asset, Relation.SHIELDS):
            if edge.end is None:
                self._loose.add((asset.root, type(asset)))
            else:
                found[edge.end.address].append(asset)
                if isinstance(asset, RouteTable):
                    self._managed.update(n.address for n in networks)
        if hides(asset.subnets):
            self._loose.add((asset.root, type(asset)))
        if not main.no:
            for network in networks:
                found[network.address].append(asset)

    # The internet.

    def from_internet(self, seat: Seat, address: Truth) -> Flow:
        """What anyone on the internet can open to it, by an address it has there."""
        if address.no:
            return Flow(because=address.because)
        ways = [self._entered(subnet) for subnet in seat.subnets]
        if seat.loose_subnet or not seat.subnets:
            ways.append(UNKNOWN)
        return flow(address) & join(ways) & self._guarded(seat, INTERNET, out=False)

    def to_internet(self, seat: Seat, address: Truth) -> Flow:
        """What it can open to anywhere on the internet: by its own address, or one that a NAT gateway lends."""
        ways = []
        for subnet in seat.subnets:
            routed = self._route_out(subnet)
            own = self._route_in(subnet) & address
            ways.append(
                flow(own | routed) & self._listed(subnet, INTERNET, out=True) & self._replied(subnet, out=False)
            )
        if seat.loose_subnet or not seat.subnets:
            ways.append(UNKNOWN)
        return join(ways) & self._guarded(seat, INTERNET, out=True)

    def _entered(self, subnet: Subnet) -> Flow:
        way = flow(self._route_in(subnet))
        return way & self._listed(subnet, INTERNET, out=False) & self._replied(subnet, out=True)

    def _route_in(self, subnet: Subnet) -> Truth:
        """Whether its route table leads to the internet and back."""
        return self._routed(subnet, self._by_gateway)

    def _route_out(self, subnet: Subnet) -> Truth:
        """Whether its route table leads to the internet by an address that is lent."""
        return self._routed(subnet, self._by_nat)

    def _routed(self, subnet: Subnet, leads: Callable[[Route], Truth]) -> Truth:
        tables = self.tables(subnet)
        if tables is None:
            return _NOT_KNOWN
        truth = any_of(r.exists & _to_internet(r) & leads(r) for table in tables for r in self.routes(table))
        if truth.no and any((t.root, Route) in self._loose for t in tables):
            return _NOT_KNOWN
        return truth

    def tables(self, subnet: Subnet) -> list[RouteTable] | None:
        """The route table that decides for a subnet; none where AWS's own does, None where that is not known."""
        if found := self._tables.get(subnet.address):
            return found
        if (subnet.root, RouteTable) in self._loose:
            return None
        for edge in self.estate.graph.into(subnet, Relation.CONTAINS):
            if isinstance(edge.start, Network):
                if found := self._tables.get(edge.start.address):
                    return found
                # Where routes are declared for other subnets, this one has AWS's main table, which leads nowhere.
                return [] if edge.start.address in self._managed and edge.start.default.no else None
        return None

    def routes(self, table: RouteTable) -> list[Route]:
        """All routes of a table."""
        beside = (e.end for e in self.estate.graph.out(table, Relation.CONTAINS) if isinstance(e.end, Route))
        return list({r.address: r for r in (*table.routes, *beside)}.values())

    def _by_gateway(self, route: Route) -> Truth:
        return self._leads(route.gateway, Gateway, "igw-", lambda g: ~g.outgoing_only)

    def _by_nat(self, route: Route) -> Truth:
        return self._leads(route.nat, NatGateway, "nat-", lambda n: ~n.private)

    def _leads(self, said: Value, kind: type[G], prefix: str, test: Callable[[G], Truth]) -> Truth:
        """Whether a route's target is of a kind: by reference, or by the identifier AWS gave it."""
        if said.state is State.KNOWN:
            return said.starts_with(prefix)
        ends = [end for ref, _ in refs(said) for end in self.estate.at(ref.address)]
        if ends:
            told = any_of(end.exists & test(end) for end in ends if isinstance(end, kind))
            return Truth(told.answer, (said,))
        if said.state is State.ABSENT:
            return NO
        return Truth(None, (said,))

    # Access lists.

    def _acl(self, subnet: Subnet) -> list[NetworkAcl] | None:
        if found := self._acls.get(subnet.address):
            return found
        if (subnet.root, NetworkAcl) in self._loose:
            return None
        for edge in self.estate.graph.into(subnet, Relation.CONTAINS):
            if edge.start is not None and (found := self._acls.get(edge.start.address)):
                return found
        return []

    def _listed(self, subnet: Subnet, peer: Peer, *, out: bool) -> Flow:
        """What the subnet's access list lets pass one way; the one that AWS makes lets all pass."""
        lists = self._acl(subnet)
        if lists is None:
            return UNKNOWN
        if not lists:
            return FREE
        return join(self._one_list(acl, peer, out=out) for acl in lists)

    def _one_list(self, acl: NetworkAcl, peer: Peer, *, out: bool) -> Flow:
        found = listed(acl, peer, self.estate, out=out)
        return found | UNKNOWN if (acl.root, AclRule) in self._loose else found

    def _replied(self, subnet: Subnet, *, out: bool, peer: Peer = INTERNET) -> Flow:
        """What can be answered: an access list must let the answers pass, to whatever port the caller has."""
        answers = self._listed(subnet, peer, out=out)
        if answers.sure == ALL_TRAFFIC:
            return FREE
        sure = perhaps = ALL_TRAFFIC - traffic(_TCP) - traffic(_UDP)
        for number in (_TCP, _UDP):
            ephemeral = traffic(number, _EPHEMERAL)
            if answers.sure.covers(ephemeral):
                sure |= traffic(number)
            if answers.perhaps & ephemeral:
                perhaps |= traffic(number)
        return Flow(sure, perhaps, answers.because)

    # Security groups.

    def _guarded(self, seat: Seat, peer: Peer, *, out: bool) -> Flow:
        """What its security groups let pass; one that is not in these files may let all."""
        if not seat.firewalls:
            return UNKNOWN
        wall = self._walls.get(seat.walls)
        if wall is None:
            loose = seat.loose_firewall or any((f.root, Rule) in self._loose for f in seat.firewalls)
            wall = self._walls[seat.walls] = Wall(seat.firewalls, self.estate, loose=loose)
        return wall.passes(peer, out=out)

    # One asset and another.

    def between(self, start: Seat, end: Seat) -> Flow:
        """What one can open to the other, over private addresses."""
        way = self.way(start, end)
        if not way.perhaps:
            return way
        return way & self._guarded(start, end.peer, out=True) & self._guarded(end, start.peer, out=False)

    def way(self, start: Seat, end: Seat) -> Flow:
        """What routes and access lists let pass from one to the other."""
        key = start.place, end.place
        found = self._ways.get(key)
        if found is None:
            found = self._ways[key] = self._way(start, end)
        return found

    def _way(self, start: Seat, end: Seat) -> Flow:
        if not start.subnets or not end.subnets:
            known = start.networks and end.networks
            if known and start.networks.isdisjoint(end.networks) and not (start.loose_subnet or end.loose_subnet):
                return Flow()
            return UNKNOWN
        ways = []
        for one in start.subnets:
            for other in end.subnets:
                ways.append(self._step(one, other))
        return join(ways) | (UNKNOWN if start.loose_subnet or end.loose_subnet else Flow())

    def _step(self, one: Subnet, other: Subnet) -> Flow:
        """From subnet to subnet: within one, an access list is not asked."""
        if one.address == other.address:
            return FREE
        joined = self._joined(one, other)
        if joined.no:
            return Flow(because=joined.because)
        there, back = _peer_of(other), _peer_of(one)
        leaves = self._listed(one, there, out=True) & self._replied(one, out=False, peer=there)
        enters = self._listed(other, back, out=False) & self._replied(other, out=True, peer=back)
        return flow(joined) & leaves & enters

    def _joined(self, one: Subnet, other: Subnet) -> Truth:
        """Whether two subnets are of one network, or of two that are peered and route to each other."""
        here, there = self._network(one), self._network(other)
        if here is None or there is None:
            return _NOT_KNOWN
        if here.address == there.address:
            return Truth(True)
        return any_of(
            p.exists & self._over(one, p) & self._over(other, p)
            for p in self.estate.of(Peering)
            if self._peers(p, here, there)
        )

    def _network(self, subnet: Subnet) -> Network | None:
        return next(
            (e.start for e in self.estate.graph.into(subnet, Relation.CONTAINS) if isinstance(e.start, Network)), None
        )

    def _peers(self, peering: Peering, here: Network, there: Network) -> bool:
        ends = {e.end.address for e in self.estate.graph.out(peering, Relation.ROUTES_TO) if e.end is not None}
        return {here.address, there.address} <= ends

    def _over(self, subnet: Subnet, peering: Peering) -> Truth:
        tables = self.tables(subnet)
        if tables is None:
            return _NOT_KNOWN
        found = [r for t in tables for r in self.routes(t)]
        named = [r for r in found if any(e.end is peering for e in self.estate.graph.out(r, Relation.ROUTES_TO))]
        return any_of(Truth(r.exists.answer, (r.peering,)) for r in named)


def listed(acl: NetworkAcl, peer: Peer, estate: Estate, *, out: bool) -> Flow:
    """What an access list lets pass one way, by its own rules and those declared beside it."""
    rules: list[Rule] = list(acl.outgoing if out else acl.incoming)
    for edge in estate.graph.out(acl, Relation.CONTAINS):
        if isinstance(edge.end, AclRule) and not edge.end.is_part_of(acl):
            way = edge.end.outgoing if out else ~edge.end.outgoing
            if not way.no:
                rules.append(edge.end)
    return passed(acl_lines(rules, peer, estate, out=out), peer, otherwise=False)


def _to_internet(route: Route) -> Truth:
    truth = route.destinations.any(lambda d: d.test(is_internet))
    return Truth(truth.answer)


def _peer_of(subnet: Subnet) -> Peer:
    found = known_addresses(subnet.addresses)
    return Peer(EVERY_ADDRESS if found is None else found)
