"""The loop: what is stored is judged once, whatever is killed.

What detectors say, what they remember and how far was read are written in one transaction. It is written at once where there
is something to say, else every second or so. After a restart the batches behind the position are read, with what was remembered at it.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from garrison.errors import BusyError, EventsError
from garrison.events.event import Event, Severity
from garrison.watch.alerts.signal import Detector as Named
from garrison.watch.alerts.signal import Signal
from garrison.watch.alerts.store import Alerts
from garrison.watch.judge.baselines import BaselineDetector
from garrison.watch.judge.clock import Clock
from garrison.watch.judge.detector import Detector
from garrison.watch.store.reading import LATE, Stored, magic, stored

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

POSITION: Final = "judge/position"
_LOOK_S: Final = 0.2
_OPEN: Final = dt.timedelta(hours=2)  # that an hour may be open, with events that come late
_TICK_US: Final = 1_000_000
_LEAST_SAVE_S: Final = 1.0
_SAVE_SHARE: Final = 20  # times what saving takes, between two savings with nothing to say
_MOST_SAVE_S: Final = 15.0
_TOLD_FAILURES: Final = 3  # of one detector in a batch


class Position(msgspec.Struct):
    """How far was read: the last batch by the beginning of its name, and when the last one was stored."""

    batches: dict[str, str] = {}
    stored_s: int = 0


class Judge:
    """Detectors over a store. `judged` counts events."""

    def __init__(
        self, alerts: Alerts, detectors: Sequence[Detector], *, learn: dt.timedelta, clock: Clock | None = None
    ) -> None:
        self.alerts, self.detectors, self.judged = alerts, tuple(detectors), 0
        self._learn, self._clock = learn, clock or Clock()
        said = alerts.kept(POSITION)
        self._began = said is None
        self.position = msgspec.json.decode(said, type=Position) if said else Position()
        self._signals: list[Signal] = []
        self._unkept: dict[str, bytes | None] = {}
        self._resumed = self._began
        self._unsaved = False
        self._ticked_us = 0
        self._saved_at = time.monotonic()
        self._pause_s = _LEAST_SAVE_S

    def look(self, client: Client) -> int:
        """Judge what has been stored since; how many events. Raises EventsError where the store or the disk does not answer."""
        if self._began:
            self._learn_from(client)
            self._began = False
        if not self._resumed:
            self._resume(client)
            self._resumed = True
        before = self.judged
        for batch in stored(client, self.position.batches, since=self._since()):
            self._judge(batch)
            self._save_if_due()
        self._tick()
        self._save_if_due()
        return self.judged - before

    def _resume(self, client: Client) -> None:
        """Read once more what is in hours that are open: of them nothing is remembered."""
        found = [detector for detector in self.detectors if isinstance(detector, BaselineDetector)]
        since_us = min((detector.open_since_us for detector in found), default=0) or self.position.stored_s * 1_000_000
        since = dt.datetime.fromtimestamp(since_us / 1_000_000, dt.UTC) - _OPEN
        for batch in stored(client, {}, since=since) if found else ():
            if batch.batch <= self.position.batches.get(magic(batch.batch), ""):
                for detector in found:
                    for event in batch.events:
                        detector.observe(event, _time_us(batch))

    def save(self) -> None:
        """Have what was said, and what is remembered, on the disk. Raises BusyError: nothing is lost, call it again."""
        began = time.monotonic()
        keep: dict[str, bytes | None] = {POSITION: msgspec.json.encode(self.position)}
        for detector in self.detectors:
            self._unkept |= detector.remember()
        self.alerts.record(self._signals, {**self._unkept, **keep})
        self._signals, self._unkept, self._unsaved = [], {}, False
        self._saved_at = time.monotonic()
        self._pause_s = min(max(_LEAST_SAVE_S, _SAVE_SHARE * (self._saved_at - began)), _MOST_SAVE_S)

    def _since(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self.position.stored_s, dt.UTC) - LATE

    def _judge(self, batch: Stored) -> None:
        now_us = _time_us(batch)
        for detector in self.detectors:
            failed = 0
            for event in batch.events:
                try:
                    self._signals += detector.observe(event, now_us)
                except Exception as error:  # noqa: BLE001 - told, with the event; the others are judged
                    failed += 1
                    if failed <= _TOLD_FAILURES:
                        self._signals.append(_failed(detector.name, event, error, now_us))
        self.judged += len(batch.events)
        self.position.batches[magic(batch.batch)] = batch.batch
        self.position.stored_s = max(self.position.stored_s, int(batch.stored.timestamp()))
        self._unsaved = True

    def _tick(self) -> None:
        now_us = self._clock.now_us()
        if abs(now_us - self._ticked_us) < _TICK_US:
            return
        self._ticked_us = now_us
        for detector in self.detectors:
            self._signals += detector.tick(now_us)
        self._unsaved = True

    def _save_if_due(self) -> None:
        if self._signals or (self._unsaved and time.monotonic() - self._saved_at >= self._pause_s):
            self.save()

    def _learn_from(self, client: Client) -> None:
        """The first start: what is stored already is learnt from, and told nothing of."""
        since = dt.datetime.now(dt.UTC) - self._learn
        for batch in stored(client, {}, since=since):
            for detector in self.detectors:
                if isinstance(detector, BaselineDetector):
                    for event in batch.events:
                        detector.observe(event, _time_us(batch))
                    deque(detector.tick(_time_us(batch)), maxlen=0)
            self.position.batches[magic(batch.batch)] = batch.batch
            self.position.stored_s = max(self.position.stored_s, int(batch.stored.timestamp()))
        self.save()


def run(judge: Judge, connect: Callable[[], Client], ended: Callable[[], bool], say: Callable[[str], None]) -> None:
    """Judge until `ended`. Where the store or the disk does not answer it is tried again, and said once."""
    client: Client | None = None
    told = ""
    while not ended():
        try:
            if client is None:
                client = connect()
            judge.look(client)
            if told:
                say("the judge goes on")
            told = ""
        except (BusyError, EventsError) as error:
            client = None
            if str(error) != told:
                say(f"the judge waits: {error}")
                told = str(error)
            time.sleep(1)
        time.sleep(_LOOK_S)
    judge.save()


def _time_us(batch: Stored) -> int:
    """When a batch came: to the second, and not before it did."""
    return int(batch.stored.timestamp() + 1) * 1_000_000


def kept_of(alerts: Alerts, name: str) -> Mapping[str, bytes]:
    """What a detector remembers."""
    return alerts.kept_under(f"{name}/")


def _failed(name: str, event: Event, error: Exception, now_us: int) -> Signal:
    return Signal(
        detector=Named.WATCH,
        name=f"{name} failed",
        title=f"An event could not be judged by {name}",
        severity=Severity.MEDIUM,
        since_us=now_us,
        time_us=now_us,
        asset=event.log_name,
        asset_type="input",
        text=f"{type(error).__name__}: {error}"[:500],
        uids=(event.uid,),
    )
