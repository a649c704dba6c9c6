"""From a row to what is kept of it.

Of inputs: a bin number per feature, the distance to the nearest anchor and which one that is, and a few coarse coordinates. Those are
sums of the input's columns with keyed signs, in steps of a sixteenth of their usual size, at most half as many as there are columns:
they tell which rows are close to each other, and no row can be computed from them. Of the answer: its label as a number, the
highest probability, and how surprising it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from garrison.errors import UnmappedError
from garrison.watch.models.inference import Block, Inference, Outcome, Told
from garrison.watch.models.reference import Feature, Kind, Reference, digest

ECHO = 1.5  # coarse steps per coordinate, within which rows are all but the same
_COARSE = 16
WIDE = 256  # a tensor of more columns is watched by what sums it up, not column by column
MAX_DIMS = 256  # of a vector; more are folded
MAX_CATEGORIES = 64
SUMMARY = ("mean", "deviation", "least", "greatest", "zeros", "steps")
_FAR = 10.0  # robust deviations after which more is the same
_HUGE = 1e30
_TINY = 1e-12

Matrix = NDArray[np.float64]
Labels = NDArray[np.int64]

Bins = NDArray[np.int64]


class Sketch(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of one row."""

    bins: bytes  # of each feature
    distance: float  # to the nearest anchor, in robust deviations
    region: int  # which anchor
    label: int
    surprise: float  # entropy (0 to 1) of probabilities; of a value its distance to that of the anchor; of a label whether it differs
    top: float  # the highest probability; 1 where none was told
    agrees: bool  # whether the nearest anchor has this label
    near: bytes  # coarse coordinates, int8
    same: bytes  # a keyed digest: rows that are the same have the same


class Measured(msgspec.Struct, frozen=True):
    """The numbers behind sketches, as columns."""

    distance: Matrix
    region: Labels
    surprise: Matrix
    top: Matrix
    agrees: NDArray[np.bool_]


