"""Lines out of bytes, however they come, and lines that are one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.events.mappers import mapper
from garrison.watch.receive.grouping import Group, Lines, Named, Parts, Piece, Quoted, group
from garrison.watch.receive.intake import MOST_BYTES

CRI = "2026-11-24T10:11:12.123456789Z {} {} {}"


def put(form: Group, lines: Iterable[bytes]) -> list[Piece]:
    found: list[Piece] = []
    at = 0
    for line in lines:
        found += form.put(Piece(at, line))
        at += len(line) + 1
    return found


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=6))
def test_lines_do_not_depend_on_how_they_are_read(data: bytes, cuts: list[int]) -> None:
    found: list[Piece] = []
    lines, places = Lines(7), [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, end in pairwise(places):
        found += lines.feed(data[start:end])
        assert lines.end == 7 + end
    found += lines.rest()
    assert all(data[piece.at - 7 :].startswith(piece.data) for piece in found)
    assert [piece.data for piece in found] == [line.rstrip(b"\r") for line in data.split(b"\n") if line.strip()]


def test_a_line_without_an_end_comes_in_pieces_that_say_so() -> None:
    lines = Lines(0)
    found = [piece for _ in range(5) for piece in lines.feed(b"x" * (MOST_BYTES // 2))]
    found += lines.feed(b"y\nnext\n")
    assert [(piece.at, len(piece.data), bool(piece.wrong)) for piece in found] == [
        (0, MOST_BYTES, True),
        (MOST_BYTES, MOST_BYTES, True),
        (2 * MOST_BYTES, MOST_BYTES // 2 + 1, True),
        (2 * MOST_BYTES + MOST_BYTES // 2 + 2, 4, False),
    ]
    whole = list(Lines(0).feed(b"z" * (MOST_BYTES + 5) + b"\n"))
    assert [len(piece.data) for piece in whole] == [MOST_BYTES, 5]


def test_statements_over_several_lines_are_one_entry_of_postgresql() -> None:
    form = group(mapper("postgresql"), b"")
    lines = [b'1,"a"', b'2,"select', b'  ""x"",', b' 1",b', b'3,"c"']
    found = put(form, lines)
    assert [(piece.at, piece.data) for piece in found] == [(0, lines[0]), (6, b"\n".join(lines[1:4])), (31, lines[4])]
    assert not put(form, [b'4,"open'])
    assert form.since == 0
    assert [piece.wrong for piece in form.rest()] == ["a quote is not closed"]
    assert put(form, [b'{"message":"a \\" quote"}'])[0].wrong == ""


def test_a_quote_that_is_never_closed_does_not_take_the_memory() -> None:
    form = Quoted()
    found = put(form, [b'1,"', *[b"x" * 1000] * 1100])
    assert len(found) >= 1000
    assert all(piece.wrong for piece in found[:1000])
    assert form.since is None


def test_what_a_runtime_cut_is_put_together_by_stream() -> None:
    form = group(mapper("container"), b"")
    lines = [
        CRI.format("stdout", "P", "one "),
        CRI.format("stderr", "F", "err"),
        CRI.format("stdout", "P", "two "),
        CRI.format("stdout", "F", "three"),
    ]
    coded = [line.encode() for line in lines]
    assert [piece.data.decode() for piece in put(form, coded[:2])] == [lines[1]]
    assert form.since == 0
    (whole,) = put(form, coded[2:])
    assert whole.data.decode() == CRI.format("stdout", "F", "one two three")
    assert whole.at == 0
    assert mapper("container").event(whole.data).message == "one two three"


def test_docker_cuts_lines_too() -> None:
    form = Parts()
    said = [{"log": log, "stream": "stdout", "time": "2026-11-24T10:11:12.1Z"} for log in ('a"', "b\n", "c\n")]
    one, two = put(form, [json.dumps(part).encode() for part in said])
    assert mapper("container").event(one.data).message == 'a"b'
    assert mapper("container").event(two.data).message == "c"
    assert not put(form, [json.dumps(said[0]).encode()])
    assert [mapper("container").event(piece.data).message for piece in form.rest()] == ['a"']


def test_output_without_an_end_does_not_take_the_memory() -> None:
    form = Parts()
    found = put(form, [CRI.format("stdout", "P", "x" * 16_000).encode()] * 100)
    assert sum(len(piece.data) for piece in found) > 1_000_000
    assert all(len(piece.data) <= MOST_BYTES for piece in found)


FLOW = b"123456789012 eni-1 10.0.0.9 10.0.1.5 50000 8888 6 10 840 1795515072 1795515132 REJECT OK vpc-1"
HEADER = (
    b"account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status vpc-id"
)


def test_the_header_of_flow_logs_tells_their_order() -> None:
    form = group(mapper("aws-vpc-flow"), HEADER + b"\n")
    (piece,) = put(form, [HEADER, FLOW])
    event = mapper("aws-vpc-flow").event(piece.data)
    assert (event.src_ip, event.dst_port, event.decision, piece.at) == ("10.0.0.9", 8888, "denied", len(HEADER) + 1)
    further_on = group(mapper("aws-vpc-flow"), HEADER + b"\n" + FLOW + b"\n")
    assert [one.data for one in further_on.put(Piece(500, FLOW))] == [piece.data]


def test_flow_logs_without_a_header_stay_as_they_are() -> None:
    line = b"2 " + FLOW.rpartition(b" ")[0]
    form = group(mapper("aws-vpc-flow"), line + b"\n")
    assert isinstance(form, Named)
    assert [piece.data for piece in put(form, [line, line])] == [line, line]


@pytest.mark.parametrize("name", ["postgresql", "container", "aws-vpc-flow", "syslog"])
@given(lines=st.lists(st.binary(max_size=60), max_size=20))
def test_nothing_is_lost_in_a_group(name: str, lines: list[bytes]) -> None:
    form = group(mapper(name), b"")
    found = [*put(form, lines), *form.rest()]
    given_bytes = sum(len(piece.data) for piece in found)
    assert given_bytes >= sum(len(line) for line in lines) if name != "container" else len(found) <= len(lines)
