"""How far files were read, durably: SQLite, changed after what was read is on the disk.

A file is told by its device and inode, and by a digest of what stands at its beginning and before the position: an inode is used again,
a file is cut and written anew, a copy of it has another inode.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import msgspec

from garrison.errors import BusyError

_SPAN = 256
_FORGET_S = 30 * 86_400  # after a file is gone
_LARGEST = (1 << 63) - 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS position (
    id TEXT PRIMARY KEY, device INTEGER, inode INTEGER, path TEXT, read INTEGER, mark BLOB, seen INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS scan (one INTEGER PRIMARY KEY CHECK (one = 1), ns INTEGER) STRICT;
"""


class Position(msgspec.Struct):
    """How far a file was read. Its `id` is the same wherever it moves, and however often it is read."""

    id: str
    device: int
    inode: int
    path: str
    read: int
    mark: bytes

    @property
    def key(self) -> tuple[int, int]:
        """See `key`."""
        return self.device, self.inode

    def fits(self, descriptor: int, size: int) -> bool:
        """Whether an open file is the one that was read so far. Raises OSError."""
        return size >= self.read and mark(descriptor, self.read) == self.mark


def mark(descriptor: int, read: int) -> bytes:
    """What is known of a file up to here; no word of it is kept."""
    span = min(_SPAN, read)
    data = os.pread(descriptor, span, 0) + os.pread(descriptor, span, read - span)
    return hashlib.blake2b(data, digest_size=16).digest() if len(data) == 2 * span else b""


def key(found: os.stat_result) -> tuple[int, int]:
    """The device and inode of a file, as far as SQLite holds such numbers."""
    return found.st_dev & _LARGEST, found.st_ino & _LARGEST


def new(found: os.stat_result, path: str, read: int, digest: bytes) -> Position:
    """A file that nobody knows yet."""
    return Position(secrets.token_hex(8), *key(found), path, read, digest)


class Positions:
    """The positions of an input. One thread at a time."""

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self._database, self._path = database, path
        self.all: dict[str, Position] = {}

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Those of a folder. Raises BusyError where they cannot be read or written."""
        path = folder / "positions.db"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            made = cls(database, path)
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
            database.executescript(_SCHEMA)
            rows = database.execute("SELECT id, device, inode, path, read, mark, seen FROM position").fetchall()
            old = int(time.time()) - _FORGET_S
            gone = [row[0] for row in rows if row[-1] < old and not Path(row[3]).exists()]
            database.executemany("DELETE FROM position WHERE id = ?", [(one,) for one in gone])
            made.all = {row[0]: Position(*row[:-1]) for row in rows if row[0] not in set(gone)}
        except (OSError, sqlite3.Error) as error:
            raise _unkept(path, error) from error
        return made

    @property
    def scanned_ns(self) -> int:
        """When files were looked for the last time; 0 for never."""
        row = self._database.execute("SELECT ns FROM scan").fetchone()
        return int(row[0]) if row else 0

    def save(self, positions: Iterable[Position], *, scanned_ns: int = 0) -> None:
        """Have them on the disk. Raises BusyError."""
        now = int(time.time())
        rows = [(one.id, one.device, one.inode, one.path, one.read, one.mark, now) for one in positions]
        try:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany("INSERT OR REPLACE INTO position VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            if scanned_ns:
                self._database.execute("INSERT OR REPLACE INTO scan VALUES (1, ?)", (scanned_ns,))
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise _unkept(self._path, error) from error
        for one in positions:
            self.all[one.id] = one

    def close(self) -> None:
        """Let another process open them."""
        self._database.close()


def _unkept(path: Path, error: Exception) -> BusyError:
    hint = "make room, or see who may write here"
    return BusyError(f"how far files were read cannot be kept: {error}", hint=hint, path=str(path))
