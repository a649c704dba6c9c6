"""What goes when its time is over, what is held beyond it, and who may say so."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError
from hypothesis import given
from hypothesis import strategies as st

from garrison.errors import ConfigError, UsageError
from garrison.events.event import Class, Event
from garrison.ledger import Ledger
from garrison.ledger.entry import parse as entry_of
from garrison.ledger.note import Ed25519Signer
from garrison.watch.retention.retention import Changes, Retention, condition, read
from garrison.watch.spool import Spool
from garrison.watch.store.client import Node, connected, start
from garrison.watch.store.filter import parse
from garrison.watch.store.guard import Role
from garrison.watch.store.rows import COLUMNS, batch
from garrison.watch.store.schema import RETENTION_DAYS, TABLE, clustered, retained
from garrison.watch.store.verify import _expires, verify
from garrison.watch.store.write import keep

pytestmark = pytest.mark.slow
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


def held(node: Node, where: str) -> int:
    """How many events a condition of the store's rules keeps."""
    with connected(node.folder, Role.READER) as client:
        return int(str(client.command(f"SELECT count() FROM {TABLE} WHERE {where}")))


def test_a_hold_is_a_rule_of_the_store_and_an_entry_of_the_ledger(node: Node, ledger: Ledger) -> None:
    with connected(node.folder, Role.ADMIN) as client:
        changes = Changes(client, node.folder, ledger, actor="role:administrator", cluster="")
        assert read(node.folder) == Retention(dict(RETENTION_DAYS))
        changes.keep_for({"standard": 30}, reason="the policy of the house")
        changes.hold("case-7", 'actor_user="o\'neil \\\\ \\"x\\"" time>=2026-01-01', reason="the court asks")
        made = rules(node)
        assert "toIntervalDay(30)" in made
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


def test_what_is_over_goes_and_what_is_held_stays(node: Node) -> None:
    with connected(node.folder, Role.ADMIN) as client:
        Changes(client, node.folder, None, actor="role:administrator").hold("case", "actor_user=bob", reason="x")
        # The same rules by the second: what is over goes with the next insertion's merge.
        statement = retained({"standard": 1}, [condition("actor_user=bob")]).replace(
            "toIntervalDay(1)", "toIntervalSecond(1)"
        )
        client.command(statement)
    until = time.monotonic() + 60
    while held(node, "1") > 1 and time.monotonic() < until:
        time.sleep(0.2)
        with connected(node.folder, Role.ADMIN) as client:
            client.command(statement)  # a change of the rules has all parts looked at
    with connected(node.folder, Role.READER) as client:
        assert client.query(f"SELECT actor_user FROM {TABLE}").result_rows == [("bob",)]


@pytest.mark.parametrize("role", [Role.READER, Role.WRITER])
def test_nobody_but_an_administrator_says_how_long(node: Node, role: Role) -> None:
    with connected(node.folder, role) as client, pytest.raises(ClickHouseError, match="is not for a"):
        client.command(retained({"standard": 1}, []))


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(
    "statement",
    [
        f"ALTER TABLE {TABLE} DELETE WHERE 1",
        f"ALTER TABLE {TABLE} UPDATE message = 'x' WHERE 1",
        f"ALTER TABLE {TABLE} DROP PARTITION ID 'x'",
        f"ALTER TABLE {TABLE} DROP COLUMN message",
        f"ALTER TABLE {TABLE} MODIFY TTL stored + toIntervalDay(1), DROP PART 'x'",
        f"DELETE FROM {TABLE} WHERE 1",
        f"TRUNCATE TABLE {TABLE}",
        f"DROP TABLE {TABLE}",
        f"DETACH TABLE {TABLE}",
        f"OPTIMIZE TABLE {TABLE} FINAL",
        "DROP DATABASE garrison",
    ],
)
def test_nobody_deletes_or_changes_events(node: Node, role: Role, statement: str) -> None:
    with connected(node.folder, role) as client, pytest.raises(ClickHouseError):
        client.command(statement)
    assert held(node, "1") == 3


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

        def faults(condition: str | None) -> list[str]:
            named = {} if condition is None else {"case": condition}
            return [fault.why for fault in verify(client, ledger, held=named).faults if fault.hold == "case"]

        assert faults(hold.condition) == []
        assert faults(None) == ["it is not in force"]
        assert faults("1") == ["it is not about what it was"]
        client.command(retained({"standard": 1}, []).replace("toIntervalDay(1)", "toIntervalSecond(1)"))
        until = time.monotonic() + 60
        while held(node, "1") and time.monotonic() < until:
            time.sleep(0.2)
            client.command(retained({"standard": 1}, []).replace("toIntervalDay(1)", "toIntervalSecond(1)"))
        assert faults(hold.condition) == ["1 of the 1 events that it keeps are gone"]


def test_what_was_over_under_an_earlier_rule_may_be_gone() -> None:
    day = dt.timedelta(days=1)
    now = dt.datetime(2026, 11, 25, tzinfo=dt.UTC)
    stored = now - 100 * day
    assert _expires(stored, [(None, 400)], now) is None
    assert _expires(stored, [(None, 30), (now - 10 * day, 400)], now) == stored + 30 * day
    assert _expires(stored, [(None, 95), (now - 10 * day, 400)], now) is None
    assert _expires(stored, [(None, 400), (now - 10 * day, 30)], now) == now - 10 * day
    assert _expires(stored, [(None, None)], now) is None
    assert _expires(stored, [], now) is None


def test_what_is_no_class_or_hold_is_told(node: Node) -> None:
    with connected(node.folder, Role.ADMIN) as client:
        changes = Changes(client, node.folder, None, actor="role:administrator")
        with pytest.raises(ConfigError, match="is none"):
            changes.keep_for({"standard": 0}, reason="x")
        for name, filter_ in (("", "a=b"), ("x y", "actor_user=b"), ("case", " "), ("case", "nobody=x"), ("case", "(")):
            with pytest.raises(UsageError):
                changes.hold(name, filter_, reason="x")
    assert read(node.folder).holds == ()


def test_a_cluster_is_told_the_same_in_its_words() -> None:
    assert retained({"standard": 30}, ["x = 1"], "main") == (
        'ALTER TABLE garrison.events_local ON CLUSTER "main" MODIFY TTL stored + toIntervalDay(30) DELETE'
        " WHERE retention = 'standard' AND NOT (x = 1)"
    )
    assert clustered("main")
    assert retained({"standard": None}, []) == "ALTER TABLE garrison.events REMOVE TTL"


@given(st.text(max_size=20).filter(lambda text: "\x00" not in text))
def test_no_value_becomes_a_part_of_the_statement(text: str) -> None:
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    found = parse(f"actor_user={quoted}").literal() if text and "*" not in text else "'"
    assert found.count("'") in (1, 2)
    assert not set(found.partition("'")[2][:-1]) & {"'", "{", "}"}
