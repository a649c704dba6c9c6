"""Signals become alerts, once, and alerts incidents, whatever ends in between."""

from __future__ import annotations

import signal as signals
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.watch.alerts.signals import AT, HOUR, signal

from garrison.errors import BusyError, EventsError, UsageError
from garrison.events.event import Severity
from garrison.watch.alerts import desk
from garrison.watch.alerts.alert import Alert, Status, What
from garrison.watch.alerts.incident import MAX_ALERTS
from garrison.watch.alerts.silence import Silence
from garrison.watch.alerts.store import REOPENED_WITHIN_US, Alerts

WRITER = """
import sys, time
from pathlib import Path
from garrison.watch.alerts.store import Alerts
from tests.watch.alerts.signals import signal
with Alerts.open(Path(sys.argv[1])) as alerts:
    done = int(alerts.kept("position") or b"0")
    while True:
        done += 1
        alerts.record([signal(principal=f"p{done % 7}")], {"position": str(done).encode()})
        print(done, flush=True)
"""


@pytest.fixture
def alerts(tmp_path: Path) -> Iterator[Alerts]:
    with Alerts.open(tmp_path / "alerts.db") as made:
        yield made


def close(alerts: Alerts, alert: Alert, at: int) -> None:
    with alerts.database.change():
        alerts.put(msgspec.structs.replace(alerts.alert(alert.number), status=Status.CLOSED, closed_us=at))


def told(alerts: Alerts) -> list[What]:
    return [change.what for change in alerts.news(0)]


def test_signals_that_say_the_same_are_one_alert(alerts: Alerts) -> None:
    first, again = alerts.record([signal(uids=("a",)), signal(at=AT + 5, uids=("b", "a"), events=3, text="later")], {})
    (other,) = alerts.record([signal(asset="other")], {})
    assert (first.number, again.number, other.number) == (1, 1, 2)
    found = alerts.alert(1)
    assert (found.signals, found.events, found.since_us, found.time_us) == (2, 4, AT, AT + 5)
    assert (found.uids, found.text) == (("a", "b"), "later")
    assert told(alerts) == [What.OPENED, What.OPENED]


def test_a_signal_that_comes_late_changes_no_words(alerts: Alerts) -> None:
    alerts.record([signal(text="latest"), signal(at=AT - 9, text="older", severity=Severity.CRITICAL)], {})
    found = alerts.alert(1)
    assert (found.text, found.since_us, found.time_us, found.severity) == ("latest", AT - 9, AT, Severity.CRITICAL)
    assert told(alerts) == [What.OPENED, What.RAISED]


def test_what_detectors_remember_is_kept_with_the_signals(alerts: Alerts) -> None:
    alerts.record([], {"a/1": b"x", "a/2": b"y", "b": b"z"})
    alerts.record([], {"a/1": None, "b": b"w"})
    assert alerts.kept_under("a/") == {"a/2": b"y"}
    assert (alerts.kept("b"), alerts.kept("a/1")) == (b"w", None)


def test_neither_is_kept_where_one_cannot_be(alerts: Alerts) -> None:
    with pytest.raises(EventsError):
        alerts.record([signal()], {"a": None, "b": 7.5, "c": object()})  # type: ignore[dict-item]
    assert alerts.alerts() == []
    assert alerts.kept("b") is None


def test_a_closed_alert_opens_again_soon_and_is_another_later(alerts: Alerts) -> None:
    (alert,) = alerts.record([signal()], {})
    close(alerts, alert, AT + 10)
    alerts.record([signal(at=AT + 5)], {})
    assert alerts.alert(1).status is Status.CLOSED
    alerts.record([signal(at=AT + 20)], {})
    assert alerts.alert(1).status is Status.OPEN
    close(alerts, alert, AT + 30)
    (other,) = alerts.record([signal(at=AT + 30 + REOPENED_WITHIN_US)], {})
    assert other.number == 2
    assert told(alerts) == [What.OPENED, What.REOPENED, What.OPENED]


