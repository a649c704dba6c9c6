"""The arithmetic of ranges against sets of numbers, and the spellings of addresses and ports."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.reach.network.sets import (
    ALL_TRAFFIC,
    EVERY_V4,
    Ranges,
    addresses,
    is_anyone,
    ports,
    protocol,
    tcp,
    tcp_ports,
    traffic,
    union,
    words,
)

SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)).map(lambda s: (s[0], s[0] + s[1])), max_size=6)


def numbers(found: Ranges) -> set[int]:
    return {n for first, last in found.spans for n in range(first, last + 1)}


@given(SPANS, SPANS)
def test_the_arithmetic_is_that_of_sets(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> None:
    one, other = union(a), union(b)
    mine, theirs = numbers(Ranges(tuple(a))), numbers(Ranges(tuple(b)))
    assert numbers(one) == mine
    assert numbers(one | other) == mine | theirs
    assert numbers(one & other) == mine & theirs
    assert numbers(one - other) == mine - theirs
    assert one.covers(other) is (theirs <= mine)
    assert one.size == len(mine)
    assert bool(one) is bool(mine)
    assert all(n in one for n in mine)


@given(SPANS, SPANS)
def test_ranges_are_sorted_and_do_not_touch(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> None:
    for found in (union(a), union(a) | union(b), union(a) & union(b), union(a) - union(b)):
        assert all(x[1] + 1 < y[0] for x, y in zip(found.spans, found.spans[1:], strict=False))
        assert all(first <= last for first, last in found.spans)


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_a_network_has_its_addresses(address: ipaddress.IPv4Address, prefix: int) -> None:
    network = ipaddress.ip_network(f"{address}/{prefix}", strict=False)
    found = addresses(str(network))
    assert found is not None
    assert found.size == network.num_addresses
    assert int(address) in found


@pytest.mark.parametrize(
    ("said", "size"),
    [
        ("10.0.0.0/8", 1 << 24),
        ("10.1.2.3", 1),
        ("10.0.0.1-10.0.0.9", 9),
        ("2001:db8::/64", 1 << 64),
        ("0.0.0.0/0", 1 << 32),
    ],
)
def test_spellings_of_addresses(said: str, size: int) -> None:
    found = addresses(said)
    assert found is not None
    assert found.size == size


@pytest.mark.parametrize("said", ["Internet", "sg-123", "10.0.0.0/40", "10.0.0.9-10.0.0.1", "10.0.0.1-::1", ""])
def test_what_names_no_addresses(said: str) -> None:
    assert addresses(said) is None


def test_versions_do_not_overlap() -> None:
    six = addresses("::/0")
    assert six is not None
    assert not six & EVERY_V4


@pytest.mark.parametrize(
    ("cidrs", "anyone"),
    [
        (["0.0.0.0/0"], True),
        (["0.0.0.0/1", "128.0.0.0/1"], True),
        (["::/0"], True),
        (["10.0.0.0/8"], False),
        (["198.51.100.0/24"], False),
        ([f"{n}.0.0.0/8" for n in (20, 21)], True),  # as many as a /7
    ],
)
def test_who_is_anyone(cidrs: list[str], anyone: bool) -> None:
    found = Ranges()
    for cidr in cidrs:
        found |= addresses(cidr) or Ranges()
    assert is_anyone(found) is anyone


def test_traffic() -> None:
    assert traffic(-1) == ALL_TRAFFIC
    assert tcp_ports(traffic(6, 22, 25) | traffic(17, 53, 53) | tcp(80)).spans == ((22, 25), (80, 80))
    assert words(tcp(22, 23, 80)) == "22-23, 80"
    assert words(ALL_TRAFFIC) == "every port"
    assert not traffic(6, 9, 3)


@pytest.mark.parametrize(
    ("said", "number"), [("tcp", 6), ("TCP", 6), ("17", 17), (6, 6), ("-1", -1), ("*", -1), ("900", None), ("x", None)]
)
def test_protocols(said: object, number: int | None) -> None:
    assert protocol(said) == number


@pytest.mark.parametrize(
    ("said", "span"), [("22", (22, 22)), ("20-30", (20, 30)), (443, (443, 443)), ("*", (0, 65535)), ("x", None)]
)
def test_spellings_of_ports(said: object, span: tuple[int, int] | None) -> None:
    assert ports(said) == span
