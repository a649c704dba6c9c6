"""Networks, and what lets traffic in."""

from __future__ import annotations

import ipaddress
import re
from functools import cached_property
from typing import Annotated

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.relations import By, Relation, To
from garrison.estate.truth import NO, Truth
from garrison.estate.values import State, Value, number

_WIDEST_IPV4, _WIDEST_IPV6 = 7, 15  # a prefix this short takes in public addresses whatever its first bits are
_RANGE = re.compile(r"\s*(\d{1,5})\s*(?:[-:]\s*(\d{1,5})\s*)?")
# How providers write TLS 1.0 and 1.1, and Azure's sets of versions that take them ("TLS policy overview").
OLD_TLS = r"(?i)^((tls)?[_ ]?v?1[._]?[01]|tls|disabled|TLSEnforcementDisabled|AppGwSslPolicy(20150501|20170401))$"
_LAST_PORT = 65_535
_WITH_PORTS = (6, 17, 132)  # TCP, UDP, SCTP (IANA protocol numbers)
_EVERY_PROTOCOL = ("-1", "all", "*", "any", "")


def is_internet(said: object) -> bool:
    """Whether a source of a rule takes in the internet: `0.0.0.0/0`, `::/0`, `*`, Azure's tag Internet."""
    if not isinstance(said, str):
        return False
    text = said.strip()
    if text.lower() in ("*", "internet", "any"):
        return True
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return network.prefixlen <= (_WIDEST_IPV4 if network.version == 4 else _WIDEST_IPV6)  # noqa: PLR2004 - IPv4


