"""Drift is told where something changed, by name and since when; and where nothing did, it is not."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from garrison.watch.models import drift as drifting
from garrison.watch.models.drift import Found, Subject, drift
from garrison.watch.models.learn import first_window
from garrison.watch.models.window import SAMPLE, Window, add, empty, merged

from .conftest import KEY, Model, Rows, asked, natural

HOUR_US = 3_600_000_000


def window(model: Model, rows: Rows, time_us: int = HOUR_US) -> Window:
    made = empty(model.reference)
    add(made, model.sketch(rows), model.reference, time_us)
    return made


def looked(model: Model, before: Rows, now: Rows) -> Found:
    return drift(model.reference, window(model, before), window(model, now, 2 * HOUR_US))


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(11)


def test_a_feature_that_moved_is_named(model: Model, random: np.random.Generator) -> None:
    moved = natural(random, 500)
    moved[:, 2] += 1.5
    found = looked(model, natural(random, 1_000), moved)
    features = [d for d in found.drifts if d.subject is Subject.FEATURE]
    assert [d.name for d in features] == ["x[2]"]
    (one,) = features
    assert one.strong
    assert one.since_us == 2 * HOUR_US
    assert set(one.gaps) == {"psi", "jensen-shannon", "chi-square", "kolmogorov-smirnov"}
    assert one.bins[0].seen != one.bins[0].expected
    assert {d.subject for d in found.drifts} >= {Subject.FEATURE, Subject.INPUTS, Subject.DISTANCE}


def test_predictions_that_moved(model: Model, random: np.random.Generator) -> None:
    rows = natural(random, 2_000)
    more = rows[(rows.sum(1) > 0) | (random.random(2_000) < 0.2)]
    found = looked(model, natural(random, 1_000), more)
    (told,) = [d for d in found.drifts if d.subject is Subject.PREDICTIONS]
    assert {b.holds for b in told.bins} == {"label 0", "label 1"}


def test_what_moved_only_together(model: Model, random: np.random.Generator) -> None:
    rows = natural(random, 1_000)
    torn = np.stack([random.permutation(column) for column in rows.T], axis=1)  # each column as before
    found = looked(model, natural(random, 1_000), torn)
    assert [d for d in found.drifts if d.subject is Subject.FEATURE] == []
    assert Subject.INPUTS in {d.subject for d in found.drifts}


def test_too_few_rows_say_nothing(model: Model, random: np.random.Generator) -> None:
    found = looked(model, natural(random, 1_000), natural(random, drifting.MIN_ROWS - 1) + 9)
    assert not found.enough
    assert found.drifts == ()


@pytest.mark.slow
@pytest.mark.parametrize("rows", [50, 200, 1_000])
def test_false_alarms(model: Model, rows: int) -> None:
    """Windows of each size of which nothing changed: at most 2 in 60 tell anything."""
    random = np.random.default_rng(rows)
    before = window(model, natural(random, 2_000))
    alarms = sum(bool(drift(model.reference, before, window(model, natural(random, rows))).drifts) for _ in range(60))
    assert alarms <= 2


def test_a_large_window_does_not_tell_what_does_not_matter(model: Model) -> None:
    random = np.random.default_rng(12)
    before, now = empty(model.reference), empty(model.reference)
    for hour in range(20):
        add(before, model.sketch(natural(random, 1_000)), model.reference, HOUR_US * (hour + 1))
        add(now, model.sketch(natural(random, 1_000) + 0.05 * np.eye(6)[0]), model.reference, HOUR_US * (hour + 30))
    found = drift(model.reference, before, now)
    assert [d for d in found.drifts if d.subject is Subject.FEATURE] == []


def test_small_windows_say_what_they_could_not_have_shown(model: Model, random: np.random.Generator) -> None:
    before = natural(random, 1_000)
    assert looked(model, before, natural(random, 60)).least > looked(model, before, natural(random, 1_000)).least


def test_the_window_that_the_reference_was_learnt_from(model: Model, random: np.random.Generator) -> None:
    before = first_window([asked(natural(np.random.default_rng(1), 1_200))], model.reference, KEY)
    assert before.rows == 600
    assert drift(model.reference, before, window(model, natural(random, 500))).drifts == ()
    assert drift(model.reference, before, window(model, natural(random, 500) + 1)).drifts != ()


def test_since_when(model: Model, random: np.random.Generator) -> None:
    """A stream with a known point of change."""
    before = window(model, natural(random, 1_000))
    hours = [window(model, natural(random, 300) + (1.0 if hour >= 4 else 0.0), hour * HOUR_US) for hour in range(1, 9)]
    assert drifting.since(model.reference, before, hours) == 4 * HOUR_US
    assert drifting.since(model.reference, before, hours[:3]) == 0


def test_windows_add_up_in_any_order(model: Model, random: np.random.Generator) -> None:
    rows = natural(random, 900)
    one, two = window(model, rows[:400], HOUR_US), window(model, rows[400:], 3 * HOUR_US)
    whole = empty(model.reference)
    add(whole, model.sketch(rows[:400]), model.reference, HOUR_US)
    add(whole, model.sketch(rows[400:]), model.reference, 3 * HOUR_US)
    for both in (merged(one, two), merged(two, one)):
        assert msgspec.structs.replace(both, labels={}) == msgspec.structs.replace(whole, labels={})
        assert both.labels == whole.labels
    assert len(whole.sample) == SAMPLE
    assert (whole.since_us, whole.until_us) == (HOUR_US, 3 * HOUR_US)


def test_a_window_is_bounded_and_survives_being_written(model: Model, random: np.random.Generator) -> None:
    small, large = window(model, natural(random, 300)), window(model, natural(random, 1_000))
    for _ in range(10):
        add(large, model.sketch(natural(random, 1_000)), model.reference, HOUR_US)
    written = msgspec.msgpack.encode(large)
    assert len(written) < 1.5 * len(msgspec.msgpack.encode(small))
    assert msgspec.msgpack.decode(written, type=Window) == large


def test_merging_with_an_empty_window_changes_nothing(model: Model, random: np.random.Generator) -> None:
    one = window(model, natural(random, 100))
    assert merged(empty(model.reference), one) == one
    assert merged(one, empty(model.reference)) == one
