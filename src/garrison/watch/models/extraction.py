"""Does a client copy the model? Its requests against what is ordinary for the model.

Whoever copies a model asks what nobody asks: inputs that lie apart from the natural ones, or between them, and answers of which the
model is less sure, or surer, than usual. Three distributions of each client are held against the reference's, by their
Kolmogorov-Smirnov distance: of the distance to the nearest anchor, of the surprise of the answer, and of the two together row by row
(oddness), since natural rows are seldom far and surprising at once, and synthetic ones often are a little of both. What is ordinary is
taken label by label, in the shares of the client's own answers, so that a client that asks about few classes shifts nothing; rows that
a client repeats count once, as do rows that are all but the same as earlier ones; and what chance gives for so few rows is taken off.

Beside these shifts are weaker signs: few regions of the input space met for so many rows; steps between rows that recur as on a
lattice; gaps between rows that are not normally distributed, which is the test of PRADA (Juuti et al., EuroS&P 2019); a rate far above
that of others. What a measure shows above what is usual gives points, in proportion. A client copies where it has a whole point: much of
one measure, or a little of several.

What gives how much is in `extraction.toml`, which bench/fit_extraction.py makes and which says from what. Whoever asks natural rows
only, in natural shares, is not told from a natural client, nor is one who asks through many clients.
"""

from __future__ import annotations

import enum
import importlib.resources
import math
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache

import msgspec
import numpy as np
from scipy import stats

from garrison.watch.models.among import Row, compared, steps
from garrison.watch.models.reference import Levels, Reference, oddness
from garrison.watch.models.sketch import Matrix, Sketch

MIN_ROWS = 25  # distinct ones, before which nothing is said
_WINDOW = 1_000  # rows after which the older ones count half
_KNOWN = 512  # rows that are known again when they are repeated
_GAPS = 256  # that PRADA's test looks at
_MIN_GAPS = 20
_CHANCE = 1.36  # the 5 % point of Kolmogorov's distribution
_RECURRING = 0.02  # share of rows that are the same step apart, below which all is the same


class Measure(enum.StrEnum):
    """What is measured of a client; the more, the odder."""

    DISTANCE = "distance"  # shift of the distance to the nearest anchor
    SURPRISE = "surprise"  # shift of the surprise of answers
    ODDNESS = "oddness"  # shift to rows that are both, far and surprising
    NARROW = "narrow"  # regions missing of those that as many ordinary rows meet, as a share
    STEPS = "steps"  # rows that are one same step from another, as a multiple of what is usual
    UNEVEN = "uneven"  # 1 - Shapiro-Wilk's W of the gaps
    RATE = "rate"  # rows an hour, as a multiple of what is usual


class Weight(msgspec.Struct, frozen=True):
    """What a measure gives: so many points for each unit above what is usual, and no more than `most`."""

    usual: float
    points: float
    most: float = math.inf


class Client(msgspec.Struct):
    """What is kept of a client's requests to one model: counts, and the coarse coordinates of a few recent rows."""

    rows: int = 0  # all ever seen
    since_us: int = 0
    last_us: int = 0
    labels: dict[int, float] = {}  # of distinct rows, as all below
    distance: list[float] = []  # counts, level by level
    surprise: list[float] = []
    oddness: list[float] = []
    regions: dict[int, int] = {}
    recent: list[Row] = []
    gaps: list[float] = []
    known: list[bytes] = []  # digests of rows


class Evidence(msgspec.Struct, frozen=True):
    """One measure that counts: up to where it is usual, what was seen, and what share of a point it gives."""

    measure: Measure
    usual: float
    seen: float
    points: float


class Verdict(msgspec.Struct, frozen=True):
    """Whether a client copies the model, and what says so; nothing is said of less than `MIN_ROWS` distinct rows."""

    copies: bool
    rows: int
    distinct: float
    since_us: int
    evidence: tuple[Evidence, ...]
    measured: dict[Measure, float]


def observe(client: Client, sketches: Sequence[Sketch], reference: Reference, time_us: int) -> None:
    """Count rows of a client, in their order."""
    client.since_us = client.since_us or time_us
    client.last_us = max(client.last_us, time_us)
    client.rows += len(sketches)
    fresh = _fresh(client, sketches)
    if fresh:
        _count(client, fresh, reference)
    if sum(client.distance) >= _WINDOW:
        _age(client)


def _fresh(client: Client, sketches: Sequence[Sketch]) -> list[Sketch]:
    """Rows that are not known already."""
    known = set(client.known)
    found = []
    for sketch in sketches:
        if sketch.same not in known:
            known.add(sketch.same)
            client.known.append(sketch.same)
            found.append(sketch)
    del client.known[:-_KNOWN]
    return found


def _count(client: Client, sketches: Sequence[Sketch], reference: Reference) -> None:
    """Count rows, less those that are echoes of others."""
    rows = [Row(sketch.near, sketch.region, sketch.label) for sketch in sketches]
    client.recent, gap, echo = compared(client.recent, rows)
    told = gap[~echo & np.isfinite(gap)]
    client.gaps = [*client.gaps, *told.tolist()][-_GAPS:]
    labels = np.array([sketch.label for sketch in sketches])[~echo]
    regions = np.array([sketch.region for sketch in sketches])[~echo]
    for label in labels.tolist():
        client.labels[label] = client.labels.get(label, 0) + 1
    for region in regions.tolist():
        client.regions[region] = client.regions.get(region, 0) + 1
    distance = np.array([sketch.distance for sketch in sketches])[~echo]
    surprise = np.array([sketch.surprise for sketch in sketches])[~echo]
    odd = oddness(reference.distance, reference.surprise, labels, distance, surprise)
    client.distance = _added(client.distance, reference.distance, distance)
    client.surprise = _added(client.surprise, reference.surprise, surprise)
    client.oddness = _added(client.oddness, reference.oddness, odd)


