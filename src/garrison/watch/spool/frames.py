"""Segments of a spool: files of frames, each made durable by one fdatasync.

A frame is written only when the one before it is on the disk: of all frames the last one alone can be torn. The magic number is drawn
when the spool is made, so that no line of a log can pretend to be a frame.

    frame:    magic (8 bytes), index of its first row (8), rows (4), bytes of its payload (4), CRC-32 of these and the payload (4), payload
    segment:  a frame without rows that names the columns, then frames with rows
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from struct import Struct
from typing import Self

import msgspec

from garrison.errors import BusyError, EventsError
from garrison.ledger.durable import sync_folder, write_at

MAGIC_BYTES = 8
_NUMBERS = Struct(">QII")
_CRC = Struct(">I")
HEADER_BYTES = MAGIC_BYTES + _NUMBERS.size + _CRC.size


class Frame(msgspec.Struct, frozen=True):
    """A frame that is whole."""

    first: int
    rows: int
    payload: bytes
    end_byte: int  # where the next one begins


class Segment:
    """The file that is being written. `sound` is false once it is not known what of it is on the disk."""

    def __init__(self, path: Path, magic: bytes, descriptor: int, end_byte: int) -> None:
        self.path, self.end_byte, self.sound = path, end_byte, True
        self._magic, self._descriptor = magic, descriptor

    @classmethod
    def create(cls, folder: Path, magic: bytes, first: int, columns: tuple[str, ...]) -> Self:
        """The segment for rows from `first` on. Raises OSError."""
        path = folder / f"{first:020}"
        segment = cls(path, magic, os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), 0)
        try:
            segment.append(first, 0, ",".join(columns).encode())
            sync_folder(folder)
        except OSError:
            segment.close()
            raise
        return segment

    def append(self, first: int, rows: int, payload: bytes) -> None:
        """One frame, on the disk when this returns. Raises OSError; the file is as it was then, unless it is not `sound`."""
        numbers = _NUMBERS.pack(first, rows, len(payload))
        crc = zlib.crc32(payload, zlib.crc32(numbers))
        self.sound = False
        try:
            write_at(self._descriptor, self.end_byte, b"".join((self._magic, numbers, _CRC.pack(crc), payload)))
        except OSError:
            os.ftruncate(self._descriptor, self.end_byte)
            self.sound = True
            raise
        os.fdatasync(self._descriptor)
        self.sound = True
        self.end_byte += HEADER_BYTES + len(payload)

    def close(self) -> None:
        os.close(self._descriptor)


def read_frame(descriptor: int, at_byte: int, magic: bytes) -> Frame | None:
    """The frame that begins here; None where there is no whole one. Raises OSError."""
    header = os.pread(descriptor, HEADER_BYTES, at_byte)
    if len(header) < HEADER_BYTES or not header.startswith(magic):
        return None
    numbers = header[MAGIC_BYTES : -_CRC.size]
    first, rows, length = _NUMBERS.unpack(numbers)
    start = at_byte + HEADER_BYTES
    if length > os.fstat(descriptor).st_size - start:
        return None
    payload = os.pread(descriptor, length, start)
    if len(payload) < length or header[-_CRC.size :] != _CRC.pack(zlib.crc32(payload, zlib.crc32(numbers))):
        return None
    return Frame(first, rows, payload, start + length)


class Scanned(msgspec.Struct, frozen=True):
    """What a segment holds."""

    first: int
    end: int  # the index behind its last row
    columns: tuple[str, ...]
    dropped_bytes: int  # of a torn frame, which was never acknowledged


def scan(path: Path, magic: bytes, *, last: bool) -> Scanned:
    """Look through a segment; what is torn at the end of the last one is cut off.

    Raises EventsError where a frame that was acknowledged is damaged, and OSError.
    """
    descriptor = os.open(path, os.O_RDWR)
    try:
        frame, first = read_frame(descriptor, 0, magic), int(path.name)
        end, at = first, 0
        columns: tuple[str, ...] = ()
        while frame is not None:
            if frame.first != end:
                raise _damaged(path, f"rows {end} to {frame.first} are missing")
            columns = columns or tuple(frame.payload.decode().split(","))
            end, at = end + frame.rows, frame.end_byte
            frame = read_frame(descriptor, at, magic)
        dropped = os.fstat(descriptor).st_size - at
        if dropped and (not last or _more(descriptor, at + 1, magic)):
            raise _damaged(path, f"the frame at byte {at} is damaged")
        if dropped:
            os.ftruncate(descriptor, at)
            os.fsync(descriptor)
        return Scanned(first, end, columns, dropped)
    finally:
        os.close(descriptor)


def segments(folder: Path) -> list[Path]:
    """The files of a spool, the oldest first."""
    return sorted(path for path in folder.glob("[0-9]*") if path.name.isdecimal())


def _more(descriptor: int, at_byte: int, magic: bytes) -> bool:
    """Whether a frame begins further on: only this spool writes its magic number."""
    rest = os.pread(descriptor, os.fstat(descriptor).st_size - at_byte, at_byte)
    return magic in rest


def _damaged(path: Path, why: str) -> EventsError:
    hint = (
        "events that were acknowledged cannot be read; keep a copy of the folder, and restore this file from a backup"
    )
    return EventsError(f"the spool is damaged: {why}", hint=hint, path=str(path))


def unwritable(path: Path, error: OSError) -> BusyError:
    """A disk that takes nothing now."""
    return BusyError(
        f"the spool cannot be written: {error.strerror}", hint="make room, or see who may write here", path=str(path)
    )
