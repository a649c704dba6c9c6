"""Where assets sit: in which subnets, behind which firewalls, with what addresses."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import msgspec

from garrison.estate.assets import Asset
from garrison.estate.assets.compute import Cluster, Instance, Interface
from garrison.estate.assets.network import Firewall, LoadBalancer, Network, Subnet
from garrison.estate.assets.routing import SubnetGroup
from garrison.estate.estate import Estate
from garrison.estate.relations import Relation
from garrison.estate.truth import NO, Truth, any_of
from garrison.estate.values import Value
from garrison.reach.network.lines import hides, known_addresses
from garrison.reach.network.rules import Peer
from garrison.reach.network.sets import EVERY_ADDRESS, EVERY_V4, NOTHING

INTERNET = Peer(EVERY_ADDRESS, anyone=True)


class Seat(msgspec.Struct, frozen=True, eq=False, dict=True):
    """One place on a network. `loose` where a subnet or a firewall that it names is not in these files."""

    asset: Asset
    subnets: tuple[Subnet, ...]
    firewalls: tuple[Firewall, ...]
    networks: frozenset[str]  # addresses of the networks that are known
    loose_subnet: bool
    loose_firewall: bool

    @cached_property
    def place(self) -> tuple[object, ...]:
        """What routes and access lists know of it."""
        return tuple(s.address for s in self.subnets), self.networks, self.loose_subnet

    @cached_property
    def walls(self) -> tuple[object, ...]:
        """What firewalls it is behind; Google's are for the machines whose tags and accounts they name."""
        named = _named(self.asset) if self.asset.provider == "gcp" else None
        return tuple(f.address for f in self.firewalls), self.loose_firewall, named

    @property
    def key(self) -> tuple[object, ...]:
        """Seats of one key reach and are reached alike."""
        return self.place, self.walls

    @cached_property
    def peer(self) -> Peer:
        """What it is to the rules of others."""
        found = NOTHING
        for subnet in self.subnets:
            each = known_addresses(subnet.addresses)
            found = found | (EVERY_V4 if each is None else each)
        if not self.subnets or self.loose_subnet:
            found = EVERY_V4
        groups = frozenset(f.address for f in self.firewalls)
        return Peer(found, False, groups, self.loose_firewall, _tags(self.asset))


def _tags(asset: Asset) -> frozenset[str]:
    if not isinstance(asset, Instance):
        return frozenset()
    return frozenset(t.text() for t in (*asset.network_tags.items(), *asset.role.items()) if t.text())


def _named(asset: Asset) -> frozenset[str] | str:
    """What tells it from other machines to rules that name some; its own address where that is not known."""
    if not isinstance(asset, Instance):
        return frozenset()
    said = (asset.network_tags, asset.role)
    items = [item for value in said for item in (value.items() or (value,) if value.given().yes else ())]
    if any(hides(value) for value in said) or any(not (item.text() or item.ref) for item in items):
        return asset.address
    return frozenset(item.text() or (item.ref.address if item.ref is not None else "") for item in items)


def seat_of(asset: Asset, estate: Estate) -> Seat | None:
    """Where an asset sits; None for what names neither a subnet nor a firewall."""
    graph = estate.graph
    subnets: dict[str, Subnet] = {}
    firewalls: dict[str, Firewall] = {}
    networks: set[str] = set()
    loose_subnet = loose_firewall = False
    for each in (asset, *_interfaces(asset, estate)):
        for edge in graph.into(each, Relation.SHIELDS):
            if isinstance(edge.start, Firewall):
                firewalls[edge.start.address] = edge.start
            elif edge.start is None and _speaks_of_firewalls(edge.stated, each):
                loose_firewall = True
        for subnet, missing in _subnets(each, estate):
            loose_subnet = loose_subnet or missing
            if isinstance(subnet, Subnet):
                subnets[subnet.address] = subnet
            elif isinstance(subnet, Network):
                networks.add(subnet.address)
    for subnet in subnets.values():
        found = [e.start.address for e in graph.into(subnet, Relation.CONTAINS) if isinstance(e.start, Network)]
        networks.update(found)
        firewalls.update(
            (e.start.address, e.start) for e in graph.into(subnet, Relation.SHIELDS) if isinstance(e.start, Firewall)
        )
    unknown_firewalls = loose_firewall or _hides(asset, "firewalls")
    unknown_subnets = loose_subnet or _hides(asset, "subnet", "subnets", "network")
    if not (subnets or firewalls or networks or unknown_subnets or unknown_firewalls):
        return None
    return Seat(
        asset,
        tuple(subnets.values()),
        tuple(firewalls.values()),
        frozenset(networks),
        unknown_subnets,
        unknown_firewalls,
    )


def _interfaces(asset: Asset, estate: Estate) -> list[Asset]:
    return [e.start for e in estate.graph.into(asset, Relation.EXPOSES) if isinstance(e.start, Interface)]


def _subnets(asset: Asset, estate: Estate) -> Iterator[tuple[Asset | None, bool]]:
    """Each subnet or network that holds an asset, and whether one is missing."""
    for edge in estate.graph.into(asset, Relation.CONTAINS):
        if edge.start is None:
            yield None, True
        elif isinstance(edge.start, SubnetGroup):
            yield from _subnets(edge.start, estate)
        elif isinstance(edge.start, Subnet | Network):
            yield edge.start, False


def _speaks_of_firewalls(stated: Value, asset: Asset) -> bool:
    said = getattr(asset, "firewalls", None)
    return isinstance(said, Value) and (
        stated is said or any(stated is i for i in said.items()) or said.rest is not None
    )


def _hides(asset: Asset, *fields: str) -> bool:
    return any(hides(said) for field in fields if isinstance(said := getattr(asset, field, None), Value))


def has_address(seat: Seat, estate: Estate) -> Truth:
    """Whether an asset has an address on the internet: it asks for one, is given one, or its subnet gives it one."""
    asset = seat.asset
    if isinstance(asset, Instance):
        interfaces = any_of(i.public for i in _interfaces(asset, estate))
        given = any_of(s.public_by_default for s in seat.subnets)
        return asset.public | interfaces | (~asset.chooses_address & given)
    if isinstance(asset, LoadBalancer):
        return asset.internet_facing
    said = getattr(asset, "public_address", None)
    if isinstance(asset, Cluster):
        said = asset.public_endpoint
    return said if isinstance(said, Truth) else NO
