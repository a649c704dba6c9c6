"""A spool: batches go in durably, and come out in order, each event until it is said to be stored.

What `take` gives is noted on the disk before: after a crash it gives the same rows under the same name, and a store that
knows the name keeps them once.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from garrison.errors import BusyError, EventsError
from garrison.ledger import durable
from garrison.watch.spool.frames import MAGIC_BYTES, Frame, Segment, read_frame, scan, segments, unwritable

MAX_BYTES = 4 << 30
_SEGMENT_BYTES = 64 << 20
_FRAME_BYTES = 256 << 20
_LEAST_ROWS, _MOST_ROWS, _MOST_BYTES = 1_000, 50_000, 64 << 20  # of what is taken at once
_WAIT_S = 0.25
_POSITION = "position"


class Batch(msgspec.Struct, array_like=True):
    """Events on their way: for each its key and a digest of it; and blocks of them, so many events in columns as the store takes them."""

    keys: list[tuple[str, str, int]]  # product, uid, time_us
    digests: list[bytes]
    blocks: list[tuple[int, bytes]]


class Taken(msgspec.Struct, frozen=True):
    """What is to be stored next, under a name that is the same after a crash."""

    name: str
    first: int
    end: int
    columns: tuple[str, ...]
    batch: Batch


class _Position(msgspec.Struct):
    magic: bytes
    done: int = 0
    taken: int = 0


class _Waiting:
    """A batch whose sender waits until it is on the disk."""

    def __init__(self, data: bytes, rows: int) -> None:
        self.data, self.rows = data, rows
        self.is_done = False
        self.error: EventsError | None = None


_encode, _decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(list[Batch]).decode


class Spool:
    """Threads append; one thread takes. `dropped_bytes` says what opening found torn: nobody was told that it is durable."""

    def __init__(self, folder: Path, columns: Sequence[str], max_bytes: int, lock: int, position: _Position) -> None:
        self.folder, self.dropped_bytes = folder, 0
        self._columns, self._max_bytes, self._lock_file, self._position = tuple(columns), max_bytes, lock, position
        self._guard, self._writing = threading.Condition(), threading.Lock()
        self._waiting: list[_Waiting] = []
        self._segment: Segment | None = None
        self._segments: list[tuple[int, int, Path]] = []  # first row, bytes
        self._end = position.done
        self._reading: tuple[Path, int, int] | None = (
            None  # of the segment that is read: a descriptor and a place in it
        )

    @classmethod
    def open(cls, folder: Path, columns: Sequence[str], *, max_bytes: int = MAX_BYTES) -> Self:
        """A spool, made where there is none. Raises EventsError: in use, damaged; BusyError where it cannot be written."""
        try:
            durable.make_folder(folder)
            folder.chmod(0o700)
            lock = _lock(folder)
            try:
                spool = cls(folder, columns, max_bytes, lock, _position(folder))
                spool._scan()
            except BaseException:
                os.close(lock)
                raise
        except OSError as error:
            raise unwritable(folder, error) from error
        return spool

    @property
    def pending(self) -> int:
        """How many rows are not stored yet."""
        return self._end - self._position.done

    @property
    def size_bytes(self) -> int:
        """What it takes of the disk."""
        return sum(size for _, size, _ in self._segments)

    def append(self, batch: Batch) -> None:
        """Have a batch on the disk. Whoever comes while another writes is written with those who came too, by one fdatasync.

        Raises BusyError where the spool is full or its disk cannot be written: nothing is acknowledged then.
        """
        if not batch.keys:
            return
        waiting = _Waiting(_encode(batch), len(batch.keys))
        with self._guard:
            asked = sum(len(other.data) for other in self._waiting) + len(waiting.data)
            if asked > _FRAME_BYTES or self.size_bytes + asked > self._max_bytes:
                raise BusyError(
                    f"the spool is full: {self.pending:,} events wait for the store",
                    hint="see that the store takes them; the sender keeps what is not acknowledged",
                    path=str(self.folder),
                )
            self._waiting.append(waiting)
        with self._writing:
            if not waiting.is_done:
                self._write_waiting()
        if waiting.error is not None:
            raise waiting.error

    def take(
        self, *, least: int = _LEAST_ROWS, most: int = _MOST_ROWS, wait_s: float = _WAIT_S, patience_s: float = 0
    ) -> Taken | None:
        """The next rows: when `least` are there, or `wait_s` after the first. None where none come for `patience_s`.

        Raises EventsError where they are damaged, BusyError where the position cannot be noted.
        """
        position = self._position
        with self._guard:
            if position.taken == position.done:
                if not self._guard.wait_for(lambda: self._end > position.done, patience_s):
                    return None
                until = time.monotonic() + wait_s
                self._guard.wait_for(lambda: self._end - position.done >= least, max(0, until - time.monotonic()))
            end = self._end
        try:
            again = position.taken > position.done
            found, columns = self._read(*((position.taken, position.taken - position.done) if again else (end, most)))
            taken = position.done + sum(len(part.keys) for part in found)
            if position.taken != taken:
                position.taken = taken
                self._note()
        except OSError as error:
            raise unwritable(self.folder, error) from error
        whole = found[0] if len(found) == 1 else Batch([], [], [])
        for part in found if len(found) > 1 else ():
            whole.keys += part.keys
            whole.digests += part.digests
            whole.blocks += part.blocks
        return Taken(f"{position.magic.hex()}-{position.done:012}", position.done, taken, columns, whole)

    def done(self, taken: Taken) -> None:
        """They are stored: never give them again. Raises BusyError."""
        self._position.done = self._position.taken = taken.end
        try:
            self._note()
            with self._guard:
                while len(self._segments) > 1 and self._segments[1][0] <= taken.end:
                    _, _, path = self._segments.pop(0)
                    path.unlink()
        except OSError as error:
            raise unwritable(self.folder, error) from error

    def close(self) -> None:
        """Let another process open it."""
        if self._segment is not None:
            self._segment.close()
        if self._reading is not None:
            os.close(self._reading[1])
        os.close(self._lock_file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _scan(self) -> None:
        paths = segments(self.folder)
        for path in paths:
            found = scan(path, self._position.magic, last=path is paths[-1])
            if self._segments and found.first != self._end:
                raise EventsError(f"rows before {found.first} are missing", hint="restore the file", path=str(path))
            self.dropped_bytes += found.dropped_bytes
            if found.end == found.first:
                path.unlink()
                continue
            self._segments.append((found.first, path.stat().st_size, path))
            self._end = found.end
        if self._end < self._position.taken or (self._segments and self._segments[0][0] > self._position.done):
            raise EventsError("rows that wait to be stored are missing", hint="restore it", path=str(self.folder))

    def _write_waiting(self) -> None:
        with self._guard:
            group, self._waiting = self._waiting, []
        count = sum(waiting.rows for waiting in group)
        payload = b"".join((_array_header(len(group)), *(waiting.data for waiting in group)))
        error = None
        try:
            segment = self._writable()
            segment.append(self._end, count, payload)
        except OSError as failed:
            error = unwritable(self.folder, failed)
        with self._guard:
            for waiting in group:
                waiting.is_done, waiting.error = True, error
            if error is None:
                first, _, path = self._segments[-1]
                self._segments[-1] = (first, segment.end_byte, path)
                self._end += count
                self._guard.notify_all()

    def _writable(self) -> Segment:
        """The segment that is written, or the next one. Raises OSError."""
        segment = self._segment
        if segment is not None and not segment.sound:
            raise OSError(0, "it is not known what is on the disk; start anew")
        if segment is None or segment.end_byte >= _SEGMENT_BYTES:
            made = Segment.create(self.folder, self._position.magic, self._end, self._columns)
            if segment is not None:
                segment.close()
            self._segment = segment = made
            with self._guard:
                self._segments.append((self._end, made.end_byte, made.path))
        return segment

    def _read(self, end: int, most: int) -> tuple[list[Batch], tuple[str, ...]]:
        """Whole frames from the position on, of one segment: at least one, and none beyond `end`. Raises OSError."""
        at, found, rows, size = self._position.done, [], 0, 0
        with self._guard:
            path = next(held for first, _, held in reversed(self._segments) if first <= at)
        columns, frame = self._seek(path, at)
        while frame is not None and frame.first + frame.rows <= end:
            found += _decode(frame.payload)
            rows, size = rows + frame.rows, size + len(frame.payload)
            self._reading = (path, self._descriptor(path), frame.end_byte)
            if rows >= most or at + rows >= end or (size >= _MOST_BYTES and most == _MOST_ROWS):
                break
            frame = read_frame(self._descriptor(path), frame.end_byte, self._position.magic)
        if not found:
            raise EventsError(f"row {at} cannot be read", hint="restore the file from a backup", path=str(path))
        return found, columns

    def _seek(self, path: Path, at: int) -> tuple[tuple[str, ...], Frame | None]:
        """The columns of a segment, and its frame at a row. Raises OSError."""
        descriptor, magic = self._descriptor(path), self._position.magic
        head = read_frame(descriptor, 0, magic)
        if head is None:
            raise EventsError("its head cannot be read", hint="restore the file from a backup", path=str(path))
        begin = self._reading[2] if self._reading is not None else 0
        frame = read_frame(descriptor, begin or head.end_byte, magic)
        if frame is None or frame.first != at:  # not where the last one ended: from the beginning
            frame = read_frame(descriptor, head.end_byte, magic)
            while frame is not None and frame.first < at:
                frame = read_frame(descriptor, frame.end_byte, magic)
        return tuple(head.payload.decode().split(",")), frame

    def _descriptor(self, path: Path) -> int:
        if self._reading is None or self._reading[0] != path:
            if self._reading is not None:
                os.close(self._reading[1])
                self._reading = None
            self._reading = (path, os.open(path, os.O_RDONLY), 0)
        return self._reading[1]

    def _note(self) -> None:
        durable.replace(self.folder / _POSITION, msgspec.json.encode(self._position), mode=0o600)


def _array_header(count: int) -> bytes:
    """MessagePack, array 32."""
    return b"\xdd" + count.to_bytes(4, "big")


def _position(folder: Path) -> _Position:
    path = folder / _POSITION
    if path.exists():
        try:
            return msgspec.json.decode(path.read_bytes(), type=_Position)
        except msgspec.DecodeError as error:
            raise EventsError(
                f"the position of the spool is damaged: {error}", hint="restore it", path=str(path)
            ) from error
    if segments(folder):
        raise EventsError("the position of the spool is missing", hint="restore it from a backup", path=str(path))
    made = _Position(secrets.token_bytes(MAGIC_BYTES))
    durable.replace(path, msgspec.json.encode(made), mode=0o600)
    return made


def _lock(folder: Path) -> int:
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise BusyError("another process has this spool", hint="wait until it ends", path=str(folder)) from error
    return lock
