"""How networks lead on: subnets' route tables and access lists, gateways, peerings, private endpoints."""

from __future__ import annotations

from typing import Annotated

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.assets.network import Rule
from garrison.estate.relations import By, Relation, To
from garrison.estate.truth import Truth
from garrison.estate.values import Value


class SubnetGroup(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """The subnets that a managed store may take addresses in: of RDS, ElastiCache, Redshift, MemoryDB."""

    subnets: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED


class Gateway(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """The door of a network to the internet: AWS's internet gateway, and the one that lets only out."""

    network: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    outgoing_only: Truth = UNMAPPED_TRUTH


class NatGateway(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What lends machines without an address one to go out with."""

    subnet: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    private: Truth = UNMAPPED_TRUTH  # it leads to other networks only, not to the internet


class Peering(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A way between two networks."""

    network: Annotated[Value, To(Relation.ROUTES_TO)] = UNMAPPED
    other: Annotated[Value, To(Relation.ROUTES_TO)] = UNMAPPED


class PrivateEndpoint(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A service of the provider reached inside the network: VPC endpoint."""

    network: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    service: Value = UNMAPPED  # com.amazonaws.eu-west-1.s3
    subnets: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    firewalls: Annotated[Value, By(Relation.SHIELDS)] = UNMAPPED
    policy: Value = UNMAPPED  # who may do what through it


class Route(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Where a route table sends what goes to some addresses."""

    table: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED  # where it is declared beside it
    destinations: Value = UNMAPPED  # CIDRs, prefix lists
    gateway: Annotated[Value, To(Relation.ROUTES_TO)] = UNMAPPED  # of the network: internet, virtual private, local
    nat: Annotated[Value, To(Relation.ROUTES_TO)] = UNMAPPED
    peering: Annotated[Value, To(Relation.ROUTES_TO)] = UNMAPPED
    others: Annotated[Value, To(Relation.ROUTES_TO)] = UNMAPPED  # transit gateway, interface, endpoint, ...


class RouteTable(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """The routes of some subnets, or of all subnets of a network that have no table of their own (the main one)."""

    network: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    main: Truth = UNMAPPED_TRUTH
    subnets: Annotated[Value, To(Relation.SHIELDS)] = UNMAPPED
    routes: tuple[Route, ...] = ()


class AclRule(Rule, frozen=True, kw_only=True, eq=False, dict=True):
    """One numbered rule of an access list."""

    outgoing: Truth = UNMAPPED_TRUTH  # it is for what leaves the subnet


class NetworkAcl(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What a subnet lets in and out packet by packet: AWS's network ACL. It remembers no connection."""

    network: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    default: Truth = UNMAPPED_TRUTH  # of all subnets that have none of their own
    subnets: Annotated[Value, To(Relation.SHIELDS)] = UNMAPPED
    incoming: tuple[AclRule, ...] = ()
    outgoing: tuple[AclRule, ...] = ()


class TargetGroup(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What a load balancer hands requests to."""

    network: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    port: Value = UNMAPPED
    targets: Annotated[Value, To(Relation.ROUTES_TO)] = UNMAPPED  # machines, addresses, functions
    target_ports: Value = UNMAPPED  # where an attachment says another port than the group
