"""Inputs that are out of the ordinary one by one, and whether there are more of them than is usual.

Two of them look like what an adversary does to an input. `contrary`: the model is sure, and the nearest of what is known has another
label (after Papernot and McDaniel's deep k-nearest neighbours, 2018, on inputs alone). `flips`: two rows that are all but the same are
answered differently, which is what a search for the border of a class leaves, and what feature squeezing (Xu et al., NDSS
2018) asks of the model itself. Asking the model again about a smoothed input takes the input: that cannot be done from sketches.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

import msgspec
import numpy as np
from scipy import stats
from scipy.spatial.distance import cdist

from garrison.watch.models.drift import holds
from garrison.watch.models.reference import Reference
from garrison.watch.models.sketch import ECHO, Sketch

_SURE = 0.8  # highest probability from which an answer counts as sure
_FENCE = 3.0  # distances between the middle and the far end of what is ordinary, beyond that end
_NAMED = 5
_LOOKED_BACK = 256
_CHANCE = 1e-4


class Oddity(enum.StrEnum):
    """In which respect an input is odd."""

    OUT_OF_RANGE = "out of range"
    FAR = "far from all that is known"
    CONTRARY = "answered against its neighbours"
    FLIPS = "answered otherwise than its like"


class Odd(msgspec.Struct, frozen=True):
    """One respect: what was expected, what was seen."""

    what: Oddity
    expected: str
    seen: str


class Excess(msgspec.Struct, frozen=True):
    """More odd inputs than is usual: shares, and the chance of so many."""

    what: Oddity
    rows: int
    expected: float
    seen: float
    chance: float


def odd(sketch: Sketch, reference: Reference) -> list[Odd]:
    """In which respects one row is odd. That one is does not mean harm: see `excess`."""
    found = []
    outside = [n for n, feature in enumerate(reference.features) if sketch.bins[n] in feature.odd_bins]
    if outside:
        names = ", ".join(
            f"{reference.features[n].name} {holds(reference.features[n], sketch.bins[n])}" for n in outside[:_NAMED]
        )
        more = f" and {len(outside) - _NAMED} more" if len(outside) > _NAMED else ""
        found.append(Odd(Oddity.OUT_OF_RANGE, "values that were seen before", names + more))
    limit = far_limit(reference)
    if sketch.distance > limit:
        found.append(Odd(Oddity.FAR, f"a distance of at most {limit:.3g}", f"{sketch.distance:.3g}"))
    if not sketch.agrees and sketch.top >= _SURE:
        nearest = int(np.frombuffer(reference.anchor_labels, "<i8")[sketch.region])
        found.append(
            Odd(
                Oddity.CONTRARY,
                f"label {_name(reference, nearest)}",
                f"{_name(reference, sketch.label)}, {sketch.top:.0%} sure",
            )
        )
    return found


def far_limit(reference: Reference) -> float:
    """The distance from which a row is far: a fence beyond the ordinary ones (Tukey 1977, by another quantile)."""
    edges = reference.distance.edges
    return edges[-1] + _FENCE * (edges[-1] - edges[len(edges) // 2]) if edges else 0.0


def flips(sketches: Sequence[Sketch]) -> list[tuple[int, int]]:
    """Pairs of rows, by number, that are all but the same and have different labels; each row with the last such before it."""
    found = []
    for first in range(0, len(sketches), _LOOKED_BACK):
        rows = sketches[max(0, first - _LOOKED_BACK) : first + _LOOKED_BACK]
        offset = max(0, first - _LOOKED_BACK)
        near = np.array([np.frombuffer(row.near, np.int8) for row in rows], dtype=np.float64)
        labels = np.array([row.label for row in rows])
        regions = np.array([row.region for row in rows])
        like = (
            (cdist(near, near) <= ECHO * np.sqrt(near.shape[1]))
            & (regions[:, None] == regions)
            & (labels[:, None] != labels)
        )
        for later in range(first - offset, len(rows)):
            earlier = np.flatnonzero(like[later, :later])
            if len(earlier):
                found.append((offset + int(earlier[-1]), offset + later))
    return found


def excess(sketches: Sequence[Sketch], reference: Reference) -> list[Excess]:
    """Respects in which more rows are odd than chance explains, by the binomial law, given how odd the reference's own are."""
    rows = len(sketches)
    counts = dict.fromkeys(Oddity, 0)
    for sketch in sketches:
        for one in odd(sketch, reference):
            counts[one.what] += 1
    counts[Oddity.FLIPS] = len(flips(sketches))
    rare = 1 / reference.rows  # what was seen in none of so many rows
    usual = {
        Oddity.OUT_OF_RANGE: rare * (1 + len(reference.features)),
        Oddity.FAR: rare,
        Oddity.CONTRARY: reference.disagreeing + rare,
        Oddity.FLIPS: reference.flipping + rare,
    }
    found = []
    for what, count in counts.items():
        chance = float(stats.binom.sf(count - 1, rows, min(usual[what], 1.0)))
        if chance <= _CHANCE:
            found.append(Excess(what, rows, usual[what], count / rows, chance))
    return found


def _name(reference: Reference, label: int) -> str:
    return reference.labels[label] if label < len(reference.labels) else str(label)
