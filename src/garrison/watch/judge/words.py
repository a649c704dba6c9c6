"""What the hours of a subject showed, as signals: what was expected, what was seen, since when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from garrison.events.event import Severity
from garrison.events.times import at
from garrison.watch.alerts.signal import Detector, Signal
from garrison.watch.baselines.baseline import FORMS, Climb, Deviation, Kind, Report
from garrison.watch.baselines.hour import HOUR_US, Measure
from garrison.watch.baselines.novelty import Field, New
from garrison.watch.baselines.season import WEEK, Form
from garrison.watch.judge.detector import Subject

_FAR: Final = 12.0  # deviations: twice what is told at all
_GRAVE: Final = (Measure.REQUESTS, Measure.ERRORS, Measure.BYTES_OUT, Measure.MODELS, Measure.RESOURCES)
_TAGS: Final = {
    Measure.BYTES_OUT: ("attack.exfiltration",),
    Measure.MODELS: ("attack.discovery",),
    Measure.RESOURCES: ("attack.discovery",),
    Measure.GPU: ("attack.impact", "attack.t1496"),
}
_WORDS: Final = {
    Measure.CPU: "CPU use",
    Measure.GPU: "GPU use",
    Measure.NETWORK: "network use",
    Measure.SLOWEST: "slow requests",
}
_SIZES: Final = ("bytes", "KB", "MB", "GB", "TB")
_KILO: Final = 1000


def signals_of(subject: Subject, report: Report, hour: int) -> Iterator[Signal]:
    """What an hour showed of a subject."""
    for deviation in report.deviations:
        yield _deviates(subject, deviation, hour)
    for climb in report.climbs:
        yield _climbs(subject, climb, hour)
    for new in report.new:
        yield _is_new(subject, new)


def _deviates(subject: Subject, said: Deviation, hour: int) -> Signal:
    expected = said.expected
    silent = said.measure is Measure.REQUESTS and said.seen == 0
    what = "is silent" if silent else f"has unusual {_WORDS.get(said.measure, said.measure)}"
    far = abs(expected.off) >= _FAR and said.measure in _GRAVE
    low, high, seen = (value_of(said.measure, value) for value in (expected.low, expected.high, said.seen))
    return _signal(
        subject,
        name=f"{subject[0]} {said.measure}",
        title=f"{subject[0].capitalize()} {subject[1]} {what}",
        severity=Severity.MEDIUM if far or silent else Severity.LOW,
        since_us=said.since_us,
        time_us=(hour + 1) * HOUR_US,
        text=f"expected: {low} to {high}, going by {expected.basis}; seen: {seen}; since {moment(said.since_us)}",
        tags=_TAGS.get(said.measure, ()) if expected.off > 0 else (),
    )


def _climbs(subject: Subject, said: Climb, hour: int) -> Signal:
    ramp = said.ramp
    before, after = (value_of(said.measure, value) for value in (ramp.before, ramp.after))
    return _signal(
        subject,
        name=f"{subject[0]} {said.measure}, slowly",
        title=f"{subject[0].capitalize()} {subject[1]}: {_WORDS.get(said.measure, said.measure)} moved over {ramp.weeks} weeks",
        severity=Severity.LOW,
        since_us=said.since_us,
        time_us=(hour + 1) * HOUR_US,
        text=f"expected: about {before}, as in its older weeks; seen: {after} in the last one; since {moment((hour + 1 - WEEK * ramp.weeks) * HOUR_US)}",
    )


def _is_new(subject: Subject, said: New) -> Signal:
    return _signal(
        subject,
        name=f"{subject[0]} new {said.field}",
        title=f"{subject[0].capitalize()} {subject[1]} shows a new {said.field}: {said.value}",
        severity=Severity.MEDIUM if said.field is Field.COUNTRY else Severity.LOW,
        since_us=said.since_us,
        time_us=said.since_us,
        text=(
            f"expected: one of {said.known:,} that are known, a new one in {_every(said.expected)}; seen: {said.value};"
            f" since {moment(said.since_us)}"
        ),
        src_ip=said.value if said.field is Field.PEER else "",
        tags=("attack.initial-access", "attack.t1078") if said.field is Field.COUNTRY else (),
    )


def _signal(subject: Subject, **said: object) -> Signal:
    kind, name = subject
    who = {"principal": name} if kind in (Kind.CLIENT, Kind.PRINCIPAL) else {"asset": name, "asset_type": str(kind)}
    return Signal(detector=Detector.BASELINE, **who, **said)  # type: ignore[arg-type]


def _every(rate: float) -> str:
    return span(1 / max(rate, 1e-6) * HOUR_US)


def value_of(measure: Measure, value: float) -> str:
    """A value in a unit that people read."""
    if FORMS[measure] is Form.SHARE or measure in (Measure.CPU, Measure.GPU):
        return f"{value:.1%}"
    if measure in (Measure.LATENCY, Measure.SLOWEST):
        return f"{value / 1000:,.3g} ms" if value < 1_000_000 else f"{value / 1_000_000:,.3g} s"  # noqa: PLR2004 - a second
    if FORMS[measure] is Form.SIZE:
        return _size(value) + (" a second" if measure is Measure.NETWORK else " a request")
    return f"{value:,.0f}"


def _size(value: float) -> str:
    for unit in _SIZES:
        if value < _KILO or unit == _SIZES[-1]:
            break
        value /= _KILO
    return f"{value:,.0f} {unit}" if unit == _SIZES[0] else f"{value:.3g} {unit}"


def span(us: float) -> str:
    """A time that passed, in the unit that says it shortest."""
    seconds = us / 1_000_000
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}s"
    return f"{seconds:.0f} seconds"


def moment(us: int) -> str:
    """A time, to the minute."""
    return f"{at(us):%Y-%m-%d %H:%M} UTC"
