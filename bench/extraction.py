"""Model extraction, measured on data and attacks that the limits were not fitted on: `python bench/extraction.py`.

A line per figure (name, measured, goal, met or short), then shares per attack and dataset. A client counts as flagged where any of
its verdicts, one after every 50 rows up to 500, says that it copies.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence

import numpy as np

from extraction_data import new_problems
from extraction_lab import (
    FIT_NATURAL,
    NEW_ATTACKS,
    NEW_NATURAL,
    Asker,
    Target,
    asked,
    diluted,
    dwelling,
    natural,
    target,
)
from fit_extraction import ROWS, STEP, asking
from garrison.watch.models.extraction import Client, judge, observe
from garrison.watch.models.inference import Told
from measure import line

_SEED = 50_000
_COST = 40  # clients that the cost is measured on

Shares = dict[
    tuple[str, str], list[int]
]  # of kind and dataset: rows at which each client was flagged, 0 where it was not


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=15, help="of each kind and dataset")
    said = parser.parse_args()
    targets = [target(problem) for problem in new_problems()]
    benign = _flagged(targets, {**FIT_NATURAL, **NEW_NATURAL}, said.clients)
    attackers = _flagged(targets, NEW_ATTACKS, said.clients)
    line("extraction: attackers flagged within 500 rows", 100 * _share(attackers), 95, "%", at_least=True)
    line("extraction: natural clients flagged", 100 * _share(benign), 2, "%")
    sketching, judging = _cost(targets[0])
    line("extraction: sketch and judge a client of 500 rows", sketching + judging, 27, "ms")
    line("extraction: the same, against the stricter goal", sketching + judging, 5, "ms")
    line("  of which the verdict", judging, None, "ms")
    print(f"\nattackers flagged, of {said.clients} (median rows until then)")
    _table(attackers, targets)
    print(f"\nnatural clients flagged, of {said.clients}")
    _table(benign, targets)
    for share in (0.5, 0.25, 0.1):
        hidden = _flagged(
            targets, {f"{name} at {share:.0%}": diluted(a, share) for name, a in NEW_ATTACKS.items()}, said.clients
        )
        line(f"attackers flagged of whose rows {share:.0%} are the attack's", 100 * _share(hidden), None, "%")
    odd = _flagged(targets, {"dwelling": dwelling}, said.clients)
    line("natural clients flagged that dwell in dense places", 100 * _share(odd), None, "%")
    taken = _flagged(targets, {"natural rows alone": natural}, said.clients)
    line("attackers flagged who ask natural rows only (none can be)", 100 * _share(taken), None, "%")


def _flagged(targets: Sequence[Target], askers: Mapping[str, Asker], clients: int) -> Shares:
    found: Shares = {}
    for name, asker in askers.items():
        for t in targets:
            if name.startswith("uncertainty") and t.reference.told is Told.VALUE:
                continue  # a value does not tell how sure the model is
            found[name, t.name] = [_first(t, asker, _SEED + seed) for seed in range(clients)]
    return found


def _first(t: Target, asker: Asker, seed: int) -> int:
    """After how many rows a client was flagged."""
    for number, client in enumerate(asking(t, asker, seed), 1):
        if judge(client, t.reference).copies:
            return number * STEP
    return 0


def _share(found: Shares) -> float:
    return float(np.mean([rows > 0 for clients in found.values() for rows in clients]))


def _table(found: Shares, targets: Sequence[Target]) -> None:
    names = [t.name for t in targets]
    print(f"{'':20}" + "".join(f"{name[:13]:>15}" for name in names))
    for kind in dict.fromkeys(kind for kind, _ in found):
        print(f"{kind:20}" + "".join(f"{_cell(found.get((kind, name))):>15}" for name in names))


def _cell(clients: list[int] | None) -> str:
    if clients is None:
        return "-"
    hits = [rows for rows in clients if rows]
    return f"{len(hits)} ({np.median(hits):.0f})" if hits else "0"


def _cost(t: Target) -> tuple[float, float]:
    """Milliseconds of CPU for a client's 500 rows, taken together: sketches and counts; and one verdict."""
    requests = [asked(natural(t, np.random.default_rng(seed), ROWS), t.answer) for seed in range(_COST)]
    clients = []
    begun = time.process_time()
    for request in requests:
        clients.append(Client())
        observe(clients[-1], t.sketcher.sketch(request), t.reference, 1)
    sketched = time.process_time()
    for client in clients:
        judge(client, t.reference)
    return (sketched - begun) * 1e3 / _COST, (time.process_time() - sketched) * 1e3 / _COST


if __name__ == "__main__":
    main()
