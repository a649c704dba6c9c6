"""Does a client copy the model? Its requests against what is ordinary for the model.

Whoever copies a model asks what nobody asks: inputs that lie apart from the natural ones, or between them, and answers of which the
model is less sure, or surer, than usual. Two distributions of each client are held against the reference's, by their
Kolmogorov-Smirnov distance: of the distance to the nearest anchor, and of the surprise of the answer. What is ordinary is taken label
by label, in the shares of the client's own answers, so that a client that asks about few classes shifts nothing; rows that a client
repeats count once; and what chance gives for so few rows is taken off. A client copies

- where one shift passes a limit that no natural client comes near, or
- where two measures pass lower limits together: both shifts (the joint test; a natural client with peculiar inputs shifts one of
  them), or one of them and a weak signal, or two of those.

Weak signals are rows that are close to those before them; few regions of the input space met for so many rows; gaps between rows that
are not normally distributed, which is the test of PRADA (Juuti et al., EuroS&P 2019); a rate far above that of others.

The limits are in `extraction.toml`, which bench/fit_extraction.py makes and which says from what. Whoever asks natural rows only, in
natural shares, is not told from a natural client, nor is one who asks through many clients.
"""

from __future__ import annotations

import enum
import importlib.resources
import math
import tomllib
from collections.abc import Sequence
from functools import cache

import msgspec
import numpy as np
from scipy import stats

from garrison.watch.models.reference import Levels, Reference
from garrison.watch.models.sketch import ALIKE, Matrix, Sketch, gaps

MIN_ROWS = 25  # distinct ones, before which nothing is said
_WINDOW = 1_000  # rows after which the older ones count half
_KNOWN = 512  # rows that are known again when they are repeated
_AT_ONCE = 256  # rows that are compared with each other
_MAX_LABELS = 64  # of which recent rows are kept
_GAPS = 256  # that PRADA's test looks at
_MIN_GAPS = 20
_CHANCE = 1.36  # the 5 % point of Kolmogorov's distribution


class Measure(enum.StrEnum):
    """What is measured of a client; the more, the odder."""

    DISTANCE = "distance"  # shift of the distance to the nearest anchor
    SURPRISE = "surprise"  # shift of the surprise of answers
    NEAR = "near"  # shift of the gap to the closest row before
    NARROW = "narrow"  # regions missing of those that as many ordinary rows meet, as a share
    UNEVEN = "uneven"  # 1 - Shapiro-Wilk's W of the gaps
    RATE = "rate"  # rows an hour, as a multiple of what is usual


class Pair(msgspec.Struct, frozen=True):
    """Two measures, and what both must reach."""

    measures: tuple[Measure, Measure]
    limits: tuple[float, float]


class Limits(msgspec.Struct, frozen=True):
    """What a measure must reach alone, and what two must together."""

    alone: dict[Measure, float]
    together: tuple[Pair, ...]


