"""Models, natural clients and attackers for bench/fit_extraction.py and bench/extraction.py. What one is fitted on the other does not use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from garrison.watch.models.inference import Block, Inference, Outcome, Told
from garrison.watch.models.learn import learn
from garrison.watch.models.reference import Reference
from garrison.watch.models.sketch import Sketcher

KEY = b"only for measuring"
Rows = NDArray[np.float64]
Truth = NDArray[Any]
Random = np.random.Generator


class Problem(msgspec.Struct, frozen=True):
    """Natural rows and what is to be told of them: whole numbers are labels, others values. `model` makes an untrained one."""

    name: str
    rows: Rows
    truth: Truth
    model: Callable[[], object]


class Target(msgspec.Struct, frozen=True):
    """A model in service: what it answers, what is ordinary, and natural rows it has not seen."""

    name: str
    answer: Callable[[Rows], Outcome]
    pool: Rows
    labels: NDArray[np.int64]  # what the model says of the pool
    reference: Reference
    sketcher: Sketcher

    def label(self, rows: Rows) -> NDArray[np.int64]:
        return self.sketcher.labels(self.answer(rows))

    def sureness(self, rows: Rows) -> Rows:
        """How sure the model is; of values how far from the middle."""
        outcome = self.answer(rows)
        numbers = np.asarray(outcome.numbers)
        if outcome.told is Told.PROBABILITIES:
            ordered = np.sort(numbers, axis=1)
            return np.asarray(ordered[:, -1] - ordered[:, -2])
        return np.asarray(np.abs(numbers[:, 0] - np.median(numbers)))


Asker = Callable[[Target, Random, int], Rows]


def target(problem: Problem, *, seed: int = 0, reference_rows: int = 1_500) -> Target:
    """A third to train, a third (at most `reference_rows`) to learn what is ordinary, the rest for clients."""
    order = np.random.default_rng(seed).permutation(len(problem.rows))
    third = len(order) // 3
    train, known, pool = order[:third], order[third : 2 * third][:reference_rows], order[2 * third :]
    model = problem.model()
    model.fit(problem.rows[train], problem.truth[train])  # type: ignore[attr-defined]

    def answer(rows: Rows) -> Outcome:
        if hasattr(model, "predict_proba"):
            return Outcome(Told.PROBABILITIES, numbers=model.predict_proba(rows))
        return Outcome(Told.VALUE, numbers=model.predict(rows).reshape(-1, 1))  # type: ignore[attr-defined]

    reference = learn([asked(problem.rows[known], answer)], KEY)
    sketcher = Sketcher(reference, KEY)
    natural = problem.rows[pool]
    return Target(problem.name, answer, natural, sketcher.labels(answer(natural)), reference, sketcher)


def asked(rows: Rows, answer: Callable[[Rows], Outcome]) -> Inference:
    """Rows as a request that was answered."""
    return Inference((Block("x", numbers=rows),), answer(rows), rows=len(rows))


def smooth(rows: Rows, truth: Truth, many: int, seed: int) -> tuple[Rows, Truth]:
    """More rows like few: half of Scott's bandwidth around each row, in the shape of its class."""
    random = np.random.default_rng(seed)
    picked = random.integers(len(rows), size=many)
    made = rows[picked].copy()
    for label in np.unique(truth):
        mine = rows[truth == label]
        width = 0.5 * len(mine) ** (-1 / (rows.shape[1] + 4))
        here = np.flatnonzero(truth[picked] == label)
        made[here] += width * random.multivariate_normal(np.zeros(rows.shape[1]), np.cov(mine.T), size=len(here))
    return made, truth[picked]


def _spread(t: Target) -> Rows:
    return np.asarray(t.pool.std(0))


# Natural clients. The first are fitted on, all are measured.


def natural(t: Target, random: Random, n: int) -> Rows:
    return t.pool[random.choice(len(t.pool), n, replace=n > len(t.pool))]


