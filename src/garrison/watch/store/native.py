"""Columns in ClickHouse's Native format, which the store takes as they are: nothing of them is parsed, a row at a time, ever again.

A column is its name, its type, then its values; of a LowCardinality one the distinct values, and for each row which of them. Format:
https://clickhouse.com/docs/interfaces/formats/Native, and of LowCardinality `SerializationLowCardinality.cpp` of ClickHouse (version 1).
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from garrison.errors import EventsError

_SHORT: Final = 1 << 14  # lengths that are made beforehand
_VERSION, _HAS_KEYS, _NEEDS_KEYS = 1, 1 << 9, 1 << 10
_INDEX: Final = "BHI"  # array codes by the kind of an index: 8, 16, 32 bits
_low = struct.Struct("<QQQ")  # version, kind and flags, count of keys
_count = struct.Struct("<Q")


def block(rows: int, columns: int, data: Iterable[bytes]) -> bytes:
    """A block of the format: how much there is of it, then the columns."""
    return b"".join((_length(columns), _length(rows), *data))


def put(name: str, type_: str, values: Sequence[Any]) -> bytes:
    """A column. Raises OverflowError for a number that is too large, UnicodeEncodeError for a text that is none."""
    return head(name, type_) + writer(type_)(values)


def head(name: str, type_: str) -> bytes:
    """What stands before the values of a column."""
    return _text((name, type_))


def writer(type_: str) -> Callable[[Sequence[Any]], bytes]:
    """What makes a column's values of a type."""
    return _writers[type_] if type_ in _writers else partial(_numbers, _CODES[type_])


def read(rows: int, data: bytes) -> dict[str, tuple[str, Sequence[Any]]]:
    """Columns by their names, each with its type; texts are bytes. Raises EventsError for what is none."""
    found: dict[str, tuple[str, Sequence[Any]]] = {}
    at = 0
    try:
        while at < len(data):
            (name, type_), at = _read_strings(2, data, at)
            reader = _readers.get(type_.decode()) or partial(_read_numbers, _CODES[type_.decode()])
            values, at = reader(rows, data, at)
            found[name.decode()] = (type_.decode(), values)
    except (IndexError, KeyError, ValueError, struct.error) as error:
        raise EventsError(f"these are no columns: {error}", hint="restore the spool from a backup") from error
    return found


def _length(number: int) -> bytes:
    """LEB128, as lengths are written."""
    made = bytearray()
    while number >= 0x80:  # noqa: PLR2004 - seven bits a byte
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)


_LENGTHS: Final = [_length(number) for number in range(_SHORT)]


def _bytes(values: Iterable[bytes]) -> bytes:
    lengths, short = _LENGTHS, _SHORT
    return b"".join([
        part for v in values for part in ((lengths[len(v)] if len(v) < short else _length(len(v))), v)
    ])  # fmt: skip


def _text(values: Iterable[str]) -> bytes:
    return _bytes([value.encode() for value in values])


def _strings(values: Sequence[Any]) -> bytes:
    first = values[0]
    if values.count(first) == len(values):
        one = first if isinstance(first, bytes) else first.encode()
        return (_length(len(one)) + one) * len(values)
    return _bytes(values) if isinstance(first, bytes) else _text(values)


def _distinct(values: Sequence[Any]) -> bytes:
    first, count = values[0], len(values)
    if values.count(first) == count:
        keys, index = (first,), bytes(count)
        kind = 0
    else:
        places = {value: place for place, value in enumerate(dict.fromkeys(values))}
        keys = tuple(places)
        kind = 0 if len(keys) <= 1 << 8 else 1 if len(keys) <= 1 << 16 else 2
        chosen = map(places.__getitem__, values)
        index = bytes(chosen) if kind == 0 else array(_INDEX[kind], chosen).tobytes()
    said = _bytes(keys) if isinstance(first, bytes) else _text(keys)
    return b"".join((_low.pack(_VERSION, kind | _HAS_KEYS | _NEEDS_KEYS, len(keys)), said, _count.pack(count), index))


def _numbers(code: str, values: Sequence[int]) -> bytes:
    return array(code, values).tobytes()


def _nullable(values: Sequence[bool | None]) -> bytes:
    return bytes([value is None for value in values]) + bytes([bool(value) for value in values])


def _read_strings(rows: int, data: bytes, at: int) -> tuple[list[bytes], int]:
    found = []
    for _ in range(rows):
        size = shift = 0
        while True:
            byte = data[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:  # noqa: PLR2004 - the last byte
                break
        if at + size > len(data):
            raise ValueError("cut off")
        found.append(data[at : at + size])
        at += size
    return found, at


def _read_distinct(rows: int, data: bytes, at: int) -> tuple[list[bytes], int]:
    _, flags, count = _low.unpack_from(data, at)
    keys, at = _read_strings(count, data, at + _low.size)
    places, at = _read_numbers(_INDEX[flags & 0xFF], rows, data, at + _count.size)
    return [keys[place] for place in places], at


def _read_numbers(code: str, rows: int, data: bytes, at: int) -> tuple[Sequence[int], int]:
    found = array(code)
    end = at + rows * found.itemsize
    if end > len(data):
        raise ValueError("cut off")
    found.frombytes(data[at:end])
    return found, end


def _read_nullable(rows: int, data: bytes, at: int) -> tuple[list[bool | None], int]:
    end = at + 2 * rows
    return [None if null else bool(v) for null, v in zip(data[at : at + rows], data[at + rows : end], strict=True)], end


_CODES: Final = {"Int64": "q", "Int32": "i", "UInt32": "I", "DateTime64(6, 'UTC')": "q", "DateTime('UTC')": "I"}
_writers: Mapping[str, Callable[[Sequence[Any]], bytes]] = {
    "String": _strings, "LowCardinality(String)": _distinct, "Nullable(Bool)": _nullable,
}  # fmt: skip
_readers: Mapping[str, Callable[[int, bytes, int], tuple[Sequence[Any], int]]] = {
    "String": _read_strings, "LowCardinality(String)": _read_distinct, "Nullable(Bool)": _read_nullable,
}  # fmt: skip
