"""Models as the judge follows them: what is told, and what goes on after a restart."""

from __future__ import annotations

import numpy as np
import pytest
from tests.watch.models.conftest import KEY, Model, asked, model, natural

from garrison.events.event import Class, Event, Status
from garrison.events.mappers.garrison_gateway import LABEL as GATEWAY
from garrison.events.mappers.garrison_outcome import LABEL as OUTCOME
from garrison.watch.alerts.signal import Detector, Signal
from garrison.watch.alerts.store import Alerts
from garrison.watch.judge.memory import Memory
from garrison.watch.judge.models import ModelDetector
from garrison.watch.models import follow
from garrison.watch.models.follow import Watched
from garrison.watch.models.learnt import learnt
from garrison.watch.models.sketching import packed

__all__ = ["model"]  # the fixture
NOW_US = 1_795_514_400_000_000


@pytest.fixture(scope="module")
def cards() -> Watched:
    return Watched("cards", learnt([asked(natural(np.random.default_rng(1), 1_200))], KEY), 500)


def event(number: int, client: str, sketches: bytes) -> Event:
    return Event(
        time_us=NOW_US + number * 1_000_000, class_uid=Class.API, product=GATEWAY, actor_user=client, model="cards", sketches=sketches,
    )  # fmt: skip


def ask(detector: ModelDetector, model: Model, count: int, client: str, *, seed: int = 3) -> list[Signal]:
    rows = np.random.default_rng(seed).uniform(-4, 4, (count, 6))
    return [
        signal
        for number, sketch in enumerate(model.sketch(rows))
        for signal in detector.observe(event(number, client, packed([sketch])), NOW_US)
    ]


def test_who_copies_a_model_is_told_also_after_a_restart(cards: Watched, model: Model, alerts: Alerts) -> None:
    memory = Memory(alerts)
    first = ModelDetector([cards], memory)
    assert [s for s in ask(first, model, 40, "eve") if s.detector is Detector.EXTRACTION] == []
    memory.note(first.remember())
    memory.write([])
    assert first.remember() == {}
    second = ModelDetector([cards], Memory(alerts))
    assert second.followed["cards"].clients["eve"].client.rows == 40
    assert second.followed["cards"].window.rows == 40
    told = [s for s in ask(second, model, 260, "eve", seed=4) if s.detector is Detector.EXTRACTION]
    assert [(s.principal, s.asset) for s in told] == [("eve", "cards")]


def test_clients_are_remembered_one_by_one_and_forgotten(
    cards: Watched, model: Model, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "MAX_CLIENTS", 2)
    detector = ModelDetector([cards], memory)
    for client in ("a", "b"):
        ask(detector, model, 1, client)
    memory.note(detector.remember())
    ask(detector, model, 1, "c")
    changed = detector.remember()
    assert {name.rpartition("/")[2]: data is None for name, data in changed.items() if "/client/" in name} == {
        "a": True,
        "c": False,
    }
    memory.note(changed)
    assert list(ModelDetector([cards], memory).followed["cards"].clients) == ["b", "c"]


def test_what_was_seen_by_another_reference_is_forgotten(cards: Watched, model: Model, memory: Memory) -> None:
    detector = ModelDetector([cards], memory)
    ask(detector, model, 5, "ada")
    memory.note(detector.remember())
    other = Watched("cards", learnt([asked(natural(np.random.default_rng(9), 900))], KEY), 500)
    followed = ModelDetector([other], memory).followed["cards"]
    assert (followed.window.rows, followed.clients) == (0, {})
    assert memory.under("models/client/") == {}


def test_what_is_not_watched_tells_nothing(cards: Watched, memory: Memory) -> None:
    detector = ModelDetector([cards], memory)
    assert list(detector.observe(Event(time_us=0, class_uid=Class.API, model="other", sketches=b"?"), NOW_US)) == []
    assert list(detector.observe(event(0, "ada", b""), NOW_US)) == []
    assert detector.remember() == {}


def test_outcomes_are_followed(cards: Watched, memory: Memory) -> None:
    detector, chance = ModelDetector([cards], memory), np.random.default_rng(2)
    told: list[Signal] = []
    for number in range(3_000):
        wrong = chance.random() < (0.05 if number < 1_500 else 0.6)
        status = Status.FAILURE if wrong else Status.SUCCESS
        said = Event(time_us=NOW_US + number, class_uid=Class.API, product=OUTCOME, model="cards", status_id=status)
        told += detector.observe(said, NOW_US)
    assert {s.name for s in told} == {"concept drift (adwin)", "concept drift (page-hinkley)"}
