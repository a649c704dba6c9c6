"""The judge over a real store: each event once, whatever is killed; and what cannot be judged is told."""

from __future__ import annotations

import contextlib
import datetime as dt
import random
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from clickhouse_connect.driver.client import Client
from tests.watch.judge.conftest import NOW_US, Put, refused

from garrison.errors import BusyError, EventsError
from garrison.events.event import Event, Severity
from garrison.watch.alerts.alert import Alert
from garrison.watch.alerts.signal import Detector as Named
from garrison.watch.alerts.signal import Signal
from garrison.watch.alerts.store import Alerts
from garrison.watch.judge.detector import Detector
from garrison.watch.judge.judge import Judge, kept_of, run
from garrison.watch.judge.rules import RuleDetector
from garrison.watch.judge.settings import Rules
from garrison.watch.store.client import Node, connected
from garrison.watch.store.guard import Role

pytest.importorskip("chdb")
pytestmark = pytest.mark.slow

RULES = """
title: A client is refused
name: refused
id: 11111111-0000-4000-8000-000000000001
logsource: {product: garrison, service: gateway}
detection:
  selection: {decision: deny}
  condition: selection
level: low
---
title: A client probes the gateway
id: 11111111-0000-4000-8000-000000000002
correlation:
  type: event_count
  rules: [refused]
  group-by: [client]
  timespan: 10m
  condition: {gte: 5}
level: high
tags: [attack.discovery]
"""


class Counting:
    """Says something of every event, and fails at some."""

    name = "counting"

    def __init__(self, kept: dict[str, bytes], *, fails: str = "") -> None:
        self.seen = int(kept.get("counting/seen", b"0"))
        self.fails = fails

    def observe(self, event: Event, now_us: int) -> Iterable[Signal]:
        del now_us
        if self.fails and event.uid == self.fails:
            raise ValueError("no such thing")
        self.seen += 1
        return [
            Signal(
                detector=Named.RULE, name="seen", title="Seen", severity=Severity.LOW, since_us=event.time_us,
                time_us=event.time_us, principal=event.actor_user, uids=(event.uid,),
            )
        ]  # fmt: skip

    def tick(self, now_us: int) -> Iterable[Signal]:
        del now_us
        return ()

    def remember(self) -> dict[str, bytes | None]:
        return {"counting/seen": str(self.seen).encode()}


def of(alerts: Alerts, *detectors: Detector) -> Judge:
    return Judge(alerts, detectors, learn=dt.timedelta(days=28))


def rules(tmp_path: Path, alerts: Alerts) -> RuleDetector:
    (tmp_path / "rules.yml").write_text(RULES)
    return RuleDetector(Rules(pack=False), [tmp_path / "rules.yml"], kept_of(alerts, "rules"))


def test_a_correlation_goes_on_after_a_restart(tmp_path: Path, node: Node, put: Put) -> None:
    path = tmp_path / "alerts.db"
    with connected(node.folder, Role.READER) as client:
        with Alerts.open(path) as alerts:
            of(alerts, rules(tmp_path, alerts)).look(client)  # what is there before the first start is learnt from
            judge = of(alerts, rules(tmp_path, alerts))
            put([refused(n) for n in range(3)])
            assert judge.look(client) == 3
            assert judge.look(client) == 0
            judge.save()
            assert alerts.alerts() == []
        with Alerts.open(path) as alerts:
            put([refused(n, at_us=NOW_US + 1_000_000) for n in range(3, 5)])
            assert of(alerts, rules(tmp_path, alerts)).look(client) == 2
            (alert,) = alerts.alerts()
            assert (alert.title, alert.principal, alert.events) == ("A client probes the gateway", "eve", 5)
            assert (alert.severity, alert.asset, alert.asset_type) == (Severity.HIGH, "fraud", "model")
            assert "5 or more events within 10 minutes for client eve" in alert.text
            assert len(alert.uids) == 5


