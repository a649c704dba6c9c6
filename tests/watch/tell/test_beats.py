"""Who of the watch is not heard any more is an alert, and no longer when it is heard again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from garrison.events.event import Severity
from garrison.watch.alerts.alert import Status
from garrison.watch.alerts.store import Alerts, now_us
from garrison.watch.run.told import beat
from garrison.watch.tell.beats import QUIET_S, Beats


class Clock:
    """A steady clock that a test sets."""

    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path


def test_one_that_is_not_heard_is_told_once_and_is_over_when_it_is_heard(state: Path) -> None:
    clock = Clock()
    beat(state, "judge", pid=1, up_s=0)
    beats = Beats(state, ["receive", "judge", "tell"], steady_s=clock)
    with Alerts.open(state / "alerts.db") as alerts:

        def look() -> list[tuple[str, Status]]:
            alerts.record(beats.look(now_us()), {})
            return [(alert.name, alert.status) for alert in alerts.alerts()]

        assert look() == []
        clock.now_s += QUIET_S / 2
        beat(state, "judge", pid=1, up_s=0)
        assert look() == []
        clock.now_s += QUIET_S / 2 + 1
        assert look() == [("receive does not run", Status.OPEN)]  # it was never heard
        clock.now_s += QUIET_S
        assert look() == look() == [("receive does not run", Status.OPEN), ("judge does not run", Status.OPEN)]
        judge = alerts.alerts()[1]
        assert (judge.title, judge.asset, judge.severity, judge.signals) == (
            "The judge does not run",
            "judge",
            Severity.HIGH,
            1,
        )
        assert judge.text.startswith("expected: a word every second; seen: none since 20")
        beat(state, "judge", pid=2, up_s=0)
        assert look() == [("receive does not run", Status.OPEN), ("judge does not run", Status.CLOSED)]
        assert alerts.alerts()[1].reason.startswith("The judge runs again: there was no word of it since 20")


def test_what_was_told_before_a_restart_is_over_too(state: Path) -> None:
    clock = Clock()
    first = Beats(state, ["judge"], steady_s=clock)
    clock.now_s += QUIET_S + 1
    with Alerts.open(state / "alerts.db") as alerts:
        alerts.record(first.look(now_us()), {})
        beat(state, "judge", pid=1, up_s=0)
        second = Beats(state, ["judge"], steady_s=clock)
        assert second.look(now_us()) == []  # what it said last may be old
        time.sleep(0.01)
        beat(state, "judge", pid=1, up_s=0)
        alerts.record(second.look(now_us()), {})
        assert [alert.status for alert in alerts.alerts()] == [Status.CLOSED]
        assert second.look(now_us()) == []


def test_a_clock_that_is_set_makes_nobody_quiet(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    beats = Beats(state, ["judge"], steady_s=clock)
    for wall_s in (2e9, 1e9, 3e9):
        monkeypatch.setattr(time, "time", lambda at=wall_s: at)
        beat(state, "judge", pid=1, up_s=0)
        clock.now_s += QUIET_S / 2
        assert not [signal for signal in beats.look(now_us()) if not signal.is_over]
