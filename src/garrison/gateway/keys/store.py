"""The store of API keys: one SQLite file that its owner alone can read, shared by processes, with no key in it.

With a ledger, a change and the store cannot come apart unseen. Each change writes what the ledger is to say (`pending`) in the
same transaction; what gives access counts only when its entry is in the ledger, what takes access away counts at once. A
process that ends in between leaves the pending row: the next change settles it, and a key that was never shown is revoked.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Self

import msgspec

from garrison.errors import StoreError, UsageError, nearest
from garrison.gateway.keys.secret import digest_of, id_of, make_key

Record = Callable[[str, dict[str, Any]], int]  # appends an entry of a kind to the ledger; its index

_APPLICATION: Final = 0x67727331  # "grs1": what a file of ours is known by
_VERSION: Final = 1
_BUSY_S: Final = 10.0
_OTHERS: Final = 0o077
# SQL below is put together from our own words only.
# A key whose issuing the ledger does not tell, where there is one, or is still to tell, is not let in.
_RECORDED: Final = (
    "(entry IS NOT NULL OR (SELECT ledger FROM store) = '')"
    " AND id NOT IN (SELECT key FROM pending WHERE change <> 'revoke')"
)
_NEVER_SHOWN: Final = "the command that made it did not end: nobody has been shown this key"


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a key. Times are aware, and None for what has not happened."""

    id: str
    digest: str  # SHA-256, in hexadecimal
    client: str
    role: str
    owner: str
    created: dt.datetime
    expires: dt.datetime
    rotated: dt.datetime | None
    replaces: str
    revoked: dt.datetime | None
    entry: int | None
    recorded: bool  # whether the ledger tells that it was issued, where there is one

    def state(self, now: dt.datetime) -> str:
        """`active`, `rotated` (and active still), `expired`, `revoked` or `unrecorded`."""
        if self.revoked:
            return "revoked"
        if self.expires <= now:
            return "expired"
        if not self.recorded:
            return "unrecorded"
        return "rotated" if self.rotated else "active"


class Active(msgspec.Struct, frozen=True):
    """A key that is let in."""

    digest: str  # SHA-256, in hexadecimal
    id: str
    client: str
    role: str
    expires: int  # seconds since 1970


