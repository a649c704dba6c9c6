"""Subjects hour by hour, as events come."""

from __future__ import annotations

import pytest

from garrison.events.event import Class, Event, Status
from garrison.events.mappers.garrison_gateway import LABEL as GATEWAY
from garrison.watch.alerts.signal import Signal
from garrison.watch.baselines.baseline import Kind
from garrison.watch.baselines.hour import HOUR_US
from garrison.watch.judge import baselines
from garrison.watch.judge.baselines import BaselineDetector
from garrison.watch.judge.settings import Baselines

FIRST = 498_000  # hours since 1970


def ask(detector: BaselineDetector, hour: int, count: int, *, client: str = "ada", bytes_in: int = 200) -> None:
    for number in range(count):
        at = hour * HOUR_US + number * (HOUR_US // max(count, 1))
        event = Event(
            time_us=at, class_uid=Class.API, product=GATEWAY, actor_user=client, model="iris", src_ip="10.0.0.1",
            bytes_in=bytes_in + number % 7, status_id=Status.SUCCESS, status_code=200,
        )  # fmt: skip
        detector.observe(event, at)


def days(detector: BaselineDetector, count: int) -> list[Signal]:
    found: list[Signal] = []
    for hour in range(FIRST, FIRST + 24 * count):
        ask(detector, hour, 30 + hour % 5)
        found += detector.tick((hour + 1) * HOUR_US + 11 * 60_000_000)
    return found


def test_what_is_off_is_told_with_what_was_expected_when_its_hour_is_over() -> None:
    detector = BaselineDetector(Baselines(), {})
    assert days(detector, 7) == []
    hour = FIRST + 24 * 7
    ask(detector, hour, 600)
    assert list(detector.tick((hour + 1) * HOUR_US + 9 * 60_000_000)) == []  # late ones may come
    found = list(detector.tick((hour + 1) * HOUR_US + 11 * 60_000_000))
    client = next(s for s in found if s.principal == "ada" and s.name == "requests")
    assert client.title == "client ada has unusual requests"
    assert "expected: " in client.text
    assert client.text.endswith("seen: 600")
    assert client.since_us == hour * HOUR_US
    assert {s.asset for s in found if s.asset_type == "model"} == {"iris"}


def test_silence_of_a_subject_is_told_though_no_event_comes() -> None:
    detector = BaselineDetector(Baselines(), {})
    days(detector, 7)
    hour = FIRST + 24 * 7
    found = [s for n in range(1, 5) for s in detector.tick((hour + n) * HOUR_US + 11 * 60_000_000)]
    assert "client ada is silent" in {signal.title for signal in found}


def test_what_is_remembered_goes_on_and_open_hours_are_read_again() -> None:
    detector = BaselineDetector(Baselines(), {})
    days(detector, 3)
    kept = {name: data for name, data in detector.remember().items() if data}
    assert set(kept) == {"baselines/client/ada", "baselines/model/iris"}
    assert detector.remember() == {}
    again = BaselineDetector(Baselines(), kept)
    assert again.open_since_us == (FIRST + 72) * HOUR_US
    ask(again, FIRST + 71, 5)
    assert again.late == 5
    ask(again, FIRST + 72, 5)
    list(again.tick((FIRST + 74) * HOUR_US))
    assert again.baselines[Kind.CLIENT, "ada"].last_hour == FIRST + 72


def test_subjects_make_room_and_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "MAX_SUBJECTS", 3)
    detector = BaselineDetector(Baselines(), {})
    for number in range(4):
        ask(detector, FIRST, 1, client=f"client-{number}")
    list(detector.tick((FIRST + 2) * HOUR_US))
    assert detector.forgotten == 2
    kept = detector.remember()
    assert sorted(kept.values(), key=str).count(None) == 2


def test_an_event_that_is_dated_ahead_waits_for_no_hour_to_come() -> None:
    detector = BaselineDetector(Baselines(), {})
    event = Event(time_us=(FIRST + 100_000) * HOUR_US, class_uid=Class.API, actor_user="eve")
    detector.observe(event, FIRST * HOUR_US)
    list(detector.tick((FIRST + 2) * HOUR_US))
    assert detector.baselines[Kind.PRINCIPAL, "eve"].last_hour == FIRST
