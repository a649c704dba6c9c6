"""Which objects of a bucket were read, durably, and from where on to look for others.

Keys of logs rise with time, in each lane by itself: what stands before the date (an account and region of CloudTrail, the whole prefix of
access logs). Objects come late, so a lane is listed again from `floor` on: the last key before which nothing came for a day.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

from garrison.errors import BusyError

LATE_S = 86_400
_SCHEMA = """
CREATE TABLE IF NOT EXISTS floor (lane TEXT PRIMARY KEY, key TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS seen (lane TEXT, key TEXT, at INTEGER NOT NULL, PRIMARY KEY (lane, key)) STRICT, WITHOUT ROWID;
"""


class Seen:
    """The objects that an input has read. One thread at a time."""

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self._database, self._path = database, path

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Those of a folder. Raises BusyError."""
        path = folder / "objects.db"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")
            database.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise _unkept(path, error) from error
        return cls(database, path)

    def floor(self, lane: str) -> str | None:
        """From behind which key on a lane is listed; None for a lane that is new."""
        row = self._database.execute("SELECT key FROM floor WHERE lane = ?", (lane,)).fetchone()
        return str(row[0]) if row else None

    def new(self, lane: str, keys: Sequence[str]) -> list[str]:
        """Those of the keys that were not read."""
        seen = {row[0] for row in self._database.execute("SELECT key FROM seen WHERE lane = ?", (lane,))}
        return [key for key in keys if key not in seen]

    def add(self, lane: str, keys: Iterable[str]) -> None:
        """They are read. Raises BusyError."""
        now = int(time.time())
        self._write("INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", [(lane, key, now) for key in keys])

    def rise(self, lane: str, left: Sequence[str] = ()) -> None:
        """Let a lane be listed from where nothing comes any more, and nothing was `left`. Raises BusyError."""
        young = self._database.execute(
            "SELECT min(key) FROM seen WHERE lane = ? AND at > ?", (lane, int(time.time()) - LATE_S)
        ).fetchone()[0]
        first = min([*left, young] if young is not None else left, default=None)
        asked = "SELECT max(key) FROM seen WHERE lane = ?1 AND (?2 IS NULL OR key < ?2)"
        old = self._database.execute(asked, (lane, first)).fetchone()[0]
        if old is not None:
            self._write("INSERT OR REPLACE INTO floor VALUES (?, ?)", [(lane, old)])
            self._write("DELETE FROM seen WHERE lane = ? AND key <= ?", [(lane, old)])
        elif self.floor(lane) is None:
            self._write("INSERT OR REPLACE INTO floor VALUES (?, '')", [(lane,)])

    def close(self) -> None:
        """Let another process open them."""
        self._database.close()

    def _write(self, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        try:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany(sql, rows)
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise _unkept(self._path, error) from error


def _unkept(path: Path, error: Exception) -> BusyError:
    hint = "make room, or see who may write here"
    return BusyError(f"which objects were read cannot be kept: {error}", hint=hint, path=str(path))
