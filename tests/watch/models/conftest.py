"""A small model with a reference: two clouds of six columns, told apart by a line."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from garrison.watch.models.inference import Block, Inference, Outcome, Told
from garrison.watch.models.learn import learn
from garrison.watch.models.reference import Reference
from garrison.watch.models.sketch import Sketch, Sketcher

KEY = b"a key for tests"
Rows = NDArray[np.float64]


def asked(rows: Rows) -> Inference:
    """Rows, and what the model says of them."""
    chance = 1 / (1 + np.exp(np.clip(-1.5 * np.clip(rows, -99, 99).sum(1), -50, 50)))
    return Inference(
        (Block("x", numbers=rows),),
        Outcome(Told.PROBABILITIES, numbers=np.stack([1 - chance, chance], 1)),
        rows=len(rows),
    )


def natural(random: np.random.Generator, count: int) -> Rows:
    sides = random.choice([-1.0, 1.0], (count, 1))
    return sides + random.normal(0, 0.8, (count, 6))


class Model(msgspec.Struct, frozen=True):
    """The reference and what sketches rows by it."""

    reference: Reference
    sketcher: Sketcher
    sketch: Callable[[Rows], list[Sketch]]


@pytest.fixture(scope="session")
def model() -> Model:
    reference = learn([asked(natural(np.random.default_rng(1), 1_200))], KEY)
    sketcher = Sketcher(reference, KEY)
    return Model(reference, sketcher, lambda rows: sketcher.sketch(asked(rows)))
