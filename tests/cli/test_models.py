"""`garrison models`: what is ordinary, from the gateway's feed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tests.watch.models.bodies import line
from tests.watch.models.conftest import natural

from garrison.cli import program
from garrison.errors import ConfigError


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    rows = natural(np.random.default_rng(1), 100)
    lines = [line(rows[n : n + 1], number=n) for n in range(100)]
    lines += [line(rows[:1], model="other"), b'{"model":"cards","input":"{","output":"{}"}', b"{}"]
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def run(*args: object) -> str:
    done = CliRunner().invoke(program, ["models", *map(str, args)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_learnt_from_a_feed_and_shown(feed: Path, tmp_path: Path) -> None:
    made = tmp_path / "cards.reference"
    said = run("learn", feed, "--model", "cards", "-o", made)
    assert "1 inferences could not be read" in said
    assert f"{made}: 100 rows, 6 features of cards" in said
    assert (tmp_path / "models.key").stat().st_mode & 0o077 == 0
    shown = run("show", made)
    assert "cards: 100 rows, answers are probabilities" in shown
    assert "x[5]" in shown
    assert json.loads(run("show", made, "--format", "json"))["rows"] == 100


def test_too_little_is_told(feed: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing to learn from"):
        run("learn", feed, "--model", "absent", "-o", tmp_path / "a")
    with pytest.raises(ConfigError, match="does not tell what is ordinary"):
        run("show", feed)
