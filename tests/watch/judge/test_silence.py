"""Inputs that go quiet, and clocks that are set."""

from __future__ import annotations

from garrison.events.event import Class, Event
from garrison.watch.alerts.alert import Status
from garrison.watch.alerts.signal import Signal
from garrison.watch.alerts.store import Alerts
from garrison.watch.judge.clock import Clock
from garrison.watch.judge.memory import Memory
from garrison.watch.judge.settings import Silence
from garrison.watch.judge.silence import SilenceDetector

MINUTE_US = 60_000_000
DAY_US = 1_440 * MINUTE_US
NOW_US = 1_795_514_400_000_000


def came(detector: SilenceDetector, at_us: int, name: str = "trail") -> list[Signal]:
    return list(detector.observe(Event(time_us=0, class_uid=Class.API, log_name=name), at_us))


def until(detector: SilenceDetector, first_us: int, last_us: int) -> list[Signal]:
    """Time passes, a minute at a time."""
    return [signal for at in range(first_us, last_us + 1, MINUTE_US) for signal in detector.tick(at)]


def test_an_input_that_says_how_long_it_may_be_quiet(alerts: Alerts) -> None:
    memory = Memory(alerts)
    detector = SilenceDetector(Silence(), {"trail": 600}, memory)
    assert list(detector.tick(NOW_US)) == []
    assert came(detector, NOW_US) == []
    (signal,) = until(detector, NOW_US, NOW_US + 30 * MINUTE_US)  # told once
    assert signal.title == "trail has gone quiet"
    assert signal.text == "expected: something every 10 minutes; seen: nothing since 2026-11-24 10:00 UTC"
    assert (signal.since_us, signal.time_us) == (NOW_US, NOW_US + 11 * MINUTE_US)
    alerts.record([signal], {})
    memory.note(detector.remember())
    again = SilenceDetector(Silence(), {"trail": 600}, memory)
    assert until(again, NOW_US + 31 * MINUTE_US, NOW_US + 32 * MINUTE_US) == []
    (ended,) = came(again, NOW_US + 32 * MINUTE_US)
    assert ended.text == "it was quiet for 32 minutes, from 2026-11-24 10:00 UTC on"
    (alert,) = alerts.record([ended], {})
    assert (alert.status, alert.reason) == (Status.CLOSED, f"trail is heard again: {ended.text}")
    assert alerts.record([ended], {}) == []  # nothing of it is open
    (next_one,) = until(again, NOW_US + 33 * MINUTE_US, NOW_US + 50 * MINUTE_US)
    assert next_one.since_us == NOW_US + 32 * MINUTE_US


def test_one_that_never_said_anything_is_quiet(memory: Memory) -> None:
    detector = SilenceDetector(Silence(), {"trail": 600}, memory)
    (signal,) = until(detector, NOW_US, NOW_US + 20 * MINUTE_US)
    assert signal.asset == "trail"


def test_what_is_usual_is_learnt_from_its_own_gaps(memory: Memory) -> None:
    detector = SilenceDetector(Silence(least_minutes=5), {}, memory)
    at = NOW_US
    for number in range(8 * 144):
        came(detector, at + number * 10 * MINUTE_US)
        assert until(detector, at + number * 10 * MINUTE_US, at + number * 10 * MINUTE_US + 9 * MINUTE_US) == []
    last = at + (8 * 144 - 1) * 10 * MINUTE_US
    assert until(detector, last, last + 30 * MINUTE_US) == []
    (signal,) = until(detector, last + 31 * MINUTE_US, last + 60 * MINUTE_US)
    assert signal.text.startswith("expected: something every 30 minutes")


def test_of_one_that_is_hardly_known_nothing_is_expected(memory: Memory) -> None:
    detector = SilenceDetector(Silence(least_minutes=5), {}, memory)
    for number in range(100):
        came(detector, NOW_US + number * 2_000_000)
    assert until(detector, NOW_US, NOW_US + DAY_US) == []


def test_what_nobody_listened_to_is_not_silence(memory: Memory) -> None:
    detector = SilenceDetector(Silence(), {"trail": 600}, memory)
    list(detector.tick(NOW_US))
    came(detector, NOW_US)
    memory.note(detector.remember())
    later = SilenceDetector(Silence(), {"trail": 600}, memory)
    away = NOW_US + 500 * MINUTE_US
    assert until(later, away, away + 9 * MINUTE_US) == []  # the watch itself was away
    assert len(until(later, away + 10 * MINUTE_US, away + 11 * MINUTE_US)) == 1


def test_clocks_that_are_set_make_no_silence_and_hide_none(memory: Memory) -> None:
    detector = SilenceDetector(Silence(), {"trail": 600}, memory)
    list(detector.tick(NOW_US))
    came(detector, NOW_US + 10_000 * MINUTE_US)
    assert list(detector.tick(NOW_US + 10_000 * MINUTE_US)) == []
    assert until(detector, NOW_US, NOW_US + 9 * MINUTE_US) == []
    assert len(until(detector, NOW_US + 10 * MINUTE_US, NOW_US + 12 * MINUTE_US)) == 1


def test_a_clock_that_jumps_is_believed_once_it_stays() -> None:
    wall, steady = [10_000 * 10**9], [0]
    clock = Clock(lambda: wall[0], lambda: steady[0])
    for hand in (wall, steady):
        hand[0] += 5 * 10**9
    assert clock.now_us() == 10_005 * 10**6
    wall[0] += 3_600 * 10**9
    assert clock.now_us() == 10_005 * 10**6
    for hand in (wall, steady):
        hand[0] += 200 * 10**9
    assert clock.now_us() == 10_205 * 10**6
    for hand in (wall, steady):
        hand[0] += 200 * 10**9
    assert clock.now_us() == 14_005 * 10**6
    wall[0] -= 30 * 10**9  # drift is followed
    assert clock.now_us() == 13_975 * 10**6
