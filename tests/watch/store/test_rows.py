"""Events become rows, and come back as they were."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from garrison.events.event import Class, Event, Status
from garrison.watch.store.rows import COLUMNS, batch, block, digest, event_of, mark
from garrison.watch.store.schema import clustered, columns, embedded
from garrison.watch.store.search import _Values

TEXT = st.text(max_size=40)


def as_stored(value: object) -> object:
    """What ClickHouse gives back: text as bytes, numbers as they are."""
    return value.encode() if isinstance(value, str) else value


@given(
    st.builds(
        Event,
        time_us=st.integers(-(2**40), 2**60),
        class_uid=st.sampled_from(Class),
        status_id=st.sampled_from(Status),
        message=TEXT,
        uid=TEXT,
        is_mfa=st.none() | st.booleans(),
        pid=st.integers(0, 2**63 - 1),
        raw=st.binary(max_size=300),
    )
)
def test_an_event_comes_back_with_its_digest(event: Event) -> None:
    made = batch([event])
    data = msgspec.msgpack.encode(list(map(as_stored, msgspec.structs.astuple(event))))[3:]
    decoder = _Values()
    values = [value for at in range(len(data)) for value in decoder.feed(data[at : at + 1])]
    assert not decoder.rest
    back, said = event_of(values)
    assert back == event
    assert said == made.digests[0]


def test_a_block_has_a_row_for_each_event() -> None:
    made = batch([Event(time_us=n, class_uid=Class.API, uid=str(n)) for n in (1, 2)])
    data = block(made.rows, made.digests, b"\x07")
    values = msgspec.msgpack.decode(b"\xdd" + (2 * (len(COLUMNS) + 3)).to_bytes(4, "big") + data)
    assert values[len(COLUMNS) : len(COLUMNS) + 3] == [0, mark(made.digests[0]), 7]
    assert values[-3:] == [1, mark(made.digests[1]), 7]
    assert digest(made.digests) != digest(made.digests[::-1])


def test_every_field_has_a_column() -> None:
    assert tuple(columns()) == COLUMNS
    for name in COLUMNS:
        assert f" {name} " in embedded()[1].replace("(", " ")
        assert f" {name} " in clustered("logs")[1].replace("(", " ")
