"""A model as it is used: what is told, when, and once."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from tests.watch.models.conftest import KEY, Model, Rows, asked, natural

from garrison.events.event import Severity
from garrison.watch.alerts.signal import Detector, Signal
from garrison.watch.baselines.keep import dumped, loaded
from garrison.watch.models import follow
from garrison.watch.models.follow import Followed, Watched, begin, observe, outcome, pause
from garrison.watch.models.learnt import learnt

NOW_US = 1_795_000_000_000_000
SECOND_US = 1_000_000


@pytest.fixture(scope="module")
def cards() -> Watched:
    return Watched("cards", learnt([asked(natural(np.random.default_rng(1), 1_200))], KEY), 500)


def ask(followed: Followed, cards: Watched, model: Model, rows: Rows, client: str, *, start_s: int = 0) -> list[Signal]:
    """Rows one by one, a second apart."""
    return [
        signal
        for number, sketch in enumerate(model.sketch(rows))
        for signal in observe(followed, cards, [sketch], NOW_US + (start_s + number) * SECOND_US, client)
    ]


def test_what_is_usual_tells_nothing(cards: Watched, model: Model) -> None:
    followed = begin(cards)
    for number in range(4):
        assert ask(followed, cards, model, natural(np.random.default_rng(10 + number), 400), f"client {number}") == []
    assert followed.window.rows == 1_600 % 500
    assert len(followed.clients) == 4


def test_who_copies_a_model_is_told_once_with_what_says_so(cards: Watched, model: Model) -> None:
    followed = begin(cards)
    random = np.random.default_rng(3)
    told = ask(followed, cards, model, random.uniform(-4, 4, (300, 6)), "eve")
    (copying,) = (signal for signal in told if signal.detector is Detector.EXTRACTION)
    assert copying.severity is Severity.HIGH
    assert (copying.principal, copying.asset, copying.asset_type) == ("eve", "cards", "model")
    assert "expected at most" in copying.text
    assert copying.since_us == NOW_US
    assert copying.time_us <= NOW_US + 300 * SECOND_US
    assert "atlas.aml.t0024.002" in copying.tags


def test_a_drift_is_told_once_for_as_long_as_it_lasts(cards: Watched, model: Model) -> None:
    followed = begin(cards)
    moved = natural(np.random.default_rng(4), 1_500)
    moved[:, 2] += 1.5
    told = [s for s in ask(followed, cards, model, moved, "") if s.name == "drift of inputs"]
    (drifted,) = told
    assert "x[2]" in drifted.text
    assert "expected" in drifted.text
    assert drifted.severity is Severity.MEDIUM
    assert (drifted.since_us, drifted.events) == (NOW_US, 500)
    assert ask(followed, cards, model, natural(np.random.default_rng(5), 500), "", start_s=2_000) == []
    again = ask(followed, cards, model, moved[:500], "", start_s=3_000)
    assert "drift of inputs" in {signal.name for signal in again}


def test_odd_inputs_are_told_when_there_are_more_than_usual(cards: Watched, model: Model) -> None:
    followed = begin(cards)
    rows = natural(np.random.default_rng(6), 200)
    rows[::10] *= 40
    told = {signal.name for signal in ask(followed, cards, model, rows, "")}
    assert {"odd inputs (out of range)", "odd inputs (far from all that is known)"} <= told


def test_a_window_that_does_not_fill_is_looked_at_when_it_is_a_day_old(cards: Watched, model: Model) -> None:
    followed = begin(cards)
    moved = natural(np.random.default_rng(7), 120)
    moved[:, 0] += 3
    ask(followed, cards, model, moved, "")
    assert pause(followed, cards, NOW_US + 3_600 * SECOND_US) == []
    assert pause(followed, cards, NOW_US + 90_000 * SECOND_US)
    assert followed.window.rows == 0


def test_answers_that_turn_out_wrong_more_often_are_told(cards: Watched) -> None:
    followed, random = begin(cards), np.random.default_rng(8)
    told: list[Signal] = []
    for number in range(2_000):
        wrong = bool(random.random() < (0.1 if number < 1_000 else 0.4))
        told += outcome(followed, "cards", wrong=wrong, time_us=NOW_US + number * SECOND_US)
    assert {signal.name for signal in told} == {"concept drift (adwin)", "concept drift (page-hinkley)"}
    assert all(signal.time_us > NOW_US + 1_000 * SECOND_US for signal in told)
    assert "of answers wrong" in told[0].text


def test_a_restart_changes_nothing(cards: Watched, model: Model) -> None:
    rows = np.random.default_rng(9).uniform(-4, 4, (300, 6))
    one, other = begin(cards), begin(cards)
    whole = ask(one, cards, model, rows, "eve")
    first = ask(other, cards, model, rows[:120], "eve")
    other = loaded(dumped(other), Followed)
    assert first + ask(other, cards, model, rows[120:], "eve", start_s=120) == whole
    assert msgspec.to_builtins(other.window) == msgspec.to_builtins(one.window)


def test_clients_make_room_for_others(cards: Watched, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "MAX_CLIENTS", 3)
    followed = begin(cards)
    rows = natural(np.random.default_rng(11), 5)
    for number in range(5):
        ask(followed, cards, model, rows[number : number + 1], f"client {number}")
    assert list(followed.clients) == ["client 2", "client 3", "client 4"]
    assert followed.forgotten == 2