def test_what_is_over_closes_by_itself_and_opens_again(alerts: Alerts) -> None:
    assert alerts.record([signal(is_over=True)], {}) == []
    alerts.record([signal(), signal(at=AT + 5, is_over=True, text="it is back")], {}, now=AT + 6)
    (found,) = alerts.alerts()
    assert (found.status, found.verdict, found.reason) == (Status.CLOSED, None, "secret-read happens: it is back")
    alerts.record([signal(at=AT + 9, is_over=True), signal(at=AT + 10)], {})
    assert alerts.alert(1).status is Status.OPEN
    assert told(alerts) == [What.OPENED, What.CLOSED, What.REOPENED]


def test_silence_tells_nobody_until_it_is_over(alerts: Alerts) -> None:
    silence = Silence(
        name="secret-*", principal="batch", reason="migration", actor="ann", since_us=AT, until_us=AT + HOUR
    )
    with alerts.database.change():
        alerts.put_silence(silence)
    alerts.record([signal(), signal(principal="other")], {}, now=AT)
    assert [alert.silence for alert in alerts.alerts()] == [1, 0]
    assert [change.alert for change in alerts.news(0)] == [2]
    with alerts.database.change():
        for now, ended in ((AT + HOUR - 1, False), (AT + HOUR, True), (AT + HOUR, False)):
            assert alerts.ended_silences(now) is ended
            alerts.hush(now)
    assert told(alerts) == [What.OPENED, What.HEARD]
    alerts.record([signal(at=AT + HOUR)], {}, now=AT + HOUR)
    assert len(told(alerts)) == 2


def test_alerts_of_one_principal_or_asset_within_an_hour_are_an_incident(alerts: Alerts) -> None:
    made = alerts.record(
        [
            signal("one", "ann", "fraud"),
            signal("two", "ann", "bucket", at=AT + HOUR),
            signal("three", "eve", "bucket", at=AT + 2 * HOUR),
            signal("four", "ann", "fraud", at=AT + 4 * HOUR),
            signal("five", "bob", "other"),
            signal("six", "", ""),
            signal("seven", "", ""),
        ],
        {},
    )
    assert [alert.incident for alert in made] == [1, 1, 1, 4, 5, 6, 7]


def test_an_alert_that_belongs_to_two_incidents_makes_them_one(alerts: Alerts) -> None:
    made = alerts.record([signal("one", "ann", "a"), signal("two", "eve", "b"), signal("three", "ann", "b")], {})
    assert [alert.incident for alert in made] == [1, 2, 1]
    assert [alert.number for alert in alerts.incident(1)] == [1, 2, 3]
    assert alerts.incident(2) == []


def test_a_loud_principal_does_not_swallow_what_others_do(alerts: Alerts) -> None:
    scanner = alerts.record([signal("probe", "scanner", f"b{n}") for n in range(MAX_ALERTS + 20)], {})
    assert [alert.incident for alert in scanner] == [1] * MAX_ALERTS + [MAX_ALERTS + 1] * 20
    (other,) = alerts.record([signal("theft", "eve", "b3")], {})
    assert other.incident == other.number