def few_classes(t: Target, random: Random, n: int) -> Rows:
    labels = np.unique(t.labels)
    chosen = random.choice(labels, max(1, min(3, len(labels) // 2)), replace=False)
    return _from(t, random, n, np.isin(t.labels, chosen))


def noisy(t: Target, random: Random, n: int) -> Rows:
    """A sensor with noise of a twentieth of a deviation."""
    return natural(t, random, n) + random.normal(0, 0.05, (n, t.pool.shape[1])) * _spread(t)


def duplicates(t: Target, random: Random, n: int) -> Rows:
    few = natural(t, random, n // 2)
    return few[random.choice(len(few), n)]


def mixture(t: Target, random: Random, n: int) -> Rows:
    """Classes in shares of its own."""
    labels = np.unique(t.labels)
    shares = dict(zip(labels.tolist(), random.dirichlet(np.full(len(labels), 0.5)), strict=True))
    counts = {label: int((t.labels == label).sum()) for label in shares}
    weights = np.array([shares[label] / counts[label] for label in t.labels.tolist()])
    return t.pool[random.choice(len(t.pool), n, p=weights / weights.sum())]


def bursts(t: Target, random: Random, n: int) -> Rows:
    """Each thing is asked a few times in a row, slightly changed."""
    made: list[Rows] = []
    while len(made) < n:
        one = t.pool[random.integers(len(t.pool))]
        made += [one + random.normal(0, 0.02, len(one)) * _spread(t) for _ in range(random.integers(2, 7))]
    return np.array(made[:n])


def subgroup(t: Target, random: Random, n: int) -> Rows:
    """Half of the population: one side of one column."""
    column = t.pool[:, random.choice(np.flatnonzero(_spread(t) > 0))]
    above = column >= np.median(column)
    return _from(
        t, random, n, above if random.random() < 0.5 and not above.all() else ~above if (~above).sum() > 20 else above
    )


def offset(t: Target, random: Random, n: int) -> Rows:
    """A sensor that is off by a quarter of a deviation in one column."""
    rows = natural(t, random, n).copy()
    column = random.integers(rows.shape[1])
    rows[:, column] += 0.25 * t.pool[:, column].std()
    return rows


def stream(t: Target, random: Random, n: int) -> Rows:
    """What is asked changes slowly: sixty natural rows in the order of one direction, each up to three times with a little noise."""
    made: list[Rows] = []
    while len(made) < n:
        rows = natural(t, random, 60)
        for row in rows[np.argsort(rows @ random.normal(size=rows.shape[1]))]:
            made += [row + random.normal(0, 0.05, len(row)) * _spread(t) for _ in range(random.integers(1, 4))]
    return np.array(made[:n])


def dwelling(t: Target, random: Random, n: int) -> Rows:
    """Each row is one of the ten most like the row before, so that dense places are met more than is natural."""
    spread = _spread(t) + 1e-9
    made: list[Rows] = []
    here = t.pool[0]
    for number in range(n):
        if number % 30 == 0:
            here = t.pool[random.integers(len(t.pool))]
        apart = (((t.pool - here) / spread) ** 2).sum(1)
        here = t.pool[random.choice(np.argpartition(apart, 11)[:11])]
        made.append(here + random.normal(0, 0.05, len(here)) * spread)
    return np.array(made)


def _from(t: Target, random: Random, n: int, which: NDArray[np.bool_]) -> Rows:
    rows = t.pool[which]
    return rows[random.choice(len(rows), n, replace=n > len(rows))]


def gain(t: Target, random: Random, n: int) -> Rows:
    """A sensor that tells a seventh too much, or too little, about the middle of one column."""
    rows = natural(t, random, n).copy()
    column, middle = random.integers(rows.shape[1]), t.pool.mean(0)
    rows[:, column] = middle[column] + random.choice([6 / 7, 7 / 6]) * (rows[:, column] - middle[column])
    return rows


def returning(t: Target, random: Random, n: int) -> Rows:
    """A hundred things that are asked about again and again, each time measured anew."""
    few = natural(t, random, 100)
    low, high = np.quantile(t.pool, [0.25, 0.75], axis=0)
    return np.asarray(few[random.choice(100, n)] + random.normal(0, 0.04, (n, few.shape[1])) * (high - low))


def tilted(t: Target, random: Random, n: int) -> Rows:
    """Another clientele: in one direction, more of what lies far out."""
    along = ((t.pool - t.pool.mean(0)) / (_spread(t) + 1e-9)) @ random.normal(size=t.pool.shape[1])
    weights = np.exp(0.7 * np.clip((along - along.mean()) / along.std(), -3, 3))
    return t.pool[random.choice(len(t.pool), n, p=weights / weights.sum())]


FIT_NATURAL: dict[str, Asker] = {
    "natural": natural,
    "few classes": few_classes,
    "noisy": noisy,
    "subgroup": subgroup,
    "bursts": bursts,
    "gain": gain,
    "returning": returning,
    "tilted": tilted,
}
NEW_NATURAL: dict[str, Asker] = {"duplicates": duplicates, "mixture": mixture, "offset": offset, "stream": stream}

# Attackers that limits are fitted on.


def shuffled(t: Target, random: Random, n: int) -> Rows:
    """Each column from another natural row."""
    rows = natural(t, random, n)
    return np.stack([random.permutation(column) for column in rows.T], axis=1)


def grid(t: Target, random: Random, n: int) -> Rows:
    """Latin hypercube over the range."""
    low, high = t.pool.min(0), t.pool.max(0)
    cells = np.stack([(random.permutation(n) + random.random(n)) / n for _ in low], axis=1)
    return np.asarray(low + cells * (high - low))


def masked(t: Target, random: Random, n: int) -> Rows:
    """A third of the columns put to their mean."""
    rows = natural(t, random, n)
    return np.where(random.random(rows.shape) < 0.34, t.pool.mean(0), rows)


def walk(t: Target, random: Random, n: int) -> Rows:
    """Steps of a third of a deviation from one natural row to anywhere."""
    low, high = t.pool.min(0), t.pool.max(0)
    steps = random.normal(0, 0.33, (n, t.pool.shape[1])) * _spread(t)
    rows = [t.pool[random.integers(len(t.pool))]]
    for step in steps[1:]:
        rows.append(np.clip(rows[-1] + step, low, high))
    return np.array(rows)


def swapped(t: Target, random: Random, n: int) -> Rows:
    """Thirty natural rows, each again and again with some columns of another: what makers of explanations ask."""
    few = natural(t, random, 30)[random.choice(30, n)]
    taken = random.random(few.shape) < 0.3
    taken[np.arange(n), random.integers(few.shape[1], size=n)] = True
    return np.asarray(np.where(taken, natural(t, random, n), few))


def differences(t: Target, random: Random, n: int) -> Rows:
    """A slope in each column: a natural row, then the same with one column a step up, of its own length for each client."""
    width = t.pool.shape[1]
    rows = np.repeat(natural(t, random, -(-n // (width + 1))), width + 1, axis=0)
    steps = np.vstack([np.zeros(width), np.diag(random.uniform(0.1, 1.0) * _spread(t))])
    return np.asarray(rows + np.tile(steps, (len(rows) // (width + 1), 1)))[:n]


def factorial(t: Target, random: Random, n: int) -> Rows:
    """A design of five levels in each column, those of the natural rows' quantiles."""
    levels = np.quantile(t.pool, [0.1, 0.3, 0.5, 0.7, 0.9], axis=0)
    picked = random.integers(5, size=(n, t.pool.shape[1]))
    return np.asarray(np.take_along_axis(levels, picked, axis=0))


def bred(t: Target, random: Random, n: int) -> Rows:
    """Generations of twenty: of parents of which the model is least sure, each child has columns of both, and one moved a little."""
    made = [natural(t, random, 20)]
    while sum(map(len, made)) < n:
        known = np.vstack(made)[-80:]
        parents = known[np.argsort(t.sureness(known))[:20]]
        mother, father = parents[random.integers(20, size=20)], parents[random.integers(20, size=20)]
        children = np.where(random.random(mother.shape) < 0.5, mother, father)
        column = random.integers(children.shape[1], size=20)
        children[np.arange(20), column] += random.normal(0, 0.3, 20) * _spread(t)[column]
        made.append(children)
    return np.vstack(made)[:n]


FIT_ATTACKS: dict[str, Asker] = {
    "shuffled columns": shuffled,
    "latin hypercube": grid,
    "masked columns": masked,
    "random walk": walk,
    "swapped columns": swapped,
    "differences": differences,
    "factorial design": factorial,
    "bred": bred,
}

# Attackers that are only measured.


def uniform(t: Target, random: Random, n: int) -> Rows:
    return random.uniform(t.pool.min(0), t.pool.max(0), (n, t.pool.shape[1]))


def mixup(t: Target, random: Random, n: int) -> Rows:
    share = random.uniform(0.3, 0.7, (n, 1))
    return share * natural(t, random, n) + (1 - share) * natural(t, random, n)


def augmented(t: Target, random: Random, n: int) -> Rows:
    """Papernot's augmentation without the gradient: 50 natural rows, doubled by signs along differences between answers."""
    low, high, spread = t.pool.min(0), t.pool.max(0), _spread(t)
    known = natural(t, random, min(50, n))
    made = [known]
    while sum(map(len, made)) < n:
        signs = _signs(t, known, random)
        known = np.vstack([known, np.clip(known + 0.4 * spread * signs, low, high)])[-800:]
        made.append(known[len(known) // 2 :])
    return np.vstack(made)[:n]


def _signs(t: Target, rows: Rows, random: Random) -> Rows:
    """Which way to change each column so that the answer changes: a surrogate's gradient, from a line through what is known."""
    answers = np.asarray(t.answer(rows).numbers)
    centred = rows - rows.mean(0)
    slopes = np.linalg.lstsq(
        np.vstack([centred, 0.1 * np.eye(rows.shape[1])]),
        np.vstack([answers - answers.mean(0), np.zeros((rows.shape[1], answers.shape[1]))]),
        rcond=None,
    )[0]
    chosen = slopes[:, answers.argmax(1)].T
    return np.asarray(-np.sign(chosen + 1e-12 * random.normal(size=chosen.shape)))


def jitter(t: Target, random: Random, n: int) -> Rows:
    """50 natural rows, changed again and again by a fifth of a deviation."""
    few = natural(t, random, 50)
    return few[random.choice(50, n)] + random.normal(0, 0.2, (n, few.shape[1])) * _spread(t)


def boundary(t: Target, random: Random, n: int) -> Rows:
    """Bisection between rows that are answered differently, then a cloud around each border."""
    pairs = -(-n // 32)
    one, two = natural(t, random, pairs), natural(t, random, pairs)
    low, high, first = np.zeros((pairs, 1)), np.ones((pairs, 1)), t.label(one)
    steps: list[Rows] = []
    for _ in range(12):
        middle = (low + high) / 2
        steps.append(one * (1 - middle) + two * middle)
        same = (t.label(steps[-1]) == first)[:, None]
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    steps += [steps[11] + random.normal(0, 0.02, one.shape) * _spread(t) for _ in range(20)]
    return np.stack(steps, axis=1).reshape(-1, one.shape[1])[:n]


def uncertain(t: Target, random: Random, n: int) -> Rows:
    """Of natural rows and their mixtures, those of which the model is least sure: active learning in rounds."""
    made: list[Rows] = [natural(t, random, min(n, 50))]
    while sum(map(len, made)) < n:
        offered = np.vstack([natural(t, random, 400), mixup(t, random, 400)])
        made.append(offered[np.argsort(t.sureness(offered))[:50]])
    return np.vstack(made)[:n]


def elsewhere(t: Target, random: Random, n: int) -> Rows:
    """Natural rows of another population: columns in the order that another machine gives them, rescaled to this range."""
    order = random.permutation(t.pool.shape[1])
    rows = natural(t, random, n)
    ranked = (rows - t.pool.mean(0)) / (_spread(t) + 1e-9)
    return np.asarray(t.pool.mean(0) + (1.3 * ranked[:, order] + 0.3) * _spread(t))


NEW_ATTACKS: dict[str, Asker] = {
    "random": uniform, "mixup": mixup, "augmentation": augmented, "jitter": jitter, "boundary": boundary,
    "uncertainty": uncertain, "out of distribution": elsewhere,
}  # fmt: skip


def diluted(attack: Asker, share: float) -> Asker:
    """An attacker who hides among natural rows; `share` of the rows are the attack's."""

    def rows(t: Target, random: Random, n: int) -> Rows:
        bad = round(n * share)
        return random.permutation(np.vstack([attack(t, random, bad), natural(t, random, n - bad)]))

    return rows
