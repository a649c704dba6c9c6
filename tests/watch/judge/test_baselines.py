"""Subjects hour by hour, as events come."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path

import pytest

from garrison.events.event import Class, Event, Severity, Status
from garrison.events.mappers.garrison_gateway import LABEL as GATEWAY
from garrison.watch.alerts.signal import Signal
from garrison.watch.alerts.store import Alerts
from garrison.watch.baselines.hour import HOUR_US
from garrison.watch.judge import baselines
from garrison.watch.judge.baselines import BaselineDetector
from garrison.watch.judge.memory import Memory
from garrison.watch.judge.settings import Baselines

FIRST = 498_000  # hours since 1970
LATE_US = 11 * 60_000_000


def detector_of(memory: Memory, settings: Baselines | None = None) -> BaselineDetector:
    """One that has nothing to learn from the store: what comes from now on is all there is."""
    detector = BaselineDetector(settings or Baselines(), memory)
    if memory.of("baselines/learning") is None:
        detector._learning = baselines.Learning(FIRST, FIRST)
        detector._changed["baselines/learning"] = b"\x92\xce\x00\x07\x99\x50\xce\x00\x07\x99\x50"
    return detector


def ask(detector: BaselineDetector, hour: int, count: int, *, client: str = "ada", **more: object) -> None:
    for number in range(count):
        at = hour * HOUR_US + number * (HOUR_US // max(count, 1))
        said: dict[str, object] = {
            "model": "iris", "src_ip": "10.0.0.1", "status_id": Status.SUCCESS, "status_code": 200, "bytes_in": 200 + number % 7, **more,
        }  # fmt: skip
        event = Event(time_us=at, class_uid=Class.API, product=GATEWAY, actor_user=client, **said)  # type: ignore[arg-type]
        assert detector.observe(event, at) == ()


def over(detector: BaselineDetector, hour: int) -> list[Signal]:
    """Time passes until an hour is closed."""
    found: list[Signal] = []
    now = (hour + 1) * HOUR_US + LATE_US
    while more := [*detector.tick(now)] or detector._due:
        found += [signal for signal in more if isinstance(signal, Signal)]
    return found


def days(detector: BaselineDetector, count: int) -> list[Signal]:
    found: list[Signal] = []
    for hour in range(FIRST, FIRST + 24 * count):
        ask(detector, hour, 30 + hour % 5)
        found += over(detector, hour)
    return found


def test_what_is_off_is_told_with_what_was_expected_when_its_hour_is_over(memory: Memory) -> None:
    detector = detector_of(memory)
    assert days(detector, 7) == []
    hour = FIRST + 24 * 7
    ask(detector, hour, 600)
    assert list(detector.tick((hour + 1) * HOUR_US + 9 * 60_000_000)) == []  # late ones may come
    found = over(detector, hour)
    client = next(s for s in found if s.principal == "ada" and s.name == "client requests")
    assert client.title == "Client ada has unusual requests"
    assert client.text == "expected: 17 to 51, going by all hours; seen: 600; since 2026-10-31 00:00 UTC"
    assert (client.since_us, client.time_us) == (hour * HOUR_US, (hour + 1) * HOUR_US)
    assert client.severity is Severity.MEDIUM
    assert {s.asset for s in found if s.asset_type == "model"} == {"iris"}


def test_silence_of_a_subject_is_told_where_others_were_heard(memory: Memory) -> None:
    detector = detector_of(memory)
    days(detector, 7)
    found = []
    for hour in range(FIRST + 24 * 7, FIRST + 24 * 7 + 4):
        ask(detector, hour, 1, client="bob", model="other")
        found += over(detector, hour)
    assert "Client ada is silent" in {signal.title for signal in found}


def test_hours_in_which_nobody_was_heard_are_no_silence(memory: Memory) -> None:
    detector = detector_of(memory)
    days(detector, 7)
    back = FIRST + 24 * 9
    assert over(detector, back) == []
    ask(detector, back + 1, 32)
    assert over(detector, back + 1) == []


def test_what_is_remembered_goes_on_with_open_hours(alerts: Alerts) -> None:
    memory = Memory(alerts)
    whole, hour = detector_of(memory), FIRST + 72
    days(whole, 3)
    ask(whole, hour, 5)
    changed = whole.remember()
    assert {name.split("/")[1] for name in changed} == {"learning", "subject", "state", "hour"}
    memory.note(changed)
    memory.write([])
    assert whole.remember() == {}
    again = BaselineDetector(Baselines(), Memory(alerts))
    for detector in (whole, again):
        ask(detector, hour, 7)
        ask(detector, hour - 1, 3)  # of an hour that is closed
        over(detector, hour)
    mine, theirs = (
        {name: data for name, data in detector.remember().items() if "/state/" in name} for detector in (whole, again)
    )
    assert mine == theirs
    assert len(mine) == 2


def test_hours_that_are_half_closed_are_closed_once(alerts: Alerts) -> None:
    memory = Memory(alerts)
    detector = detector_of(memory)
    for number in range(40):
        ask(detector, FIRST, 1, client=f"c{number}")
    memory.note(detector.remember())
    now = (FIRST + 1) * HOUR_US + LATE_US
    ticking = detector.tick(now)
    detector._advance(now)
    detector._line_up()
    for _ in range(20):
        deque(detector._close(*detector._due.popleft()), maxlen=0)
    del ticking
    memory.note(detector.remember())
    memory.write([])
    again = BaselineDetector(Baselines(), Memory(alerts))
    assert len(again._hours[FIRST]) == 21  # 20 clients, and the model
    over(again, FIRST)
    assert (len(again._subjects), again._hours) == (41, {})
    assert all(known.closed == FIRST for known in again._subjects.values())


def test_subjects_make_room_and_are_forgotten(memory: Memory) -> None:
    detector = detector_of(memory, Baselines(subjects=3))
    ask(detector, FIRST, 1, client="first")
    over(detector, FIRST)
    for number in range(3):
        ask(detector, FIRST + 1, 1, client=f"client-{number}")
    assert detector.left_out == 1  # of more subjects in one hour than there is room for
    (signal,) = over(detector, FIRST + 1)
    assert (signal.name, signal.events) == ("baselines forgotten", 1)
    assert detector.forgotten == 1
    changed = detector.remember()
    assert changed["baselines/state/client/first"] is changed["baselines/subject/client/first"] is None


def test_strangers_make_no_subjects_by_trying(memory: Memory) -> None:
    detector = detector_of(memory)
    ask(detector, FIRST, 3, client="admin", model="", status_id=Status.FAILURE, status_code=401)
    ask(detector, FIRST, 1, client="ada", model="")
    ask(detector, FIRST, 3, client="ada", model="", status_id=Status.FAILURE, status_code=401)
    over(detector, FIRST)
    assert list(detector._subjects) == [("client", "ada")]


def test_events_that_come_too_late_are_counted_and_change_nothing(memory: Memory) -> None:
    detector = detector_of(memory)
    event = Event(time_us=FIRST * HOUR_US, class_uid=Class.API, actor_user="ada")
    detector.observe(event, (FIRST + 1) * HOUR_US + LATE_US)
    assert (detector.late, detector._hours) == (1, {})


def test_an_event_that_is_dated_ahead_waits_for_no_hour_to_come(memory: Memory) -> None:
    detector = detector_of(memory)
    event = Event(time_us=(FIRST + 100_000) * HOUR_US, class_uid=Class.API, actor_user="eve")
    detector.observe(event, FIRST * HOUR_US)
    over(detector, FIRST)
    assert detector._subjects["principal", "eve"].closed == FIRST  # type: ignore[index]


def test_a_clock_that_was_ahead_blinds_nobody(memory: Memory) -> None:
    detector = detector_of(memory)
    days(detector, 1)
    year = 24 * 365
    ask(detector, FIRST + year, 3)
    over(detector, FIRST + year)
    ask(detector, FIRST + year + 1, 3)  # still open when the clock is set right
    ask(detector, FIRST + 24, 5)
    assert detector.late == 0
    over(detector, FIRST + 24)
    assert detector._subjects["client", "ada"].closed == FIRST + 24  # type: ignore[index]
    assert detector._hours == {}


def test_learning_stops_for_others_after_a_slice(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "_SLICE_S", 0.0)
    detector = detector_of(memory)
    ask(detector, FIRST, 2)
    began = time.monotonic()
    assert list(detector.tick((FIRST + 1) * HOUR_US + LATE_US)) == []
    assert len(detector._due) == 2
    assert time.monotonic() - began < 5


def test_the_file_of_alerts_holds_it(tmp_path: Path) -> None:
    with Alerts.open(tmp_path / "a.db") as alerts:
        memory = Memory(alerts)
        memory.note({"x/1": b"1", "x/2": b"2"})
        assert (memory.of("x/1"), alerts.kept("x/1")) == (b"1", None)
        memory.write([])
        memory.note({"x/1": None})
        assert memory.under("x/") == {"x/2": b"2"}
        assert (memory.of("x/1"), alerts.kept("x/1")) == (None, b"1")
        memory.write([])
        assert alerts.kept("x/1") is None
