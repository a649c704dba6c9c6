"""The store of keys: what is let in when, what a crash leaves, who can open it."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from garrison.errors import LedgerError, StoreError, UsageError
from garrison.gateway.keys.recording import recording
from garrison.gateway.keys.secret import digest_of, id_of
from garrison.gateway.keys.store import Record, Store
from garrison.ledger import Ledger
from garrison.ledger.entry import as_actor, parse
from garrison.ledger.keys import file as key_file

NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def nowhere(kind: str, fields: dict[str, Any]) -> int:
    raise AssertionError(f"{kind} {fields}: there is no ledger")


def down(kind: str, fields: dict[str, Any]) -> int:
    raise LedgerError("the disk is full")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.db"


class Told:
    """A ledger in memory: what it was told, of which the last may be the one that a crash came after."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str]] = []

    def __call__(self, kind: str, fields: dict[str, Any]) -> int:
        self.entries.append((kind, fields["object"]["name"]))
        return len(self.entries) - 1


def issue(store: Store, record: Record = nowhere, client: str = "batch", days: int = 90, now: dt.datetime = NOW) -> str:
    return store.issue(
        client=client, role="service", owner="fraud-team", expires=now + days * DAY, now=now, record=record
    )


def let_in(store: Store, now: dt.datetime = NOW) -> set[str]:
    return {key.id for key in store.active(now)}


def test_a_key_is_let_in_until_it_expires(path: Path) -> None:
    with Store(path, create=True) as store:
        key = issue(store)
        (active,) = store.active(NOW)
        assert (active.digest, active.id, active.client, active.role) == (
            digest_of(key),
            id_of(key),
            "batch",
            "service",
        )
        assert active.expires == int((NOW + 90 * DAY).timestamp())
        assert store.next_expiry(NOW) == NOW + 90 * DAY
        assert let_in(store, NOW + 90 * DAY) == set()
        assert store.next_expiry(NOW + 90 * DAY) is None


def test_no_key_is_in_the_files(path: Path) -> None:
    with Store(path, create=True) as store:
        keys = [issue(store), issue(store)]
        files = b"".join(file.read_bytes() for file in path.parent.iterdir())
    for key in keys:
        assert id_of(key).encode() in files
        assert key[14:].encode() not in files


def test_rotation_has_an_overlap(path: Path) -> None:
    with Store(path, create=True) as store:
        old = id_of(issue(store))
        new = id_of(store.rotate(old, until=NOW + DAY, expires=NOW + 90 * DAY, now=NOW, record=nowhere))
        assert let_in(store) == {old, new}
        assert let_in(store, NOW + DAY) == {new}
        assert store.key(old).state(NOW) == "rotated"
        assert (store.key(new).client, store.key(new).replaces) == ("batch", old)
        with pytest.raises(UsageError, match="rotated"):
            store.rotate(old, until=NOW, expires=NOW + DAY, now=NOW, record=nowhere)


def test_rotation_does_not_lengthen_a_life(path: Path) -> None:
    with Store(path, create=True) as store:
        old = id_of(issue(store, days=1))
        store.rotate(old, until=NOW + 30 * DAY, expires=NOW + 90 * DAY, now=NOW, record=nowhere)
        assert store.key(old).expires == NOW + DAY


def test_what_is_revoked_is_not_let_in(path: Path) -> None:
    with Store(path, create=True) as store:
        one, two = id_of(issue(store)), id_of(issue(store))
        with pytest.raises(UsageError, match="no key is called grs_x"):
            store.revoke([one, "grs_x"], reason="", now=NOW, record=nowhere)
        assert let_in(store) == {one, two}
        store.revoke([one], reason="", now=NOW, record=nowhere)
        assert let_in(store) == {two}
        assert store.key(one).state(NOW) == "revoked"


def test_every_change_is_noticed_by_others(path: Path) -> None:
    with Store(path, create=True) as store, Store(path) as other:
        seen = [other.generation]
        one = id_of(issue(store))
        seen.append(other.generation)
        store.revoke([one], reason="", now=NOW, record=nowhere)
        seen.append(other.generation)
        assert seen == sorted(set(seen))
        assert other.generation == seen[-1]


