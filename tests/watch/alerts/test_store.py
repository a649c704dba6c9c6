"""Alerts: what is one, what belongs together, what people do, and what is heard of."""

from __future__ import annotations

import os
import signal as signals
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garrison.errors import BusyError, EventsError, UsageError
from garrison.events.event import Severity
from garrison.watch.alerts.alert import News, Status
from garrison.watch.alerts.incident import APART_US, MAX_ALERTS, Finding, risk
from garrison.watch.alerts.signal import Detector, Signal
from garrison.watch.alerts.silence import Silence
from garrison.watch.alerts.store import Alerts

NOW_US = 1_795_000_000_000_000
HOUR_US = 3_600_000_000


def signal(name: str = "a-rule", **more: Any) -> Signal:
    said: dict[str, Any] = {
        "detector": Detector.RULE, "title": f"Title of {name}", "severity": Severity.MEDIUM, "since_us": NOW_US, "time_us": NOW_US,
        "principal": "eve", "uids": ("e1",), **more,
    }  # fmt: skip
    return Signal(name=name, **said)


@pytest.fixture
def alerts(tmp_path: Path) -> Any:
    with Alerts.open(tmp_path / "alerts.db") as found:
        yield found


def test_signals_that_say_the_same_are_one_alert(alerts: Alerts) -> None:
    (first,) = alerts.record([signal()], {})
    later = signal(time_us=NOW_US + 5, severity=Severity.HIGH, uids=("e2", "e1"), text="worse", events=3)
    (again,) = alerts.record([later], {})
    assert again.id == first.id
    assert (again.signals, again.events, again.uids) == (2, 4, ("e1", "e2"))
    assert (again.since_us, again.time_us) == (NOW_US, NOW_US + 5)
    assert (again.severity, again.text) == (Severity.HIGH, "worse")
    assert [told.what for told in alerts.news(0)] == [News.OPENED, News.RAISED]
    assert alerts.alerts() == [again]


def test_what_is_seen_again_after_it_was_closed_is_another(alerts: Alerts) -> None:
    (first,) = alerts.record([signal()], {})
    closed = alerts.close_alert(first.id, reason="a test")
    assert (closed.status, closed.reason) == (Status.CLOSED, "a test")
    with pytest.raises(UsageError, match="is closed"):
        alerts.acknowledge(first.id)
    (second,) = alerts.record([signal()], {})
    assert second.id != first.id
    assert alerts.alerts() == [second]
    assert [a.id for a in alerts.alerts(closed=True)] == [first.id, second.id]
    assert [told.what for told in alerts.news(0)] == [News.OPENED, News.CLOSED, News.OPENED]


