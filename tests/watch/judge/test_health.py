"""What is counted of inputs, and when somebody should look."""

from __future__ import annotations

from garrison.watch.alerts.alert import Status
from garrison.watch.alerts.store import Alerts
from garrison.watch.judge.health import HealthDetector
from garrison.watch.judge.memory import Memory

NOW_US = 1_795_514_400_000_000
SECOND_US = 1_000_000


def test_lost_lines_are_told_once_each(memory: Memory) -> None:
    counts = {"fw": {"lines": 10, "lost": 3}}
    detector = HealthDetector(lambda: counts, memory)
    (signal,) = detector.tick(NOW_US)
    assert (signal.name, signal.asset, signal.events) == ("lines lost", "fw", 3)
    assert list(detector.tick(NOW_US + SECOND_US)) == []  # not looked at that often
    assert list(detector.tick(NOW_US + 10 * SECOND_US)) == []
    memory.note(detector.remember())
    again = HealthDetector(lambda: counts, memory)
    assert list(again.tick(NOW_US + 20 * SECOND_US)) == []
    counts["fw"] = {"lines": 1, "lost": 2}  # another receiver
    (signal,) = again.tick(NOW_US + 30 * SECOND_US)
    assert signal.events == 2


def test_a_storm_of_strange_lines_is_told_until_it_ends(alerts: Alerts) -> None:
    counts = {"fw": {"lines": 1_000, "quarantined": 150}}
    detector = HealthDetector(lambda: counts, Memory(alerts))
    assert list(detector.tick(NOW_US)) == []  # more than a few, and less than a fifth
    counts["fw"] = {"lines": 1_200, "quarantined": 340}
    (signal,) = detector.tick(NOW_US + 10 * SECOND_US)
    assert signal.title == "Many lines of fw are not of its format"
    assert signal.text == "expected: fewer than 100 in 5 minutes; seen: 340 of 1,200 lines; since 2026-11-24 10:00 UTC"
    alerts.record([signal], {})
    counts["fw"] = {"lines": 1_300, "quarantined": 440}
    assert list(detector.tick(NOW_US + 20 * SECOND_US)) == []
    assert list(detector.tick(NOW_US + 400 * SECOND_US)) == []  # what is over is judged by a whole window
    counts["fw"] = {"lines": 9_000, "quarantined": 441}
    (ended,) = detector.tick(NOW_US + 800 * SECOND_US)
    (alert,) = alerts.record([ended], {})
    assert alert.status is Status.CLOSED


def test_many_who_are_denied_are_told(memory: Memory) -> None:
    detector = HealthDetector(lambda: {"http": {"denied": 100}}, memory)
    (signal,) = detector.tick(NOW_US)
    assert (signal.name, signal.events) == ("senders denied", 100)
