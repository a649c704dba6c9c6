"""Sketches of what the gateway tells, and references as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.watch.models.bodies import line
from tests.watch.models.conftest import KEY, Model, asked, natural

from garrison.errors import ConfigError
from garrison.watch.key import make_key, read_key
from garrison.watch.models.learnt import Learnt, learnt, read, write
from garrison.watch.models.sketching import Sketching, unpacked

RANDOM = np.random.default_rng(2)


@pytest.fixture(scope="module")
def made() -> Learnt:
    return learnt([asked(natural(np.random.default_rng(1), 1_200))], KEY)


def test_a_line_that_tells_an_inference_is_sketched(made: Learnt, model: Model) -> None:
    rows = natural(RANDOM, 3)
    sketching = Sketching({"cards": made}, KEY)
    found = unpacked(sketching.sketches(line(rows)))
    assert [s.bins for s in found] == [s.bins for s in model.sketch(rows)]
    assert sketching.refused == {}


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"{}", id="another line"),
        pytest.param(b'{"model":"cards","output":"{}"}', id="an answer alone"),
        pytest.param(b'{"model":"cards","input":7,"output":"{}"}', id="no text"),
        pytest.param(b'{"output":', id="half a line"),
        pytest.param(b'\xff"output":', id="no UTF-8"),
        pytest.param(line(natural(RANDOM, 1), model="other"), id="a model that is not watched"),
    ],
)
def test_what_tells_nothing_has_none(made: Learnt, said: bytes) -> None:
    sketching = Sketching({"cards": made}, KEY)
    assert sketching.sketches(said) == b""
    assert sketching.refused == {}


def test_what_cannot_be_sketched_is_counted_with_its_reason(made: Learnt) -> None:
    sketching = Sketching({"cards": made}, KEY)
    assert sketching.sketches(line(natural(RANDOM, 2)[:, :4])) == b""
    cut = line(natural(RANDOM, 2)).replace(b'}]}","output"', b'","output"')
    assert sketching.sketches(cut) == b""
    (form, broken) = sorted(why for _, why in sketching.refused)
    assert form.startswith("no inference") or broken.startswith("no inference")
    assert "the inputs are not of the reference's form" in (form, broken)


def test_what_was_learnt_is_the_same_after_a_restart(made: Learnt, tmp_path: Path) -> None:
    write(tmp_path / "a.reference", made)
    again = read(tmp_path / "a.reference")
    assert again.reference == made.reference
    assert again.window == made.window
    (tmp_path / "b").write_text("{}")
    with pytest.raises(ConfigError, match="does not tell what is ordinary"):
        read(tmp_path / "b")
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path / "c")


def test_a_key_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "models.key"
    key = make_key(path)
    assert make_key(path) == key == read_key(path, "make it")
    assert path.stat().st_mode & 0o077 == 0
    path.write_text("00")
    with pytest.raises(ConfigError, match="has 1 bytes"):
        read_key(path, "make it")