def _added(counts: list[float], levels: Levels, values: Matrix) -> list[float]:
    found = np.bincount(np.searchsorted(levels.edges, values), minlength=len(levels.edges) + 1)
    return [float(count) for count in (found if not counts else np.array(counts) + found)]


def _age(client: Client) -> None:
    """What is older counts half."""
    for counts in (client.distance, client.surprise, client.oddness):
        counts[:] = [count / 2 for count in counts]
    client.labels = {label: count / 2 for label, count in client.labels.items()}
    client.regions = {region: count // 2 for region, count in client.regions.items() if count > 1}


@cache
def weights() -> dict[Measure, Weight]:
    """Those that come with Garrison."""
    data = importlib.resources.files(__package__).joinpath("extraction.toml").read_bytes()
    return msgspec.convert(tomllib.loads(data.decode()), dict[Measure, Weight])


def judge(
    client: Client, reference: Reference, *, usual_rate: float = 0.0, by: Mapping[Measure, Weight] | None = None
) -> Verdict:
    """The verdict on a client so far. `usual_rate` is the median client's rows an hour, 0 where it is not known."""
    measured = measure(client, reference, usual_rate)
    given = {which: (weight, points(weight, measured[which])) for which, weight in (by or weights()).items()}
    copies = sum(client.distance) >= MIN_ROWS and sum(gives for _, gives in given.values()) >= 1
    evidence = [Evidence(which, w.usual, measured[which], gives) for which, (w, gives) in given.items() if gives > 0]
    return Verdict(
        copies=copies,
        rows=client.rows,
        distinct=sum(client.distance),
        since_us=client.since_us,
        evidence=tuple(sorted(evidence, key=lambda one: -one.points)) if copies else (),
        measured=measured,
    )


def points(weight: Weight, seen: float) -> float:
    """What a measure gives."""
    return min(weight.points * max(seen - weight.usual, 0.0), weight.most)


def measure(client: Client, reference: Reference, usual_rate: float = 0.0) -> dict[Measure, float]:
    """All that is measured of a client so far."""
    hours = max(client.last_us - client.since_us, 1) / 3.6e9
    return {
        Measure.DISTANCE: max(_shifts(client.distance, client.labels, reference.distance)),
        Measure.SURPRISE: max(_shifts(client.surprise, client.labels, reference.surprise)),
        Measure.ODDNESS: _shifts(client.oddness, client.labels, reference.oddness)[1],
        Measure.NARROW: 1 - _coverage(client, reference),
        Measure.STEPS: _recurrence(client, reference),
        Measure.UNEVEN: 1 - _normality(client.gaps),
        Measure.RATE: client.rows / max(hours, 1.0) / usual_rate if usual_rate else 0.0,
    }


def _normality(gaps: list[float]) -> float:
    """W of the gaps that are within three deviations of their mean; 1 where they are too few."""
    found = np.array(gaps)
    if len(found) < _MIN_GAPS:
        return 1.0
    usual = found[np.abs(found - found.mean()) <= 3 * found.std()]
    return float(stats.shapiro(usual).statistic) if np.ptp(usual) > 0 else 1.0


def _shifts(counts: list[float], labels: dict[int, float], levels: Levels) -> tuple[float, float]:
    """How far values are shifted down and up against what rows so labelled ordinarily give, less chance (Kolmogorov-Smirnov)."""
    rows = sum(counts)
    if not rows or not sum(levels.overall):
        return 0.0, 0.0
    expected = np.zeros(len(counts))
    total = sum(labels.values())
    behind = 0.0  # rows of the reference, as far as they bear on this: 1 / sum of share squared / rows
    for label, count in labels.items():
        ordinary = np.array(levels.of(label), dtype=np.float64)
        share = count / total
        expected += share * ordinary / ordinary.sum()
        behind += share**2 / ordinary.sum()
    more = np.cumsum(np.array(counts) / rows - expected)
    chance = _CHANCE * math.sqrt(1 / rows + behind)
    return float(more.max() - chance), float(-more.min() - chance)


def _recurrence(client: Client, reference: Reference) -> float:
    """How many times more often than usual the most common step between rows recurs; once, where that is not known."""
    return (steps(client.recent) + _RECURRING) / (reference.steps + _RECURRING) if reference.steps else 1.0


def _coverage(client: Client, reference: Reference) -> float:
    """Regions that were met, as a share of those that as many ordinary rows of the same labels meet."""
    often = np.array(reference.regions) + 0.5
    anchors = np.frombuffer(reference.anchor_labels, "<i8")
    expected = 0.0
    for label, rows in client.labels.items():
        mine = often[anchors == label]
        expected += (1 - (1 - mine / mine.sum()) ** rows).sum() if len(mine) else min(rows, 1.0)
    return len(client.regions) / max(float(expected), 1.0)
