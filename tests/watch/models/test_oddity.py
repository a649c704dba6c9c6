"""Odd inputs are told with what was expected; and in a crowd only where there are more than chance explains."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from garrison.watch.models.oddity import Oddity, excess, far_limit, flips, odd

from .conftest import Model, natural


def test_out_of_range_is_named(model: Model) -> None:
    rows = np.zeros((1, 6))
    rows[0, 4] = 1e6
    found = {one.what: one for one in odd(model.sketch(rows)[0], model.reference)}
    assert found[Oddity.OUT_OF_RANGE].seen.startswith("x[4] from ")
    assert Oddity.FAR in found


def test_many_columns_are_not_all_named(model: Model) -> None:
    (one, *_) = odd(model.sketch(np.full((1, 6), -1e6))[0], model.reference)
    assert one.seen.endswith("and 1 more")


def test_a_sure_answer_against_its_neighbours(model: Model) -> None:
    (sketch,) = model.sketch(np.full((1, 6), 1.0))
    assert odd(sketch, model.reference) == []
    turned = msgspec.structs.replace(sketch, label=0, agrees=False)
    ((one),) = odd(turned, model.reference)
    assert (one.what, one.expected) == (Oddity.CONTRARY, "label 1")


def test_ordinary_rows_are_seldom_far(model: Model) -> None:
    sketches = model.sketch(natural(np.random.default_rng(21), 3_000))
    assert sum(s.distance > far_limit(model.reference) for s in sketches) <= 10


def test_rows_that_are_all_but_the_same_and_answered_differently(model: Model) -> None:
    across = np.array([[0.001] * 6, [3.0] * 6, [-0.001] * 6])
    assert flips(model.sketch(across)) == [(0, 2)]
    assert flips(model.sketch(np.array([[0.3] * 6, [-0.3] * 6]))) == []


@pytest.mark.slow
def test_false_alarms(model: Model) -> None:
    alarms = [
        found
        for seed in range(200)
        for found in excess(model.sketch(natural(np.random.default_rng(seed), 200)), model.reference)
    ]
    assert len(alarms) <= 2


def test_a_search_for_the_border_is_an_excess(model: Model) -> None:
    random = np.random.default_rng(22)
    search = random.normal(0, 0.004, (100, 6))
    found = {one.what: one for one in excess(model.sketch(np.vstack([natural(random, 100), search])), model.reference)}
    assert found[Oddity.FLIPS].seen > 0.2
    assert found[Oddity.FLIPS].expected < 0.05


def test_many_out_of_range_are_an_excess(model: Model) -> None:
    random = np.random.default_rng(23)
    rows = natural(random, 200)
    rows[:20, 1] += 30
    found = {one.what for one in excess(model.sketch(rows), model.reference)}
    assert {Oddity.OUT_OF_RANGE, Oddity.FAR} <= found
