"""Clients, models, principals and hosts, hour by hour: what an hour showed is told when it is over and late events have come.

Open hours are not remembered: they are read again from the store after a restart. Baselines are, when an hour of theirs is closed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping

from garrison.events.event import Event, Severity
from garrison.events.mappers.garrison_gateway import LABEL as GATEWAY
from garrison.watch.alerts.signal import Detector as Named
from garrison.watch.alerts.signal import Signal
from garrison.watch.baselines.baseline import FORMS, Baseline, Climb, Deviation, Kind, Report, close
from garrison.watch.baselines.hour import HOUR_US, Hour, Measure
from garrison.watch.baselines.keep import dumped, loaded
from garrison.watch.baselines.novelty import Field, New
from garrison.watch.baselines.season import Form
from garrison.watch.judge.settings import Baselines

MAX_SUBJECTS = 20_000
_AHEAD_US = 60_000_000  # that an event's own time is believed past now
_QUIET_HOURS = 24 * 28  # after which nobody expects a subject any more
Subject = tuple[Kind, str]


class BaselineDetector:
    """By subjects. `late` counts events whose hour was closed, `forgotten` subjects that had to make room."""

    name = "baselines"

    def __init__(self, settings: Baselines, kept: Mapping[str, bytes]) -> None:
        self._late_us = settings.late_minutes * 60_000_000
        self.late = self.forgotten = 0
        self.baselines: OrderedDict[Subject, Baseline] = OrderedDict()
        for data in kept.values():
            one = loaded(data, Baseline)
            self.baselines[one.kind, one.subject] = one
        self._hours: dict[int, dict[Subject, Hour]] = {}
        self._closed = max((one.last_hour for one in self.baselines.values()), default=-1)
        self._changed: set[Subject] = set()
        self._gone: set[Subject] = set()

    @property
    def open_since_us(self) -> int:
        """From where on events have to be read again after a restart; 0 where no hour was ever closed."""
        return (self._closed + 1) * HOUR_US if self._closed >= 0 else 0

    def observe(self, event: Event, now_us: int) -> Iterable[Signal]:
        """Count an event in its hour."""
        hour = min(event.time_us, now_us + _AHEAD_US) // HOUR_US
        if hour <= self._closed:
            self.late += 1
            return ()
        seen = self._hours.setdefault(hour, {})
        for subject in subjects(event):
            if subject not in seen:
                seen[subject] = Hour(start=hour)
            seen[subject].observe(event)
        return ()

    def sample(self, host: str, measure: Measure, value: float, time_us: int) -> None:
        """Count a sample of a host's resource in its hour."""
        hour = time_us // HOUR_US
        if hour > self._closed:
            self._hours.setdefault(hour, {}).setdefault((Kind.HOST, host), Hour(start=hour)).sample(measure, value)

    def tick(self, now_us: int) -> Iterator[Signal]:
        """Close the hours that are over."""
        over = (now_us - self._late_us) // HOUR_US - 1
        for hour in sorted(h for h in self._hours if h <= over):
            yield from self._close(hour)
        if self._closed >= 0 and self._closed < over:
            yield from self._close(over)

    def _close(self, hour: int) -> Iterator[Signal]:
        seen = self._hours.pop(hour, {})
        for subject, one in seen.items():
            baseline = self.baselines.pop(subject, None) or Baseline(*subject)
            self.baselines[subject] = baseline
            self._changed.add(subject)
            self._gone.discard(subject)
            yield from _signals(subject, close(baseline, one))
        for subject, baseline in list(self.baselines.items()):
            if subject in seen or baseline.last_hour >= hour:
                continue
            if hour - baseline.last_hour > _QUIET_HOURS:
                continue
            self._changed.add(subject)
            yield from _signals(subject, close(baseline, Hour(start=hour)))
        self._closed = max(self._closed, hour)
        while len(self.baselines) > MAX_SUBJECTS:
            subject, _ = self.baselines.popitem(last=False)
            self.forgotten += 1
            self._changed.discard(subject)
            self._gone.add(subject)

    def remember(self) -> dict[str, bytes | None]:
        """Baselines of which an hour was closed."""
        changed: dict[str, bytes | None] = {_name(s): dumped(self.baselines[s]) for s in self._changed}
        changed |= dict.fromkeys(map(_name, self._gone))
        self._changed, self._gone = set(), set()
        return changed


