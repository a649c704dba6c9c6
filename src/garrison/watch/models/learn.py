"""Learn what is ordinary for a model, from rows that it has not been trained on and its answers.

Rows of the training set will not do: a model is surer of them than of anything it is asked later. A validation set will, or the first
traffic of clients that are trusted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np
from scipy.spatial.distance import cdist

from garrison.errors import ConfigError
from garrison.watch.models.among import Row, compared, steps
from garrison.watch.models.inference import Block, Inference, Outcome, Told
from garrison.watch.models.oddity import flips
from garrison.watch.models.reference import Feature, Kind, Levels, Reference, Scale, digest, oddness, width
from garrison.watch.models.sketch import (
    MAX_CATEGORIES,
    WIDE,
    Labels,
    Matrix,
    Sketch,
    Sketcher,
    columns_of,
    put_in_bins,
)
from garrison.watch.models.window import Window, add, empty

MIN_ROWS = 60
MAX_ANCHORS = 1_000
_INNER = 16  # bins of a number, beside those for missing, below and above
_LEVELS = 48  # bins of a distance, an entropy
_OFTEN = 5  # how often a text is repeated, on average, that names a category
_GROUP = 3  # rows behind an anchor
_STEPS = 16  # coarse steps that a coordinate usually is long
_MAX_LABELS = 1_000  # the others are one
_FEW = 25  # rows of a label that say nothing of it alone
_NONE = Levels((), (), {})


def learn(inferences: Sequence[Inference], key: bytes, *, seed: int = 0) -> Reference:
    """What is ordinary, from rows and answers of a model. `key` is a secret of the place. Raises ConfigError."""
    blocks, outcome = _joined(inferences)
    rows = sum(inference.rows for inference in inferences)
    if rows < MIN_ROWS:
        hint = f"give at least {MIN_ROWS}, better 1,000"
        raise ConfigError(f"{rows} rows are too few to learn what is ordinary", hint=hint)
    anchoring, kept = _split(rows, seed)
    plain = _plain(inferences[0], blocks, outcome, rows)
    anchored = _anchored(plain, key, blocks, outcome, anchoring)
    found = _measured(anchored, key, blocks, outcome, kept)
    sketches = _sketches(inferences, found, key)
    return msgspec.structs.replace(found, flipping=len(flips([sketches[row] for row in kept.tolist()])) / len(kept))


def first_window(inferences: Sequence[Inference], reference: Reference, key: bytes, *, seed: int = 0) -> Window:
    """The rows that `learn` was given and that no anchor is made of, as the window to compare others with."""
    sketches = _sketches(inferences, reference, key)
    made = empty(reference)
    add(made, [sketches[row] for row in _split(len(sketches), seed)[1].tolist()], reference, time_us=0)
    return made


def _split(rows: int, seed: int) -> tuple[Labels, Labels]:
    """Rows that anchors are made of, and rows that are measured by them."""
    order = np.random.default_rng(seed).permutation(rows)
    half = min(rows // 2, MAX_ANCHORS)
    return order[:half], order[half:]


def _sketches(inferences: Sequence[Inference], reference: Reference, key: bytes) -> list[Sketch]:
    sketcher = Sketcher(reference, key)
    return [sketch for inference in inferences for sketch in sketcher.sketch(inference)]


def _plain(first: Inference, blocks: list[Block], outcome: Outcome, rows: int) -> Reference:
    """The form of rows and answers; nothing is measured yet."""
    kinds = tuple(kind for block in blocks for kind in _kinds(block))
    values = _numbers(outcome)[:, 0] if outcome.told is Told.VALUE else np.zeros(0)
    return Reference(
        model=first.model,
        model_version=first.model_version,
        rows=rows,
        told=outcome.told,
        labels=tuple(label for label, _ in Counter(outcome.labels or ()).most_common(_MAX_LABELS)),
        value_edges=tuple(np.unique(np.quantile(values, [0.2, 0.4, 0.6, 0.8])).tolist()) if len(values) else (),
        value_spread=(float(np.std(values)) or 1.0) if len(values) else 1.0,
        features=(),
        kinds=kinds,
        scales=tuple(_scale(block) for block in blocks if block.numbers is not None),
        dims=_dims(blocks, kinds),
        anchors=b"",
        anchor_labels=b"",
        anchor_values=b"",
        distance=_NONE,
        surprise=_NONE,
        oddness=_NONE,
    )


def _anchored(plain: Reference, key: bytes, blocks: list[Block], outcome: Outcome, rows: Labels) -> Reference:
    """With anchors made of some rows."""
    sketcher = Sketcher(plain, key)
    labels = sketcher.labels(outcome)[rows]
    values = _numbers(outcome)[rows, 0] if outcome.told is Told.VALUE else np.zeros(len(rows))
    return msgspec.structs.replace(
        plain,
        anchors=_anchors(sketcher.vectors(blocks)[rows], labels).astype("<f4").tobytes(),
        anchor_labels=labels.astype("<i8").tobytes(),
        anchor_values=values.astype("<f4").tobytes(),
    )


def _measured(anchored: Reference, key: bytes, blocks: list[Block], outcome: Outcome, rows: Labels) -> Reference:
    """With what other rows measure by these anchors."""
    sketcher = Sketcher(anchored, key)
    vectors, labels = sketcher.vectors(blocks), sketcher.labels(outcome)
    measured = sketcher.measured(vectors, labels, outcome)
    coarse = sketcher.coarse(vectors[rows], unit=1.0)
    unit = float(np.median(np.abs(coarse))) / _STEPS or 1.0
    near = np.clip(np.rint(coarse / unit), -127, 127).astype(np.int8)
    told = zip(near, measured.region[rows].tolist(), labels[rows].tolist(), strict=True)
    alone, _, _ = compared([], [Row(n.tobytes(), region, label) for n, region, label in told])
    distance = _levels(measured.distance[rows], labels[rows])
    surprise = _levels(measured.surprise[rows], labels[rows])
    odd = oddness(distance, surprise, labels[rows], measured.distance[rows], measured.surprise[rows])
    return msgspec.structs.replace(
        anchored,
        features=_features(blocks, anchored.kinds, key),
        distance=distance,
        surprise=surprise,
        oddness=_levels(odd, labels[rows]),
        steps=steps(alone),
        near_unit=unit,
        regions=tuple(np.bincount(measured.region[rows], minlength=len(anchored.anchor_labels) // 8).tolist()),
        disagreeing=float(np.mean(~measured.agrees[rows])),
    )


def _joined(inferences: Sequence[Inference]) -> tuple[list[Block], Outcome]:
    """Rows of many requests as those of one. Raises ConfigError where they are not alike."""
    if not inferences:
        raise ConfigError("there are no inferences to learn from")
    first = inferences[0]
    shape = [(block.name, _width(block)) for block in first.blocks]
    for other in inferences:
        if [(b.name, _width(b)) for b in other.blocks] != shape or other.outcome.told is not first.outcome.told:
            raise ConfigError("the inferences to learn from are not of one model", hint="their tensors differ")
    blocks = []
    for number, (name, _) in enumerate(shape):
        same = [inference.blocks[number] for inference in inferences]
        if same[0].texts is not None:
            blocks.append(Block(name, texts=[row for block in same for row in block.texts or ()]))
        else:
            blocks.append(Block(name, numbers=np.vstack([b.numbers for b in same if b.numbers is not None])))
    outcomes = [inference.outcome for inference in inferences]
    if first.outcome.labels is not None:
        return blocks, Outcome(Told.LABEL, labels=[label for o in outcomes for label in o.labels or ()])
    return blocks, Outcome(first.outcome.told, numbers=np.vstack([_numbers(o) for o in outcomes]))


def _numbers(outcome: Outcome) -> Matrix:
    return np.asarray(outcome.numbers, dtype=np.float64)


def _width(block: Block) -> int:
    if block.texts is not None:
        return -len(block.texts[0])
    return 0 if block.numbers is None else int(block.numbers.shape[1])


def _kinds(block: Block) -> list[Kind]:
    """Whether the texts of each column name categories."""
    found = []
    for column in zip(*(block.texts or ()), strict=True):
        distinct = len(set(column))
        few = distinct <= MAX_CATEGORIES and len(column) >= distinct * _OFTEN
        found.append(Kind.CATEGORY if few else Kind.LENGTH)
    return found


def _scale(block: Block) -> Scale:
    numbers = np.asarray(block.numbers, dtype=np.float64)
    if numbers.shape[1] > WIDE:
        numbers = numbers.reshape(-1, 1)
    filled = np.where(np.isfinite(numbers), numbers, np.nan)
    filled[:, np.isnan(filled).all(0)] = 0.0
    low, middle, high = np.nanquantile(filled, [0.25, 0.5, 0.75], axis=0)
    deviation = np.nanstd(filled, axis=0)
    spread = np.where(high > low, (high - low) / 1.349, deviation)
    spread = np.maximum(spread, deviation / 3)  # a column that is mostly one value
    return Scale(tuple(middle.tolist()), tuple(np.where(spread > 0, spread, 1.0).tolist()))


def _dims(blocks: Sequence[Block], kinds: Sequence[Kind]) -> int:
    numbers = sum(block.numbers.shape[1] for block in blocks if block.numbers is not None)
    return int(numbers + sum(MAX_CATEGORIES if kind is Kind.CATEGORY else 1 for kind in kinds))


def _anchors(vectors: Matrix, labels: Labels) -> Matrix:
    """Each row's mean with the two of its label that are nearest to it."""
    apart = cdist(vectors, vectors)
    apart[labels[:, None] != labels[None, :]] += apart.max() + 1
    closest = np.argsort(apart, axis=1)[:, :_GROUP]
    return np.asarray(vectors[closest].mean(1))


