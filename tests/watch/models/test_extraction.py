"""Clients that copy a model are told from those that use it. The shares that have goals are measured by bench/extraction.py."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from garrison.watch.models.extraction import (
    MIN_ROWS,
    Client,
    Measure,
    Verdict,
    Weight,
    judge,
    measure,
    observe,
    weights,
)
from garrison.watch.models.inference import Block, Inference, Outcome, Told
from garrison.watch.models.learn import learn
from garrison.watch.models.sketch import Sketcher

from .conftest import KEY, Model, Rows, natural

MINUTE_US = 60_000_000


def asking(model: Model, rows: Rows, *, step_us: int = MINUTE_US, at_once: int = 25) -> Client:
    client = Client()
    sketches = model.sketch(rows)
    for first in range(0, len(rows), at_once):
        observe(client, sketches[first : first + at_once], model.reference, (first + 1) * step_us)
    return client


def verdict(model: Model, rows: Rows, **how: int) -> Verdict:
    return judge(asking(model, rows, **how), model.reference)


def valued(rows: Rows) -> Inference:
    """Rows, and a value for each."""
    return Inference(
        (Block("x", numbers=rows),), Outcome(Told.VALUE, numbers=rows[:, :1] + rows[:, 1:2]), rows=len(rows)
    )


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


def test_things_that_are_asked_about_again_and_again_are_left_alone(model: Model, random: np.random.Generator) -> None:
    things = natural(random, 100)[random.integers(100, size=500)]
    found = verdict(model, things + random.normal(0, 0.04, (500, 6)))
    assert not found.copies
    assert found.distinct < 200


def test_random_rows(model: Model, random: np.random.Generator) -> None:
    found = verdict(model, random.uniform(-4, 4, (500, 6)))
    assert found.copies
    evidence = {one.measure: one for one in found.evidence}
    assert evidence[Measure.DISTANCE].seen > evidence[Measure.DISTANCE].usual
    assert found.since_us == MINUTE_US


def test_mixtures_of_natural_rows(model: Model, random: np.random.Generator) -> None:
    share = random.uniform(0.3, 0.7, (500, 1))
    found = verdict(model, share * natural(random, 500) + (1 - share) * natural(random, 500))
    assert found.copies
    assert Measure.SURPRISE in {one.measure for one in found.evidence}


def test_rows_that_are_a_little_far_and_a_little_surprising_are_odd(model: Model, random: np.random.Generator) -> None:
    """No measure says enough alone: a little of several adds up."""
    few = natural(random, 25)[random.integers(25, size=500)]
    found = verdict(model, few + random.normal(0, 0.5, (500, 6)))
    assert found.copies
    assert Measure.ODDNESS in {one.measure for one in found.evidence}
    assert max(one.points for one in found.evidence) < 1
    assert verdict(model, natural(random, 500)).measured[Measure.ODDNESS] < 0


def test_steps_on_a_lattice(random: np.random.Generator) -> None:
    """Rows that are doubled by one fixed change, as Papernot's augmentation does, of a model whose rows have many columns."""
    rows = random.normal(0, 1, (1_200, 10))
    reference = learn([valued(rows)], KEY)
    sketcher = Sketcher(reference, KEY)
    seeds = random.normal(0, 0.6, (60, 10))
    change = 0.4 * random.choice([-1.0, 1.0], 10)
    asked = np.vstack([seeds, seeds + change, seeds + 2 * change])
    client = Client()
    observe(client, sketcher.sketch(valued(asked)), reference, MINUTE_US)
    found = judge(client, reference)
    assert found.copies
    assert Measure.STEPS in {one.measure for one in found.evidence}


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
    by = {Measure.DISTANCE: Weight(usual=-1.0, points=2.0, most=0.5), Measure.RATE: Weight(1.0, 0.5, most=0.5)}
    assert judge(client, model.reference, usual_rate=0.5, by=by).copies
    assert not judge(client, model.reference, usual_rate=1e6, by=by).copies


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


def test_what_counts_adds_up_to_a_point_and_the_most_comes_first(model: Model, random: np.random.Generator) -> None:
    found = verdict(model, random.uniform(-4, 4, (500, 6)))
    given = [one.points for one in found.evidence]
    assert sum(given) >= 1
    assert given == sorted(given, reverse=True)
    for one in found.evidence:
        weight = weights()[one.measure]
        assert one.points == pytest.approx(min(weight.points * (one.seen - weight.usual), weight.most))


def test_the_points_that_come_along() -> None:
    found = weights()
    assert {Measure.DISTANCE, Measure.SURPRISE, Measure.ODDNESS, Measure.RATE} <= set(found)
    assert all(weight.points > 0 for weight in found.values())
    assert found[Measure.RATE].most < 1  # a rate alone says nothing
