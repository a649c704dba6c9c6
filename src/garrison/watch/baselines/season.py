"""One measure of one subject over the hours of the week (UTC): what to expect, and how far off is usual.

A cell for each of the 168 hours holds an exponentially weighted mean. Where it has seen too few weeks, that of the hour of the day
(working days and weekends apart) stands in, then that of all hours; before that nothing is expected. Measures are transformed so that
chance alone gives a known deviation: counts by Anscombe's square root (Biometrika 35, 1948), shares by the arc sine, sizes by the
logarithm. What is noisier than chance is learnt as an excess variance (of counts in proportion to the mean, as with a negative
binomial): of each cell, and of what is left of all hours once the week is taken out, which counts more until a cell has seen weeks.

What is learnt from is pulled to at most `_PULL` deviations of what was expected, so that a burst, or an attacker who shouts, moves an
expectation by little. Whoever raises a measure slowly can move it all the same: `ramp` compares the last week with old ones.
"""

from __future__ import annotations

import enum
import math

import msgspec
import numpy as np

WEEK = 168
_CELLS = WEEK + 48 + 2  # hours of the week; hours of a working day and of a day of the weekend; all; what is left
_ALL, _LEFT = _CELLS - 2, _CELLS - 1
_MEMORIES = (10.0, 50.0, 420.0)  # observations that an expectation rests on, at most: ten weeks of each
_ENOUGH = (3.0, 4.0, 48.0)  # observations that a cell, an hour of the day, the whole need
_PULL = 3.0
_POOLED = 8.0  # observations that what is left of all hours counts for in a cell's excess
_ANSCOMBE = 3 / 8
_NOISE_OF_SIZE = 1.5  # of the logarithm of one: about that of a median, or a mean, of one long-tailed value
_LEAST = 0.01
_WEEKS = 26  # that are remembered for `ramp`
_MONTH = 4
_THURSDAY = 3  # 1 January 1970, weeks beginning on Monday
_SATURDAY = 5 * 24


class Form(enum.StrEnum):
    """How a measure behaves."""

    COUNT = "count"
    SIZE = "size"  # grows by factors; of a number of requests
    SHARE = "share"  # 0 to 1, of a number of requests
    LEVEL = "level"  # as it is


class Basis(enum.StrEnum):
    """What an expectation rests on."""

    COLD = "too little seen"
    OVERALL = "all hours"
    DAY = "this hour of the day"
    WEEK = "this hour of the week"


class Expected(msgspec.Struct, frozen=True):
    """What is ordinary: `low` to `high` is where all but a few in a thousand hours are. In the measure's own unit."""

    basis: Basis
    middle: float = 0.0
    low: float = 0.0
    high: float = 0.0
    off: float = 0.0  # how far off the value that was asked about is, in deviations; negative where it is low


class Ramp(msgspec.Struct, frozen=True):
    """The level of the last week and that of old ones; `by` is a factor, of shares and levels a difference."""

    weeks: int  # that are looked back
    before: float
    after: float
    by: float


class Season(msgspec.Struct):
    """What is learnt of one measure. Values are transformed by its form."""

    form: Form
    seen: np.ndarray = msgspec.field(default_factory=lambda: np.zeros(_CELLS))
    middle: np.ndarray = msgspec.field(default_factory=lambda: np.zeros(_CELLS))
    excess: np.ndarray = msgspec.field(default_factory=lambda: np.zeros(_CELLS))
    week: int = -1
    level: float = 0.0  # sum over the hours of this week
    hours: int = 0
    weeks: list[float] = []  # mean levels of the weeks before, the oldest first


def expected(season: Season, hour: int, value: float, trials: int = 0) -> Expected:
    """What is ordinary in an hour (since 1970), and how far off a value is. `trials` is what a share is of."""
    basis, cell = _basis(season, hour)
    if basis is Basis.COLD:
        return Expected(basis)
    middle, spread = float(season.middle[cell]), _spread(season, cell, trials)
    return Expected(
        basis=basis,
        middle=_back(season.form, middle),
        low=_back(season.form, middle - 3 * spread),
        high=_back(season.form, middle + 3 * spread),
        off=(_to(season.form, value) - middle) / spread,
    )


def learn(season: Season, hour: int, value: float, trials: int = 0) -> None:
    """Take a value in; once for each hour, silent ones too."""
    told = _to(season.form, value)
    basis, cell = _basis(season, hour)
    if basis is not Basis.COLD:
        middle, spread = float(season.middle[cell]), _spread(season, cell, trials)
        told = min(max(told, middle - _PULL * spread), middle + _PULL * spread)
    _remember(season, hour, told)
    left = (told - float(season.middle[cell])) ** 2 / (1 + 1 / max(season.seen[cell], 1.0))
    for place, memory in zip(_places(hour), _MEMORIES, strict=True):
        if season.seen[place]:
            off = told - float(season.middle[place])
            _learn_excess(season, place, off**2 / (1 + 1 / season.seen[place]), trials, memory)
        season.middle[place] += (told - season.middle[place]) / min(season.seen[place] + 1, memory)
        season.seen[place] += 1
    if basis in (Basis.DAY, Basis.WEEK):
        season.middle[_LEFT] = season.middle[cell]
        _learn_excess(season, _LEFT, left, trials, _MEMORIES[-1])
        season.seen[_LEFT] += 1