def subjects(event: Event) -> Iterator[Subject]:
    """Whom and what an event is about."""
    if event.actor_user:
        yield (Kind.CLIENT if event.product == GATEWAY else Kind.PRINCIPAL), event.actor_user
    if event.model:
        yield Kind.MODEL, event.model
    if event.host:
        yield Kind.HOST, event.host


def _name(subject: Subject) -> str:
    return f"baselines/{subject[0]}/{subject[1]}"


def _signals(subject: Subject, report: Report) -> Iterator[Signal]:
    for deviation in report.deviations:
        yield _deviates(subject, deviation)
    for climb in report.climbs:
        yield _climbs(subject, climb)
    for new in report.new:
        yield _is_new(subject, new)


def _deviates(subject: Subject, said: Deviation) -> Signal:
    expected = said.expected
    silent = said.measure is Measure.REQUESTS and said.seen == 0
    what = "is silent" if silent else f"has unusual {said.measure}"
    return _signal(
        subject,
        name=said.measure,
        title=f"{subject[0]} {subject[1]} {what}",
        severity=Severity.MEDIUM
        if said.measure in (Measure.ERRORS, Measure.MODELS, Measure.RESOURCES, Measure.REQUESTS)
        else Severity.LOW,
        since_us=said.since_us,
        time_us=said.since_us + HOUR_US,
        text=(
            f"expected: {_value(said.measure, expected.low)} to {_value(said.measure, expected.high)}"
            f" ({expected.basis}); seen: {_value(said.measure, said.seen)}"
        ),
    )


def _climbs(subject: Subject, said: Climb) -> Signal:
    ramp = said.ramp
    return _signal(
        subject,
        name=f"slow change of {said.measure}",
        title=f"{subject[0]} {subject[1]}: {said.measure} have moved over {ramp.weeks} weeks",
        severity=Severity.LOW,
        since_us=said.since_us,
        time_us=said.since_us + ramp.weeks * 168 * HOUR_US,
        text=f"expected: {_value(said.measure, ramp.before)}; seen: {_value(said.measure, ramp.after)}",
    )


def _is_new(subject: Subject, said: New) -> Signal:
    return _signal(
        subject,
        name=f"new {said.field}",
        title=f"{subject[0]} {subject[1]} shows a new {said.field}: {said.value}",
        severity=Severity.MEDIUM if said.field is Field.COUNTRY else Severity.LOW,
        since_us=said.since_us,
        time_us=said.since_us,
        text=f"expected: one of {said.known:,} that are known, {said.expected:.2g} new ones an hour; seen: {said.value}",
        src_ip=said.value if said.field is Field.PEER else "",
    )


def _signal(subject: Subject, **said: object) -> Signal:
    kind, name = subject
    who = {"principal": name} if kind in (Kind.CLIENT, Kind.PRINCIPAL) else {"asset": name, "asset_type": str(kind)}
    return Signal(detector=Named.BASELINE, **who, **said)  # type: ignore[arg-type]


def _value(measure: Measure, value: float) -> str:
    """A value in a unit that people read."""
    form = FORMS[measure]
    if form is Form.SHARE or measure in (Measure.CPU, Measure.GPU):
        return f"{value:.1%}"
    if measure in (Measure.LATENCY, Measure.SLOWEST):
        return f"{value / 1000:.3g} ms"
    if form is Form.SIZE:
        return f"{value:,.0f} bytes"
    return f"{value:,.0f}"