class Recent(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of a recent row."""

    near: bytes
    region: int


class Client(msgspec.Struct):
    """What is kept of a client's requests to one model: counts, and the coarse coordinates of a few recent rows."""

    rows: int = 0  # all ever seen
    since_us: int = 0
    last_us: int = 0
    labels: dict[int, float] = {}  # of distinct rows, as all below
    distance: list[float] = []  # counts, level by level
    surprise: list[float] = []
    near: list[float] = []
    regions: dict[int, int] = {}
    recent: dict[int, list[Recent]] = {}  # by label
    gaps: list[float] = []
    known: list[bytes] = []  # digests of rows


class Evidence(msgspec.Struct, frozen=True):
    """One measure that counts, and the highest limit that it passed."""

    measure: Measure
    limit: float
    seen: float


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
    for label in dict.fromkeys(sketch.label for sketch in fresh):
        mine = [sketch for sketch in fresh if sketch.label == label]
        for first in range(0, len(mine), _AT_ONCE):
            _count(client, label, mine[first : first + _AT_ONCE], reference)
    while len(client.recent) > _MAX_LABELS:
        client.recent.pop(next(iter(client.recent)))
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


def _count(client: Client, label: int, sketches: Sequence[Sketch], reference: Reference) -> None:
    """Count rows of one label, less those that are echoes of others."""
    recent = client.recent.setdefault(label, [])
    old = len(recent)
    recent += [Recent(sketch.near, sketch.region) for sketch in sketches]
    coarse = np.frombuffer(b"".join(row.near for row in recent), np.int8).reshape(len(recent), -1)
    gap, echo = gaps(coarse.astype(np.float64), np.array([row.region for row in recent]))
    del recent[:-ALIKE]
    gap, counted = gap[old:], ~echo[old:]
    told = gap[counted & np.isfinite(gap)]
    client.gaps = [*client.gaps, *told.tolist()][-_GAPS:]
    client.labels[label] = client.labels.get(label, 0) + int(counted.sum())
    for sketch, counts in zip(sketches, counted.tolist(), strict=True):
        if counts:
            client.regions[sketch.region] = client.regions.get(sketch.region, 0) + 1
    client.near = _added(client.near, reference.near, told)
    client.distance = _added(client.distance, reference.distance, np.array([s.distance for s in sketches])[counted])
    client.surprise = _added(client.surprise, reference.surprise, np.array([s.surprise for s in sketches])[counted])


def _added(counts: list[float], levels: Levels, values: Matrix) -> list[float]:
    found = np.bincount(np.searchsorted(levels.edges, values), minlength=len(levels.edges) + 1)
    return [float(count) for count in (found if not counts else np.array(counts) + found)]


def _age(client: Client) -> None:
    """What is older counts half."""
    for counts in (client.distance, client.surprise, client.near):
        counts[:] = [count / 2 for count in counts]
    client.labels = {label: count / 2 for label, count in client.labels.items()}
    client.regions = {region: count // 2 for region, count in client.regions.items() if count > 1}


@cache
def limits() -> Limits:
    """Those that come with Garrison."""
    data = importlib.resources.files(__package__).joinpath("extraction.toml").read_bytes()
    return msgspec.convert(tomllib.loads(data.decode()), Limits)


def judge(client: Client, reference: Reference, *, usual_rate: float = 0.0, within: Limits | None = None) -> Verdict:
    """The verdict on a client so far. `usual_rate` is the median client's rows an hour, 0 where it is not known."""
    within = within or limits()
    measured = measure(client, reference, usual_rate)
    tests = [dict(zip(pair.measures, pair.limits, strict=True)) for pair in within.together]
    tests += [{what: limit} for what, limit in within.alone.items()]
    passed: dict[Measure, float] = {}
    for test in tests:
        if all(measured[what] >= limit for what, limit in test.items()):
            passed |= {what: max(limit, passed.get(what, limit)) for what, limit in test.items()}
    enough = sum(client.distance) >= MIN_ROWS
    return Verdict(
        copies=enough and bool(passed),
        rows=client.rows,
        distinct=sum(client.distance),
        since_us=client.since_us,
        evidence=tuple(Evidence(what, limit, measured[what]) for what, limit in passed.items()) if enough else (),
        measured=measured,
    )


def measure(client: Client, reference: Reference, usual_rate: float = 0.0) -> dict[Measure, float]:
    """All that is measured of a client so far."""
    hours = max(client.last_us - client.since_us, 1) / 3.6e9
    return {
        Measure.DISTANCE: _shift(client.distance, client.labels, reference.distance),
        Measure.SURPRISE: _shift(client.surprise, client.labels, reference.surprise),
        Measure.NEAR: _shift(client.near, client.labels, reference.near),
        Measure.NARROW: 1 - _coverage(client, reference),
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


def _shift(counts: list[float], labels: dict[int, float], levels: Levels) -> float:
    """The Kolmogorov-Smirnov distance to what rows so labelled ordinarily give, less chance."""
    rows = sum(counts)
    if not rows or not sum(levels.overall):
        return 0.0
    expected = np.zeros(len(counts))
    total = sum(labels.values())
    behind = 0.0  # rows of the reference, as far as they bear on this: 1 / sum of share squared / rows
    for label, count in labels.items():
        ordinary = np.array(levels.of(label), dtype=np.float64)
        share = count / total
        expected += share * ordinary / ordinary.sum()
        behind += share**2 / ordinary.sum()
    gap = np.abs(np.cumsum(np.array(counts) / rows - expected)).max()
    return float(gap - _CHANCE * math.sqrt(1 / rows + behind))


def _coverage(client: Client, reference: Reference) -> float:
    """Regions that were met, as a share of those that as many ordinary rows of the same labels meet."""
    often = np.array(reference.regions) + 0.5
    anchors = np.frombuffer(reference.anchor_labels, "<i8")
    expected = 0.0
    for label, rows in client.labels.items():
        mine = often[anchors == label]
        expected += (1 - (1 - mine / mine.sum()) ** rows).sum() if len(mine) else min(rows, 1.0)
    return len(client.regions) / max(float(expected), 1.0)