# With a ledger.


def test_changes_are_in_the_ledger_in_their_order(path: Path) -> None:
    told = Told()
    with Store(path, create=True) as store:
        before = id_of(issue(store))
        store.bind(path.parent / "ledger", now=NOW, record=told)
        one = id_of(issue(store, told))
        two = id_of(store.rotate(one, until=NOW, expires=NOW + DAY, now=NOW, record=told))
        store.revoke([two], reason="x", now=NOW, record=told)
        assert told.entries == [
            ("key.issue", before), ("key.issue", one), ("key.issue", two), ("key.rotate", one), ("key.revoke", two),
        ]  # fmt: skip
        assert let_in(store) == {before}
        assert store.key(one).entry == 1
        with pytest.raises(UsageError, match="are in the ledger"):
            store.bind(path.parent / "other", now=NOW, record=told)


def test_a_key_that_cannot_be_recorded_is_none(path: Path) -> None:
    told = Told()
    with Store(path, create=True) as store:
        store.bind(path.parent / "ledger", now=NOW, record=told)
        with pytest.raises(LedgerError):
            issue(store, down)
        (key,) = store.keys()
        assert (key.state(NOW), let_in(store), store.owed()) == ("unrecorded", set(), [key.id])
        other = id_of(issue(store, told))
        assert store.key(key.id).state(NOW) == "revoked"
        assert told.entries == [("key.revoke", key.id), ("key.issue", other)]
        assert let_in(store) == {other}


def test_a_rotation_that_cannot_be_recorded_leaves_the_old_key_as_it_was(path: Path) -> None:
    told = Told()
    with Store(path, create=True) as store:
        store.bind(path.parent / "ledger", now=NOW, record=told)
        old = id_of(issue(store, told))
        with pytest.raises(LedgerError):
            store.rotate(old, until=NOW, expires=NOW + DAY, now=NOW, record=down)
        assert let_in(store) == {old}
        store.settle(now=NOW, record=told)
        assert let_in(store) == {old}
        assert store.key(old).state(NOW) == "active"
        assert told.entries[-1][0] == "key.revoke"


def test_a_revocation_holds_though_the_ledger_is_down(path: Path) -> None:
    told = Told()
    with Store(path, create=True) as store:
        store.bind(path.parent / "ledger", now=NOW, record=told)
        one = id_of(issue(store, told))
        with pytest.raises(LedgerError):
            store.revoke([one], reason="leaked", now=NOW, record=down)
        assert let_in(store) == set()
        assert store.owed() == [one]
        store.settle(now=NOW, record=told)
        assert told.entries[-1] == ("key.revoke", one)
        assert store.owed() == []


def test_a_row_without_its_entry_is_not_let_in(path: Path) -> None:
    with Store(path, create=True) as store:
        store.bind(path.parent / "ledger", now=NOW, record=Told())
        issue(store, Told())
        with sqlite3.connect(path) as db:
            db.execute("UPDATE key SET entry = NULL")
        db.close()
        assert let_in(store) == set()


