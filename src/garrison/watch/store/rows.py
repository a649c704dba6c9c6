"""Events as the store takes them, in columns; and a digest of each.

The digest is of the event's own MessagePack, in which what was not told is not there: a field that `Event` learns later changes none.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from garrison.errors import UnmappedError
from garrison.events.event import Event
from garrison.watch.spool import Batch
from garrison.watch.store import native
from garrison.watch.store.schema import KEPT, columns, type_of

COLUMNS = tuple(field.name for field in msgspec.structs.fields(Event))
_MARK_BYTES = 4
_BYTES = {field.name for field in msgspec.structs.fields(Event) if field.type is bytes}

_encode = msgspec.msgpack.Encoder().encode
_values = msgspec.structs.astuple
_TYPES = {name: type_of(said) for name, said in columns().items()}
_KEPT_TYPES = {name: type_of(said) for name, said in KEPT.items()}
_WRITERS = [(native.head(name, type_), native.writer(type_)) for name, type_ in _TYPES.items()]


def batch(events: Iterable[Event]) -> Batch:
    """Events as they go into a spool. Raises UnmappedError for one that has a value no column holds."""
    given = list(events)
    if not given:
        return Batch([], [], [])
    sha256 = hashlib.sha256
    try:
        digests = [sha256(_encode(event)).digest() for event in given]
        made = [
            part
            for (head, write), values in zip(_WRITERS, zip(*map(_values, given), strict=True), strict=True)
            for part in (head, write(values))
        ]
    except (OverflowError, UnicodeEncodeError) as error:
        raise UnmappedError(f"this event cannot be kept: {error}") from error
    keys = [(event.product, event.uid, event.time_us) for event in given]
    return Batch(keys, digests, [(len(given), b"".join(made))])


def without(whole: Batch, left_out: set[int]) -> Batch:
    """A batch less some of its events, by their places."""
    kept = [place for place in range(len(whole.keys)) if place not in left_out]
    blocks, first = [], 0
    for rows, data in whole.blocks:
        chosen = [place for place in range(rows) if first + place not in left_out]
        first += rows
        if len(chosen) == rows:
            blocks.append((rows, data))
        elif chosen:
            found = native.read(rows, data)
            parts = [native.put(name, said, [values[n] for n in chosen]) for name, (said, values) in found.items()]
            blocks.append((len(chosen), b"".join(parts)))
    return Batch([whole.keys[n] for n in kept], [whole.digests[n] for n in kept], blocks)


def events(whole: Batch) -> Iterable[Event]:
    """What is in a batch."""
    for rows, data in whole.blocks:
        found = native.read(rows, data)
        for place in range(rows):
            yield event_of([found[name][1][place] for name in COLUMNS])[0]


def digest(events: Sequence[bytes]) -> bytes:
    """The digest of a batch, SHA-256 over those of its events in their order."""
    return hashlib.sha256(b"".join(events)).digest()


def mark(said: bytes) -> int:
    """The beginning of an event's digest, which is kept beside it."""
    return int.from_bytes(said[:_MARK_BYTES], "big")


def insertion(whole: Batch, columns: int, same: Mapping[str, object]) -> Iterable[bytes]:
    """A batch as it is inserted: so many columns of events, then `row`, `mark`, and what is the same for all, by the column's name."""
    marks, first = array("I", map(mark, whole.digests)), 0
    for rows, data in whole.blocks:
        end = first + rows
        numbers = {"row": range(first, end), "mark": marks[first:end]}
        beside = {**numbers, **{name: (value,) * rows for name, value in same.items()}}
        yield native.block(
            rows, columns + len(beside), (data, *(native.put(name, _KEPT_TYPES[name], v) for name, v in beside.items()))
        )
        first = end


def event_of(values: Sequence[object]) -> tuple[Event, bytes]:
    """An event out of the columns that a store gives, in the order of `COLUMNS`; and its digest. Raises ValidationError."""
    event = msgspec.convert(dict(zip(COLUMNS, map(_plain, COLUMNS, values), strict=True)), Event, strict=False)
    return event, hashlib.sha256(_encode(event)).digest()


def _plain(name: str, value: object) -> object:
    if isinstance(value, bytes) and name not in _BYTES:
        return value.decode("utf8", "replace")
    if name == "time_us" and isinstance(value, int) and value >= 1 << 63:
        return value - (1 << 64)  # ClickHouse writes a DateTime64 before 1970 as an unsigned number
    return bool(value) if name == "is_mfa" and value is not None else value
