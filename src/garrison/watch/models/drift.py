"""Has what a model is asked, or what it answers, changed? A window of now against one of before, or against the reference.

Two things have to hold for a feature to have drifted: chance does not explain the gap, with all features looked at together (false
discovery rate), and the gap is large enough to matter. The first keeps small windows quiet, the second large ones. What a window of
this size cannot show is said as well: `least` is the smallest PSI that would have been told.
"""

from __future__ import annotations

import enum

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import stats

from garrison.watch.models.compare import (
    Counts,
    Gap,
    chi_square,
    energy,
    false_discovery,
    jensen_shannon,
    kolmogorov_smirnov,
    psi,
)
from garrison.watch.models.reference import Feature, Kind, Reference
from garrison.watch.models.window import Window

MIN_ROWS = 50
_RATE = 0.01  # of false discoveries among what is told
_LARGE = 0.1  # PSI
_STRONG = 0.25
_TOGETHER = 0.005  # the chance below which the coordinates together have changed
_TOLD_BINS = 3


class Subject(enum.StrEnum):
    """What drifted."""

    FEATURE = "feature"
    INPUTS = "inputs"  # all features together
    PREDICTIONS = "predictions"
    SURPRISE = "surprise"  # how sure the model is
    DISTANCE = "distance"  # from what is known


class Bin(msgspec.Struct, frozen=True):
    """A bin whose share changed: what it holds, the share that was expected, the share that was seen."""

    holds: str
    expected: float
    seen: float


class Drift(msgspec.Struct, frozen=True):
    """Something that changed between two windows. `gaps` holds every measure of it."""

    subject: Subject
    name: str
    gaps: dict[str, Gap]
    bins: tuple[Bin, ...]  # those that changed most
    strong: bool
    since_us: int
    until_us: int


class Found(msgspec.Struct, frozen=True):
    """What came of a look: `enough` says whether there were rows enough to tell anything."""

    drifts: tuple[Drift, ...]
    rows: int
    looked_at: int
    enough: bool
    least: float


class _Look(msgspec.Struct, frozen=True):
    """One comparison before it is known what is told."""

    subject: Subject
    name: str
    gaps: dict[str, Gap]
    bins: tuple[Bin, ...]
    chance: float  # by the tests that hold in small samples: chi-square with rare bins put together, KS
    large: float  # PSI less what it is on average where nothing changed


def drift(reference: Reference, before: Window, now: Window) -> Found:
    """What changed from one window to another; both are of sketches by the same reference."""
    if min(before.rows, now.rows) < MIN_ROWS:
        return Found((), now.rows, 0, enough=False, least=0.0)
    looks = [
        _compared(
            Subject.FEATURE,
            feature.name,
            one,
            two,
            [holds(feature, n) for n in range(len(one))],
            ordered=feature.kind is not Kind.CATEGORY,
        )
        for feature, one, two in zip(reference.features, before.features, now.features, strict=True)
    ]
    looks.append(_predictions(reference, before, now))
    for subject, levels in ((Subject.SURPRISE, reference.surprise), (Subject.DISTANCE, reference.distance)):
        one, two = _coarser(getattr(before, subject)), _coarser(getattr(now, subject))
        ends = _coarser_ends(levels.edges, len(one))
        looks.append(_compared(subject, "", one, two, [f"up to {end:.3g}" for end in ends], ordered=True))
    kept = false_discovery([look.chance for look in looks], _RATE)
    drifts = [
        Drift(look.subject, look.name, look.gaps, look.bins, look.large >= _STRONG, now.since_us, now.until_us)
        for look, told in zip(looks, kept, strict=True)
        if told and look.large >= _LARGE
    ]
    together = _together(before, now)
    if together.chance <= _TOGETHER:
        drifts.append(Drift(Subject.INPUTS, "", {"energy": together}, (), bool(drifts), now.since_us, now.until_us))
    least = max(_LARGE, (1 / before.rows + 1 / now.rows) * _needed(looks))
    return Found(tuple(drifts), now.rows, len(looks) + 1, enough=True, least=least)


def since(reference: Reference, before: Window, windows: list[Window]) -> int:
    """Since when the last of some windows, in their order, has been drifting: the start of the first one of an unbroken row."""
    begun = 0
    for window in reversed(windows):
        if not drift(reference, before, window).drifts:
            break
        begun = window.since_us
    return begun


def holds(feature: Feature, number: int) -> str:
    """What a bin holds, in words."""
    if number == 0:
        return "missing"
    if feature.kind is Kind.CATEGORY:
        return "a new category" if number == 1 else f"category {feature.categories[number - 2]}"
    edges = feature.edges
    if number == 1:
        return f"below {edges[0]:.4g}"
    return f"from {edges[-1]:.4g}" if number > len(edges) else f"{edges[number - 2]:.4g} to {edges[number - 1]:.4g}"


def _compared(subject: Subject, name: str, expected: Counts, seen: Counts, words: list[str], *, ordered: bool) -> _Look:
    gaps = {
        "psi": psi(expected, seen),
        "jensen-shannon": jensen_shannon(expected, seen),
        "chi-square": chi_square(expected, seen),
    }
    if ordered:
        gaps["kolmogorov-smirnov"] = kolmogorov_smirnov(expected, seen)
    p, q = np.asarray(expected) / np.sum(expected), np.asarray(seen) / np.sum(seen)
    most = [int(n) for n in np.argsort(-np.abs(p - q))[:_TOLD_BINS] if p[n] != q[n]]
    deciding = [gaps[test].chance for test in ("chi-square", "kolmogorov-smirnov") if test in gaps]
    alone = (np.count_nonzero(p + q) - 1) * (1 / np.sum(expected) + 1 / np.sum(seen))
    return _Look(
        subject, name, gaps, tuple(Bin(words[n], float(p[n]), float(q[n])) for n in most),
        chance=min(1.0, len(deciding) * min(deciding)), large=gaps["psi"].value - float(alone),
    )  # fmt: skip


def _predictions(reference: Reference, before: Window, now: Window) -> _Look:
    labels = sorted(before.labels.keys() | now.labels.keys())
    words = [f"label {reference.labels[n] if n < len(reference.labels) else n}" for n in labels]
    one, two = ([w.labels.get(label, 0) for label in labels] for w in (before, now))
    return _compared(Subject.PREDICTIONS, "", one, two, words, ordered=False)


def _coarser(counts: list[int]) -> NDArray[np.int64]:
    """At most a sixth as many bins: so many rows are seldom there."""
    return np.add.reduceat(np.array(counts), np.arange(0, len(counts), 6))


def _coarser_ends(edges: tuple[float, ...], bins: int) -> list[float]:
    return [edges[min(6 * n + 5, len(edges) - 1)] if edges else 0.0 for n in range(bins - 1)] + [float("inf")]


def _together(before: Window, now: Window) -> Gap:
    one, two = (np.array([np.frombuffer(row.near, np.int8) for row in window.sample]) for window in (before, now))
    return energy(one, two)


def _needed(looks: list[_Look]) -> float:
    """The chi-square that one of so many looks must reach."""
    harmonic = float(np.sum(1 / np.arange(1, len(looks) + 1)))
    return float(stats.chi2.isf(_RATE / len(looks) / harmonic, 16))
