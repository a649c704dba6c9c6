"""What is kept of a row tells what it has to, and not the row."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from scipy.spatial.distance import cdist

from garrison.errors import ConfigError, UnmappedError
from garrison.watch.models.extraction import Client, judge, observe
from garrison.watch.models.inference import Block, Inference, Outcome, Told
from garrison.watch.models.learn import MIN_ROWS, learn
from garrison.watch.models.reference import Kind, Reference
from garrison.watch.models.sketch import Sketch, Sketcher

from .conftest import KEY, Model, asked, natural


def labelled(texts: list[list[str]], labels: list[str]) -> Inference:
    return Inference((Block("t", texts=texts),), Outcome(Told.LABEL, labels=labels), rows=len(labels))


def test_distances_and_entropies_are_those_of_their_formulas(model: Model) -> None:
    rows = natural(np.random.default_rng(2), 50)
    anchors = np.frombuffer(model.reference.anchors, "<f4").reshape(-1, 6)
    scale = model.reference.scales[0]
    apart = cdist((rows - np.array(scale.middle)) / np.array(scale.spread), anchors)
    sketches = model.sketch(rows)
    assert [s.distance for s in sketches] == pytest.approx(apart.min(1), abs=1e-3)
    assert [s.region for s in sketches] == apart.argmin(1).tolist()
    chances = np.asarray(asked(rows).outcome.numbers)
    assert [s.surprise for s in sketches] == pytest.approx(-(chances * np.log2(chances)).sum(1), abs=1e-6)
    assert [s.top for s in sketches] == pytest.approx(chances.max(1))


def test_a_sketch_survives_being_written(model: Model) -> None:
    sketches = model.sketch(natural(np.random.default_rng(3), 3))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(sketches), type=list[Sketch]) == sketches
    assert msgspec.json.decode(msgspec.json.encode(model.reference), type=Reference) == model.reference


def test_no_row_of_the_reference_is_kept(model: Model) -> None:
    rows = natural(np.random.default_rng(1), 1_200)
    anchors = np.frombuffer(model.reference.anchors, "<f4").reshape(-1, 6)
    scale = model.reference.scales[0]
    assert cdist((rows - np.array(scale.middle)) / np.array(scale.spread), anchors).min() > 1e-3


def test_coarse_coordinates_are_fewer_than_columns(model: Model) -> None:
    (sketch,) = model.sketch(np.zeros((1, 6)))
    assert len(sketch.near) == 3


def test_with_another_key_rows_are_not_recognised(model: Model) -> None:
    rows = natural(np.random.default_rng(4), 20)
    other = Sketcher(learn([asked(natural(np.random.default_rng(1), 1_200))], b"another"), b"another").sketch(
        asked(rows)
    )
    assert {s.same for s in model.sketch(rows)}.isdisjoint({s.same for s in other})


def test_out_of_range_and_missing_have_bins_of_their_own(model: Model) -> None:
    rows = np.zeros((1, 6))
    rows[0, :3] = [-1e9, 1e9, np.nan]
    (sketch,) = model.sketch(rows)
    first, second = model.reference.features[:2]
    assert sketch.bins[0] == first.odd_bins[0]
    assert sketch.bins[1] == second.odd_bins[1]
    assert sketch.bins[2] == 0
    assert np.isfinite(sketch.distance)


def test_every_row_of_the_reference_is_in_range(model: Model) -> None:
    for feature in model.reference.features:
        assert sum(feature.counts) == 1_200
        assert all(feature.counts[n] == 0 for n in (0, *feature.odd_bins))


def test_texts_are_categories_or_lengths() -> None:
    random = np.random.default_rng(5)
    texts = [[str(random.choice(["de", "fr", "es"])), "x" * int(random.integers(1, 200)) + str(n)] for n in range(300)]
    reference = learn([labelled(texts, ["yes" if t[0] == "de" else "no" for t in texts])], KEY)
    assert [f.kind for f in reference.features] == [Kind.CATEGORY, Kind.LENGTH]
    assert all(word not in category for category in reference.features[0].categories for word in ("fr", "es"))
    known, new = Sketcher(reference, KEY).sketch(labelled([["de", "xxx"], ["at", "x" * 9_999]], ["yes", "perhaps"]))
    assert known.bins[0] > 1
    assert (new.bins[0], new.bins[1]) == (1, reference.features[1].odd_bins[1])
    assert new.label == len(reference.labels)


def test_wide_tensors_are_summed_up() -> None:
    random = np.random.default_rng(6)
    rows = random.normal(0, 1, (200, 900))
    told = Outcome(Told.VALUE, numbers=rows[:, :1])
    reference = learn([Inference((Block("pixels", numbers=rows),), told, rows=200)], KEY)
    assert len(reference.features) == 6
    assert reference.features[0].name == "pixels.mean"
    one, _ = Sketcher(reference, KEY).sketch(
        Inference((Block("pixels", numbers=rows[:2]),), Outcome(Told.VALUE, numbers=rows[:2, :1]), rows=2)
    )
    assert len(one.bins) == 6


def test_what_cannot_be_learnt_from_is_told() -> None:
    with pytest.raises(ConfigError, match="too few"):
        learn([asked(natural(np.random.default_rng(1), MIN_ROWS - 1))], KEY)
    with pytest.raises(ConfigError, match="no inferences"):
        learn([], KEY)
    with pytest.raises(ConfigError, match="not of one model"):
        learn([asked(np.zeros((50, 6))), labelled([["a"]] * 50, ["b"] * 50)], KEY)


def test_rows_of_another_form_are_refused(model: Model) -> None:
    with pytest.raises(UnmappedError):
        model.sketcher.sketch(labelled([["a"]], ["b"]))
    with pytest.raises(UnmappedError):
        model.sketch(np.zeros((1, 7)))


def test_columns_that_never_change_do_no_harm() -> None:
    rows = np.hstack([natural(np.random.default_rng(7), 200), np.full((200, 2), 5.0), np.full((200, 1), np.nan)])
    sketches = Sketcher(learn([asked(np.nan_to_num(rows))], KEY), KEY).sketch(asked(np.nan_to_num(rows)))
    assert all(np.isfinite(s.distance) for s in sketches)


def test_values_that_are_absurd_are_far() -> None:
    rows = natural(np.random.default_rng(8), 200)
    rows[0, 0] = 1.7e308
    sketcher = Sketcher(learn([asked(np.clip(rows, -9, 9))], KEY), KEY)
    worst = sketcher.sketch(asked(np.array([[-1.7e308, np.inf, -np.inf, 1.7e308, 0, 0]])))[0]
    assert np.isfinite(worst.distance)
    assert worst.distance > 10


def test_rows_that_are_all_the_same() -> None:
    rows = np.ones((100, 6))
    reference = learn([asked(rows)], KEY)
    client = Client()
    observe(client, Sketcher(reference, KEY).sketch(asked(rows)), reference, 1)
    assert not judge(client, reference).copies
