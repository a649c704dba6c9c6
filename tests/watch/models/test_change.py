"""A change of the mean is told soon after it happened, with the place of it; a stream without one stays quiet."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from garrison.watch.models.change import Adwin, Change, PageHinkley

STEP_US = 1_000_000


def run(detector: PageHinkley | Adwin, numbers: list[float]) -> list[tuple[int, Change]]:
    found = []
    for place, number in enumerate(numbers):
        change = detector.add(number, (place + 1) * STEP_US)
        if change is not None:
            found.append((place, change))
    return found


def wrong(*parts: tuple[int, float], seed: int = 0) -> list[float]:
    random = np.random.default_rng(seed)
    return [float(random.random() < rate) for count, rate in parts for _ in range(count)]


@pytest.mark.parametrize("detector", [PageHinkley(), Adwin()])
def test_a_model_that_becomes_worse(detector: PageHinkley | Adwin) -> None:
    (found, *_) = run(detector, wrong((2_000, 0.1), (1_000, 0.4)))
    place, change = found
    assert 2_000 < place < 2_400
    assert change.before == pytest.approx(0.1, abs=0.05)
    assert 0.25 < change.after < 0.6
    assert change.since_us / STEP_US == pytest.approx(2_000, abs=250)


def test_adwin_tells_improvement_too() -> None:
    ((place, change), *_) = run(Adwin(), wrong((1_000, 0.5), (1_000, 0.2)))
    assert 1_000 < place < 1_400
    assert change.after < change.before
    assert run(PageHinkley(), wrong((1_000, 0.5), (1_000, 0.2))) == []


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.3, 0.5])
def test_quiet_where_nothing_changes(rate: float) -> None:
    """40,000 answers, in 20 streams: at most one false alarm of each detector."""
    assert sum(len(run(PageHinkley(), wrong((2_000, rate), seed=seed))) for seed in range(20)) <= 1
    assert sum(len(run(Adwin(), wrong((2_000, rate), seed=seed))) for seed in range(20)) <= 1


def test_page_hinkley_is_the_sum_above_its_least() -> None:
    """The statistic as it is defined, over the whole stream, against the one that is kept."""
    numbers = wrong((300, 0.2), (60, 0.5), seed=3)
    detector = PageHinkley(threshold=1e9)
    sums, total = [0.0], 0.0
    for place, number in enumerate(numbers):
        detector.add(number, place + 1)
        total += number - float(np.mean(numbers[: place + 1])) - detector.tolerance
        sums.append(total)
    assert detector.risen == pytest.approx(sums[-1] - min(sums))


def test_adwin_keeps_the_sum_the_squares_and_little_memory() -> None:
    numbers = np.random.default_rng(4).normal(0.5, 0.1, 20_000).tolist()
    detector = Adwin()
    assert run(detector, numbers) == []
    buckets = [bucket for row in detector.buckets for bucket in row]
    assert sum(bucket.count for bucket in buckets) == detector.count == 20_000
    assert sum(bucket.sum for bucket in buckets) == pytest.approx(sum(numbers))
    assert len(buckets) < 80


def test_adwin_finds_the_cut_of_a_search_over_all_cuts() -> None:
    numbers = wrong((500, 0.1), (300, 0.6), seed=5)
    ((place, _), *_) = run(Adwin(), numbers)
    gaps = [abs(np.mean(numbers[:cut]) - np.mean(numbers[cut : place + 1])) for cut in range(5, place - 4)]
    assert max(gaps) > 0.25


@pytest.mark.parametrize("detector", [PageHinkley(), Adwin()])
def test_goes_on_after_a_restart(detector: PageHinkley | Adwin) -> None:
    numbers = wrong((700, 0.1), (400, 0.5), seed=6)
    straight = run(type(detector)(), numbers)
    first = type(detector)()
    for place, number in enumerate(numbers[:500]):
        assert first.add(number, (place + 1) * STEP_US) is None
    again = msgspec.json.decode(msgspec.json.encode(first), type=type(detector))
    rest = [
        (place, change)
        for place, number in enumerate(numbers[500:], 500)
        if (change := again.add(number, (place + 1) * STEP_US))
    ]
    assert rest == straight