def test_an_incident_ends_after_a_day(alerts: Alerts) -> None:
    made = [alerts.record([signal(f"n{hour}", at=AT + hour * HOUR)], {})[0] for hour in range(30)]
    assert {alert.incident for alert in made[:25]} == {1}
    assert {alert.incident for alert in made[25:]} == {26}


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 3)] * 3, st.integers(0, 40)), max_size=25))
def test_whatever_comes_every_alert_is_in_one_incident_within_its_bounds(said: list[tuple[int, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder, Alerts.open(Path(folder, "alerts.db")) as alerts:
        for name, principal, asset, hours in said:
            alerts.record([signal(f"n{name}", "p" * principal, "a" * asset, AT + hours * HOUR)], {})
        numbers = {alert.number for alert in alerts.alerts()}
        found = [alert.number for incident in alerts.incidents() for alert in incident]
        assert sorted(found) == sorted(numbers)
        keys = {(alert.name, alert.principal, alert.asset) for alert in alerts.alerts()}
        assert len(keys) == len(numbers)


def test_what_strangers_write_is_bounded(alerts: Alerts) -> None:
    alerts.record(
        [signal("n" * 9999, "p" * 9999, "a" * 9999, text="t" * 99_999, tags=("x",) * 999, uids=("u",) * 99)], {}
    )
    (found,) = alerts.alerts()
    assert len(msgspec.json.encode(found)) < 8000


def test_what_is_no_unicode_is_kept_all_the_same(alerts: Alerts) -> None:
    half = "\ud800"
    alerts.record([signal(f"n{half}", f"p{half}", "a\0b", title=half, text=half, uids=(half,), src_ip=half)], {})
    (found,) = alerts.alerts()
    assert (found.name, found.principal, found.asset) == ("n?", "p?", "a\0b")


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "alerts.db"
    Alerts.open(path).close()
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(EventsError, match="others can read"):
        Alerts.open(path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE t (a)")
    other.close()
    path.chmod(0o600)
    with pytest.raises(EventsError, match="another program"):
        Alerts.open(path)
    path.write_bytes(b"no database, " * 99)
    with pytest.raises(EventsError, match="no file of alerts"):
        Alerts.open(path)
    with pytest.raises(EventsError, match="there are no alerts"):
        Alerts.open(tmp_path / "none.db", make=False)


def test_an_alert_that_is_not_there(alerts: Alerts) -> None:
    with pytest.raises(UsageError, match="no alert 7"):
        alerts.alert(7)


def test_who_waits_too_long_is_told_to_try_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("garrison.watch.alerts.database._BUSY_S", 0.05)
    with Alerts.open(tmp_path / "alerts.db") as one, Alerts.open(tmp_path / "alerts.db") as other:
        with one.database.change(), pytest.raises(BusyError, match="locked"):
            other.record([signal()], {})
        assert other.record([signal()], {})


@pytest.mark.slow
def test_a_writer_that_is_killed_keeps_position_and_alerts_together(tmp_path: Path) -> None:
    path, last = tmp_path / "alerts.db", 0
    for _ in range(30):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(5):
                last = int(process.stdout.readline())
            time.sleep(0.01)
            process.send_signal(signals.SIGKILL)
            last = max([last, *(int(line) for line in process.stdout.read().split("\n") if line)])
        with Alerts.open(path) as alerts:
            position = int(alerts.kept("position") or b"0")
            assert position >= last
            assert sum(alert.signals for alert in alerts.alerts()) == position


FULL = """
import resource, sys
from pathlib import Path
from garrison.errors import BusyError
from garrison.watch.alerts.store import Alerts
from tests.watch.alerts.signals import signal
import signal as signals
signals.signal(signals.SIGXFSZ, signals.SIG_IGN)
with Alerts.open(Path(sys.argv[1])) as alerts:
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))
    done = 0
    try:
        while True:
            alerts.record([signal(f"n{done}", text="x" * 3000)], {"position": str(done + 1).encode()})
            done += 1
    except BusyError as error:
        print(done, flush=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    alerts.record([signal("again")], {})
"""


@pytest.mark.slow
def test_a_disk_that_is_full_loses_nothing_that_was_taken(tmp_path: Path) -> None:
    path = tmp_path / "alerts.db"
    command = [sys.executable, "-c", FULL, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    taken = int(done.stdout)
    assert taken > 10
    with Alerts.open(path) as alerts:
        assert alerts.kept("position") == str(taken).encode()
        assert len(alerts.alerts()) == taken + 1


@pytest.mark.slow
def test_people_and_the_judge_change_alerts_at_once(tmp_path: Path) -> None:
    path = tmp_path / "alerts.db"
    with (
        Alerts.open(path) as alerts,
        subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as judge,
    ):
        assert judge.stdout is not None
        judge.stdout.readline()
        for number in range(100):
            alert = alerts.alerts()[number % len(alerts.alerts())]
            desk.note(alerts, alert.number, f"note {number}", actor="ann")
        judge.terminate()
        judge.stdout.read()
        judge.wait()
        notes = [change for change in alerts.changes(range(99)) if change.what is What.NOTED]
        assert [note.text for note in notes] == [f"note {number}" for number in range(100)]
        assert sum(alert.signals for alert in alerts.alerts()) == int(alerts.kept("position") or b"0")
