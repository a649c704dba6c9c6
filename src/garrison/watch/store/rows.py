"""Events as rows: MessagePack as ClickHouse reads it, one value behind the other, and a digest of each.

The digest is of the event's own MessagePack, in which what was not told is not there: a field that `Event` learns later changes none.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence

import msgspec

from garrison.errors import UnmappedError
from garrison.events.event import Event
from garrison.watch.spool import Batch

COLUMNS = tuple(field.name for field in msgspec.structs.fields(Event))
_HEADER_BYTES = 3 if len(COLUMNS) > 15 else 1  # noqa: PLR2004 - array 16, fixarray: https://github.com/msgpack/msgpack/blob/master/spec.md
_MARK_BYTES = 4
_BYTES = {field.name for field in msgspec.structs.fields(Event) if field.type is bytes}

_encode = msgspec.msgpack.Encoder().encode
_values = msgspec.structs.astuple
_pair = struct.Struct(">BIBI").pack
_UINT32 = 0xCE


def batch(events: Iterable[Event]) -> Batch:
    """Events as they go into a spool. Raises UnmappedError for one that has a value no column holds."""
    keys, digests, rows = [], [], []
    sha256 = hashlib.sha256
    try:
        for event in events:
            keys.append((event.product, event.uid, event.time_us))
            digests.append(sha256(_encode(event)).digest())
            rows.append(_encode(_values(event))[_HEADER_BYTES:])
    except (OverflowError, UnicodeEncodeError) as error:
        raise UnmappedError(f"this event cannot be kept: {error}") from error
    return Batch(keys, digests, rows)


def digest(events: Sequence[bytes]) -> bytes:
    """The digest of a batch, SHA-256 over those of its events in their order."""
    return hashlib.sha256(b"".join(events)).digest()


def mark(said: bytes) -> int:
    """The beginning of an event's digest, which is kept beside it."""
    return int.from_bytes(said[:_MARK_BYTES], "big")


def block(rows: Sequence[bytes], digests: Sequence[bytes], constant: bytes) -> bytes:
    """Rows as they are inserted: the event's columns, then `row`, `mark` and what is the same for all of the batch."""
    parts: list[bytes] = []
    for number, (row, said) in enumerate(zip(rows, digests, strict=True)):
        parts += (row, _pair(_UINT32, number, _UINT32, mark(said)), constant)
    return b"".join(parts)


def constants(*values: object) -> bytes:
    """Values of columns that are the same in all of a batch."""
    return b"".join(map(_encode, values))


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
