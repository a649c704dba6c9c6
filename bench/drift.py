"""Drift and change on streams with known points of change: `python bench/drift.py`. A line per figure.

Windows are of scikit-learn's digits, wine (made larger) and make_classification; what is a false alarm is any drift told of a window
of which nothing changed. Streams are right and wrong answers.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from extraction_data import new_problems
from extraction_lab import Random, Rows, Target, asked, natural, target
from garrison.watch.models.change import Adwin, PageHinkley
from garrison.watch.models.drift import drift
from garrison.watch.models.oddity import excess
from garrison.watch.models.window import Window, add, empty
from measure import line

_DATA = ("digits", "wine", "make_classification")
_SIZES = (50, 200, 1_000)
_BEFORE = 1_500
_STREAM = 5_000


def window(t: Target, rows: Rows) -> Window:
    made = empty(t.reference)
    add(made, t.sketcher.sketch(asked(rows, t.answer)), t.reference, 1)
    return made


def shifted(t: Target, random: Random, n: int, by: float, columns: float) -> Rows:
    """Natural rows of which a share of the columns is moved by so many deviations."""
    rows = t.pool[random.integers(len(t.pool), size=n)].copy()
    moved = np.asarray(random.random(rows.shape[1]) < columns)
    moved[random.integers(rows.shape[1])] = True
    rows[:, moved] += by * t.pool.std(0)[moved]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=40, help="of each size, change and dataset")
    said = parser.parse_args()
    targets = [target(problem) for problem in new_problems() if problem.name in _DATA]
    for size in _SIZES:
        for name, by, columns in (
            ("nothing changed", 0.0, 0.0),
            ("a column by half a deviation", 0.5, 0.0),
            ("a column by one", 1.0, 0.0),
            ("a third of them by half", 0.5, 0.33),
        ):
            line(
                f"drift told, windows of {size}: {name}",
                100 * _told(targets, said.windows, size, by, columns),
                None,
                "%",
            )
    alarms = [
        bool(excess(t.sketcher.sketch(asked(natural(t, np.random.default_rng(n), 200), t.answer)), t.reference))
        for t in targets
        for n in range(said.windows)
    ]
    line("odd inputs told, 200 natural rows", 100 * float(np.mean(alarms)), None, "%")
    _streams()


def _told(targets: list[Target], windows: int, size: int, by: float, columns: float) -> float:
    told = []
    for t in targets:
        for n in range(windows):
            random = np.random.default_rng([n, size])
            rows = t.pool[random.permutation(len(t.pool))]
            half = min(len(rows) // 2, _BEFORE)
            fresh = Target(t.name, t.answer, rows[half:], t.labels[:0], t.reference, t.sketcher)
            now = shifted(fresh, random, size, by, columns) if by else rows[half : half + size]
            told.append(bool(drift(t.reference, window(t, rows[:half]), window(t, now)).drifts))
    return float(np.mean(told))


def _streams() -> None:
    for kind in (PageHinkley, Adwin):
        false = sum(
            _changes(kind(), [(_STREAM, rate)], seed) is not None for rate in (0.05, 0.2, 0.4) for seed in range(20)
        )
        line(f"{kind.__name__}: streams of {_STREAM} answers falsely told", 100 * false / 60, None, "%")
        for after in (0.2, 0.4):
            delays = [_changes(kind(), [(2_000, 0.1), (2_000, after)], seed) for seed in range(30)]
            found = [delay - 2_000 for delay in delays if delay is not None]
            line(
                f"{kind.__name__}: errors from 10 % to {after:.0%}: answers until told",
                float(np.median(found)),
                None,
                "",
            )
    adwin, begun = Adwin(), time.process_time()
    for place in range(20_000):
        adwin.add(float(place % 10 == 0), place)
    line("Adwin: an answer", (time.process_time() - begun) * 1e6 / 20_000, None, "us")


def _changes(detector: PageHinkley | Adwin, parts: list[tuple[int, float]], seed: int) -> int | None:
    """After how many answers a change is told."""
    random = np.random.default_rng(seed)
    answers = np.concatenate([random.random(count) < rate for count, rate in parts])
    return next((place for place, wrong in enumerate(answers) if detector.add(float(wrong), place + 1)), None)


if __name__ == "__main__":
    main()
