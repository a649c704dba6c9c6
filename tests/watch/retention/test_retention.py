"""What goes when its time is over, what is held beyond it, and who may say so."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from hypothesis import given
from hypothesis import strategies as st
from tests.watch.store.test_store import TAMPER

from garrison.errors import BusyError, ConfigError, EventsError, LedgerError, UsageError
from garrison.events.event import Class, Event
from garrison.ledger import Ledger
from garrison.ledger.entry import parse as entry_of
from garrison.ledger.keyring import start as start_keys
from garrison.ledger.note import Ed25519Signer
from garrison.watch.retention import vouched
from garrison.watch.retention.changes import Changes
from garrison.watch.retention.retention import ReleaseHold, SetDays, read
from garrison.watch.spool import Spool
from garrison.watch.store.client import Node, connected, retain, start
from garrison.watch.store.filter import parse
from garrison.watch.store.guard import Role
from garrison.watch.store.rows import COLUMNS, batch
from garrison.watch.store.schema import RETENTION_DAYS, TABLE, Promise, _spans, clustered, retained, ttl
from garrison.watch.store.verify import What, _expires, _Rule, verify
from garrison.watch.store.write import keep

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

pytestmark = pytest.mark.slow
DAY_S = 86_400
SIGNER = Ed25519Signer.generate("example.com/audit")
NOW_US = time.time_ns() // 1000


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = start(tmp_path / "store")
    with Spool.open(tmp_path / "spool", COLUMNS) as spool, connected(node.folder, Role.WRITER) as client:
        for number, user in enumerate(("ann", "bob", 'o\'neil \\ "x"')):
            spool.append(
                batch([Event(time_us=NOW_US, class_uid=Class.API, uid=f"e{number}", product="test", actor_user=user)])
            )
            keep(client, spool, None)
    yield node
    node.stop()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.create(tmp_path / "ledger", SIGNER) as made:
        yield made


def rules(node: Node) -> str:
    with connected(node.folder, Role.READER) as client:
        return str(client.command("SELECT create_table_query FROM system.tables WHERE name = 'events'"))


def insert(client: Client, uid: str, user: str, class_: str, *, stored: int) -> None:
    row = {
        "time_us": "2026-11-24 10:00:00",
        "uid": uid,
        "actor_user": user,
        "retention": class_,
        "batch": uid,
        "row": 0,
        "stored": stored,
    }
    client.raw_insert(TABLE, list(row), msgspec.json.encode(row), fmt="JSONEachRow")


def users(node: Node) -> list[tuple[str, str]]:
    with connected(node.folder, Role.READER) as client:
        return [tuple(row) for row in client.query(f"SELECT actor_user, uid FROM {TABLE} ORDER BY uid").result_rows]


def said(ledger: Ledger) -> list[tuple[str, int | None, str]]:
    return [(e.action, e.details.get("days"), e.reason) for e in map(entry_of, ledger.entries())]


def held(node: Node, where: str) -> int:
    """How many events a condition of the store's rules keeps."""
    with connected(node.folder, Role.READER) as client:
        return int(str(client.command(f"SELECT count() FROM {TABLE} WHERE {where}")))


def test_a_hold_is_a_rule_of_the_store_and_an_entry_of_the_ledger(node: Node, ledger: Ledger) -> None:
    with connected(node.folder, Role.ADMIN) as client:
        changes = Changes(client, node.folder, ledger, actor="role:administrator")
        assert (read(node.folder).days, read(node.folder).holds) == (dict(RETENTION_DAYS), ())
        changes.keep_for({"standard": 500}, reason="the policy of the house")
        changes.hold("case-7", 'actor_user="o\'neil \\\\ \\"x\\"" time>=2026-01-01', reason="the court asks")
        made = rules(node)
        assert "toIntervalDay(500)" in made
        assert "NOT" in made
        (hold,) = read(node.folder).holds
        assert held(node, hold.condition) == 1
        with pytest.raises(UsageError, match="already"):
            changes.hold("case-7", "actor_user=ann", reason="again")
        changes.release("case-7", reason="the case is over")
        assert "NOT" not in rules(node)
        with pytest.raises(UsageError, match="no hold case-7"):
            changes.release("case-7", reason="again")
    said = [entry_of(data) for data in ledger.entries()]
    assert [(e.kind, e.action, e.reason) for e in said] == [
        ("retention.change", "change", "the policy of the house"),
        ("retention.change", "hold", "the court asks"),
        ("retention.change", "release", "the case is over"),
    ]
    assert not any(b"neil" in data for data in ledger.entries())


