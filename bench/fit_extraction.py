"""Fit the limits of model extraction: `python bench/fit_extraction.py`, which writes src/garrison/watch/models/extraction.toml.

Natural clients of generated problems decide; attackers are only reported. The limits of two measures that count together are the smallest
quantile, the same for both, that at most `_JOINT` of the clients pass in both; a limit alone is half as much again as the greatest natural
shift. Each client is judged after every 50 rows, and counts with
the worst it ever showed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import garrison.watch.models
from extraction_data import fit_problems
from extraction_lab import FIT_ATTACKS, FIT_NATURAL, Asker, Target, asked, target
from garrison.watch.models.extraction import Client, Limits, Measure, Pair, judge, measure, observe

ROWS, STEP = 500, 50
_JOINT = 0.001
_LEAST = 0.01
_PAIRS = tuple(
    pair for pair in combinations(list(Measure)[:5], 2) if pair != (Measure.NEAR, Measure.UNEVEN)
)  # both are of gaps
_RATE = 20.0  # not fitted: there are no natural rates here

Measured = dict[Measure, float]


def asking(t: Target, asker: Asker, seed: int, rows: int = ROWS) -> Iterator[Client]:
    """A client after every `STEP` rows."""
    random = np.random.default_rng(seed)
    client = Client()
    sketches = t.sketcher.sketch(asked(asker(t, random, rows), t.answer))
    for first in range(0, rows, STEP):
        observe(client, sketches[first : first + STEP], t.reference, time_us=(first + STEP) * 60_000_000)
        yield client


def fitted(clients: list[list[Measured]]) -> Limits:
    """Limits from natural clients."""
    of = {which: np.array([[found[which] for found in client] for client in clients]) for which in Measure}
    together = [Pair((one, two), _jointly(of[one], of[two])) for one, two in _PAIRS]
    least = {pair.measures[0]: pair.limits[0] for pair in together[:1]} | {
        together[0].measures[1]: together[0].limits[1]
    }
    together += [Pair((shift, Measure.RATE), (limit, _RATE)) for shift, limit in least.items()]
    return Limits(
        {which: round(1.5 * float(of[which].max()), 4) for which in (Measure.DISTANCE, Measure.SURPRISE)},
        tuple(together),
    )


def _jointly(one: NDArray[np.float64], two: NDArray[np.float64]) -> tuple[float, float]:
    """The smallest limits, the same quantile of both, that at most `_JOINT` of the clients pass in both at once."""
    limits = (0.0, 0.0)
    for quantile in np.linspace(0.8, 1, 401):
        limits = (
            max(round(float(np.quantile(one.max(1), quantile)), 4), _LEAST),
            max(round(float(np.quantile(two.max(1), quantile)), 4), _LEAST),
        )
        if ((one >= limits[0]) & (two >= limits[1])).any(1).mean() <= _JOINT:
            break
    return limits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=40, help="of each natural kind and problem")
    parser.add_argument("--into", type=Path, default=Path(garrison.watch.models.__path__[0]) / "extraction.toml")
    said = parser.parse_args()
    targets = [target(problem) for problem in fit_problems()]
    clients = [
        [measure(client, t.reference) for client in asking(t, asker, seed)]
        for t in targets
        for asker in FIT_NATURAL.values()
        for seed in range(said.clients)
    ]
    found = fitted(clients)
    flagged: dict[str, str] = {}
    for name, asker in {**FIT_NATURAL, **FIT_ATTACKS}.items():
        hits = [
            any(judge(client, t.reference, within=found).copies for client in asking(t, asker, 1_000 + seed))
            for t in targets
            for seed in range(5)
        ]
        flagged[name] = f"{sum(hits)} of {len(hits)}"
        print(f"{name:20} {flagged[name]}")
    said.into.write_text(_text(found, [t.name for t in targets], len(clients), flagged))


def _text(found: Limits, problems: list[str], clients: int, flagged: dict[str, str]) -> str:
    """The data file, with how it was made."""
    told = "\n".join(f"# {name:20} {hits}" for name, hits in flagged.items())
    alone = "\n".join(f"{which} = {limit}" for which, limit in found.alone.items())
    together = "\n".join(
        f"[[together]]\nmeasures = {[str(which) for which in pair.measures]}\nlimits = {list(pair.limits)}\n"
        for pair in found.together
    )
    return (
        "# Limits of model extraction; garrison/watch/models/extraction.py says what they mean.\n"
        f"# Made by bench/fit_extraction.py from {clients} natural clients ({', '.join(FIT_NATURAL)}) of {ROWS} rows,\n"
        f"# judged after every {STEP}, of the problems {'; '.join(problems)}.\n"
        f"# `rate` is set by hand. Flagged within these limits, with other seeds:\n{told}\n\n[alone]\n{alone}\n\n{together}"
    )


if __name__ == "__main__":
    main()