def _levels(values: Matrix, labels: Labels) -> Levels:
    known = values[np.isfinite(values)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _LEVELS)[1:-1])) if len(known) else np.zeros(0)

    def counts(of: Matrix) -> tuple[int, ...]:
        return tuple(np.bincount(np.searchsorted(edges, of, side="left"), minlength=len(edges) + 1).tolist())

    by_label = {}
    for label in np.unique(labels).tolist():
        mine = values[(labels == label) & np.isfinite(values)]
        if len(mine) >= _FEW:
            by_label[label] = counts(mine)
    return Levels(tuple(edges.tolist()), counts(known), by_label)


def _features(blocks: Sequence[Block], kinds: Sequence[Kind], key: bytes) -> tuple[Feature, ...]:
    """The bins of every feature, and how many rows of the reference are in each."""
    found, left = [], list(kinds)
    for block in blocks:
        if block.texts is not None:
            for number, column in enumerate(zip(*block.texts, strict=True)):
                name = block.name if len(block.texts[0]) == 1 else f"{block.name}[{number}]"
                found.append(_text_feature(name, left.pop(0), column, key))
        else:
            names, columns = columns_of(block)
            found += [_number_feature(name, Kind.NUMBER, columns[:, n]) for n, name in enumerate(names)]
    bins = put_in_bins(found, blocks, key)
    return tuple(
        msgspec.structs.replace(f, counts=tuple(np.bincount(bins[:, n], minlength=width(f)).tolist()))
        for n, f in enumerate(found)
    )


def _text_feature(name: str, kind: Kind, column: Sequence[str], key: bytes) -> Feature:
    if kind is Kind.CATEGORY:
        return Feature(name, kind, categories=tuple(sorted({digest(key, text) for text in column})))
    return _number_feature(name, kind, np.array([len(text) for text in column], dtype=np.float64))


def _number_feature(name: str, kind: Kind, column: Matrix) -> Feature:
    """Bins of about as many rows each, between the ends of what was seen and a margin."""
    known = column[np.isfinite(column)]
    if not len(known):
        return Feature(name, kind, edges=(0.0,))
    distinct = np.unique(known)
    if len(distinct) <= _INNER:  # a whole number of few values: a bin for each
        inner = (distinct[1:] + distinct[:-1]) / 2
    else:
        inner = np.unique(np.quantile(known, np.linspace(0, 1, _INNER + 1)[1:-1]))
    low, high = float(known.min()), float(known.max())
    margin = 0.1 * (high - low) or 0.1 * abs(high) or 0.5
    inside = inner[(inner > low - margin) & (inner < high + margin)]
    return Feature(name, kind, edges=(low - margin, *inside.tolist(), high + margin))
