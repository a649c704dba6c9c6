"""Fit the points of model extraction: `python bench/fit_extraction.py`, which writes src/garrison/watch/models/extraction.toml.

Of generated problems, with natural clients and attackers that bench/extraction.py does not attack with. What is usual of a measure is
the `_USUAL` quantile of natural looks. Points are the weights of a logistic regression on what lies above that, none negative,
scaled so that `_FLAGGED` of the natural clients reach a whole point. Each client is looked at after every 50 rows, and counts with the
most it ever showed.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

import garrison.watch.models
from extraction_data import fit_problems
from extraction_lab import FIT_ATTACKS, FIT_NATURAL, Asker, Target, asked, target
from garrison.watch.models.extraction import Client, Measure, Weight, judge, measure, observe

ROWS, STEP = 500, 50
_FLAGGED = 0.01  # of natural clients
_USUAL = 0.9  # of natural clients' looks
_NATURAL = 5.0  # how much more natural clients weigh than attackers: false alarms cost more
_RIDGE = 1e-3
_RATE = 20.0  # times what is usual: not fitted, as there are no natural rates here
_QUICK = 0.02  # of natural clients that may be flagged when they are so quick
_FITTED = tuple(which for which in Measure if which is not Measure.RATE)

Looks = NDArray[np.float64]  # clients x looks x measures


def asking(t: Target, asker: Asker, seed: int, rows: int = ROWS) -> Iterator[Client]:
    """A client after every `STEP` rows."""
    random = np.random.default_rng(seed)
    client = Client()
    sketches = t.sketcher.sketch(asked(asker(t, random, rows), t.answer))
    for first in range(0, rows, STEP):
        observe(client, sketches[first : first + STEP], t.reference, time_us=(first + STEP) * 60_000_000)
        yield client


def looks(targets: Sequence[Target], askers: Mapping[str, Asker], seeds: Iterable[int]) -> Looks:
    """What is measured of clients of each kind and problem."""
    seeds = list(seeds)
    found = [
        [[measure(client, t.reference)[which] for which in _FITTED] for client in asking(t, asker, seed)]
        for t in targets
        for asker in askers.values()
        for seed in seeds
    ]
    return np.array(found)


def fitted(natural: Looks, attacks: Looks) -> dict[Measure, Weight]:
    """What each measure gives."""
    usual = np.maximum(np.quantile(natural.reshape(-1, len(_FITTED)), _USUAL, axis=0), 0)
    above_natural, above_attacks = np.maximum(natural - usual, 0), np.maximum(attacks - usual, 0)
    slopes = _slopes(above_natural.reshape(-1, len(_FITTED)), above_attacks.reshape(-1, len(_FITTED)))
    most = (above_natural @ slopes).max(1)
    whole = float(np.quantile(most, 1 - _FLAGGED))
    found = {
        which: Weight(_short(usual[n]), _short(slopes[n] / whole)) for n, which in enumerate(_FITTED) if slopes[n] > 0
    }
    quick = 1 - float(np.quantile(most, 1 - _QUICK)) / whole
    return found | {Measure.RATE: Weight(1.0, _short(quick / (_RATE - 1)), _short(quick))}


def _slopes(natural: NDArray[np.float64], attacks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of a logistic regression in which nothing counts in a client's favour."""
    both = np.vstack([natural, attacks])
    scale = both.std(0) + 1e-9
    is_attack = np.arange(len(both)) >= len(natural)
    weigh = np.where(is_attack, 1 / len(attacks), _NATURAL / len(natural))

    def loss(at: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        odds = both / scale @ at[1:] + at[0]
        off = weigh * (special.expit(odds) - is_attack)
        ridge = np.r_[0, _RIDGE * at[1:]]
        return float((weigh * (np.logaddexp(0, odds) - is_attack * odds)).sum() + at @ ridge), np.r_[
            off.sum(), off @ (both / scale)
        ] + 2 * ridge

    begin = np.r_[-1, np.full(both.shape[1], 0.1)]
    bounds = [(None, None)] + [(0, None)] * both.shape[1]
    return np.asarray(optimize.minimize(loss, begin, jac=True, method="L-BFGS-B", bounds=bounds).x[1:] / scale)


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=30, help="of each natural kind and problem")
    parser.add_argument("--attackers", type=int, default=10, help="of each kind and problem")
    parser.add_argument("--into", type=Path, default=Path(garrison.watch.models.__path__[0]) / "extraction.toml")
    said = parser.parse_args()
    targets = [target(problem) for problem in fit_problems()]
    natural = looks(targets, FIT_NATURAL, range(said.clients))
    found = fitted(natural, looks(targets, FIT_ATTACKS, range(1_000, 1_000 + said.attackers)))
    flagged: dict[str, str] = {}
    for name, asker in {**FIT_NATURAL, **FIT_ATTACKS}.items():
        hits = [
            any(judge(client, t.reference, by=found).copies for client in asking(t, asker, 2_000 + seed))
            for t in targets
            for seed in range(5)
        ]
        flagged[name] = f"{sum(hits)} of {len(hits)}"
        print(f"{name:20} {flagged[name]}")
    said.into.write_text(_text(found, [t.name for t in targets], len(natural), flagged))


def _text(found: Mapping[Measure, Weight], problems: list[str], clients: int, flagged: dict[str, str]) -> str:
    """The data file, with how it was made."""
    told = "\n".join(f"# {name:20} {hits}" for name, hits in flagged.items())
    given = "\n".join(
        f"[{which}]\nusual = {weight.usual}\npoints = {weight.points}\n"
        + (f"most = {weight.most}\n" if weight.most < math.inf else "")
        for which, weight in found.items()
    )
    return (
        "# What each measure of model extraction gives above what is usual: garrison/watch/models/extraction.py says what that means.\n"
        f"# Made by bench/fit_extraction.py from {clients} natural clients ({', '.join(FIT_NATURAL)}) of {ROWS} rows,\n"
        f"# looked at after every {STEP}, of whom {_FLAGGED:.0%} reach a whole point; of the problems {'; '.join(problems)}.\n"
        f"# `rate` is set by hand. Flagged, with other seeds:\n{told}\n\n{given}"
    )


if __name__ == "__main__":
    main()
