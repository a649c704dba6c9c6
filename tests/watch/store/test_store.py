"""The embedded store: events once, whatever is killed; nobody deletes; and tampering is found. chdb is heavy: few tests, each of much."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from garrison.errors import BusyError, EventsError
from garrison.events.event import Class, Event, Status
from garrison.ledger import Ledger
from garrison.ledger.note import Ed25519Signer
from garrison.watch.retention.retention import read as read_retention
from garrison.watch.spool import Spool
from garrison.watch.store import reading, schema
from garrison.watch.store.client import Node, connected, retain, start
from garrison.watch.store.guard import Role
from garrison.watch.store.rows import COLUMNS, batch
from garrison.watch.store.search import Search, events, follow, histogram, read, stats
from garrison.watch.store.verify import Fault, What, verify
from garrison.watch.store.write import keep, store

pytest.importorskip("chdb")
pytestmark = pytest.mark.slow

FIRST_US = 1_795_514_400_000_000
SIGNER = Ed25519Signer.generate("example.com/audit")
# Somebody who got in: chdb on the parts themselves, while no node runs.
TAMPER = """
import sys
from chdb import session

opened = session.Session(sys.argv[1])
for statement in sys.argv[2:]:
    opened.query(statement)
import os
os._exit(0)
"""


def event(number: int, **more: object) -> Event:
    given: dict[str, object] = {
        "actor_user": f"user-{number % 3}",
        "src_ip": f"10.0.0.{number % 250}",
        "status_id": Status.FAILURE if number % 2 else Status.SUCCESS,
        "raw": b'{"n":%d,"\xff":1}' % number,
        **more,
    }
    return Event(time_us=FIRST_US + number * 1_000_000, class_uid=Class.API, uid=f"e{number}", product="test", **given)  # type: ignore[arg-type]


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Node]:
    node = start(folder / "store")
    try:
        yield node
    finally:
        node.stop()


def put(folder: Path, *groups: list[Event], ledger: Ledger | None = None) -> int:
    with Spool.open(folder / "spool", COLUMNS) as spool, connected(folder / "store", Role.WRITER) as client:
        stored = 0
        for group in groups:
            spool.append(batch(group))
            stored += keep(client, spool, ledger).events
        return stored


def tamper(folder: Path, *statements: str) -> None:
    subprocess.run([sys.executable, "-c", TAMPER, str(folder / "store/data"), *statements], check=True, timeout=120)


def faults(folder: Path, ledger: Ledger) -> list[Fault]:
    with connected(folder / "store", Role.READER) as client:
        return verify(client, ledger).faults


def test_what_was_stored_is_read_in_its_order_from_where_one_was(tmp_path: Path) -> None:
    whole = event(7, is_mfa=False, sketches=b"\x00\xff", message='"\\\n\u2028 \x1b ü')
    with running(tmp_path):
        put(tmp_path, [event(3), event(1)])
        put(tmp_path, [whole])
        with connected(tmp_path / "store", Role.READER) as client:
            since = dt.datetime.now(dt.UTC) - reading.LATE
            first, second = reading.stored(client, {}, since=since)
            assert [e.uid for e in first.events] == ["e3", "e1"]
            assert second.events == [whole]
            assert reading.magic(first.batch) == reading.magic(second.batch)
            assert first.batch < second.batch
            assert abs(first.stored - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)
            after = {reading.magic(first.batch): first.batch}
            assert list(reading.stored(client, after, since=since)) == [second]
            assert list(reading.stored(client, {}, since=dt.datetime.now(dt.UTC) + reading.LATE)) == []


def test_batches_are_found_whatever_the_clocks_of_writers_say(tmp_path: Path) -> None:
    with running(tmp_path), connected(tmp_path / "store", Role.WRITER) as client:

        def insert(name: str, stored: int, kind: int = Class.API) -> None:
            row = {"time_us": "2026-11-24 10:00:00", "class_uid": kind, "batch": name, "row": 0, "stored": stored}
            client.raw_insert(schema.TABLE, list(row), msgspec.json.encode(row), fmt="JSONEachRow")

        now = 1_795_000_000
        since = dt.datetime.fromtimestamp(now, dt.UTC)
        insert("aa-000000000001", now)
        insert("aa-000000000002", now - 86_400)  # the clock was set back
        insert("bb-000000000001", now - 86_400)  # of a spool that nobody has heard of, before
        insert("bb-000000000002", now + 1)
        insert("aa-000000000003", now + 2, 77)

        def names(after: dict[str, str]) -> list[str]:
            return [name for name, _ in reading.batches(client, after, since=since)]

        assert names({}) == ["aa-000000000001", "bb-000000000002", "aa-000000000003"]
        assert names({"aa": "aa-000000000001"}) == ["aa-000000000002", "bb-000000000002", "aa-000000000003"]
        assert names({"bb": "bb-000000000000", "aa": "aa-000000000003"}) == ["bb-000000000001", "bb-000000000002"]
        (last,) = reading.stored(client, {"aa": "aa-000000000002", "bb": "bb-000000000002"}, since=since)
        assert (last.events, len(last.unread)) == ([], 1)
        assert "Invalid enum value 77" in last.unread[0]


def test_events_are_found_followed_and_counted(tmp_path: Path) -> None:
    strange = event(
        100, message="Grüße\x1b[31m \udcff".encode("utf8", "replace").decode(), src_ip="s3.amazonaws.com", is_mfa=True
    )
    with running(tmp_path):
        assert put(tmp_path, [event(n) for n in range(10)], [strange]) == 11
        assert put(tmp_path, [event(n) for n in range(5, 12)]) == 2  # what is there already is left out
        assert put(tmp_path, [event(50), event(50)]) == 1
        with connected(tmp_path / "store", Role.READER) as client:
            found = list(events(client, Search()))
            assert found == sorted([*(event(n) for n in range(12)), event(50), strange], key=lambda e: e.time_us)
            assert [e.uid for e in events(client, Search("status=failure", limit=2))] == ["e9", "e11"]
            for text, uids in (
                ("actor_user=user-1 src_ip=10.0.0.0/29", ["e1", "e4", "e7"]),
                ("uid=e1*", ["e1", "e10", "e11", "e100"]),
                ("-src_ip=10.0.0.0/8", ["e100"]),
                ("message:Gr is_mfa=true or uid=e3", ["e3"]),
                ('message~"GRÜSSE" or is_mfa=true', ["e100"]),
                ('"\\"n\\":7,"', ["e7"]),
                ("time>=2026-11-24T10:00:09Z time<2026-11-24T10:00:11Z", ["e9", "e10"]),
            ):
                assert [e.uid for e in events(client, Search(text))] == uids, text
            assert sum(count for _, count in histogram(client, Search(), 10)) == 14
            assert stats(client)["events"] == 14
            coming = follow(client, Search("uid=e60"))
            threading.Timer(0.5, put, (tmp_path, [event(60)])).start()
            assert next(coming).uid == "e60"


def test_each_role_has_its_credential_and_one_process_the_folder(tmp_path: Path) -> None:
    with running(tmp_path):
        put(tmp_path, [event(1)])
        for role in Role:
            with connected(tmp_path / "store", role) as client:
                assert list(read(client, "SELECT count() FROM garrison.events", {}, "TSV")) == [b"1\n"]
                assert (tmp_path / f"store/{role}.json").stat().st_mode & 0o077 == 0
        with connected(tmp_path / "store", Role.READER) as reader, pytest.raises(Exception, match="only a writer"):
            reader.raw_insert("garrison.events", ["uid"], b"\xa1x", fmt="MsgPack")
        port = json.loads((tmp_path / "store/reader.json").read_bytes())["port"]
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/?query=SELECT+1", timeout=10)
        with pytest.raises(BusyError, match="another process"):
            start(tmp_path / "store")
    assert not (tmp_path / "store/reader.json").exists()


def test_a_killed_store_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with Spool.open(tmp_path / "spool", COLUMNS) as spool, Ledger.create(tmp_path / "audit", SIGNER) as ledger:
        spool.append(batch([event(n) for n in range(1000)]))
        taken = spool.take()
        assert taken is not None
        with running(tmp_path) as node, connected(tmp_path / "store", Role.WRITER) as client:
            assert (
                store(client, taken, None, "standard") == 1000
            )  # stored, but before the ledger or the spool heard of it
            os.kill(node.pid, signal.SIGKILL)
            spool.append(batch([event(n) for n in range(1000, 1010)]))
            with pytest.raises(BusyError, match="takes nothing"):
                keep(client, spool, ledger)
        with running(tmp_path), connected(tmp_path / "store", Role.WRITER) as client:
            keep(client, spool, ledger)
            assert [e.uid for e in events(client, Search())] == [f"e{n}" for n in range(1010)]
            found = verify(client, ledger)
            assert (found.faults, found.events, found.batches) == ([], 1010, 2)


def test_what_is_changed_or_removed_is_found_and_located(tmp_path: Path) -> None:
    with Ledger.create(tmp_path / "audit", SIGNER) as ledger:
        put(tmp_path, [event(n) for n in range(5)], [event(n) for n in range(5, 8)], [event(9)], ledger=ledger)
        assert faults(tmp_path, ledger) == []
        now = "SETTINGS mutations_sync = 2"
        tamper(
            tmp_path,
            f"ALTER TABLE garrison.events UPDATE actor_user = 'nobody' WHERE uid = 'e1' {now}",
            f"ALTER TABLE garrison.events DELETE WHERE uid IN ('e6', 'e9') {now}",
        )
        found = [(f.what, f.entry, f.row, f.uid) for f in faults(tmp_path, ledger)]
        assert found == [(What.CHANGED, 0, 1, "e1"), (What.REMOVED, 1, 1, ""), (What.REMOVED, 2, None, "")]
        tamper(
            tmp_path,
            "INSERT INTO garrison.events (time_us, uid, batch) VALUES (now64(6), 'x', 'made-up')",
            f"ALTER TABLE garrison.events UPDATE raw = '' WHERE uid = 'e2' {now}",
        )
        kinds = {(f.what, f.uid, f.batch) for f in faults(tmp_path, ledger)}
        assert (What.ADDED, "", "made-up") in kinds
        assert any(what is What.CHANGED and uid == "e2" for what, uid, _ in kinds)


def test_a_table_that_was_replaced_is_told_and_not_died_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with Ledger.create(tmp_path / "audit", SIGNER) as ledger:
        with running(tmp_path), connected(tmp_path / "store", Role.READER) as client:
            put(tmp_path, [event(1)], [event(2)], ledger=ledger)
            # A table that lacks a column, as one may in a cluster: the node of a folder makes them at its start.
            monkeypatch.setattr("garrison.watch.store.verify.COLUMNS", (*COLUMNS, "colour"))
            first, *others = verify(client, ledger, read_retention(tmp_path / "store").in_force()).faults
            assert first.why == "the table of events is another one: it has no colour"
            assert [(f.what, f.why) for f in others] == [(What.REMOVED, "all of its 1 events are gone")] * 2
            monkeypatch.undo()
        tamper(tmp_path, "CREATE OR REPLACE TABLE garrison.events (a Int8) ENGINE = MergeTree ORDER BY a")
        found = [(f.what, f.why) for f in faults(tmp_path, ledger)]
        assert found == [(What.REMOVED, "all of its 1 events are gone")] * 2
    tamper(tmp_path, "DROP TABLE garrison.events", "CREATE VIEW garrison.events AS SELECT 1 AS a")
    with pytest.raises(EventsError, match="not as it was made"):
        start(tmp_path / "store")
    assert "not supported by storage View" in capfd.readouterr().err


def test_rules_that_are_not_noted_any_more_are_not_guessed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with running(tmp_path):
        retain(tmp_path / "store", b'{"type": "days", "days": {"standard": 2000}}')
    noted = tmp_path / "store/retention.json"
    noted.rename(tmp_path / "elsewhere")
    with pytest.raises(EventsError, match="not as it was made"):
        start(tmp_path / "store")
    assert "what is in force is not noted" in capfd.readouterr().err
    (tmp_path / "elsewhere").rename(noted)
    with running(tmp_path):
        pass
