"""The journal: what makes an entry durable before it is in a tile.

A group of entries is one frame, made durable by one fdatasync. A frame is written only when the one before it is on the disk:
of all frames the last one alone can be torn, and a bad frame with another behind it is no torn write but damage. From here
entries go into tiles and under a signed checkpoint; then their segment, a file of the journal, is removed.

    frame:    MAGIC, index of its first entry (8 bytes), bytes of its payload (4), CRC-32 of these two and the payload (4), payload
    payload:  entries as in a bundle of tlog-tiles, each behind its length in two bytes
"""

from __future__ import annotations

import contextlib
import os
import zlib
from pathlib import Path
from struct import Struct
from typing import Self

import msgspec

from garrison.errors import TamperedError
from garrison.ledger.durable import read_bounded, sync_folder, write_at
from garrison.ledger.tiles import chop

FOLDER = "journal"
MAGIC = b"\xff\xfeledger"  # 0xFF is in no UTF-8, and so in no entry
_NUMBERS = Struct(">QI")
_CRC = Struct(">I")
_HEADER_BYTES = len(MAGIC) + _NUMBERS.size + _CRC.size
_MAX_BYTES = 1 << 30
_RESERVE_BYTES = 1 << 20  # asked of the file system at once, so that an fdatasync seldom has a new size to write


class Segment:
    """A file of the journal that is being written.

    `sound` is false once it is not known what of the file is on the disk: after an fdatasync that failed, above all. The pages
    that it could not write may be taken for clean by the kernel, so that nothing but reading the file anew is of use.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path, self._descriptor = path, descriptor
        self.end_byte = self._reserved = 0
        self.sound = True

    @classmethod
    def create(cls, folder: Path, first: int) -> Self:
        """The file for entries from `first` on, with its name on the disk. Raises OSError."""
        path = folder / f"{first:020}"
        segment = cls(path, os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644))
        try:
            sync_folder(folder)
        except OSError:
            segment.close()
            raise
        return segment

    def append(self, first: int, payload: bytes) -> None:
        """One frame, on the disk when this returns. Raises OSError; the file is as it was then, unless it is not `sound`."""
        frame = _frame(first, payload)
        self._reserve(len(frame))
        self.sound = False
        try:
            write_at(self._descriptor, self.end_byte, frame)
        except OSError:
            self._reserved = self.end_byte
            os.ftruncate(self._descriptor, self.end_byte)
            self.sound = True
            raise
        os.fdatasync(self._descriptor)
        self.sound = True
        self.end_byte += len(frame)

    def close(self) -> None:
        os.close(self._descriptor)

    def _reserve(self, count: int) -> None:
        needed = self.end_byte + count - self._reserved
        if needed <= 0:
            return
        ask = max(needed, _RESERVE_BYTES)
        with contextlib.suppress(
            OSError
        ):  # not every file system can; whether there is room the write itself will tell
            os.posix_fallocate(self._descriptor, self._reserved, ask)
        self._reserved += ask


class Replay(msgspec.Struct, frozen=True):
    """What a journal holds that is in no tile yet."""

    framed: list[bytes]  # entries, each behind its length
    dropped_bytes: int  # of a torn frame, which was never acknowledged


def replay(folder: Path, size: int) -> Replay:
    """Read the entries from index `size` on. Raises TamperedError where acknowledged ones are damaged, and OSError."""
    framed: list[bytes] = []
    dropped = 0
    for path in segments(folder):
        if dropped:
            raise _damaged(path, "it follows a segment with a torn frame")
        data = read_bounded(path, _MAX_BYTES)
        if len(data) > _MAX_BYTES:
            raise _damaged(path, f"more than {_MAX_BYTES:,} bytes were never written")
        at = 0
        while found := _parse(data, at):
            first, at, payload = found
            entries, rest = chop(payload)
            if rest:
                raise _damaged(path, f"the last entry of the frame before byte {at} is cut off")
            missing = first - size - len(framed)
            if missing > 0:
                raise _damaged(path, f"{missing} entries before entry {first} are missing")
            framed += entries[max(0, -missing) :]
        rest = data[at:]
        rest = b"" if rest.count(0) == len(rest) else rest.rstrip(b"\0")  # what is reserved is zero, and much
        if MAGIC in rest[1:]:
            raise _damaged(path, f"the frame at byte {at} is damaged, and others follow it")
        dropped = len(rest)
    return Replay(framed, dropped)


def segments(folder: Path) -> list[Path]:
    """The files of a journal, the oldest first."""
    return sorted(path for path in folder.glob("[0-9]*") if path.name.isdecimal())


def _frame(first: int, payload: bytes) -> bytes:
    numbers = _NUMBERS.pack(first, len(payload))
    return b"".join((MAGIC, numbers, _CRC.pack(zlib.crc32(payload, zlib.crc32(numbers))), payload))


def _parse(data: bytes, at: int) -> tuple[int, int, bytes] | None:
    """The first index of the frame at `at`, the byte after it, and its payload; None where there is no whole frame."""
    start = at + _HEADER_BYTES
    if data[at : at + len(MAGIC)] != MAGIC or len(data) < start:
        return None
    numbers = data[at + len(MAGIC) : start - _CRC.size]
    first, length = _NUMBERS.unpack(numbers)
    payload = data[start : start + length]
    if len(payload) < length or data[start - _CRC.size : start] != _CRC.pack(zlib.crc32(payload, zlib.crc32(numbers))):
        return None
    return first, start + length, payload


def _damaged(path: Path, why: str) -> TamperedError:
    hint = (
        "entries that were acknowledged cannot be read; keep a copy of the folder, and restore this file from a backup"
    )
    return TamperedError(f"the journal is damaged: {why}", hint=hint, path=str(path))
