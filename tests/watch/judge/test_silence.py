"""Inputs that go quiet, and clocks that are set."""

from __future__ import annotations

from garrison.events.event import Class, Event
from garrison.watch.judge.clock import Clock
from garrison.watch.judge.settings import Silence
from garrison.watch.judge.silence import SilenceDetector

MINUTE_US = 60_000_000
NOW_US = 1_795_514_400_000_000


def came(detector: SilenceDetector, at_us: int, name: str = "trail") -> None:
    assert list(detector.observe(Event(time_us=0, class_uid=Class.API, log_name=name), at_us)) == []


def test_an_input_that_says_how_long_it_may_be_quiet() -> None:
    detector = SilenceDetector(Silence(), {"trail": 600}, {})
    assert list(detector.tick(NOW_US)) == []
    came(detector, NOW_US)
    assert list(detector.tick(NOW_US + 9 * MINUTE_US)) == []
    (signal,) = detector.tick(NOW_US + 11 * MINUTE_US)
    assert signal.title == "trail has gone quiet"
    assert signal.text == "expected: something within 10 minutes; seen: nothing for 11 minutes"
    assert signal.since_us == NOW_US
    assert list(detector.tick(NOW_US + 20 * MINUTE_US)) == []  # told once
    kept = detector.remember()
    again = SilenceDetector(Silence(), {"trail": 600}, {k: v for k, v in kept.items() if v})
    assert list(again.tick(NOW_US + 21 * MINUTE_US)) == []
    came(again, NOW_US + 30 * MINUTE_US)
    assert [s.since_us for s in again.tick(NOW_US + 41 * MINUTE_US)] == [NOW_US + 30 * MINUTE_US]


def test_what_is_usual_is_learnt_from_its_own_gaps() -> None:
    detector = SilenceDetector(Silence(least_minutes=5), {}, {})
    detector_few = SilenceDetector(Silence(), {}, {})
    assert list(detector.tick(NOW_US)) == list(detector_few.tick(NOW_US)) == []
    for number in range(40):
        came(detector, NOW_US + number * 10 * MINUTE_US)
    came(detector_few, NOW_US)
    last = NOW_US + 390 * MINUTE_US
    assert list(detector.tick(last + 39 * MINUTE_US)) == []
    assert len(list(detector.tick(last + 41 * MINUTE_US))) == 1
    assert list(detector_few.tick(NOW_US + 10**6 * MINUTE_US)) == []


def test_what_nobody_listened_to_is_not_silence() -> None:
    detector = SilenceDetector(Silence(), {"trail": 600}, {})
    came(detector, NOW_US)
    kept = {k: v for k, v in detector.remember().items() if v} or {
        "silence/inputs": b'{"trail":{"last_us":%d,"gap_us":0,"gaps":0,"told":false}}' % NOW_US
    }
    later = SilenceDetector(Silence(), {"trail": 600}, kept)
    assert list(later.tick(NOW_US + 500 * MINUTE_US)) == []  # the watch itself was away
    assert len(list(later.tick(NOW_US + 511 * MINUTE_US))) == 1


def test_a_clock_that_was_ahead_leaves_nobody_unheard() -> None:
    detector = SilenceDetector(Silence(), {"trail": 600}, {})
    came(detector, NOW_US + 10_000 * MINUTE_US)
    came(detector, NOW_US)
    list(detector.tick(NOW_US))
    assert len(list(detector.tick(NOW_US + 11 * MINUTE_US))) == 1


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
