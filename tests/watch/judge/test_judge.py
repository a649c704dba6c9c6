"""The judge over a real store: each event once, whatever is killed; and what cannot be judged is told."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from clickhouse_connect.driver.client import Client
from tests.watch.judge.conftest import Put, refused

from garrison.errors import BusyError
from garrison.events.event import Event, Severity
from garrison.watch.alerts.signal import Detector as Named
from garrison.watch.alerts.signal import Signal
from garrison.watch.alerts.store import Alerts
from garrison.watch.judge import judge as judging
from garrison.watch.judge.detector import Detector
from garrison.watch.judge.judge import Judge, Position, run
from garrison.watch.judge.memory import Memory
from garrison.watch.store.client import Node, connected
from garrison.watch.store.guard import Role
from garrison.watch.store.schema import TABLE

pytest.importorskip("chdb")
pytestmark = pytest.mark.slow


class Counting:
    """A detector that tells each event, and remembers how many there were."""

    name = "counting"

    def __init__(self, memory: Memory, *, fails: str = "", ticks: int = 0) -> None:
        self.seen = int(memory.of("counting/seen") or b"0")
        self.fails, self.ticks = fails, ticks

    def observe(self, event: Event, now_us: int) -> Iterable[Signal]:
        if self.fails and event.uid == self.fails:
            raise ValueError("no such thing")
        self.seen += 1
        return [
            Signal(
                detector=Named.RULE, name="seen", title="Seen", severity=Severity.LOW, since_us=event.time_us,
                time_us=now_us, principal=event.actor_user, uids=(event.uid,),
            )
        ]  # fmt: skip

    def tick(self, now_us: int) -> Iterable[Signal]:
        if self.ticks:
            self.ticks -= 1
            raise RuntimeError(f"no time like {now_us}")
        return ()

    def remember(self) -> dict[str, bytes | None]:
        return {"counting/seen": str(self.seen).encode()}


def of(alerts: Alerts, *, fails: str = "", others: Iterable[Detector] = ()) -> Judge:
    memory = Memory(alerts)
    return Judge(memory, [Counting(memory, fails=fails), *others])


def begun(alerts: Alerts, client: Client) -> Judge:
    """One that has begun: what is stored from now on is judged."""
    judge = of(alerts)
    assert judge.look(client) == 0
    return judge


def test_an_event_that_a_detector_fails_at_is_told_and_the_others_are_judged(
    alerts: Alerts, node: Node, put: Put
) -> None:
    memory = Memory(alerts)
    failing = Counting(memory, fails="r1-eve", ticks=2)
    failing.name = "failing"
    with connected(node.folder, Role.READER) as client:
        judge = Judge(memory, [failing, Counting(memory)])
        judge.look(client)
        put([refused(n) for n in range(5)])
        judge.look(client)
        judge.save()
    found = {(alert.name, alert.asset): alert for alert in alerts.alerts()}
    assert found["seen", ""].events == 9
    told = found["failing failed", "gateway"]
    assert told.text.startswith("ValueError: no such thing (test_judge.py:")
    assert (told.uids, told.events, told.detector) == (("r1-eve",), 1, Named.WATCH)
    ticked = found["failing failed", "failing"]
    assert ticked.text.startswith("RuntimeError: no time like ")


def test_what_was_stored_before_the_first_start_is_not_judged(alerts: Alerts, node: Node, put: Put) -> None:
    put([refused(n) for n in range(3)])
    with connected(node.folder, Role.READER) as client:
        judge = begun(alerts, client)
        put([refused(3)])
        assert judge.look(client) == 1
        assert judge.look(client) == 0


def test_a_batch_that_is_half_judged_is_judged_to_its_end(
    alerts: Alerts, node: Node, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "SLICE", 4)
    with connected(node.folder, Role.READER) as client:
        judge = begun(alerts, client)
        put([refused(n) for n in range(10)])
        saved = Memory.write
        monkeypatch.setattr(Memory, "write", lambda memory, signals: _second_fails(memory, signals, saved))
        with pytest.raises(BusyError):
            judge.look(client)
        monkeypatch.setattr(Memory, "write", saved)
        position = msgspec.json.decode(alerts.kept("judge/position") or b"", type=Position)
        assert position.rows == 4
        assert of(alerts).look(client) == 6  # another process
        (alert,) = alerts.alerts()
        assert alert.events == 10


def _second_fails(memory: Memory, signals: list[Signal], write: object) -> None:
    if msgspec.json.decode(memory.of("judge/position") or b"", type=Position).rows > 4:
        raise BusyError("no room")
    write(memory, signals)  # type: ignore[operator]


def test_a_disk_that_is_full_for_a_while_loses_nothing(
    alerts: Alerts, node: Node, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connected(node.folder, Role.READER) as client:
        judge = begun(alerts, client)
        put([refused(n) for n in range(3)])
        with monkeypatch.context() as full:
            full.setattr(Alerts, "record", _no_room)
            with pytest.raises(BusyError):
                judge.look(client)
        put([refused(3)])
        judge.look(client)
        (alert,) = alerts.alerts()
        assert (alert.events, alerts.kept("counting/seen")) == (4, b"4")


def _no_room(*_: object, **__: object) -> None:
    raise BusyError("no room")


def test_a_row_that_is_no_event_is_told_and_the_others_are_judged(alerts: Alerts, node: Node, put: Put) -> None:
    with connected(node.folder, Role.READER) as client, connected(node.folder, Role.WRITER) as writer:
        judge = begun(alerts, client)
        put([refused(1)])
        row = {
            "time_us": "2026-11-24 10:00:00",
            "class_uid": 77,
            "batch": "ffff-1",
            "row": 1,
            "stored": int(time.time()),
        }
        writer.raw_insert(TABLE, list(row), msgspec.json.encode(row), fmt="JSONEachRow")
        assert judge.look(client) == 1
        judge.save()
    found = {alert.name: alert for alert in alerts.alerts()}
    assert "Invalid enum value 77" in found["judge failed"].text
    assert found["seen"].events == 1


def test_a_store_that_is_down_is_waited_for(alerts: Alerts, node: Node, put: Put) -> None:
    said: list[str] = []
    tries, stop = 0, threading.Event()

    def connect() -> Client:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise BusyError("the store does not answer")
        put([refused(1)])
        threading.Timer(2, stop.set).start()
        return connected(node.folder, Role.READER).__enter__()

    with connected(node.folder, Role.READER) as client:
        begun(alerts, client)
    run(of(alerts), connect, stop, said.append)
    assert [alert.events for alert in alerts.alerts()] == [1]
    assert said == ["the judge waits: the store does not answer", "the judge goes on"]


def test_a_spool_that_nobody_knew_is_read_from_when_the_judge_was_there(
    alerts: Alerts, node: Node, tmp_path: Path
) -> None:
    from garrison.watch.spool import Spool
    from garrison.watch.store.rows import COLUMNS, batch
    from garrison.watch.store.write import keep

    with connected(node.folder, Role.READER) as client, connected(node.folder, Role.WRITER) as writer:
        judge = begun(alerts, client)
        for name in ("one", "two"):
            with Spool.open(tmp_path / name, COLUMNS) as spool:
                spool.append(batch([refused(1, client=name)]))
                keep(writer, spool, None)
            assert judge.look(client) == 1
        assert len(judge.position.batches) == 2
        assert abs(judge.position.stored_s - dt.datetime.now(dt.UTC).timestamp()) < 60