def test_what_is_over_goes_and_what_is_held_or_promised_stays(node: Node) -> None:
    with connected(node.folder, Role.WRITER) as client:
        for uid, user, class_ in (("a", "ann", "short"), ("b", "bob", "short"), ("c", "carl", "standard")):
            insert(client, uid, user, class_, stored=int(time.time()) - 5 * DAY_S)
    with connected(node.folder, Role.ADMIN) as client:
        changes = Changes(client, node.folder, None, actor="role:administrator")
        changes.hold("case", "actor_user=bob", reason="x")
        changes.keep_for({"standard": 1}, reason="what is stored was promised 400 days")
        changes.keep_for({"short": 3}, reason="to a class that was not in force nothing was promised")
    until = time.monotonic() + 60
    while held(node, "actor_user = 'ann' AND retention = 'short'") and time.monotonic() < until:
        time.sleep(0.2)
    assert [uid for _, uid in users(node)] == ["b", "c", "e0", "e1", "e2"]


def test_a_promise_is_kept_whatever_is_said_later(node: Node) -> None:
    """What a credential may say: nothing that lets an event go before the days that were in force when it was stored."""
    with connected(node.folder, Role.WRITER) as client:
        insert(client, "old", "ann", "inference", stored=int(time.time()) - 80 * DAY_S)
    for days in (1, 20_000, 2, None, 3):
        retain(node.folder, msgspec.json.encode(SetDays({"inference": days})))
    made = read(node.folder)
    assert [one.days for one in made.promised["inference"]] == [90, 1, 20_000, 2, None]
    assert "toIntervalDay(90) WHERE" in rules(node)
    assert "toIntervalDay(3) WHERE" in rules(node)
    node.stop()
    again = start(node.folder)  # and after a restart
    try:
        assert held(again, "uid = 'old'") == 1
        assert "toIntervalDay(90) WHERE" in rules(again)
    finally:
        again.stop()


def test_rules_that_were_changed_behind_its_back_are_put_right(node: Node, ledger: Ledger) -> None:
    node.stop()
    statement = "ALTER TABLE garrison.events MODIFY TTL stored + toIntervalDay(7)"
    subprocess.run([sys.executable, "-c", TAMPER, str(node.folder / "data"), statement], check=True, timeout=120)
    again = start(node.folder)
    try:
        assert "toIntervalDay(7)" not in rules(again)
        now = read(node.folder).in_force()
        with connected(node.folder, Role.READER) as client:
            assert [f.why for f in verify(client, ledger, now).faults if not f.batch] == []
            other = msgspec.structs.replace(now, statement=retained("stored + toIntervalDay(7)"))
            why = "the store lets events go by other rules than are in force"
            assert [f.why for f in verify(client, ledger, other).faults if not f.batch] == [why]
    finally:
        again.stop()


def test_a_store_that_is_vouched_for_changes_only_as_the_ledger_says(node: Node, tmp_path: Path) -> None:
    with Ledger.create(tmp_path / "audit", SIGNER) as ledger, connected(node.folder, Role.ADMIN) as client:
        retain(node.folder, msgspec.json.encode(SetDays({"standard": 500})))  # before anybody vouches
        changes = Changes(client, node.folder, ledger, actor="role:administrator")
        changes.hold("case", "actor_user=bob", reason="x")
        vouched_for = read(node.folder).days["standard"]
        assert vouched_for == 500
        assert said(ledger)[0] == ("change", 500, "it began to vouch for this store")
        for change in (
            SetDays({"standard": 600}),
            SetDays({"standard": 600}, (0,)),  # an entry of another change
            SetDays({"standard": 600}, (99,)),
            SetDays({"standard": 600}, (-1,)),
            ReleaseHold("case"),
            ReleaseHold("case", (1,)),
        ):
            with pytest.raises(EventsError, match="nothing has been changed"):
                retain(node.folder, msgspec.json.encode(change))
        changes.keep_for({"standard": 600}, reason="y")
        changes.keep_for({"standard": 500}, reason="z")
        with pytest.raises(EventsError, match="for one change"):
            retain(node.folder, msgspec.json.encode(SetDays({"standard": 600}, (2,))))  # each entry counts once
        assert read(node.folder).days["standard"] == 500
        with pytest.raises(LedgerError, match="vouches for this store"):
            Changes(client, node.folder, None, actor="role:administrator")
        assert verify(client, ledger, read(node.folder).in_force()).holds == 1


