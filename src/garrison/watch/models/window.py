"""Sketches of many rows as counts: what drift is looked for in. Of a bounded size, whatever the number of rows; windows add up."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from garrison.watch.models.reference import Reference, width
from garrison.watch.models.sketch import Sketch

SAMPLE = 256  # rows whose coarse coordinates are kept
_PRIME = 2_654_435_761


class Kept(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A row of the sample, by its lot: those with the smallest lots are kept, so that the sample is even whatever the order."""

    lot: int
    near: bytes


class Window(msgspec.Struct):
    """Counts of rows between two times."""

    features: list[list[int]]  # bin by bin
    labels: dict[int, int]
    distance: list[int]
    surprise: list[int]
    disagreeing: int = 0
    rows: int = 0
    since_us: int = 0
    until_us: int = 0
    sample: list[Kept] = []


def empty(reference: Reference) -> Window:
    """A window that nothing was seen in."""
    return Window(
        features=[[0] * width(feature) for feature in reference.features],
        labels={},
        distance=[0] * (len(reference.distance.edges) + 1),
        surprise=[0] * (len(reference.surprise.edges) + 1),
    )


def add(window: Window, sketches: Sequence[Sketch], reference: Reference, time_us: int) -> None:
    """Count rows."""
    if not sketches:
        return
    bins = np.frombuffer(b"".join(sketch.bins for sketch in sketches), np.uint8).reshape(len(sketches), -1)
    for counts, column in zip(window.features, bins.T, strict=True):
        counts[:] = (np.array(counts) + np.bincount(column, minlength=len(counts))).tolist()
    for sketch in sketches:
        window.labels[sketch.label] = window.labels.get(sketch.label, 0) + 1
        window.disagreeing += not sketch.agrees
    _count(window.distance, reference.distance.edges, [sketch.distance for sketch in sketches])
    _count(window.surprise, reference.surprise.edges, [sketch.surprise for sketch in sketches])
    window.rows += len(sketches)
    window.since_us = min(window.since_us or time_us, time_us)
    window.until_us = max(window.until_us, time_us)
    window.sample = sorted([*window.sample, *(_kept(sketch, time_us) for sketch in sketches)])[:SAMPLE]


def merged(one: Window, other: Window) -> Window:
    """The rows of both."""
    return Window(
        features=[_sum(a, b) for a, b in zip(one.features, other.features, strict=True)],
        labels={
            label: one.labels.get(label, 0) + other.labels.get(label, 0) for label in {**one.labels, **other.labels}
        },
        distance=_sum(one.distance, other.distance),
        surprise=_sum(one.surprise, other.surprise),
        disagreeing=one.disagreeing + other.disagreeing,
        rows=one.rows + other.rows,
        since_us=min(one.since_us or other.since_us, other.since_us or one.since_us),
        until_us=max(one.until_us, other.until_us),
        sample=sorted([*one.sample, *other.sample])[:SAMPLE],
    )


def _kept(sketch: Sketch, time_us: int) -> Kept:
    return Kept((int.from_bytes(sketch.same, "big") ^ time_us) * _PRIME % (1 << 61), sketch.near)


def _sum(one: Sequence[int], other: Sequence[int]) -> list[int]:
    return [a + b for a, b in zip(one, other, strict=True)]


def _count(counts: list[int], edges: Sequence[float], values: Sequence[float]) -> None:
    found = np.bincount(np.searchsorted(edges, values), minlength=len(counts))
    counts[:] = (np.array(counts) + found).tolist()
