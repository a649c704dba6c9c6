"""Ordered rules as firewalls evaluate them: the first that fits decides; of those of one order, a denial.

Security groups are rules of one order that all allow. Access lists of AWS, network security groups of Azure and
firewall rules of Google Cloud are ordered by a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

from garrison.estate.truth import Truth
from garrison.estate.values import Value
from garrison.reach.network.sets import ALL_TRAFFIC, NOTHING, Ranges, is_anyone, union, words

_OTHERS = frozenset({""})  # stands for groups that no rule names


class Known(msgspec.Struct, frozen=True):
    """A set of which not all may be known: what is certainly in it, and what may be."""

    sure: Ranges = NOTHING
    perhaps: Ranges = NOTHING


class Line(msgspec.Struct, frozen=True, eq=False):
    """One rule. `allow` is None where it is not known."""

    order: int
    allow: bool | None
    traffic: Known
    peers: Known
    said: Value


class Peer(msgspec.Struct, frozen=True):
    """The other end: addresses one of which it has, or where `anyone`, of whom so many must pass that anyone may."""

    addresses: Ranges
    anyone: bool = False
    firewalls: frozenset[str] = frozenset()  # addresses of the assets whose members it is
    loose: bool = False  # it may be a member of others too
    tags: frozenset[str] = frozenset()  # words by which rules may mean it

    def seen_by(self, named: frozenset[str]) -> Peer:
        """What is left of it for rules that name only these groups and words: peers that are the same pass alike."""
        groups = self.firewalls & named or (_OTHERS if self.firewalls else self.firewalls)
        return Peer(self.addresses, self.anyone, groups, self.loose, self.tags & named)


class Flow(msgspec.Struct, frozen=True, eq=False):
    """Traffic that passes: certainly, and at most; `because` are the values that decided."""

    sure: Ranges = NOTHING
    perhaps: Ranges = NOTHING
    because: tuple[Value, ...] = ()

    def __and__(self, other: Flow) -> Flow:
        if not self.perhaps or not other.perhaps:
            return Flow(because=(other if self.perhaps else self).because)
        return Flow(self.sure & other.sure, self.perhaps & other.perhaps, self.because + other.because)

    def __or__(self, other: Flow) -> Flow:
        if not self.perhaps or not other.perhaps:
            return self if self.perhaps else other
        return Flow(self.sure | other.sure, self.perhaps | other.perhaps, self.because + other.because)

    def on(self, wanted: Ranges) -> Truth:
        """Whether some of this traffic passes."""
        if self.sure & wanted:
            return Truth(True, self.because)
        return Truth(None if self.perhaps & wanted else False, self.because)

    @property
    def any(self) -> Truth:
        """Whether anything passes."""
        return Truth(True if self.sure else None if self.perhaps else False, self.because)


def flow(truth: Truth) -> Flow:
    """All traffic, or none, or perhaps all."""
    if truth.unknown:
        return Flow(NOTHING, ALL_TRAFFIC, truth.because)
    return Flow(ALL_TRAFFIC, ALL_TRAFFIC, truth.because) if truth.yes else Flow(because=truth.because)


def port_words(flow: Flow) -> str:
    """The TCP ports that pass, as people write them; those that may, where none passes for sure."""
    found = flow.sure or flow.perhaps
    text = words(found)
    return "no port of TCP" if not text else text if text == "every port" else f"port {text}"


FREE, UNKNOWN = Flow(ALL_TRAFFIC, ALL_TRAFFIC), Flow(NOTHING, ALL_TRAFFIC)


def join(flows: Iterable[Flow]) -> Flow:
    """What passes by one of them; nothing where there are none."""
    result = Flow()
    for each in flows:
        result = result | each
    return result


def passed(lines: Sequence[Line], peer: Peer, *, otherwise: bool) -> Flow:
    """The traffic that rules let pass from or to a peer; `otherwise` says what befalls what no rule fits.

    Exact: the line of traffic is cut at every bound of a rule, and in each piece the addresses are followed down the
    rules.
    """
    if not lines:
        return FREE if otherwise else Flow()
    ordered = sorted(lines, key=lambda line: (line.order, line.allow is True))
    sure: list[tuple[int, int]] = []
    perhaps: list[tuple[int, int]] = []
    because: dict[int, Value] = {}
    for first, last in _pieces(ordered):
        certain, possible, decisive = _followed(ordered, first, peer, otherwise=otherwise)
        if _enough(possible, peer, certainly=False):
            perhaps.append((first, last))
            because.update((id(line), line.said) for line in decisive)
            if _enough(certain, peer, certainly=True):
                sure.append((first, last))
    said = tuple(because.values()) or tuple(line.said for line in ordered if line.allow is False)
    return Flow(union(sure), union(perhaps), said)


def _pieces(lines: Sequence[Line]) -> list[tuple[int, int]]:
    """Pieces of the line of traffic in each of which every rule either fits or does not."""
    bounds = {ALL_TRAFFIC.spans[0][0], ALL_TRAFFIC.spans[0][1] + 1}
    for line in lines:
        for known in (line.traffic.sure, line.traffic.perhaps):
            for first, last in known.spans:
                bounds |= {first, last + 1}
    return [(first, after - 1) for first, after in pairwise(sorted(bounds))]


def _followed(lines: Sequence[Line], at: int, peer: Peer, *, otherwise: bool) -> tuple[Ranges, Ranges, list[Line]]:
    """The peer's addresses that certainly pass at a point of traffic, those that may, and the rules that say so."""
    left_surely = left_perhaps = peer.addresses  # no rule has certainly, or perhaps, decided on these
    certain = possible = NOTHING
    decisive: list[Line] = []
    for line in lines:
        if at not in line.traffic.perhaps:
            continue
        may = left_perhaps & line.peers.perhaps
        if not may:
            continue
        does = line.peers.sure if at in line.traffic.sure else NOTHING
        if line.allow is not False:
            possible |= may
            decisive.append(line)
            if line.allow:
                certain |= left_surely & does
        # An allowance that only may fit takes nothing from what is sure: what it leaves, a later one still lets pass.
        left_surely -= does if line.allow else line.peers.perhaps
        left_perhaps -= does
    if otherwise:
        certain, possible = certain | left_surely, possible | left_perhaps
    return certain, possible, decisive


def _enough(found: Ranges, peer: Peer, *, certainly: bool) -> bool:
    """Anyone passes where very many addresses do; one that has some address certainly where all do."""
    if peer.anyone:
        return is_anyone(found)
    return found.covers(peer.addresses) if certainly else bool(found)
