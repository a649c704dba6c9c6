"""Rules as they are declared become lines that can be followed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from garrison.estate.assets.network import Firewall, Rule
from garrison.estate.assets.routing import PrivateEndpoint
from garrison.estate.estate import Estate
from garrison.estate.relations import Relation, refs
from garrison.estate.values import State, Value, number
from garrison.reach.network.rules import Known, Line, Peer
from garrison.reach.network.sets import (
    ALL_TRAFFIC,
    EVERY_ADDRESS,
    NOTHING,
    Ranges,
    addresses,
    ports,
    protocol,
    traffic,
    union,
)

_ANY_PEER = Known(EVERY_ADDRESS, EVERY_ADDRESS)
_MAYBE_PEER = Known(NOTHING, EVERY_ADDRESS)
_NO_PEER = Known()
_MAYBE_TRAFFIC = Known(NOTHING, ALL_TRAFFIC)
_AWS_SERVICE_LIST = "aws_prefix_list."  # Terraform's data source for the lists of AWS's own services
# Azure's names for sets of addresses; those of its services are nobody who may attack.
_EVERYONE = frozenset({"internet", "any"})
_WITHIN = "virtualnetwork"


def rules_of(firewalls: Iterable[Firewall], estate: Estate) -> Iterator[Rule]:
    """All rules of some firewalls, those declared beside them too."""
    for firewall in firewalls:
        yield from (*firewall.rules, *firewall.outgoing, *firewall.denials)
        own = {rule.address for rule in firewall.parts}
        for edge in estate.graph.out(firewall, Relation.CONTAINS):
            if isinstance(edge.end, Rule) and edge.end.address not in own:
                yield edge.end


def incoming(rules: Iterable[Rule], peer: Peer, estate: Estate) -> list[Line]:
    """The lines of rules for what comes from a peer."""
    return [_line(r, r.sources, peer, estate) for r in rules if not r.direction.equals("egress").yes]


def outgoing(rules: Iterable[Rule], peer: Peer, estate: Estate) -> list[Line]:
    """The lines of rules for what goes to a peer."""
    return [_line(r, r.destinations, peer, estate) for r in rules if not r.direction.equals("ingress").yes]


def acl_lines(rules: Iterable[Rule], peer: Peer, estate: Estate, *, out: bool) -> list[Line]:
    """The lines of an access list, one way."""
    return [_line(r, r.destinations if out else r.sources, peer, estate) for r in rules]


def _line(rule: Rule, said: Value, peer: Peer, estate: Estate) -> Line:
    order = number(rule.priority.content) if rule.priority.state is State.KNOWN else None
    action = rule.action.test(lambda a: str(a).lower() == "allow")
    peers, value = _peers(rule, said, peer, estate)
    in_force = rule.enabled & rule.exists
    if in_force.no:
        peers = _NO_PEER
    elif in_force.unknown or (rule.priority.state is State.UNKNOWN):
        peers = Known(NOTHING, peers.perhaps)
    return Line(int(order or 0), action.answer, _traffic(rule), peers, value)


def _peers(rule: Rule, said: Value, peer: Peer, estate: Estate) -> tuple[Known, Value]:
    """Whom a rule means, and the value that says so."""
    found, value = Known(), rule.protocol
    for item in (*said.items(), *((said,) if said.state is State.UNKNOWN else ()), *(filter(None, (said.rest,)))):
        each = _addressed(item, peer)
        if each.perhaps:
            found, value = _both(found, each), item
    for item in (*rule.groups.items(), *((rule.groups,) if rule.groups.state is State.UNKNOWN else ())):
        each = _grouped(item, peer, estate)
        if each.perhaps:
            found, value = _both(found, each), item
    for item in (*rule.lists.items(), *((rule.lists,) if rule.lists.state is State.UNKNOWN else ())):
        if not _is_service_list(item, estate):
            found, value = _both(found, _MAYBE_PEER), item
    own = _own(rule, peer)
    if own.perhaps:
        found, value = _both(found, own), rule.own_group.because[0]
    return found, value


def _addressed(item: Value, peer: Peer) -> Known:
    if item.state is not State.KNOWN:
        return _NO_PEER if item.state is State.ABSENT else _MAYBE_PEER
    text = str(item.content)
    known = addresses(text)
    if known is not None:
        return Known(known, known)
    named = text.lower()
    if named in _EVERYONE:
        return _ANY_PEER
    if named == _WITHIN:
        return _NO_PEER if peer.anyone else _ANY_PEER
    return _ANY_PEER if text in peer.tags else _NO_PEER


def _grouped(item: Value, peer: Peer, estate: Estate) -> Known:
    ends = [end.address for ref, _ in refs(item) for end in estate.at(ref.address)]
    if peer.anyone:
        return _NO_PEER  # nobody on the internet is a member
    if not ends:
        return _MAYBE_PEER if peer.loose or not peer.firewalls else _NO_PEER
    return _ANY_PEER if not peer.firewalls.isdisjoint(ends) else (_MAYBE_PEER if peer.loose else _NO_PEER)


def _own(rule: Rule, peer: Peer) -> Known:
    if rule.own_group.no or peer.anyone:
        return _NO_PEER
    member = _home(rule) in peer.firewalls
    return Known(EVERY_ADDRESS if rule.own_group.yes else NOTHING, EVERY_ADDRESS) if member else _NO_PEER


def _home(rule: Rule) -> str:
    """The address of the group that a rule is written into."""
    return rule.address.partition("/")[0]


def named_in(rules: Iterable[Rule], estate: Estate) -> frozenset[str]:
    """All that rules can tell one peer from another by, its addresses apart: the groups and the words they name."""
    found: set[str] = set()
    for rule in rules:
        for said in (*rule.sources.items(), *rule.destinations.items()):
            found.add(said.text())
        for item in rule.groups.items() or (rule.groups,):
            found.update(end.address for ref, _ in refs(item) for end in estate.at(ref.address))
        if not rule.own_group.no:
            found.add(_home(rule))
    return frozenset(found)


def _is_service_list(item: Value, estate: Estate) -> bool:
    """Whether a prefix list is that of a service of the provider: an endpoint's, or one that data looks up."""
    found = [ref for ref, _ in refs(item)]
    return any(_AWS_SERVICE_LIST in r.address for r in found) or any(
        isinstance(end, PrivateEndpoint) for r in found for end in estate.at(r.address)
    )


