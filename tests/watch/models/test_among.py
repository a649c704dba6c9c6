"""A client's rows among themselves."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from garrison.watch.models.among import ALIKE, KEPT, LIKE, Row, compared, steps


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(41)


def rows(coordinates: NDArray[np.float64], *, region: int = 0, label: int = 0) -> list[Row]:
    return [Row(one.tobytes(), region, label) for one in np.rint(coordinates).astype(np.int8)]


def test_an_echo_is_known_however_long_ago_the_first_was(random: np.random.Generator) -> None:
    things = random.uniform(-100, 100, (90, 5))
    again = np.vstack([things, random.permutation(things) + random.choice([-1, 1], things.shape)])
    kept, _, echo = compared([], rows(again))
    assert not echo[:90].any()
    assert echo[90:].all()
    assert kept == rows(things)


def test_echoes_of_echoes_do_not_drift_along() -> None:
    """What moves slowly is asked about anew once it is far enough from the last row that counted."""
    line = np.outer(np.arange(10), [LIKE * 0.6] * 4)
    assert compared([], rows(line))[2].tolist() == [False, True] * 5


def test_few_coordinates_tell_an_echo_only_together_with_the_region() -> None:
    point = np.zeros((1, 2))
    kept, _, _ = compared([], rows(point, region=4))
    assert compared(kept, rows(point, region=4))[2].all()
    assert not compared(kept, rows(point, region=5))[2].any()


def test_a_gap_is_to_the_closest_of_the_last_of_its_label() -> None:
    line = np.outer(np.arange(-60, -60 + ALIKE + 2), [3.0, 3.0, 3.0, 3.0])
    kept, gap, _ = compared([], rows(line))
    assert np.isinf(gap[0])  # there was nothing before it
    assert gap[-1] == 6
    (back,) = compared(kept, rows(line[:1] - [[6.0, 0.0, 0.0, 0.0]]))[1]
    assert back > 6  # the very first row is close, and is too long ago
    assert np.isinf(compared(kept, rows(line[-1:] + 6, label=1))[1]).all()  # none of its label


def test_what_is_kept_is_bounded_and_the_same_in_any_portions(random: np.random.Generator) -> None:
    asked = rows(random.uniform(-120, 120, (KEPT + 300, 6)))
    kept: list[Row] = []
    for row in asked:
        kept, _, _ = compared(kept, [row])
    assert kept == compared([], asked)[0] == asked[-KEPT:]


def test_a_lattice_shows_one_step_many_times(random: np.random.Generator) -> None:
    seeds = random.normal(0, 25, (60, 5))
    lattice = np.vstack([seeds, seeds + 12, seeds + 24])
    assert steps(rows(lattice)) > 0.5
    assert steps(rows(random.normal(0, 25, (180, 5)))) < 0.05


def test_groups_of_rows_that_are_close_show_no_lattice(random: np.random.Generator) -> None:
    groups = np.repeat(random.normal(0, 25, (80, 5)), 3, axis=0)
    assert steps(rows(groups + random.uniform(-3, 3, groups.shape))) < 0.1


@pytest.mark.parametrize(("count", "width"), [(0, 5), (20, 5), (200, 3)])
def test_few_rows_and_few_coordinates_show_no_lattice(random: np.random.Generator, count: int, width: int) -> None:
    assert steps(rows(np.zeros((count, width)) + 12 * np.arange(count)[:, None])) == 0
