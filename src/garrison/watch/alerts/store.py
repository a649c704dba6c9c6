"""Alerts as the judge records them, and as everybody reads them.

Signals, what detectors remember, and how far the judge has read change in one transaction: a judge that is killed says nothing twice and
leaves nothing out. What happens to an alert is written beside it, in order (`changes`); routes and responses follow that.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

import msgspec

from garrison.errors import UsageError
from garrison.watch.alerts.alert import NEWS, Alert, Change, Status, What, added, begun, bounded, key_of
from garrison.watch.alerts.database import Database
from garrison.watch.alerts.incident import APART_US, MAX_ALERTS, belongs, joins
from garrison.watch.alerts.signal import Signal
from garrison.watch.alerts.silence import Silence

REOPENED_WITHIN_US: Final = 7 * 24 * 3_600_000_000
"""What happens again so soon after it was closed opens the alert again; later it is another alert."""

_NEAR_INCIDENTS: Final = 8  # that an alert is compared with
# Of the latest only: an incident has a hundred alerts at the most, and a flood must not make each of its own dearer.
_NEAR: Final = (
    "SELECT DISTINCT incident FROM (SELECT incident FROM alert WHERE {0} = ? AND time_us >= ? AND since_us <= ?"
    " ORDER BY time_us DESC LIMIT 200)"
)
_HOLDING: Final = "until_us > ? AND number NOT IN (SELECT silence FROM owed WHERE silence IS NOT NULL)"
_alert = msgspec.json.Decoder(Alert).decode
_silence = msgspec.json.Decoder(Silence).decode
_encode = msgspec.json.Encoder().encode


def now_us() -> int:
    """The time."""
    return time.time_ns() // 1000


class Alerts:
    """An open file of alerts; each thread opens its own. Raises BusyError where the disk takes nothing now."""

    def __init__(self, database: Database) -> None:
        self.database = database
        ((self.id,),) = database.rows("SELECT id FROM alerts")

    @classmethod
    def open(cls, path: Path, *, make: bool = True) -> Self:
        """The alerts of a file, made where there is none. Raises EventsError for a file that is another's, BusyError."""
        return cls(Database.open(path, make=make))

    def close(self) -> None:
        """Let the file go."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What detectors do.

    def record(
        self, signals: Sequence[Signal], keep: Mapping[str, bytes | None], *, now: int | None = None
    ) -> list[Alert]:
        """The alerts that signals begin or add to; and, with them, what detectors remember under names (None: no more).

        Raises BusyError where the disk takes nothing now; nothing of it is kept then.
        """
        moment = now_us() if now is None else now
        with self.database.change():
            for name, value in keep.items():
                if value is None:
                    self.database.do("DELETE FROM kept WHERE name = ?", (name,))
                else:
                    self.database.do("INSERT OR REPLACE INTO kept VALUES (?, ?)", (name, value))
            silences = self.silences(moment) if signals else []
            told = [self._add(bounded(signal), silences, moment) for signal in signals]
            return [alert for alert in told if alert is not None]

    def kept(self, name: str) -> bytes | None:
        """What is remembered under a name."""
        found = self.database.rows("SELECT value FROM kept WHERE name = ?", (name,))
        return bytes(found[0][0]) if found else None

    def kept_under(self, prefix: str) -> dict[str, bytes]:
        """All that is remembered under names that begin so."""
        query = "SELECT name, value FROM kept WHERE substr(name, 1, ?) = ?"
        return {name: bytes(value) for name, value in self.database.rows(query, (len(prefix), prefix))}

    # What is read.

    def alert(self, number: int) -> Alert:
        """One alert. Raises UsageError."""
        found = self._alerts("number = ?", (number,))
        if not found:
            raise UsageError(f"there is no alert {number}", hint="garrison alerts lists them")
        return found[0]

    def alerts(self, *, since_us: int = 0, statuses: Iterable[Status] = Status) -> list[Alert]:
        """Those that were last seen since a time, the oldest first."""
        wanted = [str(status) for status in statuses]
        marks = ", ".join("?" * len(wanted))
        return self._alerts(f"time_us >= ? AND status IN ({marks})", (since_us, *wanted))

    def incident(self, number: int) -> list[Alert]:
        """The alerts of an incident, the first first."""
        return sorted(self._alerts("incident = ?", (number,)), key=lambda alert: (alert.since_us, alert.number))

    def incidents(self, *, since_us: int = 0, statuses: Iterable[Status] = Status) -> list[list[Alert]]:
        """All alerts of the incidents in which one is of such a status and was seen since a time."""
        numbers = dict.fromkeys(alert.incident for alert in self.alerts(since_us=since_us, statuses=statuses))
        return [self.incident(number) for number in numbers]

    def changes(self, numbers: Iterable[int]) -> list[Change]:
        """What happened to alerts, in order."""
        wanted = list(numbers)
        marks = ", ".join("?" * len(wanted))
        return self._changes(f"alert IN ({marks})", wanted)

    def news(self, after: int, most: int = 1000) -> list[Change]:
        """What is to be told after a change, in order."""
        marks = ", ".join("?" * len(NEWS))
        return self._changes(f"what IN ({marks}) AND number > ?", [*map(str, NEWS), after], most)

    def last_change(self) -> int:
        """The number of the latest change."""
        ((number,),) = self.database.rows("SELECT coalesce(max(number), 0) FROM change")
        return int(number)

    def silences(self, now: int, *, also_over: bool = False) -> list[Silence]:
        """Those that hold; or, for people, all that there were, and those that the ledger is still to hear of."""
        condition, values = ("1", ()) if also_over else (_HOLDING, (now,))
        rows = self.database.rows(f"SELECT said FROM silence WHERE {condition} ORDER BY number", values)  # noqa: S608 - our own words
        return [_silence(said) for (said,) in rows]

    # Within a change.

    def put(self, alert: Alert) -> None:
        """Write what has become of an alert."""
        self.database.do(
            "UPDATE alert SET incident = ?, status = ?, severity = ?, since_us = ?, time_us = ?, principal = ?, asset = ?,"
            " silence = ?, said = ? WHERE number = ?",
            (
                alert.incident, alert.status, int(alert.severity), alert.since_us, alert.time_us, alert.principal, alert.asset,
                alert.silence, _encode(alert), alert.number,
            ),
        )  # fmt: skip

    def tell(self, alert: int, what: What, now: int, actor: str = "", text: str = "") -> int:
        """Write down what happened; the number of the change."""
        statement = "INSERT INTO change (alert, what, time_us, actor, text) VALUES (?, ?, ?, ?, ?)"
        return self.database.do(statement, (alert, what, now, actor, text))

    def put_silence(self, silence: Silence) -> Silence:
        """Write a silence, or how it has changed; with its number."""
        if not silence.number:
            number = self.database.do("INSERT INTO silence (until_us, said) VALUES (0, '')")
            silence = msgspec.structs.replace(silence, number=number)
        values = (silence.until_us, _encode(silence), silence.number)
        self.database.do("UPDATE silence SET until_us = ?, said = ? WHERE number = ?", values)
        return silence

    def hush(self, now: int) -> None:
        """Silence what silences cover that hold now, and let be heard again what none covers any more."""
        silences = self.silences(now)
        unheard = self._alerts("status <> ?" if silences else "silence <> 0 AND status <> ?", (Status.CLOSED,))
        for alert in unheard:
            silence = _silencing(silences, alert)
            if silence != alert.silence:
                self.put(msgspec.structs.replace(alert, silence=silence))
                if not silence:
                    self.tell(alert.number, What.HEARD, now)

    def ended_silences(self, now: int) -> bool:
        """Whether alerts are silent whose silence is over: a cheap look before `hush`."""
        holding = f"SELECT number FROM silence WHERE {_HOLDING}"  # noqa: S608 - our own words
        query = f"SELECT 1 FROM alert WHERE silence <> 0 AND status <> ? AND silence NOT IN ({holding}) LIMIT 1"  # noqa: S608
        return bool(self.database.rows(query, (Status.CLOSED, now)))

    def _add(self, signal: Signal, silences: Sequence[Silence], now: int) -> Alert | None:
        known = self._alerts("key = ?", (key_of(signal),), last=1)
        if signal.is_over:
            return self._over(known[0], signal, now) if known and known[0].status is not Status.CLOSED else None
        if known and self._goes_on(known[0], signal):
            return self._added(known[0], signal, silences, now)
        number = self.database.do(
            "INSERT INTO alert (key, incident, status, severity, since_us, time_us, principal, asset, silence, said)"
            " VALUES (?, 0, '', 0, 0, 0, '', '', 0, '')",
            (key_of(signal),),
        )
        alert = begun(signal, number)
        alert = msgspec.structs.replace(alert, incident=self._incident(alert), silence=_silencing(silences, alert))
        self.put(alert)
        if not alert.silence:
            self.tell(number, What.OPENED, now)
        return alert

    def _over(self, before: Alert, signal: Signal, now: int) -> Alert:
        """What ended by itself needs nobody any more."""
        alert = msgspec.structs.replace(
            before, status=Status.CLOSED, reason=f"{signal.title}: {signal.text}", time_us=signal.time_us, closed_us=now
        )
        self.put(alert)
        self.tell(alert.number, What.CLOSED, now, text=alert.reason)
        return alert

    def _goes_on(self, alert: Alert, signal: Signal) -> bool:
        return alert.status is not Status.CLOSED or signal.time_us < alert.closed_us + REOPENED_WITHIN_US

    def _added(self, before: Alert, signal: Signal, silences: Sequence[Silence], now: int) -> Alert:
        """What is told late of a time before it was closed leaves it closed."""
        silence = _silencing(silences, before)
        alert = msgspec.structs.replace(added(before, signal), silence=silence)
        again = before.status is Status.CLOSED and signal.time_us > before.closed_us
        if again:
            alert = msgspec.structs.replace(alert, status=Status.OPEN, verdict=None, reason="", closed_us=0)
        self.put(alert)
        if silence or alert.status is Status.CLOSED:
            return alert
        if again:
            self.tell(alert.number, What.REOPENED, now)
        elif before.silence:
            self.tell(alert.number, What.HEARD, now)
        elif alert.severity > before.severity:
            self.tell(alert.number, What.RAISED, now, text=f"from {before.severity.name.lower()}")
        return alert

    def _incident(self, alert: Alert) -> int:
        """The incident that an alert belongs to, else one of its own. Two that it belongs to become one."""
        window = alert.since_us - APART_US, alert.time_us + APART_US
        near: set[int] = set()
        for column, value in (("principal", alert.principal), ("asset", alert.asset)):
            if value:
                near.update(number for (number,) in self.database.rows(_NEAR.format(column), (value, *window)))
        near.discard(0)  # its own, as long as it has none
        room = (number for number in sorted(near, reverse=True)[:_NEAR_INCIDENTS] if self._size(number) < MAX_ALERTS)
        fitting = [found for number in room if belongs(alert, found := self.incident(number))]
        if not fitting:
            return alert.number
        whole = fitting[-1]
        for other in fitting[:-1]:
            if joins(whole, other, alert):
                for moved in other:
                    self.put(msgspec.structs.replace(moved, incident=whole[0].incident))
                whole = [*whole, *other]
        return whole[0].incident

    def _size(self, incident: int) -> int:
        ((count,),) = self.database.rows("SELECT count(*) FROM alert WHERE incident = ?", (incident,))
        return int(count)

    def _alerts(self, where: str, values: Sequence[object], *, last: int = 0) -> list[Alert]:
        order = f"DESC LIMIT {last:d}" if last else ""
        rows = self.database.rows(f"SELECT said FROM alert WHERE {where} ORDER BY number {order}", values)  # noqa: S608 - our own words
        return [_alert(said) for (said,) in rows]

    def _changes(self, where: str, values: Sequence[object], most: int = -1) -> list[Change]:
        rows = self.database.rows(
            f"SELECT number, alert, what, time_us, actor, text FROM change WHERE {where} ORDER BY number LIMIT ?",  # noqa: S608
            (*values, most),
        )
        return [Change(number, alert, What(what), *rest) for number, alert, what, *rest in rows]


def _silencing(silences: Iterable[Silence], alert: Alert) -> int:
    return next((silence.number for silence in silences if silence.covers(alert)), 0)
