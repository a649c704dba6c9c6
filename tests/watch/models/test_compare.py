"""Each measure is held against SciPy's, or against its formula written another way; chances against what chance does."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import distance

from garrison.watch.models.compare import chi_square, energy, false_discovery, jensen_shannon, kolmogorov_smirnov, psi

COUNTS = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=2, max_size=20).filter(
    lambda pairs: sum(a for a, _ in pairs) > 0 and sum(b for _, b in pairs) > 0
)


@settings(deadline=None)
@given(COUNTS)
def test_psi_is_kullback_and_leibler_both_ways(pairs: list[tuple[int, int]]) -> None:
    one, two = [a for a, b in pairs if a + b], [b for a, b in pairs if a + b]
    p, q = [max(a, 0.5) / sum(one) for a in one], [max(b, 0.5) / sum(two) for b in two]
    both = sum(x * math.log(x / y) for x, y in zip(p, q, strict=True)) + sum(
        y * math.log(y / x) for x, y in zip(p, q, strict=True)
    )
    assert psi(one, two).value == pytest.approx(both, abs=1e-9)


@settings(deadline=None)
@given(COUNTS)
def test_jensen_shannon(pairs: list[tuple[int, int]]) -> None:
    one, two = zip(*pairs, strict=True)
    found = jensen_shannon(one, two)
    assert found.value == pytest.approx(distance.jensenshannon(np.array(one), np.array(two)) ** 2, abs=1e-9)
    assert 0 <= found.value <= math.log(2) + 1e-9
    table = np.array([pair for pair in pairs if sum(pair)]).T
    if table.shape[1] > 1:
        assert found.chance == pytest.approx(
            stats.chi2_contingency(table, lambda_="log-likelihood", correction=False).pvalue, abs=1e-9
        )


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(20, 300), st.integers(20, 300)), min_size=2, max_size=12))
def test_chi_square_of_bins_that_are_not_rare(pairs: list[tuple[int, int]]) -> None:
    one, two = zip(*pairs, strict=True)
    test = stats.chi2_contingency(np.array([one, two]), correction=False)
    found = chi_square(one, two)
    assert found.chance == pytest.approx(test.pvalue, abs=1e-9)
    assert found.value == pytest.approx(stats.contingency.association(np.array([one, two]), method="cramer"), abs=1e-9)


@settings(deadline=None)
@given(COUNTS)
def test_kolmogorov_smirnov(pairs: list[tuple[int, int]]) -> None:
    one, two = zip(*pairs, strict=True)
    test = stats.ks_2samp(np.repeat(np.arange(len(one)), one), np.repeat(np.arange(len(two)), two), method="asymp")
    assert kolmogorov_smirnov(one, two).value == pytest.approx(test.statistic, abs=1e-12)


def test_energy_distance() -> None:
    random = np.random.default_rng(1)
    one, two = random.normal(0, 1, (60, 1)), random.normal(0.7, 1, (80, 1))
    found = energy(one, two)
    assert found.value == pytest.approx(stats.energy_distance(one[:, 0], two[:, 0]) ** 2)
    assert found.chance < 0.01
    assert energy(one, random.normal(0, 1, (80, 1))).chance > 0.01


@pytest.mark.parametrize("measure", [chi_square, jensen_shannon])
def test_chances_are_what_chance_does(measure: object) -> None:
    assert callable(measure)
    random = np.random.default_rng(2)
    shares = np.array([0.3, 0.3, 0.2, 0.1, 0.1])
    low = sum(
        measure(random.multinomial(400, shares), random.multinomial(250, shares)).chance <= 0.05 for _ in range(400)
    )
    assert 8 <= low <= 36


def test_rare_bins_do_not_make_chi_square_alarm() -> None:
    random = np.random.default_rng(3)
    shares = np.full(200, 1 / 200)
    low = sum(
        chi_square(random.multinomial(2_000, shares), random.multinomial(60, shares)).chance <= 0.01 for _ in range(500)
    )
    assert low <= 12


def test_the_mean_of_psi_where_nothing_changed_is_as_cited() -> None:
    random = np.random.default_rng(4)
    shares = np.full(10, 0.1)
    found = np.mean([psi(random.multinomial(1_000, shares), random.multinomial(500, shares)).value for _ in range(400)])
    assert found == pytest.approx(9 * (1 / 1_000 + 1 / 500), rel=0.1)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), max_size=30))
def test_false_discovery(chances: list[float]) -> None:
    kept = false_discovery(chances, 0.05)
    adjusted = stats.false_discovery_control(chances, method="by") if chances else []
    assert all(
        told == (chance <= 0.05) for told, chance in zip(kept, adjusted, strict=True) if abs(chance - 0.05) > 1e-9
    )


def test_identical_counts_are_no_gap() -> None:
    for measure in (psi, jensen_shannon, chi_square, kolmogorov_smirnov):
        found = measure([5, 0, 7], [5, 0, 7])
        assert found.value == pytest.approx(0)
        assert found.chance == pytest.approx(1)
