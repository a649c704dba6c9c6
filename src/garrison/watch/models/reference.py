"""What is ordinary for a model.

No row is kept: features as edges of bins and counts, categories as keyed digests, the shape of the whole as `anchors`, each the mean
of three rows of one label (microaggregation).
"""

from __future__ import annotations

import enum
import hashlib

import msgspec
import numpy as np
from numpy.typing import NDArray

from garrison.watch.models.inference import Told


class Kind(enum.StrEnum):
    """How a feature is put into bins."""

    NUMBER = "number"
    CATEGORY = "category"
    LENGTH = "length"  # of a text that is no category


class Feature(msgspec.Struct, frozen=True):
    """A feature's bins: 0 is missing; of a number 1 is below `edges`, the last above; of a category 1 is a new one."""

    name: str
    kind: Kind
    edges: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()  # keyed digests
    counts: tuple[int, ...] = ()  # of the reference, bin by bin

    @property
    def odd_bins(self) -> tuple[int, ...]:
        """Bins that hold what was never seen: out of range, a new category."""
        return (1,) if self.kind is Kind.CATEGORY else (1, len(self.edges) + 1)


class Scale(msgspec.Struct, frozen=True):
    """The middle and the spread (robust) of a column, or of a whole tensor where it is wide."""

    middle: tuple[float, ...]
    spread: tuple[float, ...]


class Levels(msgspec.Struct, frozen=True):
    """Something measured of each row, in bins between `edges`: counts of all rows, and label by label where there are enough."""

    edges: tuple[float, ...]
    overall: tuple[int, ...]
    by_label: dict[int, tuple[int, ...]]

    def of(self, label: int) -> tuple[int, ...]:
        """What is ordinary for rows that were answered so."""
        return self.by_label.get(label, self.overall)

    def rarity(self, label: int) -> NDArray[np.float64]:
        """Bin by bin, how rare it is that a row so labelled reaches it: the negative logarithm of the share that does."""
        counts = np.array(self.of(label), dtype=np.float64)
        reach = np.cumsum(counts[::-1])[::-1] - counts / 2  # of those in the same bin, half
        return np.asarray(-np.log((reach + 0.5) / (counts.sum() + 1)))


def oddness(
    distance: Levels,
    surprise: Levels,
    labels: NDArray[np.int64],
    distances: NDArray[np.float64],
    surprises: NDArray[np.float64],
) -> NDArray[np.float64]:
    """How rare it is for rows so labelled to be so far off, and to be answered so surprisingly: both added up (after Fisher)."""
    far, unsure = np.searchsorted(distance.edges, distances), np.searchsorted(surprise.edges, surprises)
    found = np.zeros(len(labels))
    for label in np.unique(labels).tolist():
        mine = labels == label
        found[mine] = distance.rarity(label)[far[mine]] + surprise.rarity(label)[unsure[mine]]
    return found


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """What is ordinary for one model. Arrays are bytes, the least significant first: float32, labels int64."""

    model: str
    model_version: str
    rows: int
    told: Told
    labels: tuple[str, ...] = ()  # where the answer is a label
    value_edges: tuple[float, ...] = ()  # where it is a value: what parts it into labels
    value_spread: float = 1.0
    features: tuple[Feature, ...]
    kinds: tuple[Kind, ...]  # of each column of texts
    scales: tuple[Scale, ...]  # of each tensor of numbers
    dims: int  # of a vector before folding
    anchors: bytes
    anchor_labels: bytes
    anchor_values: bytes
    distance: Levels
    surprise: Levels
    oddness: Levels  # how rare a row's distance is and how rare its surprise, added up
    steps: float = 0.0  # share of rows that are one same step away from another
    near_unit: float = 1.0  # of a step of the coarse coordinates
    regions: tuple[int, ...] = ()  # how often each anchor was the nearest
    disagreeing: float = 0.0  # share of rows that are answered otherwise than their nearest anchor
    flipping: float = 0.0  # share of rows that are answered otherwise than one before that is all but the same


def digest(key: bytes, text: str) -> str:
    """A category's name, by which it is known again and not read."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=key[:64], digest_size=8).hexdigest()


def width(feature: Feature) -> int:
    """How many bins a feature has."""
    return 2 + (len(feature.categories) if feature.kind is Kind.CATEGORY else len(feature.edges))
