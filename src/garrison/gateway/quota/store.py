"""Where counts are kept: one SQLite file, in which they and the position in the feed change together or not at all.

A counter that is killed therefore begins again where its counts end. What a power failure takes back of the file it takes
back as a whole, and it is counted again.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Self

from garrison.errors import StoreError
from garrison.gateway.quota.feed import Position
from garrison.gateway.quota.tally import Key, Used

STORE: Final = "usage.db"
_APPLICATION: Final = 0x67727332  # "grs2": what a file of ours is known by
_VERSION: Final = 1
_BUSY_S: Final = 5.0
_KEPT_DAYS: Final = 31


class Store:
    """An open store. Raises StoreError."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        with self._told():
            if not read_only:
                path.touch(mode=0o600)
            uri = f"{path.resolve().as_uri()}?mode={'ro' if read_only else 'rw'}"
            self._db = sqlite3.connect(uri, uri=True, timeout=_BUSY_S, isolation_level=None)
            try:
                self._prepare(read_only=read_only)
            except BaseException:
                self._db.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the file go."""
        self._db.close()

    @property
    def gateway(self) -> str:
        """What this gateway is called among others."""
        with self._told():
            return str(self._db.execute("SELECT gateway FROM feed").fetchone()[0])

    @property
    def position(self) -> Position:
        """Up to where the feed is counted."""
        with self._told():
            return Position(*self._db.execute("SELECT inode, head, offset FROM feed").fetchone())

    def used(self, day: dt.date) -> dict[Key, Used]:
        """What was counted here."""
        return self._rows("SELECT client, role, model, requests, tokens FROM used WHERE day = ?", day)

    def others(self, day: dt.date) -> dict[Key, Used]:
        """What others have counted, as far as it is known here."""
        return self._rows("SELECT client, role, model, requests, tokens FROM others WHERE day = ?", day)

    def count(self, used: Mapping[dt.date, Mapping[Key, Used]], position: Position) -> None:
        """Add what was read up to a position, and remember that."""
        rows = [
            (str(day), key.client, key.role, key.model, more.requests, more.tokens)
            for day, keys in used.items()
            for key, more in keys.items()
        ]
        with self._change() as db:
            db.executemany(
                "INSERT INTO used VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
                " SET requests = requests + excluded.requests, tokens = tokens + excluded.tokens",
                rows,
            )
            at = position.inode, position.head, position.offset
            db.execute("UPDATE feed SET inode = ?, head = ?, offset = ?", at)

    def learn(self, day: dt.date, others: Mapping[Key, Used]) -> None:
        """Remember what others have counted."""
        rows = [(str(day), k.client, k.role, k.model, used.requests, used.tokens) for k, used in others.items()]
        with self._change() as db:
            db.executemany("INSERT OR REPLACE INTO others VALUES (?, ?, ?, ?, ?, ?)", rows)

    def forget(self, today: dt.date) -> None:
        """Let go of days that are long over."""
        before = str(today - dt.timedelta(days=_KEPT_DAYS))
        with self._change() as db:
            db.execute("DELETE FROM used WHERE day < ?", (before,))
            db.execute("DELETE FROM others WHERE day < ?", (before,))

    def _rows(self, query: str, day: dt.date) -> dict[Key, Used]:
        with self._told():
            found = self._db.execute(query, (str(day),)).fetchall()
        return {Key(*row[:3]): Used(*row[3:]) for row in found}

    @contextlib.contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._told():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.OperationalError):  # SQLite may have rolled back by itself
                    self._db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """What SQLite and the system say, in our words."""
        try:
            yield
        except sqlite3.OperationalError as error:
            hint = "see whether the disk is full or another process holds the file; nothing was changed"
            raise StoreError(f"usage cannot be counted: {error}", path=str(self.path), hint=hint) from error
        except sqlite3.DatabaseError as error:
            hint = "move it away: a new one counts from the beginning of the audit feed"
            raise StoreError(f"this is no store of usage: {error}", path=str(self.path), hint=hint) from error
        except OSError as error:
            hint = "the state folder must be there, and writable"
            raise StoreError(f"cannot be opened: {error.strerror}", path=str(self.path), hint=hint) from error

    def _prepare(self, *, read_only: bool) -> None:
        application = self._db.execute("PRAGMA application_id").fetchone()[0]
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > _VERSION:
            raise sqlite3.DatabaseError("a newer Garrison has made it")
        empty = self._db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
        if application != _APPLICATION and not (empty and not read_only):
            raise sqlite3.DatabaseError("it is a database of another program")
        if read_only:
            return
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        if empty:
            self._db.execute("BEGIN IMMEDIATE")
            for statement in Path(__file__).with_name("schema.sql").read_text("utf8").split(";\n"):
                self._db.execute(statement)
            self._db.execute("INSERT INTO feed VALUES (1, ?, 0, x'', 0)", (secrets.token_hex(8),))
            self._db.execute(f"PRAGMA application_id = {_APPLICATION}")
            self._db.execute(f"PRAGMA user_version = {_VERSION}")
            self._db.execute("COMMIT")
