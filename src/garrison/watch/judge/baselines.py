"""Clients, models, principals and hosts, hour by hour: an hour is judged when it is over and late events have come.

At the first start the weeks before are learnt from the store, oldest hour first, while events are judged by the other detectors; nothing
is told of them. From then on hours are counted as events come. Only open hours are in memory: of each subject its baseline is read when an
hour of it is closed, and written again. An hour in which nobody at all was heard teaches nothing: the watch was not there.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import msgspec

from garrison.events.event import Event, Severity, Status
from garrison.watch.alerts.signal import Detector as Named
from garrison.watch.alerts.signal import Signal
from garrison.watch.baselines.baseline import Baseline, Kind, Report, close
from garrison.watch.baselines.hour import HOUR_US, Hour
from garrison.watch.baselines.keep import dumped, loaded
from garrison.watch.judge import history
from garrison.watch.judge.detector import AHEAD_US, MAX_NAME, Subject, subjects_of
from garrison.watch.judge.memory import Memory
from garrison.watch.judge.settings import Baselines
from garrison.watch.judge.words import signals_of

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

QUIET_HOURS: Final = 24 * 28  # after which nobody expects a subject any more
GONE_HOURS: Final = 24 * 56  # after which it is forgotten
_SLICE_S: Final = 0.1  # of closing hours, in one call
_DAY: Final = 24
_MOST_ROWS: Final = 20_000  # of what the store counted, at once in memory
_MOST_STATES: Final = 500  # in memory as they are, rather than as bytes
_LEARNING, _SUBJECT, _STATE, _HOUR = "baselines/learning", "baselines/subject/", "baselines/state/", "baselines/hour/"

_encode = msgspec.msgpack.Encoder().encode


class Learning(msgspec.Struct, array_like=True):
    """Hours from `next` on, up to `end`, are learnt from the store; those after it as they come."""

    next: int
    end: int


class Known(msgspec.Struct, array_like=True):
    """Of a subject the last hour in which it was heard, and the last one that was closed."""

    heard: int
    closed: int


_learning = msgspec.msgpack.Decoder(Learning).decode
_known = msgspec.msgpack.Decoder(Known).decode


class BaselineDetector:
    """By subjects. `late` counts events whose hour was over, `left_out` those of subjects there was no room for, `forgotten` subjects."""

    name = "baselines"

    def __init__(
        self,
        settings: Baselines,
        memory: Memory,
        country: Callable[[str], str] = lambda _: "",
        uses: history.Uses | None = None,
    ) -> None:
        """`country` tells that of an address, `uses` what hosts used of their resources."""
        self.late = self.left_out = self.forgotten = 0
        self._settings, self._memory, self._country, self._uses = settings, memory, country, uses
        self._late_us = settings.late_minutes * 60_000_000
        said = memory.of(_LEARNING)
        self._learning = _learning(said) if said else None
        known = {_subject(name, _SUBJECT): _known(data) for name, data in memory.under(_SUBJECT).items()}
        self._subjects = OrderedDict(sorted(known.items(), key=lambda item: item[1].heard))
        self._hours: dict[int, dict[Subject, Hour]] = {}
        for data in memory.under(_HOUR).values():
            kind, name, hour = loaded(data, tuple[Kind, str, Hour])
            self._hours.setdefault(hour.start, {})[kind, name] = hour
        self._over = self._used = -1  # the last hour that is over, and the last whose use of resources is known
        self._due: deque[tuple[int, Subject, Hour | None]] = deque()
        self._states: dict[Subject, Baseline] = {}  # that have changed
        self._dirty: set[tuple[int, Subject]] = set()
        self._heard: set[Subject] = set()
        self._changed: dict[str, bytes | None] = {}
        self._room_made = 0
        self._ahead: dict[int, dict[Subject, Hour]] = {}  # hours that are learnt next
        self._span = 1

    # What comes

    def observe(self, event: Event, now_us: int) -> tuple[Signal, ...]:
        """Count an event in its hour."""
        hour = min(event.time_us, now_us + AHEAD_US) // HOUR_US
        if self._is_over(hour, now_us):
            self.late += 1
            return ()
        country = self._country(event.src_ip) if event.src_ip else ""
        for subject in subjects_of(event):
            seen = self._open(hour, subject, begins=event.status_id != Status.FAILURE)
            if seen is not None:
                seen.observe(event, country=country)
        return ()

    def _is_over(self, hour: int, now_us: int) -> bool:
        self._advance(now_us)
        return hour <= self._over or self._learning is None or hour < self._learning.end

    def _open(self, hour: int, subject: Subject, *, begins: bool) -> Hour | None:
        """The hour of a subject. One that is not known begins with what did not fail: strangers make none by trying."""
        seen = self._hours.get(hour, {})
        found = seen.get(subject)
        if found is None:
            known = self._subjects.get(subject)
            if (known is None and not begins) or (known is not None and known.closed >= hour):
                return None
            if len(seen) >= self._settings.subjects:
                self.left_out += 1
                return None
            found = self._hours.setdefault(hour, {})[subject] = Hour(start=hour)
        self._dirty.add((hour, subject))
        return found

    # What is over

    def tick(self, now_us: int) -> Iterator[Signal]:
        """Close hours that are over: as many as there is time for."""
        self._advance(now_us)
        if self._learning is not None and self._learning.next < self._learning.end:
            return
        until = time.monotonic() + _SLICE_S
        if not self._due:
            self._line_up()
        while self._due and time.monotonic() < until:
            yield from self._close(*self._due.popleft())
        if self._room_made:
            yield _forgot(self._room_made, self._settings.subjects, now_us)
            self._room_made = 0

    def look(self, client: Client, now_us: int) -> None:
        """What the store has to say: weeks to learn from, as much as there is time for; what hosts used. Raises EventsError."""
        self._advance(now_us)
        if self._learning is None:
            self._learning = self._begin(client, now_us // HOUR_US)
        if self._learning.next < self._learning.end:
            self._learn(client, self._learning)
        elif self._uses is not None:
            first = min((hour for hour in self._hours if hour <= self._over), default=self._over)
            for hour in range(max(first, self._used + 1, self._learning.end), self._over + 1):
                for host, measure, _, value in self._uses(client, hour * HOUR_US, (hour + 1) * HOUR_US):
                    seen = self._open(hour, (Kind.HOST, host[:MAX_NAME]), begins=True)
                    if seen is not None:
                        seen.sample(measure, value)
                self._used = hour

    def _learn(self, client: Client, learning: Learning) -> None:
        until = time.monotonic() + _SLICE_S
        while learning.next < learning.end and learning.next <= self._over and time.monotonic() < until:
            if not self._due:
                self._line_up_hour(learning.next, self._counted(client, learning))
            while self._due and time.monotonic() < until:
                for _ in self._close(*self._due.popleft()):
                    pass  # nobody is told of what was before the watch began
            if not self._due:
                learning.next += 1
                self._changed[_LEARNING] = _encode(learning)

    def _begin(self, client: Client, now: int) -> Learning:
        first = history.first_hour(client, now - self._settings.learn_days * 24)
        learning = Learning(now + 1 if first is None else first, now + 1)
        self._changed[_LEARNING] = _encode(learning)
        return learning

    def _counted(self, client: Client, learning: Learning) -> dict[Subject, Hour]:
        """The next hour; so many are asked for at once that what the store answers has a bounded size."""
        if learning.next not in self._ahead:
            end = min(learning.next + self._span, learning.end, self._over + 1)
            self._ahead = history.hours_of(client, learning.next, end, self._country, self._uses)
            rows = sum(map(len, self._ahead.values()))
            self._span = max(1, min(_DAY, _MOST_ROWS * len(self._ahead) // max(rows, 1)))
        return self._ahead.pop(learning.next)

    def _advance(self, now_us: int) -> None:
        over = (now_us - self._late_us) // HOUR_US - 1
        if over == self._over:
            return
        if over < self._over or self._over < 0:
            self._forgive(now_us // HOUR_US)
        self._over = over

    def _forgive(self, now: int) -> None:
        """A clock was ahead, and is no more: what is dated after now is not held against anybody."""
        self._due.clear()
        for hour in [hour for hour in self._hours if hour > now + 1]:
            for subject in self._hours.pop(hour):
                self._dirty.discard((hour, subject))
                self._changed[_hour_name(hour, subject)] = None
        for subject, known in self._subjects.items():
            if known.closed > now:
                known.heard, known.closed = min(known.heard, now), now - 1
                self._note(subject)
        if self._learning is not None and self._learning.end > now + 1:
            self._learning = Learning(min(self._learning.next, now + 1), now + 1)
            self._changed[_LEARNING] = _encode(self._learning)

    def _line_up(self) -> None:
        """The subjects of the oldest hour that is over."""
        hour = min((hour for hour in self._hours if hour <= self._over), default=None)
        if hour is not None and (self._uses is None or hour <= self._used):
            self._line_up_hour(hour, self._hours[hour])

    def _line_up_hour(self, hour: int, seen: dict[Subject, Hour]) -> None:
        """Those that were silent come first: as long as there are others, it is known that the hour was heard."""
        if seen:
            silent = [s for s, known in self._subjects.items() if s not in seen and known.closed < hour]
            self._due.extend((hour, subject, None) for subject in silent)
            self._due.extend((hour, *item) for item in seen.items())

    def _close(self, hour: int, subject: Subject, seen: Hour | None) -> Iterator[Signal]:
        if seen is not None and hour in self._hours:
            self._hours[hour].pop(subject, None)
            self._dirty.discard((hour, subject))
            self._changed[_hour_name(hour, subject)] = None
            if not self._hours[hour]:
                del self._hours[hour]
        known = self._subjects.get(subject)
        if known is None:
            if isinstance(seen, history.Summed) and not seen.succeeded:
                return
            known = self._subjects[subject] = Known(hour, -1)
        if known.closed >= hour:
            return
        if seen is None and hour - known.heard > QUIET_HOURS:
            if hour - known.heard > GONE_HOURS:
                self._forget(subject)
            return
        baseline = self._state(subject)
        baseline.last_hour = hour - 1
        report: Report = close(baseline, seen or Hour(start=hour))
        known.closed = hour
        if seen is not None:
            known.heard = hour
            self._subjects.move_to_end(subject)
        self._states[subject] = baseline
        self._note(subject)
        if len(self._states) >= _MOST_STATES:
            self._memory.note(self.remember())
        if len(self._subjects) > self._settings.subjects:
            self._forget(next(iter(self._subjects)))
            self.forgotten += 1
            self._room_made += 1
        yield from signals_of(subject, report, hour)

    # What is remembered

    def _state(self, subject: Subject) -> Baseline:
        found = self._states.get(subject)
        if found is not None:
            return found
        data = self._memory.of(_name(_STATE, subject))
        return loaded(data, Baseline) if data else Baseline(*subject)

    def _note(self, subject: Subject) -> None:
        self._changed[_name(_SUBJECT, subject)] = _encode(self._subjects[subject])

    def _forget(self, subject: Subject) -> None:
        del self._subjects[subject]
        self._states.pop(subject, None)
        self._changed |= {_name(_SUBJECT, subject): None, _name(_STATE, subject): None}

    def remember(self) -> dict[str, bytes | None]:
        """Hours that were added to, and baselines of which one was closed."""
        changed, self._changed = self._changed, {}
        for hour, subject in self._dirty:
            changed[_hour_name(hour, subject)] = dumped((*subject, self._hours[hour][subject]))
        for subject, baseline in self._states.items():
            changed[_name(_STATE, subject)] = dumped(baseline)
        self._dirty, self._states = set(), {}
        return changed


def _name(prefix: str, subject: Subject) -> str:
    return f"{prefix}{subject[0]}/{subject[1]}"


def _hour_name(hour: int, subject: Subject) -> str:
    return f"{_HOUR}{hour}/{subject[0]}/{subject[1]}"


def _subject(name: str, prefix: str) -> Subject:
    kind, _, subject = name.removeprefix(prefix).partition("/")
    return Kind(kind), subject


def _forgot(count: int, most: int, now_us: int) -> Signal:
    return Signal(
        detector=Named.WATCH, name="baselines forgotten", title="Baselines had to make room", severity=Severity.LOW,
        since_us=now_us, time_us=now_us, asset="baselines", asset_type="detector", events=count,
        text=f"expected: at most {most:,} subjects; seen: {count:,} more; raise subjects in [baselines]",
    )  # fmt: skip