def test_another_ledger_does_not_vouch(node: Node, tmp_path: Path) -> None:
    with connected(node.folder, Role.ADMIN) as client:
        for name in ("audit", "other"):
            signer = Ed25519Signer.generate(f"example.com/{name}")
            with Ledger.create(tmp_path / name, signer) as ledger:
                start_keys(tmp_path / name, signer.vkey)
                if name == "audit":
                    vouched.vouch(node.folder, ledger, client, "role:administrator")
                    continue
                with pytest.raises(LedgerError, match="another ledger vouches"):
                    vouched.vouch(node.folder, ledger, client, "role:administrator")
        moved = tmp_path / "audit"
        moved.rename(tmp_path / "moved")
        vouched.hold_to(node.folder, tmp_path / "moved")


def test_days_that_the_ledger_does_not_know_are_told(node: Node, ledger: Ledger) -> None:
    retain(node.folder, msgspec.json.encode(SetDays({"standard": 1, "mine": 7})))
    with connected(node.folder, Role.READER) as client:
        now = read(node.folder).in_force()
        found = [(f.what, f.class_, f.why) for f in verify(client, ledger, now).faults if f.class_]
        assert found == [
            (What.ADDED, "mine", "it is kept for 7 days, and the ledger has no entry of it"),
            (What.CHANGED, "standard", "it is kept for 1 days, and the ledger says for 400 days"),
        ]
        less = msgspec.structs.replace(now, days={"standard": 400, "hold": None})
        assert [f.class_ for f in verify(client, ledger, less).faults if f.class_] == ["inference"]


def test_a_hold_goes_no_further_with_time_and_is_verified(node: Node, ledger: Ledger) -> None:
    time.sleep(1.1)  # what is stored in the second of the hold is not counted
    with connected(node.folder, Role.ADMIN) as client:
        changes = Changes(client, node.folder, ledger, actor="ann")
        (hold,) = changes.hold("case", "actor_user=bob time>=2d", reason="x").holds
        assert "2d" not in hold.condition
        assert changes.count(hold) == 1
        assert hold.condition in changes.keep_for({"standard": 30}, reason="y").holds[0].condition
        entry = entry_of(next(iter(ledger.entries())))
        assert entry.actor.startswith("person:")
        assert entry.details["events"] == 1
        now = read(node.folder).in_force()

        def faults(held: dict[str, str]) -> list[str]:
            changed = msgspec.structs.replace(now, held=held)
            return [fault.why for fault in verify(client, ledger, changed).faults if fault.hold]

        assert faults({"case": hold.condition}) == []
        assert faults({}) == ["it is not in force"]
        assert faults({"case": "1"}) == ["it is not about what it was"]
        assert faults({"case": hold.condition, "b": "1"}) == ["the ledger has no entry of it"]
    node.stop()
    statement = "ALTER TABLE garrison.events DELETE WHERE actor_user = 'bob' SETTINGS mutations_sync = 2"
    subprocess.run([sys.executable, "-c", TAMPER, str(node.folder / "data"), statement], check=True, timeout=120)
    with connected(node.folder, Role.READER) as client:
        assert faults({"case": hold.condition}) == ["1 of the 1 events that it keeps are gone"]


def test_what_was_over_as_it_was_promised_may_be_gone() -> None:
    day = dt.timedelta(days=1)
    now = dt.datetime(2026, 11, 25, tzinfo=dt.UTC)
    stored = now - 100 * day

    def expires(*rules: tuple[dt.datetime | None, int | None]) -> dt.datetime | None:
        return _expires(stored, [_Rule(since, days) for since, days in rules], now)

    assert expires((None, 400)) is None
    assert expires((None, 30), (now - 10 * day, 400)) == stored + 30 * day
    assert expires((None, 95), (now - 10 * day, 400)) is None
    assert expires((None, 400), (now - 10 * day, 30)) is None  # promised, and not taken back
    assert expires((None, 90), (now - 50 * day, 400), (now - 5 * day, 30)) == now - 5 * day
    assert expires((None, 400), (now - 200 * day, 30)) == stored + 30 * day
    assert expires((now - 50 * day, 30)) == now - 50 * day  # a class that was not in force
    assert expires((None, None)) is None
    assert expires((None, None), (now - 50 * day, 1)) is None
    assert expires() is None


