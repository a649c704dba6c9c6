"""Two rows of counts, held against each other: how far apart they are, and how far chance alone would put them.

PSI is Siddiqi's index (Credit Risk Scorecards, 2006): symmetric Kullback-Leibler divergence, 0.1 is commonly called slight and
0.25 a shift. Its mean under no change is (bins - 1)(1/n + 1/m) and it is distributed as chi-square times (1/n + 1/m) (Yurdakul and
Naranjo, 2020), so small windows have large indices. The Jensen-Shannon divergence, in nats, is half the G statistic's share:
2 n m / (n + m) of it is distributed as chi-square in the same way (here with the pooled shares as mixture).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.spatial.distance import cdist

Counts = Sequence[float] | NDArray[np.floating] | NDArray[np.integer]


class Gap(msgspec.Struct, frozen=True):
    """How far apart two samples are: the statistic, and the chance of one as large where nothing changed."""

    value: float
    chance: float


def psi(expected: Counts, seen: Counts) -> Gap:
    """The population stability index. A bin that is empty in one of both counts as half a row there."""
    one, two = _filled(expected, seen)
    n, m = one.sum(), two.sum()
    p, q = np.maximum(one, 0.5) / n, np.maximum(two, 0.5) / m
    value = float(((q - p) * np.log(q / p)).sum())
    return Gap(value, _chance(value / (1 / n + 1 / m), len(one) - 1))


def jensen_shannon(expected: Counts, seen: Counts) -> Gap:
    """The divergence in nats (0 to ln 2), each sample counting by its size."""
    one, two = _filled(expected, seen)
    n, m = one.sum(), two.sum()
    p, q = one / n, two / m
    plain = (p + q) / 2
    value = float((stats.entropy(p, plain) + stats.entropy(q, plain)) / 2)
    pooled = (one + two) / (n + m)
    g = 2 * (n * stats.entropy(p, pooled) + m * stats.entropy(q, pooled))
    return Gap(value, _chance(float(g), len(one) - 1))


def chi_square(expected: Counts, seen: Counts) -> Gap:
    """Pearson's test that both have the same shares; the value is Cramer's V. Rare bins are put together."""
    one, two = _grouped(*_filled(expected, seen))
    if len(one) < 2:  # noqa: PLR2004
        return Gap(0.0, 1.0)
    n, m = one.sum(), two.sum()
    pooled = (one + two) / (n + m)
    value = float(((one - n * pooled) ** 2 / (n * pooled) + (two - m * pooled) ** 2 / (m * pooled)).sum())
    return Gap(float(np.sqrt(value / (n + m))), _chance(value, len(one) - 1))


def kolmogorov_smirnov(expected: Counts, seen: Counts) -> Gap:
    """The largest gap between the shares up to a bin; for bins in order. The chance is the asymptotic one, too large for few bins."""
    one, two = np.asarray(expected, dtype=np.float64), np.asarray(seen, dtype=np.float64)
    n, m = one.sum(), two.sum()
    value = float(np.abs(np.cumsum(one) / n - np.cumsum(two) / m).max())
    return Gap(value, float(stats.kstwobign.sf(value * np.sqrt(n * m / (n + m)))))


def energy(one: NDArray[np.floating], two: NDArray[np.floating], *, shuffles: int = 400, seed: int = 0) -> Gap:
    """Energy distance of points (Szekely and Rizzo 2013): 2 E|X-Y| - E|X-X'| - E|Y-Y'|; the chance by exchanging rows."""
    both = np.vstack([one, two]).astype(np.float64)
    first = np.arange(len(both)) < len(one)
    random = np.random.default_rng(seed)
    sides = np.array([first, *(random.permutation(first) for _ in range(shuffles))], dtype=np.float64)
    apart, others = cdist(both, both), 1 - sides
    beside, beyond = sides @ apart, others @ apart
    n, m = len(one), len(two)
    values = 2 * (beside * others).sum(1) / (n * m) - (beside * sides).sum(1) / n**2 - (beyond * others).sum(1) / m**2
    return Gap(float(values[0]), float((values >= values[0]).mean()))


def false_discovery(chances: Sequence[float], rate: float) -> list[bool]:
    """Which of many tests are kept so that of those at most `rate` are expected false, however they depend on each other.

    Benjamini and Yekutieli (2001), Annals of Statistics 29.
    """
    count = len(chances)
    order = np.argsort(chances)
    harmonic = float((1 / np.arange(1, count + 1)).sum()) if count else 1.0
    passing = np.flatnonzero(np.array(chances)[order] <= rate * np.arange(1, count + 1) / (count * harmonic))
    kept = [False] * count
    for place in order[: passing[-1] + 1 if len(passing) else 0]:
        kept[int(place)] = True
    return kept


def _filled(expected: Counts, seen: Counts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Without bins that are empty in both."""
    one, two = np.asarray(expected, dtype=np.float64), np.asarray(seen, dtype=np.float64)
    there = one + two > 0
    return one[there], two[there]


def _grouped(one: NDArray[np.float64], two: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bins of which fewer than five rows are expected in one of both are put together (Cochran 1954)."""
    n, m = one.sum(), two.sum()
    rare = (one + two) * min(n, m) / (n + m) < 5  # noqa: PLR2004
    if rare.sum() < 2:  # noqa: PLR2004
        return one, two
    return np.append(one[~rare], one[rare].sum()), np.append(two[~rare], two[rare].sum())


def _chance(value: float, freedom: int) -> float:
    return float(stats.chi2.sf(value, freedom)) if freedom > 0 else 1.0
