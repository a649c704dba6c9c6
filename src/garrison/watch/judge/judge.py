"""The loop: what is stored is judged once, whatever is killed.

What detectors say, what they remember and how far was read are written in one transaction. It is written at once where there
is something to say, else every second or so. After a restart the events behind the position are read, with what was remembered at it.
"""

from __future__ import annotations

import datetime as dt
import time
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from garrison.errors import BusyError, EventsError
from garrison.events.event import Event, Severity
from garrison.watch.alerts.signal import Detector as Named
from garrison.watch.alerts.signal import Signal
from garrison.watch.judge.baselines import BaselineDetector
from garrison.watch.judge.clock import Clock
from garrison.watch.judge.detector import Detector
from garrison.watch.judge.memory import Memory
from garrison.watch.store.reading import LATE, Stored, batches, magic, stored

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

POSITION: Final = "judge/position"
SLICE: Final = 5_000  # events between two savings, at most
_LOOK_S: Final = 0.2
_WAIT_S: Final = (0.5, 10.0)  # between two tries of a store or a disk that does not answer: at first, at most
_LEAST_SAVE_S: Final = 1.0
_SAVE_SHARE: Final = 20  # times what saving takes, between two savings with nothing to say
_MOST_SAVE_S: Final = 15.0
_MOST_BYTES: Final = 32 << 20  # that wait for the disk
_MOST_SPOOLS: Final = 200  # of which the last batch is known by name
_MAX_UIDS: Final = 20
_MAX_CHARS: Final = 500
_MOST_FAILURES: Final = 20  # that are told apart between two savings


class Position(msgspec.Struct):
    """How far was read: the last batch by the beginning of its name; of the batch that was begun how many events; when it was stored."""

    batches: dict[str, str] = {}
    begun: str = ""
    rows: int = 0
    stored_s: int = 0


class _Failed(msgspec.Struct):
    count: int = 0
    uids: list[str] = []


class Stop(Protocol):
    """What ends a judge: an event of `threading`, or of `multiprocessing`."""

    def is_set(self) -> bool:
        """Whether it is to end."""
        ...

    def wait(self, timeout: float) -> bool:
        """Wait for it."""
        ...


