"""Ordered rules against following every single packet."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from garrison.estate.values import known
from garrison.reach.network.rules import FREE, UNKNOWN, Flow, Known, Line, Peer, join, passed
from garrison.reach.network.sets import ALL_TRAFFIC, NOTHING, Ranges, union

PORTS, HOSTS = range(12), range(8)
SAID = known("rule")


@st.composite
def sets(draw: st.DrawFn, last: int) -> Known:
    first = draw(st.integers(0, last))
    sure = union([(first, draw(st.integers(first, last)))])
    wider = draw(st.booleans())
    return Known(NOTHING if draw(st.integers(0, 4)) == 0 else sure, sure | union([(0, last)]) if wider else sure)


LINES = st.lists(
    st.builds(
        Line,
        order=st.integers(0, 3),
        allow=st.sampled_from([True, True, False, False, None]),
        traffic=sets(PORTS[-1]),
        peers=sets(HOSTS[-1]),
        said=st.just(SAID),
    ),
    max_size=5,
)
CERTAIN = st.lists(
    st.builds(
        Line,
        order=st.integers(0, 3),
        allow=st.booleans(),
        traffic=sets(PORTS[-1]).map(lambda k: Known(k.perhaps, k.perhaps)),
        peers=sets(HOSTS[-1]).map(lambda k: Known(k.perhaps, k.perhaps)),
        said=st.just(SAID),
    ),
    max_size=5,
)


def decided(lines: list[Line], port: int, host: int, *, otherwise: bool) -> bool:
    """What becomes of one packet: the first rule that fits decides, a denial before an allowance."""
    for line in sorted(lines, key=lambda line: (line.order, bool(line.allow))):
        if port in line.traffic.sure and host in line.peers.sure:
            return bool(line.allow)
    return otherwise


@given(CERTAIN, st.integers(0, HOSTS[-1]), st.integers(0, HOSTS[-1]), st.booleans())
def test_every_packet_is_decided_as_one_by_one(lines: list[Line], a: int, b: int, otherwise: bool) -> None:
    hosts = range(min(a, b), max(a, b) + 1)
    found = passed(lines, Peer(union([(hosts[0], hosts[-1])])), otherwise=otherwise)
    for port in PORTS:
        answers = [decided(lines, port, host, otherwise=otherwise) for host in hosts]
        assert (port in found.sure) is all(answers)
        assert (port in found.perhaps) is any(answers)


def worlds(lines: list[Line]) -> list[list[Line]]:
    """Every line as narrow and as wide as it may be, allowing and denying where that is not known."""
    found: list[list[Line]] = [[]]
    for line in lines:
        forms = [
            Line(line.order, allow, Known(t, t), Known(p, p), SAID)
            for allow in ((True, False) if line.allow is None else (line.allow,))
            for t in (line.traffic.sure, line.traffic.perhaps)
            for p in (line.peers.sure, line.peers.perhaps)
        ]
        found = [[*world, form] for world in found for form in forms]
    return found


@given(LINES.filter(lambda lines: len(lines) <= 3), st.integers(0, HOSTS[-1]), st.booleans())
def test_what_is_sure_holds_in_every_world(lines: list[Line], host: int, otherwise: bool) -> None:
    found = passed(lines, Peer(union([(host, host)])), otherwise=otherwise)
    assert found.perhaps.covers(found.sure)
    for world in worlds(lines):
        for port in PORTS:
            answer = decided(world, port, host, otherwise=otherwise)
            assert answer or port not in found.sure
            assert not answer or port in found.perhaps


def test_flows_combine_as_sets_do() -> None:
    a, b = Flow(union([(1, 3)]), union([(1, 5)])), Flow(union([(3, 3)]), union([(3, 9)]))
    assert (a & b).sure == union([(3, 3)])
    assert (a & b).perhaps == union([(3, 5)])
    assert (a | b).perhaps == union([(1, 9)])
    assert (FREE & a).sure == a.sure
    assert (UNKNOWN & a).sure == Ranges()
    assert join([]).any.no
    assert UNKNOWN.any.unknown
    assert FREE.on(ALL_TRAFFIC).yes