class Sketcher:
    """A reference, made ready to sketch rows. Holds no state besides."""

    def __init__(self, reference: Reference, key: bytes) -> None:
        self.reference, self._key = reference, key
        dims = min(reference.dims, MAX_DIMS)
        self._fold = _fold(key, b"fold", reference.dims, MAX_DIMS) if reference.dims > MAX_DIMS else None
        self._coarse = _fold(key, b"near", dims, min(_COARSE, max(1, dims // 2)))
        self._anchors = np.frombuffer(reference.anchors, "<f4").reshape(-1, dims)
        self._squares = np.einsum("ij,ij->i", self._anchors, self._anchors)
        self._anchor_labels = np.frombuffer(reference.anchor_labels, "<i8")
        self._anchor_values = np.frombuffer(reference.anchor_values, "<f4")
        self._label_of = {label: number for number, label in enumerate(reference.labels)}

    def sketch(self, inference: Inference) -> list[Sketch]:
        """What is kept of each row. Raises UnmappedError for rows of another form than the reference's."""
        if inference.outcome.told is not self.reference.told:
            raise UnmappedError(f"the answer tells a {inference.outcome.told}, the reference a {self.reference.told}")
        vectors = self.vectors(inference.blocks)
        labels = self.labels(inference.outcome)
        bins = put_in_bins(self.reference.features, inference.blocks, self._key).astype(np.uint8)
        near = np.clip(np.rint(self.coarse(vectors, self.reference.near_unit)), -127, 127).astype(np.int8)
        m = self.measured(vectors, labels, inference.outcome)
        rows = zip(
            bins,
            m.distance.tolist(),
            m.region.tolist(),
            labels.tolist(),
            m.surprise.tolist(),
            m.top.tolist(),
            m.agrees.tolist(),
            near,
            _digests(self._key, vectors),
            strict=True,
        )
        return [
            Sketch(b.tobytes(), d, r, label, s, t, a, n.tobytes(), same) for b, d, r, label, s, t, a, n, same in rows
        ]

    def vectors(self, blocks: Sequence[Block]) -> Matrix:
        """Rows as points: columns in robust deviations, categories by a corner of their own. Raises UnmappedError."""
        parts, scales, kinds = [], list(self.reference.scales), list(self.reference.kinds)
        try:
            for block in blocks:
                if block.texts is not None:
                    parts += [self._text_part(column, kinds.pop(0)) for column in zip(*block.texts, strict=True)]
                else:
                    scale = scales.pop(0)
                    with np.errstate(over="ignore", invalid="ignore"):  # what is too large is far
                        apart = (np.asarray(block.numbers) - np.array(scale.middle)) / np.array(scale.spread)
                    parts.append(np.clip(np.nan_to_num(apart, nan=0.0, posinf=_FAR, neginf=-_FAR), -_FAR, _FAR))
            whole = np.hstack(parts)
        except (IndexError, ValueError):
            raise UnmappedError("the inputs are not of the reference's form") from None
        if whole.shape[1] != self.reference.dims or scales or kinds:
            raise UnmappedError("the inputs are not of the reference's form")
        return whole if self._fold is None else _folded(whole, self._fold)

    def _text_part(self, column: Sequence[str], kind: Kind) -> Matrix:
        if kind is Kind.LENGTH:
            return np.log1p([[len(text)] for text in column])
        corners = np.zeros((len(column), MAX_CATEGORIES))
        for row, text in enumerate(column):
            corners[row, int(digest(self._key, text), 16) % MAX_CATEGORIES] = 1
        return corners

    def labels(self, outcome: Outcome) -> Labels:
        """A number for each answer: the class of the highest probability, the label, a fifth of the values."""
        if outcome.labels is not None:
            return np.array(
                [self._label_of.get(label, len(self._label_of)) for label in outcome.labels], dtype=np.int64
            )
        numbers = np.asarray(outcome.numbers)
        if outcome.told is Told.PROBABILITIES:
            return np.asarray(numbers.argmax(1))
        return np.searchsorted(self.reference.value_edges, numbers[:, 0])

    def measured(self, vectors: Matrix, labels: Labels, outcome: Outcome) -> Measured:
        """Distances to the anchors, and how surprising the answers are."""
        vectors = vectors.astype(np.float32)
        squares = self._squares - 2 * (vectors @ self._anchors.T)
        region = squares.argmin(1)
        distance = np.sqrt(
            np.maximum(squares[np.arange(len(region)), region] + np.einsum("ij,ij->i", vectors, vectors), 0)
        )
        agrees = self._anchor_labels[region] == labels
        top = np.ones(len(labels))
        if outcome.told is Told.PROBABILITIES:
            chances = np.asarray(outcome.numbers)
            surprise = -(chances * np.log(chances + _TINY)).sum(1) / np.log(chances.shape[1])
            top = chances.max(1)
        elif outcome.told is Told.VALUE:
            surprise = (
                np.abs(np.asarray(outcome.numbers)[:, 0] - self._anchor_values[region]) / self.reference.value_spread
            )
        else:
            surprise = (~agrees).astype(np.float64)
        return Measured(distance.astype(np.float64), region, surprise, top, agrees)

    def coarse(self, vectors: Matrix, unit: float) -> Matrix:
        """The coarse coordinates of points, in steps of `unit`."""
        return _folded(vectors, self._coarse) / unit


def _digests(key: bytes, vectors: Matrix) -> list[bytes]:
    """One of each row."""
    keyed, found = hashlib.blake2b(key=key[:64], digest_size=8), []
    for vector in np.ascontiguousarray(vectors):
        one = keyed.copy()
        one.update(vector)
        found.append(one.digest())
    return found


def columns_of(block: Block) -> tuple[list[str], Matrix]:
    """The features of a tensor of numbers: its columns, or what sums them up where they are many."""
    numbers = np.asarray(block.numbers, dtype=np.float64)
    count = numbers.shape[1]
    if count <= WIDE:
        return ([block.name] if count == 1 else [f"{block.name}[{n}]" for n in range(count)]), numbers
    finite = np.nan_to_num(numbers, posinf=_HUGE, neginf=-_HUGE)
    summed = np.stack(
        [
            finite.mean(1), finite.std(1), finite.min(1), finite.max(1), (finite == 0).mean(1),
            np.abs(np.diff(finite, axis=1)).mean(1),
        ],
        axis=1,
    )  # fmt: skip
    return [f"{block.name}.{name}" for name in SUMMARY], summed


def put_in_bins(features: Sequence[Feature], blocks: Sequence[Block], key: bytes) -> Bins:
    """Rows x features of bin numbers."""
    left, found = list(features), []
    for block in blocks:
        if block.texts is not None:
            found += [_text_bins(left.pop(0), column, key) for column in zip(*block.texts, strict=True)]
        else:
            columns = np.ascontiguousarray(columns_of(block)[1].T)
            found += [_number_bins(left.pop(0), column) for column in columns]
    return np.stack(found, axis=1)


@lru_cache(maxsize=4_096)
def _array(edges: tuple[float, ...]) -> Matrix:
    return np.array(edges)


def _number_bins(feature: Feature, column: Matrix) -> Bins:
    bins = _array(feature.edges).searchsorted(column, side="right") + 1
    bins[np.isnan(column)] = 0
    return bins


def _text_bins(feature: Feature, column: Sequence[str], key: bytes) -> Bins:
    if feature.kind is Kind.LENGTH:
        return _number_bins(feature, np.array([len(text) for text in column], dtype=np.float64))
    known = {name: number + 2 for number, name in enumerate(feature.categories)}
    return np.array([known.get(digest(key, text), 1) for text in column], dtype=np.int64)


class _Fold(msgspec.Struct, frozen=True):
    """Which of few sums each of many columns goes into, and with which sign (feature hashing, Weinberger et al. 2009)."""

    into: Labels
    signs: Matrix
    width: int


def _fold(key: bytes, purpose: bytes, columns: int, width: int) -> _Fold:
    seed = int.from_bytes(hashlib.blake2b(purpose, key=key[:64], digest_size=16).digest(), "big")
    random = np.random.default_rng(seed)
    into = random.permutation(columns) % width  # every sum gets its share
    return _Fold(into, random.choice([-1.0, 1.0], columns), width)


def _folded(vectors: Matrix, fold: _Fold) -> Matrix:
    order = np.argsort(fold.into, kind="stable")
    starts = np.searchsorted(fold.into[order], np.arange(fold.width))
    return np.add.reduceat((vectors * fold.signs)[:, order], starts, axis=1)
