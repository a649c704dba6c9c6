"""The file of alerts: one SQLite database that processes share, each change of which is whole and on the disk, or has not happened."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Self

from garrison.errors import BusyError, EventsError

_APPLICATION: Final = 0x67727333  # "grs3": what a file of ours is known by
_VERSION: Final = 1
_BUSY_S: Final = 10.0
_OTHERS: Final = 0o077
_ID_BYTES, _PEOPLE_BYTES = 8, 32


class Database:
    """An open file, for one thread. What SQLite says is told in our words: BusyError where it may go well later, else EventsError."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path, self._connection = path, connection

    @classmethod
    def open(cls, path: Path, *, make: bool) -> Self:
        """Raises EventsError for a file that is another's or open to others, BusyError where it cannot be opened now."""
        with _told(path):
            _check_file(path, make=make)
            connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
            try:
                _prepare(connection)
            except BaseException:
                connection.close()
                raise
        return cls(path, connection)

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        """What a query finds."""
        with _told(self.path):
            return self._connection.execute(query, values).fetchall()

    def do(self, statement: str, values: Sequence[object] = ()) -> int:
        """Within a change. The number of the row that was added."""
        if not self._connection.in_transaction:
            raise AssertionError("nothing is changed outside of a transaction")
        with _told(self.path):
            return int(self._connection.execute(statement, values).lastrowid or 0)

    @contextlib.contextmanager
    def change(self) -> Iterator[None]:
        """All of the block, or nothing of it; on the disk when it ends. A change within a change is a part of it."""
        if self._connection.in_transaction:
            yield
            return
        with _told(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            with _told(self.path):
                self._connection.execute("COMMIT")
        except BaseException:
            self._undo()
            raise

    def _undo(self) -> None:
        if self._connection.in_transaction:  # SQLite may have rolled back by itself
            self._connection.execute("ROLLBACK")


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:  # a lock, a disk
        hint = "see whether the disk is full or another process holds the file; nothing was changed"
        raise BusyError(f"alerts cannot be kept now: {error}", hint=hint, path=str(path)) from error
    except sqlite3.DatabaseError as error:
        hint = "name the file of alerts, or put back a copy that is whole"
        raise EventsError(f"this is no file of alerts: {error}", hint=hint, path=str(path)) from error
    except OSError as error:
        hint = "name a file in a folder that is there and can be written"
        raise BusyError(f"alerts cannot be kept: {error.strerror}", hint=hint, path=str(path)) from error


def _check_file(path: Path, *, make: bool) -> None:
    """Nobody but its owner can open it. Raises EventsError, OSError."""
    if make and not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):  # by another process, just now
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    if not path.exists():
        raise EventsError("there are no alerts", hint="garrison watch run makes the file", path=str(path))
    if path.stat().st_mode & _OTHERS:
        raise EventsError("others can read or write the file of alerts", hint=f"chmod 600 {path}", path=str(path))


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA trusted_schema = OFF")
    if _number(connection, "application_id") == 0:
        _make(connection)
    if _number(connection, "application_id") != _APPLICATION:
        raise sqlite3.DatabaseError("it is a database of another program")
    if _number(connection, "user_version") > _VERSION:
        raise sqlite3.DatabaseError("a newer Garrison has made it")
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _make(connection: sqlite3.Connection) -> None:
    """The tables, unless another process has made them just now, or they are of another program."""
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
        for statement in Path(__file__).with_name("schema.sql").read_text("utf8").split(";\n"):
            connection.execute(statement)
        values = secrets.token_hex(_ID_BYTES), secrets.token_bytes(_PEOPLE_BYTES)
        connection.execute("INSERT INTO alerts VALUES (1, ?, '', ?)", values)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    connection.execute("COMMIT")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])
