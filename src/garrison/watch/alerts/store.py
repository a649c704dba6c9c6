"""Alerts in one SQLite file that the judge writes, and that people and routes read and change.

Signals, what the detectors remember and how far they have read change in one transaction: a judge that is killed says nothing twice and
leaves nothing out. Routes and responses follow the `news`, each from where it was.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

import msgspec

from garrison.errors import BusyError, EventsError, UsageError
from garrison.watch.alerts.alert import Alert, News, Status, added, begun, key_of
from garrison.watch.alerts.incident import APART_US, belongs
from garrison.watch.alerts.signal import Signal
from garrison.watch.alerts.silence import Silence

_APPLICATION: Final = 0x67616C31  # "gal1": what a file of ours is known by
_VERSION: Final = 1
_BUSY_S: Final = 10.0
_TABLES: Final = """
CREATE TABLE kept (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE alert (
  id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, incident INTEGER NOT NULL, status TEXT NOT NULL,
  severity INTEGER NOT NULL, since_us INTEGER NOT NULL, time_us INTEGER NOT NULL, principal TEXT NOT NULL, asset TEXT NOT NULL,
  said BLOB NOT NULL);
CREATE UNIQUE INDEX alert_open ON alert (key) WHERE status <> 'closed';
CREATE INDEX alert_incident ON alert (incident);
CREATE INDEX alert_principal ON alert (principal, time_us);
CREATE INDEX alert_asset ON alert (asset, time_us);
CREATE TABLE news (number INTEGER PRIMARY KEY AUTOINCREMENT, alert INTEGER NOT NULL, what TEXT NOT NULL, time_us INTEGER NOT NULL);
CREATE TABLE silence (id INTEGER PRIMARY KEY AUTOINCREMENT, until_us INTEGER NOT NULL, said BLOB NOT NULL);
"""

_alert = msgspec.json.Decoder(Alert).decode
_silence = msgspec.json.Decoder(Silence).decode
_encode = msgspec.json.Encoder().encode


class Told(msgspec.Struct, frozen=True):
    """A piece of news: what happened to an alert. Its number is its name wherever it is carried."""

    number: int
    what: News
    time_us: int
    alert: Alert


class Alerts:
    """An open store of alerts. Not to be shared by threads."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self.path, self._db = path, db

    @classmethod
    def open(cls, path: Path) -> Self:
        """The alerts of a file, made where there is none. Raises EventsError for a file that is another's, BusyError."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise BusyError(f"alerts cannot be kept: {error.strerror}", hint=_HINT, path=str(path)) from error
        with _told(path):
            db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
            try:
                _begin(db, path)
            except BaseException:
                db.close()
                raise
        return cls(path, db)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What the judge does

    def record(
        self, signals: Sequence[Signal], keep: Mapping[str, bytes | None], *, now_us: int | None = None
    ) -> list[Alert]:
        """The alerts that signals begin or add to; and what detectors remember under names (None: nothing any more), at once.

        Raises BusyError where the disk takes nothing now; nothing of it is kept then.
        """
        now = time.time_ns() // 1000 if now_us is None else now_us
        with self._change():
            for name, value in keep.items():
                if value is None:
                    self._db.execute("DELETE FROM kept WHERE name = ?", (name,))
                else:
                    self._db.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (name, value))
            silences = self._silences(now) if signals else []
            return [self._add(signal, silences, now) for signal in signals]

    def kept(self, name: str) -> bytes | None:
        """What is remembered under a name."""
        with _told(self.path):
            row = self._db.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone()
        return bytes(row[0]) if row else None

    def kept_under(self, prefix: str) -> dict[str, bytes]:
        """All that is remembered under names that begin so."""
        with _told(self.path):
            rows = self._db.execute("SELECT name, value FROM kept WHERE substr(name, 1, ?) = ?", (len(prefix), prefix))
            return {str(name): bytes(value) for name, value in rows}

    # What is read

    def alert(self, number: int) -> Alert:
        """One alert. Raises UsageError."""
        found = self._alerts("id = ?", (number,))
        if not found:
            raise UsageError(f"there is no alert {number}", hint="list them: garrison alerts")
        return found[0]

    def alerts(self, *, closed: bool = False, silenced: bool = False, since_us: int = 0) -> list[Alert]:
        """The alerts: the open ones, or all; those that are silenced only if asked for."""
        found = self._alerts("time_us >= ? AND (status <> ? OR ?)", (since_us, "" if closed else Status.CLOSED, closed))
        return found if silenced else [alert for alert in found if not alert.silence]

    def incident(self, number: int) -> list[Alert]:
        """The alerts of an incident, the first first."""
        return sorted(self._alerts("incident = ?", (number,)), key=lambda alert: (alert.since_us, alert.id))

    def news(self, after: int, most: int = 100) -> list[Told]:
        """What happened after a piece of news, in order. What is silenced is no news."""
        with _told(self.path):
            rows = self._db.execute(
                "SELECT number, what, news.time_us, said FROM news JOIN alert ON alert.id = news.alert"
                " WHERE number > ? ORDER BY number LIMIT ?",
                (after, most),
            ).fetchall()
        return [Told(number, News(what), time_us, _alert(said)) for number, what, time_us, said in rows]

    def silences(self, now_us: int | None = None) -> list[Silence]:
        """Those that hold now."""
        with _told(self.path):
            return self._silences(time.time_ns() // 1000 if now_us is None else now_us)

    # What people do

    def acknowledge(self, number: int, *, assignee: str = "") -> Alert:
        """Somebody sees to it. Raises UsageError."""
        return self._changed(
            number, lambda a: msgspec.structs.replace(a, status=Status.ACKNOWLEDGED, assignee=assignee or a.assignee)
        )

    def close_alert(self, number: int, *, reason: str) -> Alert:
        """It is dealt with. The same, seen again, is another alert. Raises UsageError."""
        return self._changed(
            number, lambda a: msgspec.structs.replace(a, status=Status.CLOSED, reason=reason), News.CLOSED
        )

    def silence(self, silence: Silence, *, now_us: int | None = None) -> Silence:
        """Silence what is open and what comes; with its number."""
        now = time.time_ns() // 1000 if now_us is None else now_us
        with self._change():
            number = self._db.execute(
                "INSERT INTO silence (until_us, said) VALUES (?, '')", (silence.until_us,)
            ).lastrowid
            made = msgspec.structs.replace(silence, id=int(number or 0))
            self._db.execute("UPDATE silence SET said = ? WHERE id = ?", (_encode(made), made.id))
            for alert in self._alerts("status <> ?", (Status.CLOSED,)):
                if made.holds(alert, now):
                    self._put(msgspec.structs.replace(alert, silence=made.id, changed_us=now))
        return made

    def end_silence(self, number: int, *, now_us: int | None = None) -> Silence:
        """Silence no more. Raises UsageError."""
        now = time.time_ns() // 1000 if now_us is None else now_us
        with self._change():
            found = next((s for s in self._silences(now) if s.id == number), None)
            if found is None:
                raise UsageError(f"no silence {number} holds now", hint="list them: garrison alerts silences")
            self._db.execute("UPDATE silence SET until_us = ? WHERE id = ?", (now, number))
            self._heard(now)
        return found

    def wake(self, now_us: int) -> int:
        """Let alerts be heard whose silence is over; how many."""
        with self._change():
            return self._heard(now_us)

    def _heard(self, now: int) -> int:
        holding = {silence.id for silence in self._silences(now)}
        found = [a for a in self._alerts("status <> ?", (Status.CLOSED,)) if a.silence and a.silence not in holding]
        for alert in found:
            self._put(msgspec.structs.replace(alert, silence=0, changed_us=now))
            self._tell(alert.id, News.OPENED, now)
        return len(found)

    # Below here a transaction is open

    def _add(self, signal: Signal, silences: Sequence[Silence], now: int) -> Alert:
        known = self._alerts("key = ? AND status <> ?", (key_of(signal), Status.CLOSED))
        if known:
            alert = added(known[0], signal, now)
            self._put(alert)
            if alert.severity > known[0].severity and not alert.silence:
                self._tell(alert.id, News.RAISED, now)
            return alert
        cursor = self._db.execute(
            "INSERT INTO alert (key, incident, status, severity, since_us, time_us, principal, asset, said)"
            " VALUES (?, 0, ?, 0, 0, 0, '', '', '')",
            (key_of(signal), Status.OPEN),
        )
        alert = begun(signal, int(cursor.lastrowid or 0), 0, now)
        silence = next((s.id for s in silences if s.holds(alert, now)), 0)
        alert = msgspec.structs.replace(alert, incident=self._incident(alert), silence=silence)
        self._put(alert)
        if not silence:
            self._tell(alert.id, News.OPENED, now)
        return alert

    def _incident(self, alert: Alert) -> int:
        """The incident that an alert belongs to: the latest that fits, else one of its own, which has its number."""
        near = self._alerts(
            "id <> ? AND time_us >= ? AND ((principal <> '' AND principal = ?) OR (asset <> '' AND asset = ?))",
            (alert.id, alert.since_us - APART_US, alert.principal, alert.asset),
        )
        for number in sorted({other.incident for other in near}, reverse=True):
            if belongs(alert, self._alerts("incident = ?", (number,))):
                return number
        return alert.id

    def _put(self, alert: Alert) -> None:
        self._db.execute(
            "UPDATE alert SET incident = ?, status = ?, severity = ?, since_us = ?, time_us = ?, principal = ?, asset = ?, said = ?"
            " WHERE id = ?",
            (
                alert.incident, alert.status, int(alert.severity), alert.since_us, alert.time_us, alert.principal, alert.asset,
                _encode(alert), alert.id,
            ),
        )  # fmt: skip

    def _changed(self, number: int, change: Callable[[Alert], Alert], news: News | None = None) -> Alert:
        now = time.time_ns() // 1000
        with self._change():
            before = self.alert(number)
            if before.status is Status.CLOSED:
                raise UsageError(f"alert {number} is closed", hint="what is seen again is another alert")
            alert = msgspec.structs.replace(change(before), changed_us=now)
            self._put(alert)
            if news is not None and not alert.silence:
                self._tell(number, news, now)
        return alert

    def _tell(self, number: int, what: News, now: int) -> None:
        self._db.execute("INSERT INTO news (alert, what, time_us) VALUES (?, ?, ?)", (number, what, now))

    def _alerts(self, where: str, values: tuple[object, ...]) -> list[Alert]:
        with _told(self.path):
            rows = self._db.execute(f"SELECT said FROM alert WHERE {where} ORDER BY id", values).fetchall()  # noqa: S608 - our own words
        return [_alert(said) for (said,) in rows]

    def _silences(self, now: int) -> list[Silence]:
        rows = self._db.execute("SELECT said FROM silence WHERE until_us > ? ORDER BY id", (now,)).fetchall()
        return [_silence(said) for (said,) in rows]

    @contextlib.contextmanager
    def _change(self) -> Iterator[None]:
        with _told(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise


def _begin(db: sqlite3.Connection, path: Path) -> None:
    ((application,),) = db.execute("PRAGMA application_id").fetchall()
    ((version,),) = db.execute("PRAGMA user_version").fetchall()
    ((tables,),) = db.execute("SELECT count(*) FROM sqlite_master").fetchall()
    if (tables and application != _APPLICATION) or version > _VERSION:
        why = "of a newer version" if application == _APPLICATION else "of another program"
        raise EventsError(f"this is no file of alerts, but one {why}", hint="name another folder", path=str(path))
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    if not tables:
        db.executescript(
            f"BEGIN IMMEDIATE; PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {_VERSION}; {_TABLES} COMMIT;"
        )


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """SQLite's errors in our words."""
    try:
        yield
    except sqlite3.OperationalError as error:  # a lock, a disk
        raise BusyError(f"alerts cannot be kept now: {error}", hint=_HINT, path=str(path)) from error
    except sqlite3.DatabaseError as error:
        raise EventsError(f"the file of alerts is damaged: {error}", hint="restore it", path=str(path)) from error


_HINT: Final = "make room, or see who may write here"
