"""Clients that copy a model are told from those that use it. The shares that have goals are measured by bench/extraction.py."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from garrison.watch.models.extraction import (
    MIN_ROWS,
    Client,
    Limits,
    Measure,
    Pair,
    Verdict,
    judge,
    limits,
    measure,
    observe,
)

from .conftest import Model, Rows, natural

MINUTE_US = 60_000_000


def asking(model: Model, rows: Rows, *, step_us: int = MINUTE_US, at_once: int = 25) -> Client:
    client = Client()
    sketches = model.sketch(rows)
    for first in range(0, len(rows), at_once):
        observe(client, sketches[first : first + at_once], model.reference, (first + 1) * step_us)
    return client


def verdict(model: Model, rows: Rows, **how: int) -> Verdict:
    return judge(asking(model, rows, **how), model.reference)


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(31)


def test_natural_clients_are_left_alone(model: Model) -> None:
    flagged = [seed for seed in range(30) if verdict(model, natural(np.random.default_rng(seed), 500)).copies]
    assert len(flagged) <= 1


def test_a_client_of_one_class_is_left_alone(model: Model) -> None:
    rows = natural(np.random.default_rng(32), 2_000)
    assert not verdict(model, rows[rows.sum(1) > 0][:500]).copies


def test_a_client_that_repeats_itself_is_left_alone(model: Model, random: np.random.Generator) -> None:
    few = natural(random, 60)
    found = verdict(model, few[random.integers(60, size=500)])
    assert not found.copies
    assert (found.rows, found.distinct) == (500, 60)


def test_bursts_of_all_but_the_same_are_left_alone(model: Model, random: np.random.Generator) -> None:
    rows = np.repeat(natural(random, 100), 5, axis=0) + random.normal(0, 0.02, (500, 6))
    found = verdict(model, rows)
    assert not found.copies
    assert found.distinct < 250


def test_random_rows(model: Model, random: np.random.Generator) -> None:
    found = verdict(model, random.uniform(-4, 4, (500, 6)))
    assert found.copies
    evidence = {one.measure: one for one in found.evidence}
    assert evidence[Measure.DISTANCE].seen > evidence[Measure.DISTANCE].limit
    assert found.since_us == MINUTE_US


def test_mixtures_of_natural_rows(model: Model, random: np.random.Generator) -> None:
    share = random.uniform(0.3, 0.7, (500, 1))
    found = verdict(model, share * natural(random, 500) + (1 - share) * natural(random, 500))
    assert found.copies
    assert Measure.SURPRISE in {one.measure for one in found.evidence}


def test_slowness_hides_nothing(model: Model, random: np.random.Generator) -> None:
    rows = random.uniform(-4, 4, (300, 6))
    quick, slow = verdict(model, rows), verdict(model, rows, step_us=MINUTE_US * 60 * 24)
    assert slow.copies
    assert slow.measured == quick.measured


def test_a_few_natural_rows_do_not_hide_an_attack(model: Model, random: np.random.Generator) -> None:
    rows = random.permutation(np.vstack([natural(random, 250), random.uniform(-4, 4, (250, 6))]))
    assert verdict(model, rows).copies


def test_what_was_asked_long_ago_fades(model: Model, random: np.random.Generator) -> None:
    """A client that was natural for long is told soon after it turns; one that stopped is forgiven."""
    client = asking(model, natural(random, 5_000))
    assert not judge(client, model.reference).copies
    observe(client, model.sketch(random.uniform(-4, 4, (400, 6))), model.reference, MINUTE_US)
    assert judge(client, model.reference).copies
    for _ in range(40):
        observe(client, model.sketch(natural(random, 250)), model.reference, MINUTE_US)
    assert not judge(client, model.reference).copies


def test_nothing_is_said_of_a_few_rows(model: Model, random: np.random.Generator) -> None:
    found = verdict(model, random.uniform(-9, 9, (MIN_ROWS - 1, 6)))
    assert (found.copies, found.evidence) == (False, ())
    assert judge(Client(), model.reference).copies is False


def test_a_high_rate_counts_beside_a_shift_only(model: Model, random: np.random.Generator) -> None:
    client = asking(model, natural(random, 400))
    assert measure(client, model.reference, usual_rate=0.5)[Measure.RATE] > 20
    assert not judge(client, model.reference, usual_rate=0.5).copies
    within = Limits(alone={}, together=(Pair((Measure.DISTANCE, Measure.RATE), (-1.0, 20.0)),))
    assert judge(client, model.reference, usual_rate=0.5, within=within).copies
    assert not judge(client, model.reference, usual_rate=1e6, within=within).copies


def test_a_client_is_bounded_and_goes_on_after_a_restart(model: Model, random: np.random.Generator) -> None:
    rows = model.sketch(natural(random, 6_000))
    client = Client()
    observe(client, rows[:2_000], model.reference, MINUTE_US)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(client), type=Client)
    for state in (client, again):
        observe(state, rows[2_000:], model.reference, MINUTE_US)
    assert again == client
    assert len(msgspec.msgpack.encode(client)) < 16_000


def test_rows_may_be_told_one_by_one_or_together(model: Model, random: np.random.Generator) -> None:
    rows = natural(random, 240)
    one, many = asking(model, rows, at_once=1), asking(model, rows, at_once=240)
    assert judge(one, model.reference).measured == pytest.approx(judge(many, model.reference).measured)


def test_the_limits_that_come_along_hold_the_joint_test() -> None:
    found = limits()
    assert (Measure.DISTANCE, Measure.SURPRISE) in {pair.measures for pair in found.together}
    assert set(found.alone) == {Measure.DISTANCE, Measure.SURPRISE}
    for pair in found.together:
        for what, limit in zip(pair.measures, pair.limits, strict=True):
            assert limit > 0
            assert limit <= found.alone.get(what, np.inf)