def test_an_event_that_a_detector_fails_at_is_told_and_the_others_are_judged(
    tmp_path: Path, node: Node, put: Put
) -> None:
    with connected(node.folder, Role.READER) as client, Alerts.open(tmp_path / "alerts.db") as alerts:
        judge = of(alerts, Counting({}, fails="r1-eve"), rules(tmp_path, alerts))
        judge.look(client)
        put([refused(n) for n in range(5)])
        judge.look(client)
        found = {alert.name: alert for alert in alerts.alerts()}
        assert found["seen"].events == 4
        assert found["counting failed"].text == "ValueError: no such thing"
        assert found["counting failed"].uids == ("r1-eve",)
        assert "11111111-0000-4000-8000-000000000002" in found


def test_each_event_is_judged_once_whenever_it_stops(tmp_path: Path, node: Node, put: Put) -> None:
    """As after `kill -9`: what was not written is forgotten, also when writing was broken off."""
    dice, path, stored = random.Random(1), tmp_path / "alerts.db", 0
    with connected(node.folder, Role.READER) as client:
        for number in range(50):
            with Alerts.open(path) as alerts:
                judge = of(alerts, Counting(dict(kept_of(alerts, "counting"))))
                judge.look(client)
                for _ in range(dice.randrange(3)):
                    some = dice.randrange(1, 4)
                    put([refused(stored + n) for n in range(some)])
                    stored += some
                if number % 3:
                    at = dice.choice(["before", "in", "after"])
                    if at == "in":
                        alerts.database._connection.execute(
                            "CREATE TEMP TRIGGER t BEFORE INSERT ON change BEGIN SELECT RAISE(ABORT, 'cut'); END"
                        )
                        alerts.database._connection.execute(
                            "CREATE TEMP TRIGGER u BEFORE UPDATE ON alert BEGIN SELECT RAISE(ABORT, 'cut'); END"
                        )
                        with contextlib.suppress(EventsError):  # the process ends here
                            judge.look(client)
                    elif at == "after":
                        judge.look(client)
        with Alerts.open(path) as alerts:
            of(alerts, counting := Counting(dict(kept_of(alerts, "counting")))).look(client)
            (alert,) = alerts.alerts()
            assert (alert.events, counting.seen) == (stored, stored)


def test_a_store_that_is_down_is_waited_for(tmp_path: Path, node: Node, put: Put) -> None:
    said: list[str] = []
    tries = 0
    with connected(node.folder, Role.READER) as client, Alerts.open(tmp_path / "alerts.db") as alerts:
        judge = of(alerts, Counting({}))
        until = time.monotonic() + 30

        def connect() -> Client:
            nonlocal tries
            tries += 1
            if tries < 3:
                raise BusyError("the store does not answer")
            return client

        stage = iter(range(10_000))

        def ended() -> bool:
            if next(stage) == 4:
                put([refused(1)])
            return bool(alerts.alerts()) or time.monotonic() > until

        run(judge, connect, ended, said.append)
        assert [alert.events for alert in alerts.alerts()] == [1]
    assert said == ["the judge waits: the store does not answer", "the judge goes on"]


def test_rules_are_read_again_when_they_change_and_broken_ones_are_told(tmp_path: Path, node: Node, put: Put) -> None:
    with connected(node.folder, Role.READER) as client, Alerts.open(tmp_path / "alerts.db") as alerts:
        detector = rules(tmp_path, alerts)
        judge = of(alerts, detector)
        judge.look(client)
        put([refused(n) for n in range(3)])
        judge.look(client)
        (tmp_path / "rules.yml").write_text(RULES.replace("gte: 5", "gte: 4") + "---\ntitle: broken\n")
        assert [signal.name for signal in detector.tick(NOW_US)] == ["broken rule"]
        put([refused(3)])
        judge.look(client)
        assert "A client probes the gateway" in {alert.title for alert in alerts.alerts()}


def test_alerts_are_what_a_reader_sees(tmp_path: Path) -> None:
    with Alerts.open(tmp_path / "a.db") as alerts:
        judge = of(alerts, Counting({}))
        judge.save()
        assert msgspec.json.decode(alerts.kept("judge/position") or b"", type=dict[str, object]) == {
            "batches": {},
            "stored_s": 0,
        }
        found: list[Alert] = alerts.alerts()
        assert found == []