class Crash(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("change", ["issue", "rotate", "revoke"])
@pytest.mark.parametrize("moment", ["before the entry", "after the entry"])
def test_a_crash_is_settled(change: str, moment: str, path: Path) -> None:
    """Whatever side of the ledger's write a process ends on, the next change puts it right and the ledger tells it."""
    told = Told()

    def crash(kind: str, fields: dict[str, Any]) -> int:
        if moment == "after the entry":
            told(kind, fields)
        raise Crash

    with Store(path, create=True) as store:
        store.bind(path.parent / "ledger", now=NOW, record=told)
        one = id_of(issue(store, told))
        changes: dict[str, Callable[[], object]] = {
            "issue": lambda: issue(store, crash),
            "rotate": lambda: store.rotate(one, until=NOW, expires=NOW + DAY, now=NOW, record=crash),
            "revoke": lambda: store.revoke([one], reason="", now=NOW, record=crash),
        }
        with pytest.raises(Crash):
            changes[change]()
    with Store(path) as again:
        expected = set() if change == "revoke" else {one}
        assert let_in(again) == expected
        (owed,) = again.owed()
        again.settle(now=NOW, record=told)
        assert let_in(again) == expected
        assert again.owed() == []
        assert told.entries[-1] == ("key.revoke", owed)


def test_the_real_ledger(path: Path, tmp_path: Path) -> None:
    signer = key_file.create(tmp_path / "ledger.key", "acme.example/audit")
    Ledger.create(tmp_path / "ledger", signer).close()
    with (
        Store(path, create=True) as store,
        recording(
            tmp_path / "ledger", people=store.people, actor="service:ci", sign_with=str(tmp_path / "ledger.key")
        ) as record,
    ):
        store.bind(tmp_path / "ledger", now=NOW, record=record)
        one = id_of(
            store.issue(
                client="ada", role="data-scientist", owner="ada@acme.example", expires=NOW + DAY, now=NOW, record=record
            )
        )
        two = id_of(store.rotate(one, until=NOW, expires=NOW + DAY, now=NOW, record=record))
        store.revoke([two], reason="CHG-1", now=NOW, record=record)
        people = store.people
    entries = [parse(data) for data in Ledger.open(tmp_path / "ledger").entries()]
    assert [(e.kind, e.actor) for e in entries] == [
        (kind, "service:ci") for kind in ("key.issue", "key.issue", "key.rotate", "key.revoke")
    ]
    assert entries[0].details["owner"] == as_actor("ada@acme.example", people)
    assert entries[2].details["successor"] == two


# Who can open it.


def test_its_owner_alone_can_open_it(path: Path) -> None:
    with Store(path, create=True) as store:
        issue(store)
        assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    path.chmod(0o644)
    with pytest.raises(StoreError, match="others can read"):
        Store(path)


@pytest.mark.parametrize("data", [b"no database", b"SQLite format 3\x00" + b"\xff" * 4096, os.urandom(5000)])
def test_what_is_no_store(data: bytes, path: Path) -> None:
    path.write_bytes(data)
    path.chmod(0o600)
    with pytest.raises(StoreError) as raised:
        Store(path)
    assert raised.value.hint


def test_a_database_of_another_program(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE a (b)")
    db.close()
    path.chmod(0o600)
    before = path.read_bytes()
    for create in (False, True):
        with pytest.raises(StoreError, match="another program"):
            Store(path, create=create)
    assert path.read_bytes() == before


def test_a_newer_version(path: Path) -> None:
    Store(path, create=True).__exit__()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreError, match="newer"):
        Store(path)


def test_one_that_is_not_there(path: Path) -> None:
    with pytest.raises(StoreError, match="no store of keys"):
        Store(path)
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(path.parent / "no/keys.db", create=True)


def test_a_full_disk_changes_nothing(path: Path) -> None:
    with Store(path, create=True) as store:
        one = id_of(issue(store))
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreError, match="full"):
            [issue(store) for _ in range(200)]
        store._db.execute("PRAGMA max_page_count = 100000")
        assert one in let_in(store)
        assert {key.state(NOW) for key in store.keys()} == {"active"}
        issue(store)


_ISSUES = """
import datetime as dt, sys
from pathlib import Path
from garrison.gateway.keys.store import Store
now = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
with Store(Path(sys.argv[1]), create=True) as store:
    for _ in range(25):
        store.issue(client="a", role="service", owner="b", expires=now + dt.timedelta(days=1), now=now, record=print)
"""


@pytest.mark.slow
def test_many_processes_at_once(path: Path) -> None:
    running = [subprocess.Popen([sys.executable, "-c", _ISSUES, str(path)]) for _ in range(4)]
    assert [process.wait(60) for process in running] == [0] * 4
    with Store(path) as store:
        assert len(let_in(store)) == 100
        assert store.owed() == []
