"""A subject's hours: each is judged by what was learnt before it, and then learnt from.

What is told are `Deviation`s: an hour far off by itself, or several in a row that are off by less, once for each row; a silence is
hours with no requests, so that a source that goes quiet is told. And `Ramp`s, once a week, and `New` values.
"""

from __future__ import annotations

import enum
import math

import msgspec

from garrison.watch.baselines import novelty, season
from garrison.watch.baselines.hour import GAUGES, HOUR_US, Hour, Measure
from garrison.watch.baselines.novelty import Field, New, Novelty
from garrison.watch.baselines.season import WEEK, Basis, Expected, Form, Ramp, Season

_OFF = 6.0  # deviations of an hour; of a row of them their mean times the square root of how many, `_LONG` at most
_FLOOR = 2.0  # deviations of each hour of a row, on the same side
_LONG = 6
_RAMP = {
    Form.COUNT: 2.0,
    Form.SIZE: 2.0,
    Form.SHARE: 0.2,
    Form.LEVEL: 0.25,
}  # factors; of shares and levels differences
_MAX_SILENCE = WEEK * 4  # hours without a word, after which those between are not learnt one by one

FORMS = {
    Measure.REQUESTS: Form.COUNT, Measure.ERRORS: Form.SHARE, Measure.LATENCY: Form.SIZE, Measure.SLOWEST: Form.SIZE,
    Measure.BYTES_IN: Form.SIZE, Measure.BYTES_OUT: Form.SIZE, Measure.MODELS: Form.COUNT, Measure.RESOURCES: Form.COUNT,
    Measure.CPU: Form.LEVEL, Measure.GPU: Form.LEVEL, Measure.NETWORK: Form.SIZE,
}  # fmt: skip
_ONLY_HIGH = {
    Measure.ERRORS,
    Measure.LATENCY,
    Measure.SLOWEST,
    Measure.MODELS,
    Measure.RESOURCES,
    Measure.CPU,
    Measure.GPU,
}


class Kind(enum.StrEnum):
    """What kinds of subjects have baselines."""

    CLIENT = "client"
    MODEL = "model"
    PRINCIPAL = "principal"
    HOST = "host"


class Deviation(msgspec.Struct, frozen=True):
    """A measure that is off: what was expected, what was seen, since when."""

    measure: Measure
    expected: Expected
    seen: float
    since_us: int


class Climb(msgspec.Struct, frozen=True):
    """A measure that has moved over weeks, each step of which was ordinary."""

    measure: Measure
    ramp: Ramp
    since_us: int


class Report(msgspec.Struct, frozen=True):
    """What an hour showed. `cold` measures were not judged: too little is known of them."""

    deviations: tuple[Deviation, ...] = ()
    climbs: tuple[Climb, ...] = ()
    new: tuple[New, ...] = ()
    cold: tuple[Measure, ...] = ()


class Run(msgspec.Struct):
    """Hours in a row in which a measure was off."""

    side: int = 0
    length: int = 0
    sum: float = 0.0  # of deviations
    since_us: int = 0
    told: bool = False


class Baseline(msgspec.Struct):
    """What is known of a subject."""

    kind: Kind
    subject: str
    seasons: dict[Measure, Season] = {}
    novelties: dict[Field, Novelty] = {}
    runs: dict[Measure, Run] = {}
    last_hour: int = -1


def close(baseline: Baseline, hour: Hour) -> Report:
    """Judge an hour that is over, then learn from it. Hours since the last one were silent; judge them by closing them, empty.

    Raises ValueError for an hour that is closed already.
    """
    if hour.start <= baseline.last_hour:
        raise ValueError(f"hour {hour.start} is closed already")
    _pass(baseline, hour.start)
    deviations, climbs, cold = [], [], []
    for measure, value in hour.measured().items():
        one = baseline.seasons.setdefault(measure, Season(FORMS[measure]))
        told = season.expected(one, hour.start, value, hour.requests)
        if told.basis is Basis.COLD:
            cold.append(measure)
        since_us = _since(baseline.runs.setdefault(measure, Run()), measure, told.off, hour.start)
        if since_us:
            deviations.append(Deviation(measure, told, value, since_us))
        before = len(one.weeks), one.weeks[-1:]
        season.learn(one, hour.start, value, hour.requests)
        if (len(one.weeks), one.weeks[-1:]) != before:
            climbs += _climb(measure, one, hour.start)
    new = []
    for field, values in hour.values.items():
        known = baseline.novelties.setdefault(field, Novelty())
        new += novelty.judge(known, field, values, hour.start)
    for field, known in baseline.novelties.items():
        novelty.learn(known, hour.values.get(field, {}), hour.start)
    baseline.last_hour = hour.start
    return Report(tuple(deviations), tuple(climbs), tuple(new), tuple(cold))


def merged(one: Baseline, other: Baseline) -> Baseline:
    """What two nodes know of one subject, from different hours."""
    both = Baseline(one.kind, one.subject, last_hour=max(one.last_hour, other.last_hour))
    for measure in one.seasons.keys() | other.seasons.keys():
        mine, theirs = one.seasons.get(measure), other.seasons.get(measure)
        both.seasons[measure] = season.merged(mine, theirs) if mine and theirs else (mine or theirs)  # type: ignore[assignment]
    for field in one.novelties.keys() | other.novelties.keys():
        both.novelties[field] = novelty.merged(
            one.novelties.get(field, Novelty()), other.novelties.get(field, Novelty())
        )
    later = one if one.last_hour >= other.last_hour else other
    both.runs = dict(later.runs)
    return both


def _pass(baseline: Baseline, now: int) -> None:
    """Learn that nothing was seen in the hours between."""
    if baseline.last_hour < 0:
        return
    for hour in range(max(baseline.last_hour + 1, now - _MAX_SILENCE), now):
        for measure, value in Hour(start=hour).measured().items():
            if measure not in GAUGES and measure in baseline.seasons:
                season.learn(baseline.seasons[measure], hour, value)


def _since(run: Run, measure: Measure, off: float, hour: int) -> int:
    """Since when a measure is off, the first time that this is worth telling; else 0."""
    side = 0 if abs(off) < _FLOOR else int(math.copysign(1, off))
    if side < 0 and measure in _ONLY_HIGH:
        side = 0
    if side != run.side:
        run.side, run.length, run.sum, run.since_us, run.told = side, 0, 0.0, hour * HOUR_US, False
    run.length += 1
    run.sum += abs(off)
    strength = max(abs(off), run.sum / run.length * math.sqrt(min(run.length, _LONG)))
    if not side or run.told or strength < _OFF:
        return 0
    run.told = True
    return run.since_us


def _climb(measure: Measure, one: Season, hour: int) -> list[Climb]:
    found = season.ramp(one)
    if found is None:
        return []
    factors = one.form in (Form.COUNT, Form.SIZE)
    limit = _RAMP[one.form]
    moved = max(found.by, 1 / max(found.by, 1e-9)) >= limit if factors else abs(found.by) >= limit
    return [Climb(measure, found, (hour - WEEK * found.weeks) * HOUR_US)] if moved else []