class Rule(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """One rule of a firewall: of a security group, a VPC firewall, a network security group."""

    firewall: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED  # where it is declared beside it
    direction: Value = UNMAPPED  # ingress, egress
    action: Value = UNMAPPED  # allow, deny
    enabled: Truth = UNMAPPED_TRUTH
    protocol: Value = UNMAPPED  # tcp, udp, icmp, a number; all, -1 and * are every protocol
    from_port: Value = UNMAPPED  # inclusive; absent where `ports` says it, or for every port
    to_port: Value = UNMAPPED  # inclusive
    ports: Value = UNMAPPED  # in the spelling of the source: "22", "20-30", "*"; a list of these
    sources: Value = UNMAPPED  # CIDRs, tags, groups
    destinations: Value = UNMAPPED  # of an outgoing rule: CIDRs, tags
    groups: Value = UNMAPPED  # firewalls whose members it lets in or out to; where one is named by reference
    own_group: Truth = UNMAPPED_TRUTH  # the members of its own firewall among themselves
    lists: Value = UNMAPPED  # named lists of addresses that stand elsewhere: prefix lists
    priority: Value = UNMAPPED  # the lowest that fits decides; absent where all rules only allow
    targets: Value = UNMAPPED  # tags and accounts of those it is for; absent: everything behind the firewall
    description: Value = UNMAPPED

    @cached_property
    def lets_in(self) -> Truth:
        """Whether it is a rule in force that allows incoming traffic."""
        truth = self.enabled & self.direction.equals("ingress") & self.action.equals("allow")
        return Truth(True) if truth.yes else truth  # that it does is no evidence of anything

    @cached_property
    def open_to_internet(self) -> Truth:
        """Whether it lets anyone on the internet in, to some port."""
        return self.sources.any(_from_internet) & self.lets_in

    @cached_property
    def every_protocol(self) -> Truth:
        """Whether it is for every protocol, on every port."""
        return self.protocol.test(lambda said: str(said).lower() in _EVERY_PROTOCOL)

    @cached_property
    def every_port(self) -> Truth:
        """Whether it is for every port of TCP or UDP, or all but the first few."""
        return self.every_protocol | (self._has_ports & self._allows(1024, _LAST_PORT))

    def allows_port(self, port: int) -> Truth:
        """Whether it is for a TCP port, 0 to 65535."""
        return self.every_protocol | (self._tcp & self._allows(port, port))

    @cached_property
    def _has_ports(self) -> Truth:
        return self.protocol.test(lambda said: _protocol(said) in _WITH_PORTS)

    @cached_property
    def _tcp(self) -> Truth:
        return self.protocol.test(lambda said: _protocol(said) == _WITH_PORTS[0])

    def _allows(self, first: int, last: int) -> Truth:
        """Whether all of a range of ports is allowed; every one is where none is named."""
        if self.ports.state is not State.ABSENT:
            return self.ports.any(lambda p: p.test(lambda said: _spans(said, first, last)))
        begins = self.from_port.is_absent() | self.from_port.at_most(first)
        ends = self.to_port.is_absent() & self.from_port.is_absent() | self.to_port.at_least(last)
        return begins & ends


class Firewall(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What lets traffic in or keeps it out: security group, VPC firewall rule set, network security group.

    Rules that are declared beside it are assets of their own that it contains.
    """

    network: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    description: Value = UNMAPPED
    rules: tuple[Rule, ...] = ()  # incoming, or of either direction where they say which
    outgoing: tuple[Rule, ...] = ()
    denials: tuple[Rule, ...] = ()


class Network(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A private network: VPC, VNet."""

    addresses: Value = UNMAPPED  # its CIDRs
    default: Truth = UNMAPPED_TRUTH  # the one the provider made, open in ways nobody chose
    flow_log: Truth = UNMAPPED_TRUTH  # connections are recorded


class Subnet(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A part of a network."""

    addresses: Value = UNMAPPED  # its CIDRs
    network: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    firewalls: Annotated[Value, By(Relation.SHIELDS)] = UNMAPPED  # for all that is in it
    public_by_default: Truth = UNMAPPED_TRUTH  # what starts in it gets an address on the internet


class Listener(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """One port of a load balancer."""

    balancer: Annotated[Value, By(Relation.CONTAINS), By(Relation.ROUTES_TO)] = UNMAPPED  # declared beside it
    port: Value = UNMAPPED
    protocol: Value = UNMAPPED  # HTTP, HTTPS, TCP, TLS, ...
    redirects_to_tls: Truth = UNMAPPED_TRUTH  # answers only with a redirect to HTTPS
    tls_policy: Value = UNMAPPED  # the provider's name for a set of versions and ciphers
    target: Annotated[Value, To(Relation.ROUTES_TO)] = UNMAPPED
    internet_facing: Truth = UNMAPPED_TRUTH  # of its balancer, where it says so itself


class LoadBalancer(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What spreads requests: ELB, Cloud Load Balancing, Azure Application Gateway."""

    internet_facing: Truth = UNMAPPED_TRUTH
    access_log: Truth = UNMAPPED_TRUTH
    firewalls: Annotated[Value, By(Relation.SHIELDS)] = UNMAPPED
    subnets: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    targets: Annotated[Value, To(Relation.ROUTES_TO)] = UNMAPPED  # machines, where it names them itself
    listeners: tuple[Listener, ...] = ()

    @property
    def public(self) -> Truth:
        return self.internet_facing


class WebFirewall(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What looks into requests before they reach an application: a policy of a web application firewall."""

    enabled: Truth = UNMAPPED_TRUTH
    blocks: Truth = UNMAPPED_TRUTH  # else it only notes


class TlsPolicy(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Which versions of TLS the doors take that use it: an SSL policy, what a gateway or a domain says of its own."""

    minimum_version: Value = UNMAPPED  # TLS_1_2, TLSv1_2, TLS12, 1.2, or the name of a set of the provider's

    @cached_property
    def old(self) -> Truth:
        """Whether it takes a version before 1.2."""
        return self.minimum_version.matches(OLD_TLS)


def _from_internet(source: Value) -> Truth:
    if source.state is State.UNKNOWN and source.ref is not None:
        return Truth(NO.answer, (source,))  # another group or address of the same estate
    return source.test(is_internet)


def _protocol(said: object) -> int | None:
    found = number(said)
    if found is not None:
        return int(found)
    return {"tcp": 6, "udp": 17, "sctp": 132}.get(said.lower()) if isinstance(said, str) else None


def _spans(said: object, first: int, last: int) -> bool:
    """Whether one spelling of ports takes in a range."""
    if isinstance(said, str) and said.strip() in ("*", "all", "any", "-1"):
        return True
    match = _RANGE.fullmatch(str(said))
    return match is not None and int(match[1]) <= first and int(match[2] or match[1]) >= last
