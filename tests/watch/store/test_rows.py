"""Events become rows, and come back as they were."""

from __future__ import annotations

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.errors import EventsError, UnmappedError
from garrison.events.event import Class, Event, Status
from garrison.watch.spool import Batch
from garrison.watch.store import native
from garrison.watch.store.rows import COLUMNS, batch, digest, event_of, events, without
from garrison.watch.store.schema import clustered, columns, embedded
from garrison.watch.store.search import _Values

TEXT = st.text(max_size=40)


EVENTS = st.builds(
    Event,
    time_us=st.integers(-(2**40), 2**60),
    class_uid=st.sampled_from(Class),
    status_id=st.sampled_from(Status),
    message=TEXT,
    uid=TEXT,
    product=TEXT,
    is_mfa=st.none() | st.booleans(),
    pid=st.integers(0, 2**63 - 1),
    raw=st.binary(max_size=300),
)


def as_stored(value: object) -> object:
    """What ClickHouse gives back: text as bytes, numbers as they are."""
    return value.encode() if isinstance(value, str) else value


@given(EVENTS)
def test_an_event_comes_back_with_its_digest(event: Event) -> None:
    made = batch([event])
    data = msgspec.msgpack.encode(list(map(as_stored, msgspec.structs.astuple(event))))[3:]
    decoder = _Values()
    values = [value for at in range(len(data)) for value in decoder.feed(data[at : at + 1])]
    assert not decoder.rest
    back, said = event_of(values)
    assert back == event
    assert said == made.digests[0]


@given(st.lists(EVENTS, max_size=8), st.lists(EVENTS, max_size=8), st.sets(st.integers(0, 20)))
def test_columns_are_read_back_less_what_is_left_out(some: list[Event], more: list[Event], left_out: set[int]) -> None:
    one, other = batch(some), batch(more)
    both = Batch(one.keys + other.keys, one.digests + other.digests, one.blocks + other.blocks)
    kept = [event for place, event in enumerate(some + more) if place not in left_out]
    left = without(both, left_out)
    assert list(events(left)) == kept
    assert left.digests == batch(kept).digests
    assert digest(left.digests) == digest(batch(kept).digests)


@given(st.integers(0, 2**40), st.binary(max_size=20), st.integers(0, 9))
def test_what_is_damaged_is_refused_or_read_and_nothing_else(cut: int, more: bytes, rows: int) -> None:
    ((_, whole),) = batch([Event(time_us=1, class_uid=Class.API, uid="u", raw=b"raw")]).blocks
    with contextlib.suppress(EventsError):
        native.read(rows, whole[: cut % len(whole)] + more)
    with pytest.raises(EventsError):
        native.read(1, whole[:-1])


def test_what_no_column_holds_is_no_event() -> None:
    for wrong in (Event(time_us=1 << 63, class_uid=Class.API), Event(time_us=1, class_uid=Class.API, message="\ud800")):
        with pytest.raises(UnmappedError):
            batch([wrong])


def test_every_field_has_a_column() -> None:
    assert tuple(columns()) == COLUMNS
    for name in COLUMNS:
        assert f" {name} " in embedded()[1].replace("(", " ")
        assert f" {name} " in clustered("logs")[1].replace("(", " ")