@given(
    st.lists(st.tuples(st.integers(1, 1000), st.one_of(st.none(), st.integers(1, 20_000))), max_size=6),
    st.one_of(st.none(), st.integers(1, 20_000)),
    st.integers(0, 1100),
)
def test_each_moment_has_one_rule_and_never_fewer_days_than_promised(
    said: list[tuple[int, int | None]], now: int | None, stored: int
) -> None:
    promised = [Promise(until, days) for until, days in sorted(said, key=lambda one: one[0])]
    then = next((one.days for one in promised if stored < one.until), now)
    longest = None if then is None or now is None else max(then, now)
    hits = []
    for days, span in _spans(now, promised):
        since, until = (re.search(rf"stored {sign} toDateTime\((\d+),", span) for sign in (">=", "<"))
        if (since is None or stored >= int(since[1])) and (until is None or stored < int(until[1])):
            hits.append(days)
    assert hits == [longest]


def test_what_is_no_class_or_hold_is_told(node: Node) -> None:
    with connected(node.folder, Role.ADMIN) as client:
        changes = Changes(client, node.folder, None, actor="role:administrator")
        for days in (0, 20_001):
            with pytest.raises(ConfigError, match="is none"):
                changes.keep_for({"standard": days}, reason="x")
        for name, filter_ in (("", "a=b"), ("x y", "actor_user=b"), ("case", " "), ("case", "nobody=x"), ("case", "(")):
            with pytest.raises(UsageError):
                changes.hold(name, filter_, reason="x")
    assert read(node.folder).holds == ()


def test_a_cluster_is_told_the_same_in_its_words() -> None:
    assert retained(ttl({"standard": 30}, ["x = 1"]), "main") == (
        'ALTER TABLE garrison.events_local ON CLUSTER "main" MODIFY TTL stored + toIntervalDay(30) DELETE'
        " WHERE retention = 'standard' AND NOT (x = 1)"
    )
    assert clustered("main")
    assert retained(ttl({"standard": None})) == "ALTER TABLE garrison.events REMOVE TTL"


class Server:
    """Takes statements in the place of a cluster, which cannot be had here, or refuses them."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.refuses = False

    def command(self, statement: str) -> int:
        if self.refuses:
            raise DatabaseError("not enough privileges")
        self.taken.append(statement)
        return 7  # also how many events a hold keeps


def test_what_a_cluster_is_sent_is_told_to_the_ledger_and_noted(tmp_path: Path, ledger: Ledger) -> None:
    server, folder = Server(), tmp_path / "rules"
    folder.mkdir()
    changes = Changes(server, folder, ledger, actor="ann", cluster="main")  # type: ignore[arg-type]
    changes.keep_for({"standard": 500}, reason="x")
    changes.hold("case", "actor_user=bob", reason="y")
    changes.release("case", reason="z")
    altered = [said for said in server.taken if said.startswith("ALTER")]
    assert all(said.startswith('ALTER TABLE garrison.events_local ON CLUSTER "main" MODIFY TTL ') for said in altered)
    assert ["AND NOT (actor_user = 'bob')" in said for said in altered] == [False, True, False]
    assert [(action, days) for action, days, _ in said(ledger)] == [("change", 500), ("hold", None), ("release", None)]
    assert read(folder).promised == {"standard": (Promise(read(folder).promised["standard"][0].until, 400),)}
    server.refuses = True
    with pytest.raises(BusyError, match="nothing has been changed"):
        changes.keep_for({"standard": 7}, reason="x")
    assert read(folder).days["standard"] == 500
    server.refuses = False
    changes.keep_for({"standard": 500}, reason="as it was")
    assert [days for _, days, _ in said(ledger)] == [500, None, None, 7, 500]
    with pytest.raises(LedgerError, match="vouches for this store"):
        Changes(server, folder, None, actor="ann", cluster="main")  # type: ignore[arg-type]


@given(st.text(max_size=20).filter(lambda text: "\x00" not in text))
def test_no_value_becomes_a_part_of_the_statement(text: str) -> None:
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    found = parse(f"actor_user={quoted}").literal() if text and "*" not in text else "'"
    assert found.count("'") in (1, 2)
    assert not set(found.partition("'")[2][:-1]) & {"'", "{", "}"}