class Store:
    """An open store. Beside its file, SQLite keeps two of its own while it is used; `.lock` is what one writer waits for another by."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Open a store, or make it. Raises StoreError."""
        self.path = path
        with self._told():
            _check_file(path, create=create)
            self._db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
            try:
                self._prepare(create=create)
            except BaseException:
                self._db.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    # What the gateway reads.

    @property
    def generation(self) -> int:
        """Counts up with every change: a cheap look whether to compile anew. Keys that expire do not count it up."""
        return int(self._only("generation"))

    def active(self, now: dt.datetime) -> Iterator[Active]:
        """The keys that are let in at a time. With a ledger, those alone whose entry is in it."""
        with self._told():
            rows = self._db.execute(
                f"SELECT digest, id, client, role, expires FROM key WHERE revoked = 0 AND expires > ? AND {_RECORDED}"  # noqa: S608
                " ORDER BY digest",
                (_seconds(now),),
            ).fetchall()
        return (Active(*row) for row in rows)

    def next_expiry(self, now: dt.datetime) -> dt.datetime | None:
        """When the next of the keys that are let in expires."""
        return min((dt.datetime.fromtimestamp(key.expires, dt.UTC) for key in self.active(now)), default=None)

    # What people ask and do.

    @property
    def ledger(self) -> Path | None:
        """The folder of the ledger that changes go into."""
        said = self._only("ledger")
        return Path(said) if said else None

    @property
    def people(self) -> bytes:
        """The key of the pseudonyms under which people stand in the ledger."""
        return bytes(self._only("people"))

    def keys(self) -> list[Key]:
        """Every key that there ever was, the oldest first."""
        with self._told():
            rows = self._db.execute(
                "SELECT id, digest, client, role, owner, created, expires, rotated, replaces, revoked, entry, "  # noqa: S608
                f"{_RECORDED} FROM key ORDER BY created, rowid"
            ).fetchall()
        return [_key(row) for row in rows]

    def key(self, id_: str) -> Key:
        """One key. Raises UsageError."""
        known = {key.id: key for key in self.keys()}
        if id_ not in known:
            raise UsageError(f"no key is called {id_}", hint=nearest(id_, known, "garrison keys list shows them"))
        return known[id_]

    def issue(
        self, *, client: str, role: str, owner: str, expires: dt.datetime, now: dt.datetime, record: Record
    ) -> str:
        """A new key: it is told this once. Raises StoreError, and LedgerError where it cannot be recorded: it is none then."""
        secret = make_key()
        with self._alone():
            self._settle(now, record)
            with self._change() as db:
                row = (id_of(secret), digest_of(secret), client, role, owner, _seconds(now), _seconds(expires))
                db.execute(
                    "INSERT INTO key (id, digest, client, role, owner, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    row,
                )
                self._owe(db, id_of(secret), "issue")
            self._pay(record)
        return secret

    def rotate(self, id_: str, *, until: dt.datetime, expires: dt.datetime, now: dt.datetime, record: Record) -> str:
        """A new key in the place of another, which is let in `until` a time still. Raises as `issue`, and UsageError."""
        secret = make_key()
        with self._alone():
            self._settle(now, record)
            old = self.key(id_)
            if (state := old.state(now)) != "active":
                raise UsageError(f"{id_} is {state}", hint="rotate a key that is active, or issue a new one")
            with self._change() as db:
                row = (id_of(secret), digest_of(secret), _seconds(now), _seconds(expires), id_)
                db.execute(
                    "INSERT INTO key (id, digest, client, role, owner, created, expires, replaces)"
                    " SELECT ?1, ?2, client, role, owner, ?3, ?4, id FROM key WHERE id = ?5",
                    row,
                )
                self._owe(db, id_of(secret), "rotate", f"until {_seconds(until)}")
            self._pay(record)
        return secret

    def revoke(self, ids: list[str], *, reason: str, now: dt.datetime, record: Record) -> None:
        """Let keys in no more, from this moment on, whether or not the ledger can be reached.

        Raises UsageError for one that is not there, and then revokes none; LedgerError where the entries are still to be written.
        """
        with self._alone():
            keys = [self.key(id_) for id_ in ids]
            with self._change() as db:
                for key in keys:
                    if key.revoked is None:
                        db.execute("UPDATE key SET revoked = ? WHERE id = ?", (_seconds(now), key.id))
                        self._owe(db, key.id, "revoke", reason)
            self._settle(now, record)

    def owed(self) -> list[str]:
        """The keys of which something is still to be told to the ledger: of a command that runs, or that did not end."""
        with self._told():
            return [row[0] for row in self._db.execute("SELECT DISTINCT key FROM pending")]

    def settle(self, *, now: dt.datetime, record: Record) -> None:
        """Do what commands that did not end have left to be done; every change does that first. Raises LedgerError."""
        with self._alone():
            self._settle(now, record)

    def bind(self, ledger: Path, *, now: dt.datetime, record: Record) -> None:
        """From now on every change goes into a ledger, and those keys alone are let in that are in it.

        The keys that are there get their entries first. Raises UsageError where another ledger is bound, and LedgerError.
        """
        with self._alone():
            if self.ledger == ledger:
                return
            if self.ledger is not None:
                hint = "name that one, or none: it is known to the store"
                raise UsageError(f"the changes of this store are in the ledger {self.ledger}", hint=hint)
            self._settle(now, record)
            for key in self.keys():
                if key.entry is None and key.state(now) not in ("revoked", "expired"):
                    index = record(*_issued(key))
                    with self._change() as db:
                        db.execute("UPDATE key SET entry = ? WHERE id = ?", (index, key.id))
            with self._change() as db:
                db.execute("UPDATE store SET ledger = ?", (str(ledger),))

    # How it is kept.

    def _owe(self, db: sqlite3.Connection, id_: str, change: str, reason: str = "") -> None:
        """Note what the ledger is to say."""
        db.execute("INSERT INTO pending (key, change, reason) VALUES (?, ?, ?)", (id_, change, reason))

    def _settle(self, now: dt.datetime, record: Record) -> None:
        """What nobody came back for: a key that was not shown is none, a revocation is told."""
        with self._told():
            owed = self._db.execute("SELECT key, change FROM pending").fetchall()
        if not owed:
            return
        with self._change() as db:
            for id_, change in owed:
                if change != "revoke":
                    db.execute("UPDATE key SET revoked = ? WHERE id = ? AND revoked = 0", (_seconds(now), id_))
                    db.execute("UPDATE pending SET change = 'revoke', reason = ? WHERE key = ?", (_NEVER_SHOWN, id_))
        self._pay(record)

    def _pay(self, record: Record) -> None:
        """Write what is owed to the ledger, where there is one, and let it have its effect."""
        with self._told():
            owed = self._db.execute("SELECT number, key, change, reason FROM pending ORDER BY number").fetchall()
        for number, id_, change, reason in owed:
            key = self.key(id_)
            entries = [] if self.ledger is None else _entries(key, change, reason)
            index = next(iter([record(*entry) for entry in entries]), None)
            with self._change() as db:
                if change == "rotate":
                    until = int(reason.removeprefix("until "))
                    row = (_seconds(key.created), until, key.replaces)
                    db.execute("UPDATE key SET rotated = ?, expires = min(expires, ?) WHERE id = ?", row)
                if change != "revoke":
                    db.execute("UPDATE key SET entry = ? WHERE id = ?", (index, id_))
                db.execute("DELETE FROM pending WHERE number = ?", (number,))

    def _only(self, column: str) -> Any:
        with self._told():
            return self._db.execute(f"SELECT {column} FROM store").fetchone()[0]  # noqa: S608

    @contextlib.contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """All of the changes in the block, or none; on the disk when it ends."""
        with self._told():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("UPDATE store SET generation = generation + 1")
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One process changes at a time, over all its transactions; the lock goes with a process that ends."""
        with self._told():
            lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """What SQLite and the system say, in our words."""
        try:
            yield
        except sqlite3.OperationalError as error:
            hint = "see whether the disk is full or another process holds the file; nothing was changed"
            raise StoreError(f"the store of keys cannot be used: {error}", path=str(self.path), hint=hint) from error
        except sqlite3.DatabaseError as error:
            hint = "name another file, or put back a copy that is whole"
            raise StoreError(f"this is no store of keys: {error}", path=str(self.path), hint=hint) from error
        except OSError as error:
            hint = "name a file in a folder that is there and can be written"
            raise StoreError(f"cannot be opened: {error.strerror}", path=str(self.path), hint=hint) from error

    def _prepare(self, *, create: bool) -> None:
        self._db.execute("PRAGMA trusted_schema = OFF")
        if self._number("application_id") == 0 and create:
            self._make()
        if self._number("application_id") != _APPLICATION:
            raise sqlite3.DatabaseError("it is a database of another program")
        if self._number("user_version") > _VERSION:
            raise sqlite3.DatabaseError("a newer Garrison has made it")
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            self._db.execute(f"PRAGMA {pragma}")

    def _make(self) -> None:
        """The tables, unless another process has made them just now, or they are of another program."""
        self._db.execute("BEGIN IMMEDIATE")
        if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
            schema = Path(__file__).with_name("schema.sql").read_text("utf8")
            for statement in schema.split(";\n"):
                self._db.execute(statement)
            self._db.execute("INSERT INTO store VALUES (1, 0, '', ?)", (secrets.token_bytes(32),))
            self._db.execute(f"PRAGMA user_version = {_VERSION}")
            self._db.execute(f"PRAGMA application_id = {_APPLICATION}")
        self._db.execute("COMMIT")

    def _number(self, pragma: str) -> int:
        return int(self._db.execute(f"PRAGMA {pragma}").fetchone()[0])


def _check_file(path: Path, *, create: bool) -> None:
    """Nobody but its owner can open it. Raises StoreError, OSError."""
    if create and not path.exists():
        with contextlib.suppress(FileExistsError):  # by another process, just now
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    if not path.exists() and path.parent.is_dir():
        raise StoreError("there is no store of keys", path=str(path), hint="garrison keys issue makes it")
    status = path.stat()
    if status.st_mode & _OTHERS:
        raise StoreError("others can read or write this store of keys", path=str(path), hint=f"chmod 600 {path}")


def _entries(key: Key, change: str, reason: str) -> list[tuple[str, dict[str, Any]]]:
    """What the ledger says of a change; owners are names still, for who records it to put pseudonyms in their place."""
    if change == "issue":
        return [_issued(key)]
    if change == "rotate":
        ends = dt.datetime.fromtimestamp(int(reason.removeprefix("until ")), dt.UTC)
        details = {"successor": key.id, "overlap_ends": ends}
        return [_issued(key), ("key.rotate", {"object": {"type": "key", "name": key.replaces}, "details": details})]
    return [("key.revoke", {"object": {"type": "key", "name": key.id}, "reason": reason or "no reason was given"})]


def _issued(key: Key) -> tuple[str, dict[str, Any]]:
    """With the digest: nobody can guess 256 bits from it, and no other key can stand in the place of this one."""
    details = {"owner": key.owner, "client": key.client, "role": key.role, "expires": key.expires}
    return "key.issue", {
        "object": {"type": "key", "name": key.id, "digest": f"sha256:{key.digest}"},
        "details": details,
    }


def _key(row: tuple[Any, ...]) -> Key:
    id_, digest, client, role, owner, created, expires, rotated, replaces, revoked, entry, recorded = row
    return Key(
        id=id_, digest=digest, client=client, role=role, owner=owner, created=_time(created), expires=_time(expires),
        rotated=_time(rotated) if rotated else None, replaces=replaces, revoked=_time(revoked) if revoked else None,
        entry=entry, recorded=bool(recorded),
    )  # fmt: skip


def _time(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def _seconds(time: dt.datetime) -> int:
    return int(time.timestamp())