def _learn_excess(season: Season, place: int, square: float, trials: int, memory: float) -> None:
    """Take in a squared deviation, less that of a mean that rests on few hours."""
    excess = (square - _noise(season, trials) ** 2) / _gain(season, place)
    season.excess[place] += (excess - season.excess[place]) / min(season.seen[place] + 1, memory)


def merged(one: Season, other: Season) -> Season:
    """What two learnt of the same measure in different hours."""
    seen = one.seen + other.seen
    shares = np.divide(one.seen, seen, out=np.full(_CELLS, 0.5), where=seen > 0)
    later = one if one.week >= other.week else other
    return Season(
        form=one.form,
        seen=seen,
        middle=shares * one.middle + (1 - shares) * other.middle,
        excess=shares * one.excess + (1 - shares) * other.excess,
        week=later.week,
        level=later.level,
        hours=later.hours,
        weeks=max(one.weeks, other.weeks, key=len),
    )


def ramp(season: Season) -> Ramp | None:
    """How far the last whole week is from the median of all but the last four; None before there are enough of them."""
    if len(season.weeks) < 2 * _MONTH:
        return None
    old = float(np.median(season.weeks[:-_MONTH]))
    now = season.weeks[-1]
    before, after = _back(season.form, old), _back(season.form, now)
    by = (after + 1) / (before + 1) if season.form in (Form.COUNT, Form.SIZE) else after - before
    return Ramp(len(season.weeks) - 1, before, after, by)


def hour_of_week(hour: int) -> int:
    """0 is Monday, 00:00 UTC."""
    return (hour + _THURSDAY * 24) % WEEK


def _places(hour: int) -> tuple[int, int, int]:
    """The cells that an hour counts for: of the week, of the day, of all."""
    of_week = hour_of_week(hour)
    weekend = of_week >= _SATURDAY
    return of_week, WEEK + 24 * weekend + hour % 24, _ALL


def _basis(season: Season, hour: int) -> tuple[Basis, int]:
    cells = _places(hour)
    for basis, cell, enough in zip((Basis.WEEK, Basis.DAY, Basis.OVERALL), cells, _ENOUGH, strict=True):
        if season.seen[cell] >= enough:
            return basis, cell
    return Basis.COLD, cells[-1]


def _spread(season: Season, cell: int, trials: int) -> float:
    """A standard deviation: chance, what is noisier, and that the mean itself rests on few hours."""
    seen = float(season.seen[cell])
    shared = min(_POOLED, float(season.seen[_LEFT])) if cell != _ALL else 0.0
    excess = (shared * season.excess[_LEFT] + seen * season.excess[cell]) / (shared + seen)
    variance = _noise(season, trials) ** 2 + max(float(excess), 0.0) * _gain(season, cell)
    return math.sqrt(variance * (1 + 1 / max(seen, 1.0)))


def _noise(season: Season, trials: int) -> float:
    """The deviation that chance alone gives to what is transformed."""
    if season.form is Form.COUNT:
        return 1.0
    if season.form is Form.SHARE:
        return 0.5 / math.sqrt(trials + 1)
    return _NOISE_OF_SIZE / math.sqrt(trials + 1) if season.form is Form.SIZE else _LEAST


def _gain(season: Season, cell: int) -> float:
    """What the excess variance is in proportion to."""
    return 1 + _back(Form.COUNT, float(season.middle[cell])) if season.form is Form.COUNT else 1.0


def _remember(season: Season, hour: int, told: float) -> None:
    """Keep the mean level of each whole week."""
    week = (hour + _THURSDAY * 24) // WEEK
    if week != season.week:
        if season.hours >= WEEK * 3 // 4:
            season.weeks = [*season.weeks, season.level / season.hours][-_WEEKS:]
        season.week, season.level, season.hours = week, 0.0, 0
    season.level += told
    season.hours += 1


def _to(form: Form, value: float) -> float:
    if form is Form.COUNT:
        return 2 * math.sqrt(max(value, 0.0) + _ANSCOMBE)
    if form is Form.SIZE:
        return math.log1p(max(value, 0.0))
    return math.asin(math.sqrt(min(max(value, 0.0), 1.0))) if form is Form.SHARE else value


def _back(form: Form, told: float) -> float:
    if form is Form.COUNT:
        return float(max((max(told, 0.0) / 2) ** 2 - _ANSCOMBE, 0.0))
    if form is Form.SIZE:
        return max(math.expm1(min(told, 700.0)), 0.0)
    return math.sin(min(max(told, 0.0), math.pi / 2)) ** 2 if form is Form.SHARE else told
