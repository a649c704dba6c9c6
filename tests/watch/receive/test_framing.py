"""Messages out of a stream, however it is cut and whatever it claims."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.watch.receive.framing import Frames
from garrison.watch.receive.intake import MOST_BYTES

MESSAGES = st.lists(
    st.tuples(st.booleans(), st.binary(min_size=1, max_size=40).map(lambda said: b"<" + said.strip(b"\r\n\0") + b">")),
    max_size=8,
)


def heard(data: bytes, cuts: list[int]) -> list[bytes]:
    frames, places = Frames(), [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    found = [piece.data for start, end in pairwise(places) for piece in frames.feed(data[start:end])]
    return found + [piece.data for piece in frames.rest()]


@given(MESSAGES, st.lists(st.integers(0, 300), max_size=6))
def test_counted_and_ended_messages_are_told_apart(messages: list[tuple[bool, bytes]], cuts: list[int]) -> None:
    said = [(counted, message if counted else message.replace(b"\n", b"")) for counted, message in messages]
    data = b"".join(b"%d %b" % (len(m), m) if counted else m + b"\n" for counted, m in said)
    assert heard(data, cuts) == [message for _, message in said]


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=6))
def test_any_bytes_are_heard_the_same_however_they_come(data: bytes, cuts: list[int]) -> None:
    try:
        assert heard(data, cuts) == heard(data, [])
    except ValueError:
        with pytest.raises(ValueError, match="announced"):
            heard(data, [])


def test_a_length_that_is_too_short_or_too_long_ends_at_the_next_line() -> None:
    assert heard(b"5 <13>1 and more\n<13>next\n", []) == [b"<13>1", b" and more", b"<13>next"]
    frames = Frames()
    assert not list(frames.feed(b"50 <13>short"))
    assert [(piece.data, piece.wrong) for piece in frames.rest()] == [(b"50 <13>short", "9 of 50 bytes came")]


def test_a_length_beyond_reason_is_the_end() -> None:
    frames = Frames()
    found = frames.feed(b"<13>good\n9999999999 <13>")
    assert next(found).data == b"<13>good"
    with pytest.raises(ValueError, match="9,999,999,999 bytes"):
        next(found)
    assert not list(frames.rest())


def test_no_end_of_line_takes_no_more_memory_than_a_line() -> None:
    frames = Frames()
    found = [piece for _ in range(40) for piece in frames.feed(b"x" * 100_000)]
    assert [len(piece.data) for piece in found] == [MOST_BYTES] * 3
    (last,) = frames.feed(b"\n")
    assert all(piece.wrong for piece in [*found, last])
    assert [piece.wrong for piece in frames.feed(b"<13>fine\n")] == [""]


def test_ends_that_senders_add() -> None:
    assert heard(b"<1>a\r\n<1>b\0\n\n\n6 <1>c\r\n<1>d", []) == [b"<1>a", b"<1>b", b"<1>c", b"<1>d"]
