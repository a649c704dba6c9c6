"""Sets of whole numbers as ranges: of addresses, and of traffic.

Both are laid on one line, so that one arithmetic serves them. An IPv4 address is its number, an IPv6 address its number
after all of those. Traffic is a protocol's number (IANA) times 65,536 plus a port; a protocol without ports has all.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from functools import lru_cache

import msgspec

Span = tuple[int, int]

_V6 = 1 << 32
_PORTS = 1 << 16
_PROTOCOLS = 256
_RANGE = re.compile(r"\s*(\d{1,5})\s*(?:[-:]\s*(\d{1,5})\s*)?")
_ANY = frozenset({"*", "all", "any", "-1", ""})
_BY_NAME = {"icmp": 1, "tcp": 6, "udp": 17, "esp": 50, "ah": 51, "icmpv6": 58, "sctp": 132}
# A range this wide takes in anyone, not a partner: a /7 of IPv4, a /15 of IPv6 (the shortest that is ever given away).
_WIDE_V4, _WIDE_V6 = 1 << 25, 1 << 113


class Ranges(msgspec.Struct, frozen=True):
    """Sorted ranges that do not touch, both ends in them."""

    spans: tuple[Span, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __contains__(self, number: int) -> bool:
        return any(first <= number <= last for first, last in self.spans)

    def __or__(self, other: Ranges) -> Ranges:
        if not self.spans or not other.spans:
            return self if self.spans else other
        return union((*self.spans, *other.spans))

    def __and__(self, other: Ranges) -> Ranges:
        if self._surrounds(other):
            return other
        if other._surrounds(self):
            return self
        found: list[Span] = []
        mine, theirs = iter(self.spans), iter(other.spans)
        a, b = next(mine, None), next(theirs, None)
        while a is not None and b is not None:
            first, last = max(a[0], b[0]), min(a[1], b[1])
            if first <= last:
                found.append((first, last))
            if a[1] < b[1]:
                a = next(mine, None)
            else:
                b = next(theirs, None)
        return Ranges(tuple(found))

    def _surrounds(self, other: Ranges) -> bool:
        """Whether one range of it has all of the other in it; most sets are everything, and cost nothing so."""
        mine, theirs = self.spans, other.spans
        return len(mine) == 1 and bool(theirs) and mine[0][0] <= theirs[0][0] and theirs[-1][1] <= mine[0][1]

    def __sub__(self, other: Ranges) -> Ranges:
        found: list[Span] = []
        for first, last in self.spans:
            at = first
            for begin, end in other.spans:
                if end < at or begin > last:
                    continue
                if begin > at:
                    found.append((at, begin - 1))
                at = end + 1
            if at <= last:
                found.append((at, last))
        return Ranges(tuple(found))

    def covers(self, other: Ranges) -> bool:
        """Whether all of `other` is in it."""
        return not other - self

    @property
    def size(self) -> int:
        """How many numbers."""
        return sum(last - first + 1 for first, last in self.spans)


def union(spans: Iterable[Span]) -> Ranges:
    """Of any spans, in any order."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(found[-1][1], last)
        else:
            found.append((first, last))
    return Ranges(tuple(found))


NOTHING = Ranges()
EVERY_V4 = Ranges(((0, _V6 - 1),))
EVERY_ADDRESS = Ranges(((0, _V6 + (1 << 128) - 1),))
ALL_TRAFFIC = Ranges(((0, _PROTOCOLS * _PORTS - 1),))


@lru_cache(maxsize=1 << 14)
def addresses(said: str) -> Ranges | None:
    """Those of `10.0.0.0/8`, `2001:db8::/32`, `10.1.2.3`, `10.0.0.1-10.0.0.9`, `*`; None for what names none."""
    text = said.strip()
    if text == "*":
        return EVERY_ADDRESS
    first, dash, last = text.partition("-")
    try:
        if dash:
            a, b = ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip())
            return Ranges(((_at(a), _at(b)),)) if a.version == b.version and _at(a) <= _at(b) else None
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return Ranges(((_at(network[0]), _at(network[-1])),))


def _at(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int:
    return int(address) if address.version == 4 else _V6 + int(address)  # noqa: PLR2004 - IPv4


def is_anyone(found: Ranges) -> bool:
    """Whether addresses are so many that anyone on the internet may have one of them."""
    v4 = found & EVERY_V4
    return v4.size >= _WIDE_V4 or (found - EVERY_V4).size >= _WIDE_V6


def protocol(said: object) -> int | None:
    """The number of a protocol that is said by name or number; -1 for every one; None where it names none."""
    text = str(said).strip().lower()
    if text in _ANY:
        return -1
    if text.isdecimal():
        return int(text) if int(text) < _PROTOCOLS else None
    return _BY_NAME.get(text)


def traffic(number: int, first: int = 0, last: int = _PORTS - 1) -> Ranges:
    """Of a protocol by its number (-1: every one, on every port) on some ports, both in it."""
    if number < 0:
        return ALL_TRAFFIC
    first, last = max(first, 0), min(last, _PORTS - 1)
    return Ranges(((number * _PORTS + first, number * _PORTS + last),)) if first <= last else NOTHING


def tcp(*ports: int) -> Ranges:
    """Single ports of TCP."""
    return union((_BY_NAME["tcp"] * _PORTS + p, _BY_NAME["tcp"] * _PORTS + p) for p in ports)


def ports(said: object) -> Span | None:
    """First and last of `22`, `20-30`, `*`; None for what names none."""
    if str(said).strip().lower() in _ANY:
        return 0, _PORTS - 1
    match = _RANGE.fullmatch(str(said))
    return (int(match[1]), int(match[2] or match[1])) if match is not None else None


def tcp_ports(found: Ranges) -> Ranges:
    """The ports of TCP among some traffic, from 0."""
    base = _BY_NAME["tcp"] * _PORTS
    inside = found & Ranges(((base, base + _PORTS - 1),))
    return Ranges(tuple((first - base, last - base) for first, last in inside.spans))


def words(found: Ranges) -> str:
    """TCP ports as people write them: `22, 8000-8999`; `every port`."""
    inside = tcp_ports(found)
    if inside.size == _PORTS:
        return "every port"
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in inside.spans)