def test_an_incident_is_what_happens_at_one_time_about_one_principal_or_asset(alerts: Alerts) -> None:
    made = alerts.record(
        [
            signal("log-in", principal="eve"),
            signal("read", principal="eve", asset="bucket", time_us=NOW_US + HOUR_US // 2),
            signal("share", principal="bob", asset="bucket", since_us=NOW_US + HOUR_US, time_us=NOW_US + HOUR_US),
            signal("other", principal="zoe", asset="host"),
            signal("late", principal="eve", since_us=NOW_US + 10 * HOUR_US, time_us=NOW_US + 10 * HOUR_US),
            signal("nobody", principal=""),
            signal("nothing", principal=""),
        ],
        {},
    )
    assert [a.incident for a in made] == [1, 1, 1, 4, 5, 6, 7]
    assert [a.name for a in alerts.incident(1)] == ["log-in", "read", "share"]


def test_who_is_loud_does_not_swallow_all(alerts: Alerts) -> None:
    made = alerts.record([signal(f"r{n}") for n in range(MAX_ALERTS + 1)], {})
    assert {a.incident for a in made} == {1, MAX_ALERTS + 1}


def test_risk_tells_each_part_of_it(alerts: Alerts) -> None:
    made = alerts.record(
        [
            signal("log-in", tags=("attack.initial_access", "attack.t1078")),
            signal(
                "rate", detector=Detector.BASELINE, asset="iris", severity=Severity.HIGH, tags=("attack.exfiltration",)
            ),
        ],
        {},
    )
    found = risk(made, {"iris": [Finding("endpoint-open", "high", "Endpoint is open")]})
    assert found.score == 65 + 8 + 6 + 8
    assert found.because == (
        "Title of rate: high", "baseline and rule agree", "steps of an attack: exfiltration, initial_access",
        "a scan found of iris: Endpoint is open (high)",
    )  # fmt: skip


def test_silences_hold_until_their_time_and_no_longer(alerts: Alerts) -> None:
    (open_,) = alerts.record([signal()], {}, now_us=NOW_US)
    said = Silence(id=0, name="a-rule", reason="maintenance", actor="ann", since_us=NOW_US, until_us=NOW_US + HOUR_US)
    made = alerts.silence(said, now_us=NOW_US)
    assert alerts.alert(open_.id).silence == made.id
    (other,) = alerts.record([signal(principal="bob")], {}, now_us=NOW_US + 1)
    assert other.silence == made.id
    alerts.record([signal("another-rule")], {}, now_us=NOW_US + 1)
    assert [a.name for a in alerts.alerts()] == ["another-rule"]
    assert len(alerts.alerts(silenced=True)) == 3
    assert [told.alert.name for told in alerts.news(1)] == ["another-rule"]
    assert alerts.silences(NOW_US + 1) == [made]
    assert alerts.wake(NOW_US + 2) == 0
    assert alerts.wake(NOW_US + HOUR_US) == 2
    assert len(alerts.alerts()) == 3
    assert [told.alert.name for told in alerts.news(2)] == ["a-rule", "a-rule"]
    again = alerts.silence(said, now_us=NOW_US)
    alerts.end_silence(again.id, now_us=NOW_US + 5)
    assert again.id not in {silence.id for silence in alerts.silences(NOW_US + 6)}
    with pytest.raises(UsageError, match="no silence"):
        alerts.end_silence(again.id, now_us=NOW_US + 6)


def test_what_detectors_remember_changes_with_what_they_say(alerts: Alerts) -> None:
    alerts.record([signal()], {"judge/position": b"1", "a/x": b"x"})
    assert alerts.kept("judge/position") == b"1"
    assert alerts.kept_under("a/") == {"a/x": b"x"}
    broken: Any = 7
    with pytest.raises((EventsError, TypeError, AttributeError)):
        alerts.record([signal(principal="bob"), broken], {"judge/position": b"2"})
    assert alerts.kept("judge/position") == b"1"
    assert len(alerts.alerts()) == 1
    alerts.record([], {"a/x": None})
    assert alerts.kept("a/x") is None


def test_the_file_is_its_owners_and_no_others(alerts: Alerts, tmp_path: Path) -> None:
    assert (tmp_path / "alerts.db").stat().st_mode & 0o077 == 0
    with sqlite3.connect(tmp_path / "theirs.db") as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    with pytest.raises(EventsError, match="another program"):
        Alerts.open(tmp_path / "theirs.db")
    (tmp_path / "text.db").write_text("this is no database, and long enough for one to be told from it" * 20)
    with pytest.raises(EventsError, match="damaged"):
        Alerts.open(tmp_path / "text.db")
    with pytest.raises(BusyError, match="cannot be kept"):
        Alerts.open(tmp_path / "text.db" / "alerts.db")


WRITER = """
import sys
from pathlib import Path
from garrison.watch.alerts.store import Alerts
from garrison.watch.alerts.signal import Detector, Signal

with Alerts.open(Path(sys.argv[1])) as alerts:
    done = int(alerts.kept("position") or b"0")
    while True:
        done += 1
        said = Signal(detector=Detector.RULE, name=f"r{done % 7}", title="t", severity=3, since_us=done, time_us=done, events=1)
        alerts.record([said], {"position": str(done).encode()})
        print(done, flush=True)
"""


@pytest.mark.slow
def test_a_writer_that_is_killed_says_nothing_twice(tmp_path: Path) -> None:
    path, seen = tmp_path / "alerts.db", 0
    for number in range(12):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            seen = int(writer.stdout.readline())
            time.sleep(0.01 * number)
            os.kill(writer.pid, signals.SIGKILL)
            seen = max(seen, *map(int, writer.stdout.read().split() or ["0"]))
    with Alerts.open(path) as alerts:
        done = int(alerts.kept("position") or b"0")
        assert done >= seen  # what was said to be kept is
        assert sum(alert.events for alert in alerts.alerts()) == done
        assert len(alerts.alerts()) == 7


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "x", "y"]), st.integers(0, 4)), max_size=25))
@settings(max_examples=40, deadline=None)
def test_whatever_comes_each_signal_is_in_one_alert(many: list[tuple[str, str, int]]) -> None:
    with Alerts.open(Path("/dev/shm") / f"garrison-test-{os.getpid()}-{time.time_ns()}.db") as alerts:
        try:
            for name, who, hours in many:
                at = NOW_US + hours * APART_US
                alerts.record([signal(name, principal=who, since_us=at, time_us=at)], {})
            found = alerts.alerts()
            assert sum(a.signals for a in found) == len(many)
            assert len(found) == len({(name, who) for name, who, _ in many})
            for alert in found:
                assert alert in alerts.incident(alert.incident)
        finally:
            for path in alerts.path.parent.glob(alerts.path.name + "*"):
                path.unlink()