class Judge:
    """Detectors over a store. `judged` counts events."""

    def __init__(
        self,
        memory: Memory,
        detectors: Sequence[Detector],
        *,
        clock: Clock | None = None,
        since: dt.datetime | None = None,
    ) -> None:
        """`since`: what was stored before is not judged, where nothing was judged yet; without it, what is stored by then."""
        self.detectors, self.judged = tuple(detectors), 0
        self._memory, self._clock, self._since = memory, clock or Clock(), since
        said = memory.of(POSITION)
        self._is_new = said is None
        self.position = msgspec.json.decode(said, type=Position) if said else Position()
        self._signals: list[Signal] = []
        self._failures: dict[tuple[str, str, str], _Failed] = {}
        self._unsaved = False
        self._saved_at = time.monotonic()
        self._pause_s = _LEAST_SAVE_S

    def look(self, client: Client) -> int:
        """Judge what has been stored since; how many events. Raises EventsError where the store or the disk does not answer."""
        if self._is_new:
            self._begin(client)
        before = self.judged
        since = dt.datetime.fromtimestamp(self.position.stored_s, dt.UTC) - LATE
        for batch in stored(client, self.position.batches, since=since):
            self._judge(batch)
        now_us = self._clock.now_us()
        for detector in self.detectors:
            if isinstance(detector, BaselineDetector):
                detector.look(client, now_us)
        self._tick(now_us)
        self._save_if_due()
        return self.judged - before

    def save(self) -> None:
        """Have what was said, and what is remembered, on the disk. Raises BusyError: nothing is lost, call it again."""
        began = time.monotonic()
        self._remember()
        self._memory.note({POSITION: msgspec.json.encode(self.position)})
        failed = [_failed(*what, how) for what, how in self._failures.items()]
        self._memory.write([*self._signals, *failed])
        self._signals, self._failures, self._unsaved = [], {}, False
        self._saved_at = time.monotonic()
        self._pause_s = min(max(_LEAST_SAVE_S, _SAVE_SHARE * (self._saved_at - began)), _MOST_SAVE_S)

    def _begin(self, client: Client) -> None:
        """What is stored already is not judged; baselines learn from it."""
        now = dt.datetime.fromtimestamp(self._clock.now_us() // 1_000_000, dt.UTC)
        first = self._since or now + LATE
        for name, at in batches(client, {}, since=min(first, now) - LATE):
            if at < first:
                self.position.batches[magic(name)] = name
        self.position.stored_s = int(min(first, now).timestamp())
        self.save()
        self._is_new = False

    def _judge(self, batch: Stored) -> None:
        stored_us = int(batch.stored.timestamp() + 1) * 1_000_000  # to the second, and not before it was
        now_us = min(stored_us, self._clock.now_us() + 1_000_000)
        position, events = self.position, batch.events
        for first in range(position.rows if position.begun == batch.batch else 0, len(events), SLICE):
            part = events[first : first + SLICE]
            for detector in self.detectors:
                self._observe(detector, part, now_us)
            self.judged += len(part)
            position.begun, position.rows = batch.batch, first + len(part)
            self._unsaved = True
            self._save_if_due()
        for why in batch.unread:
            self._fail("judge", f"a row of {batch.batch} in the store is no event: {why}")
        position.batches.pop(magic(batch.batch), None)
        position.batches[magic(batch.batch)] = batch.batch
        if len(position.batches) > _MOST_SPOOLS:
            del position.batches[next(iter(position.batches))]
        position.begun, position.rows = "", 0
        position.stored_s = int(min(batch.stored.timestamp(), now_us // 1_000_000))
        self._unsaved = True
        self._tick(now_us)
        self._save_if_due()

    def _observe(self, detector: Detector, events: Sequence[Event], now_us: int) -> None:
        for event in events:
            try:
                self._signals += detector.observe(event, now_us)
            except Exception as error:  # noqa: BLE001 - told, with the event; the others are judged
                self._fail(detector.name, _words(error), event.log_name, event.uid)

    def _tick(self, now_us: int) -> None:
        for detector in self.detectors:
            try:
                self._signals += detector.tick(now_us)
            except EventsError:
                raise
            except Exception as error:  # noqa: BLE001 - told; the others go on
                self._fail(detector.name, _words(error))

    def _fail(self, name: str, why: str, asset: str = "", uid: str = "") -> None:
        what = name, asset, why if len(self._failures) < _MOST_FAILURES else "and more"
        failed = self._failures.setdefault(what, _Failed())
        failed.count += 1
        if uid and len(failed.uids) < _MAX_UIDS:
            failed.uids.append(uid)

    def _save_if_due(self) -> None:
        if self._signals or self._memory.noted_bytes > _MOST_BYTES:
            self.save()
        elif time.monotonic() - self._saved_at >= self._pause_s:
            self._remember()
            if self._unsaved or self._failures:
                self.save()

    def _remember(self) -> None:
        for detector in self.detectors:
            changed = detector.remember()
            self._memory.note(changed)
            self._unsaved |= bool(changed)


def run(judge: Judge, connect: Callable[[], Client], stop: Stop, say: Callable[[str], None]) -> None:
    """Judge until it is stopped. A store or a disk that does not answer is tried again, and told of once."""
    client: Client | None = None
    wait_s, told = _WAIT_S[0], ""
    while not stop.is_set():
        try:
            client = client or connect()
            judged = judge.look(client)
        except EventsError as error:
            if client is not None:
                client.close()
                client = None
            if str(error) != told:
                told = str(error)
                say(f"the judge waits: {error}")
            stop.wait(wait_s)
            wait_s = min(2 * wait_s, _WAIT_S[1])
            continue
        if told:
            say("the judge goes on")
        wait_s, told = _WAIT_S[0], ""
        stop.wait(0 if judged > SLICE else _LOOK_S)
    try:
        judge.save()
    except BusyError as error:  # what is not written now is judged again at the next start
        say(f"the judge ends, and its last words are unwritten: {error}")
    if client is not None:
        client.close()


def _words(error: Exception) -> str:
    """The last line of a traceback, and where it was raised."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    said = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    return f"{said} ({where.filename.rpartition('/')[2]}:{where.lineno})"[:_MAX_CHARS]


def _failed(name: str, asset: str, why: str, failed: _Failed) -> Signal:
    now_us = time.time_ns() // 1000
    return Signal(
        detector=Named.WATCH,
        name=f"{name} failed",
        title=f"Events could not be judged by {name}" if failed.uids else f"{name} has failed",
        severity=Severity.MEDIUM,
        since_us=now_us,
        time_us=now_us,
        asset=asset or name,
        asset_type="input" if asset else "detector",
        text=why,
        events=failed.count,
        uids=tuple(failed.uids),
    )
