"""What is expected of an hour: on what it rests, how it is spoilt, and what slow changes look like."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from garrison.watch.baselines.keep import dumped, loaded
from garrison.watch.baselines.season import WEEK, Basis, Form, Season, expected, hour_of_week, learn, merged, ramp

FIRST = 490_000 - 490_000 % WEEK + 4 * 24  # a Monday, 00:00 UTC


def taught(form: Form, values: list[float], *, first: int = FIRST, trials: int = 0) -> Season:
    season = Season(form)
    for number, value in enumerate(values):
        learn(season, first + number, value, trials)
    return season


def weekly(weeks: int, seed: int = 0) -> list[float]:
    """40 requests an hour by day, 4 by night, half of it at weekends."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(weeks * WEEK):
        of_week = number % WEEK
        found.append(float(random.poisson((40 if 8 <= of_week % 24 < 18 else 4) * (0.5 if of_week >= 120 else 1))))
    return found


def test_the_week_begins_on_monday() -> None:
    assert hour_of_week(4 * 24) == 0  # 1970-01-05
    assert hour_of_week(FIRST) == 0


def test_what_an_expectation_rests_on() -> None:
    values = weekly(4)
    bases = []
    season = Season(Form.COUNT)
    for number, value in enumerate(values):
        bases.append(expected(season, FIRST + number, value).basis)
        learn(season, FIRST + number, value)
    assert bases[0] is bases[47] is Basis.COLD
    assert bases[48] is Basis.OVERALL
    assert bases[4 * 24] is Basis.DAY  # Friday: four working days were seen
    assert bases[5 * 24] is Basis.OVERALL  # the first Saturday
    assert bases[3 * WEEK - 1] is Basis.DAY
    assert bases[3 * WEEK] is Basis.WEEK


def test_day_night_and_weekend_are_expected_apart() -> None:
    season = taught(Form.COUNT, weekly(6))
    day, night, weekend = (expected(season, FIRST + 6 * WEEK + hour, 20).middle for hour in (10, 3, 5 * 24 + 10))
    assert day == pytest.approx(40, rel=0.25)
    assert night == pytest.approx(4, rel=0.5)
    assert weekend == pytest.approx(20, rel=0.3)
    assert expected(season, FIRST + 6 * WEEK + 3, 40).off > 6
    assert abs(expected(season, FIRST + 6 * WEEK + 10, 40).off) < 2


def test_deviations_are_those_of_chance() -> None:
    """Of Poisson hours, off is about standard normal: its spread is 1, and few are beyond 3."""
    values = weekly(20, seed=3)
    season = taught(Form.COUNT, values[: 10 * WEEK])
    off = []
    for number in range(10 * WEEK, 20 * WEEK):
        off.append(expected(season, FIRST + number, values[number]).off)
        learn(season, FIRST + number, values[number])
    assert np.std(off) == pytest.approx(1, abs=0.15)
    assert np.mean(np.abs(off) > 3) < 0.01


def test_noise_beyond_chance_is_learnt() -> None:
    random = np.random.default_rng(4)
    counts = (
        stats.nbinom.rvs(4, 4 / 104, size=8 * WEEK, random_state=random).astype(float).tolist()
    )  # mean 100, deviation 51
    season = taught(Form.COUNT, counts)
    hours = [expected(season, FIRST + 8 * WEEK + hour, 200) for hour in range(WEEK)]
    assert np.mean([found.off for found in hours]) == pytest.approx(1.6, abs=0.4)
    assert np.mean([found.low for found in hours]) < 30


def test_a_shout_moves_an_expectation_by_little() -> None:
    quiet, shouted = weekly(6), weekly(6)
    shouted[5 * WEEK + 10] = 1e6
    at = FIRST + 6 * WEEK + 10
    assert expected(taught(Form.COUNT, shouted), at, 0).middle < 2 * expected(taught(Form.COUNT, quiet), at, 0).middle


def test_a_slow_ramp_is_followed_hour_by_hour_and_told_by_the_week() -> None:
    """15 % more each week: no hour is far off, after 9 weeks the level has more than doubled."""
    random = np.random.default_rng(5)
    values = [float(random.poisson(100 * 1.15 ** (number // WEEK))) for number in range(14 * WEEK)]
    season = Season(Form.COUNT)
    worst = 0.0
    for number, value in enumerate(values):
        if number >= 4 * WEEK:
            worst = max(worst, expected(season, FIRST + number, value).off)
        learn(season, FIRST + number, value)
    found = ramp(season)
    assert worst < 6
    assert found is not None
    assert found.by > 2
    assert found.before < found.after


def test_a_level_that_stays_is_no_ramp() -> None:
    found = ramp(taught(Form.COUNT, weekly(14)))
    assert found is not None
    assert found.by == pytest.approx(1, abs=0.15)
    assert ramp(taught(Form.COUNT, weekly(5))) is None


@pytest.mark.parametrize(
    ("form", "value", "trials"),
    [(Form.SHARE, 0.02, 500), (Form.SIZE, 2e4, 500), (Form.LEVEL, 0.4, 0), (Form.COUNT, 30, 0)],
)
def test_every_form_comes_back_in_its_own_unit(form: Form, value: float, trials: int) -> None:
    season = taught(form, [value] * 5 * WEEK, trials=trials)
    found = expected(season, FIRST + 5 * WEEK, value, trials)
    assert found.middle == pytest.approx(value, rel=1e-6)
    assert found.low < value < found.high
    assert found.off == pytest.approx(0, abs=1e-6)


def test_a_share_of_few_is_less_telling_than_of_many() -> None:
    season = taught(Form.SHARE, [0.01] * 5 * WEEK, trials=1_000)
    few, many = (expected(season, FIRST + 5 * WEEK, 0.5, trials).off for trials in (2, 1_000))
    assert few < 3
    assert many > 6


def test_halves_learnt_apart_are_as_one() -> None:
    values = weekly(8)
    one, two = taught(Form.COUNT, values[: 4 * WEEK]), taught(Form.COUNT, values[4 * WEEK :], first=FIRST + 4 * WEEK)
    both = merged(one, two)
    assert both.seen[:WEEK].tolist() == [8] * WEEK
    assert expected(both, FIRST + 8 * WEEK + 10, 40).middle == pytest.approx(40, rel=0.3)


def test_goes_on_after_a_restart() -> None:
    values = weekly(5)
    season = taught(Form.COUNT, values[: 4 * WEEK])
    again = loaded(dumped(season), Season)
    for number in range(4 * WEEK, 5 * WEEK):
        for state in (season, again):
            learn(state, FIRST + number, values[number])
    assert again.middle == pytest.approx(season.middle, rel=1e-5)
    assert again.weeks == pytest.approx(season.weeks)


@pytest.mark.parametrize("form", Form)
def test_absurd_values_do_no_harm(form: Form) -> None:
    season = taught(form, [1.0] * 100)
    for number, value in enumerate((-5.0, 1e300, 0.0, 1.0)):
        learn(season, FIRST + 100 + number, value)
        assert np.isfinite(expected(season, FIRST + 200, 1.0).off)
