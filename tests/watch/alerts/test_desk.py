"""What people do is written into an alert's story, and told to the ledger, whatever ends in between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.watch.alerts.signals import HOUR, signal

from garrison.errors import UnreachedError, UsageError
from garrison.ledger import Ledger
from garrison.ledger.entry import Entry, parse
from garrison.ledger.keys.file import write_secret
from garrison.ledger.note import Ed25519Signer
from garrison.watch.alerts import desk, owed
from garrison.watch.alerts.alert import Status, Verdict, What
from garrison.watch.alerts.silence import FOR_EVER, Silence
from garrison.watch.alerts.store import Alerts, now_us

NAME = "example.com/audit"


@pytest.fixture
def alerts(tmp_path: Path) -> Iterator[Alerts]:
    with Alerts.open(tmp_path / "alerts.db") as made:
        made.record([signal(at=now_us())], {})
        yield made


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    signer = Ed25519Signer.generate(NAME)
    write_secret(tmp_path / "key", signer.secret.encode())
    Ledger.create(tmp_path / "audit", signer).close()
    return tmp_path / "audit"


def entries(ledger: Path) -> list[Entry]:
    return [parse(data) for data in Ledger.open(ledger).entries()]


def silence(**more: Any) -> Silence:
    now = now_us()
    said = {"principal": "batch", "reason": "tests", "actor": "ann", "since_us": now, "until_us": now + HOUR, **more}
    return Silence(**said)


def test_an_alert_is_seen_to_and_closed(alerts: Alerts) -> None:
    desk.acknowledge(alerts, 1, actor="ann", text="looking")
    desk.assign(alerts, 1, "eve", actor="ann")
    desk.note(alerts, 1, "the key is of staging", actor="eve")
    closed = desk.close(alerts, 1, Verdict.EXPECTED, "CHG-1", actor="eve")
    assert (closed.status, closed.assignee, closed.verdict, closed.reason) == (
        Status.CLOSED,
        "eve",
        "expected",
        "CHG-1",
    )
    assert [(change.what, change.actor, change.text) for change in alerts.changes([1])] == [
        (What.OPENED, "", ""),
        (What.ACKNOWLEDGED, "ann", "looking"),
        (What.ASSIGNED, "ann", "to eve"),
        (What.NOTED, "eve", "the key is of staging"),
        (What.CLOSED, "eve", "expected: CHG-1"),
    ]
    with pytest.raises(UsageError, match="is closed"):
        desk.acknowledge(alerts, 1, actor="ann")


def test_a_silence_of_everything_is_none(alerts: Alerts) -> None:
    with pytest.raises(UsageError, match="everything"):
        desk.silence(alerts, silence(principal=""))
    assert alerts.silences(0, also_over=True) == []


def test_a_silence_covers_what_is_open_and_ends_when_it_is_ended(alerts: Alerts) -> None:
    made = desk.silence(alerts, silence(until_us=FOR_EVER))
    assert alerts.alert(1).silence == made.number
    desk.end_silence(alerts, made.number, reason="done", actor="ann")
    assert alerts.alert(1).silence == 0
    assert [change.what for change in alerts.news(0)] == [What.OPENED, What.HEARD]
    with pytest.raises(UsageError, match="no silence 1"):
        desk.end_silence(alerts, made.number, reason="again", actor="ann")


def test_a_rule_is_silenced_by_its_title_too(alerts: Alerts) -> None:
    assert desk.silence(alerts, silence(principal="", name="* happens")).about == "rule * happens"
    assert alerts.alert(1).silence == 1


def test_the_ledger_hears_of_all_of_it(alerts: Alerts, ledger: Path, tmp_path: Path) -> None:
    owed.bind(alerts, ledger)
    desk.acknowledge(alerts, 1, actor="ann")
    desk.assign(alerts, 1, "service:soc", actor="ann")
    desk.note(alerts, 1, "known", actor="ann")
    made = desk.silence(alerts, silence())
    assert alerts.alert(1).silence == 0  # not before the ledger knows
    desk.close(alerts, 1, Verdict.THREAT, "revoked", actor="ann")
    assert owed.pay(alerts, location=str(tmp_path / "key")) == 5
    assert owed.pay(alerts) == 0
    assert [s.number for s in alerts.silences(now_us())] == [made.number]
    found = entries(ledger)
    assert [(entry.kind, entry.action) for entry in found] == [
        ("alert.status", "acknowledge"),
        ("alert.status", "assign"),
        ("note", "note"),
        ("silence.change", "silence"),
        ("alert.status", "close"),
    ]
    assert found[0].actor.startswith("person:hmac-sha256:")
    assert found[1].details["assignee"] == "service:soc"
    assert found[4].object is not None
    assert found[4].object.name == f"{alerts.id}/1"
    with pytest.raises(UsageError, match="in the ledger"):
        owed.bind(alerts, tmp_path / "other")


def test_the_ledger_hears_of_a_rule_that_is_silenced(alerts: Alerts, ledger: Path, tmp_path: Path) -> None:
    owed.bind(alerts, ledger)
    desk.silence(alerts, silence(principal="", name="nosuch"))
    desk.silence(alerts, silence(principal="batch", name="nosuch"))
    owed.pay(alerts, location=str(tmp_path / "key"))
    told = [(entry.object.type, entry.object.name) for entry in entries(ledger) if entry.object]
    assert told == [("rule", "nosuch"), ("rule", "nosuch, principal batch")]


def test_what_the_ledger_cannot_be_told_is_owed(alerts: Alerts, ledger: Path, tmp_path: Path) -> None:
    owed.bind(alerts, ledger)
    desk.silence(alerts, silence())
    desk.acknowledge(alerts, 1, actor="ann")
    signer_in_use = Ledger.open(ledger, Ed25519Signer.parse((tmp_path / "key").read_text()))
    with pytest.raises(UnreachedError):
        owed.pay(alerts, location=str(tmp_path / "key"), wait_s=0.05)
    assert (alerts.alert(1).status, alerts.alert(1).silence) == (Status.ACKNOWLEDGED, 0)
    signer_in_use.close()
    assert owed.pay(alerts, location=str(tmp_path / "key")) == 2
    assert alerts.alert(1).silence == 1


def test_addresses_stand_in_the_ledger_under_pseudonyms(alerts: Alerts, ledger: Path, tmp_path: Path) -> None:
    owed.bind(alerts, ledger)
    desk.silence(alerts, silence(principal="ann@acme.example", asset="a" * 240, reason="x@y.z " * 400))
    desk.close(alerts, 1, Verdict.EXPECTED, "says ann@acme.example", actor="ann@acme.example")
    assert owed.pay(alerts, location=str(tmp_path / "key")) == 2
    made, closed = entries(ledger)
    person = owed.actor_of(alerts, "ann@acme.example").removeprefix("person:")
    assert closed.reason == f"expected: says {person}"
    assert closed.actor == f"person:{person}"
    assert made.object is not None
    assert made.object.name.startswith(f"principal {person}, asset aaa")
    assert alerts.alert(1).reason == "says ann@acme.example"


def test_what_is_no_unicode_is_written_all_the_same(alerts: Alerts, ledger: Path, tmp_path: Path) -> None:
    owed.bind(alerts, ledger)
    desk.close(alerts, 1, Verdict.EXPECTED, "half of a pair: \ud800", actor="ann")
    assert owed.pay(alerts, location=str(tmp_path / "key")) == 1
    assert entries(ledger)[0].reason == "expected: half of a pair: ?"