def _both(a: Known, b: Known) -> Known:
    return Known(a.sure | b.sure, a.perhaps | b.perhaps)


def _traffic(rule: Rule) -> Known:
    """What a rule is about; every port where none is named."""
    if rule.protocol.state is State.UNKNOWN:
        return _MAYBE_TRAFFIC
    named = -1 if rule.protocol.state is State.ABSENT else protocol(rule.protocol.content)
    if named is None:
        return _MAYBE_TRAFFIC
    if rule.ports.state is not State.ABSENT:
        spans = [ports(p.content) if p.state is State.KNOWN else None for p in rule.ports.items()]
        sure = _joined([s for s in spans if s is not None], named)
        open_end = rule.ports.state is State.UNKNOWN or rule.ports.rest is not None or None in spans
        return Known(sure, traffic(named) if open_end else sure)
    if rule.from_port.state is State.UNKNOWN or rule.to_port.state is State.UNKNOWN:
        return Known(NOTHING, traffic(named))
    first, last = number(rule.from_port.content), number(rule.to_port.content)
    if first is None or first < 0:
        return Known(traffic(named), traffic(named))
    sure = traffic(named, int(first), int(first if last is None else last))
    return Known(sure, sure)


def _joined(spans: Iterable[tuple[int, int]], named: int) -> Ranges:
    if named < 0:  # every protocol, on some ports: those of TCP and UDP
        return union(s for first, last in spans for n in (6, 17) for s in traffic(n, first, last).spans)
    return union(s for first, last in spans for s in traffic(named, first, last).spans)


def known_addresses(said: Value) -> Ranges | None:
    """The addresses that CIDRs name; None where one of them is not known."""
    found = NOTHING
    if said.state is not State.KNOWN or said.rest is not None:
        return None
    for item in said.items():
        each = addresses(item.text())
        if each is None:
            return None
        found |= each
    return found


def hides(said: Value) -> bool:
    """Whether it may name something that cannot be told: a variable, or items decided later."""
    if said.rest is not None:
        return True
    return any(v.state is State.UNKNOWN and not any(refs(v)) for v in (said, *said.items()))
