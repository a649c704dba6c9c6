"""A client's rows among themselves, by their coarse coordinates: which are echoes, how far the others are apart, which steps recur.

An echo is all but the same as a row before it. It says nothing of its own: things that are asked about again and again, measured a
little otherwise each time, are as ordinary as things that are asked about once.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from garrison.watch.models.sketch import Matrix

KEPT = 256  # rows, none of them an echo, that later ones are compared with
ALIKE = 32  # of them, of the same label, the closest of which is looked for
LIKE = 2.5  # coarse steps per coordinate: an echo is closer
_LEAST = 16  # of the same label, without which no gap is told
_TELLING = 4  # coordinates from which on they alone tell what is close
_AT_ONCE = 128
_FEW = 50  # rows whose steps say nothing
_CELL = 2  # bits of a step that do not matter: those that differ by less than four coarse steps are the same
_CLOSE = 6  # coarse steps: rows that are closer in every coordinate are one
_MIXED = np.array([1, 131, 131**2, 131**3]).astype(np.int16)  # spreads steps in the first coordinates over 16 bits


class Row(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of a row that is no echo."""

    near: bytes
    region: int
    label: int


def compared(kept: Sequence[Row], rows: Sequence[Row]) -> tuple[list[Row], Matrix, NDArray[np.bool_]]:
    """What is kept now, how far each row is from the closest before it, and which are echoes.

    The distance is in coarse steps to the closest of the last `ALIKE` rows of its label, infinite where there are few.
    """
    gaps, echoes = [np.zeros(0)], [np.zeros(0, dtype=np.bool_)]
    for first in range(0, len(rows), _AT_ONCE):
        both = [*kept, *rows[first : first + _AT_ONCE]]
        gap, echo = _compared(both, len(kept))
        kept = [row for row, is_echo in zip(both, echo.tolist(), strict=True) if not is_echo][-KEPT:]
        gaps.append(gap)
        echoes.append(echo[len(both) - len(gap) :])
    return list(kept), np.concatenate(gaps), np.concatenate(echoes)


def _compared(rows: Sequence[Row], known: int) -> tuple[Matrix, NDArray[np.bool_]]:
    """Gaps of the rows after the first `known`, and which of all are echoes: of the first, none."""
    near = _coordinates(rows)
    labels = np.array([row.label for row in rows])
    apart = _apart(near[known:], near)
    earlier = np.arange(len(rows)) < np.arange(known, len(rows))[:, None]
    like = earlier & (apart <= LIKE * np.sqrt(near.shape[1]))
    if near.shape[1] < _TELLING:
        regions = np.array([row.region for row in rows])
        like &= regions[known:, None] == regions
    echo = np.zeros(len(rows), dtype=np.bool_)
    for row in np.flatnonzero(like.any(1)):
        echo[known + row] = (like[row] & ~echo).any()
    names, labels = np.unique(labels, return_inverse=True)
    so_far = np.cumsum((labels[:, None] == np.arange(len(names))) & ~echo[:, None], axis=0)
    order = so_far[np.arange(len(rows)), labels] - ~echo  # how many of the same label, without echoes, are before a row
    fit = earlier & ~echo & (labels[known:, None] == labels) & (order >= order[known:, None] - ALIKE)
    apart[~fit] = np.inf
    gap = apart.min(1)
    gap[order[known:] < _LEAST] = np.inf
    return gap.astype(np.float64), echo


def steps(rows: Sequence[Row]) -> float:
    """The share of rows that are one and the same step away from another row: what a lattice shows, and synthetic rows on one.

    Of rows close to each other only the first counts, as two groups of such would show the same step many times.
    """
    if len(rows) < _FEW:
        return 0.0
    near = _coordinates(rows)[:, : len(_MIXED)].astype(np.int16)
    if near.shape[1] < _TELLING:
        return 0.0
    close = np.tri(len(rows), k=-1, dtype=np.bool_)
    step = np.zeros((len(rows), len(rows)), dtype=np.int16)
    for column, mixed in zip(near.T, _MIXED, strict=True):
        moved = column[:, None] - column
        close &= np.abs(moved) <= _CLOSE
        step += (moved >> _CELL) * mixed
    alone = np.logical_not(close.any(1))
    count = int(alone.sum())
    if count < _FEW:
        return 0.0
    told = step[np.tri(len(rows), k=-1, dtype=np.bool_) & alone & alone[:, None]].view(np.uint16)
    return float(np.bincount(told).max() / count)


def _coordinates(rows: Sequence[Row]) -> NDArray[np.float32]:
    return np.frombuffer(b"".join(row.near for row in rows), np.int8).reshape(len(rows), -1).astype(np.float32)


def _apart(some: NDArray[np.float32], all_of_them: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distances; of whole numbers this small, squares are exact."""
    squares = np.einsum("ij,ij->i", all_of_them, all_of_them)
    own = np.einsum("ij,ij->i", some, some)
    return np.asarray(np.sqrt(own[:, None] + squares - 2 * some @ all_of_them.T))
