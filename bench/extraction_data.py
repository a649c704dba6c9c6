"""Data and models that clients are made for: `fit_problems` to fit limits on, `new_problems` to measure them on."""

from __future__ import annotations

import numpy as np
from sklearn import datasets
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from extraction_lab import Problem, Random, smooth

_ROWS = 4_500
_SMOOTHED = 3_000


def fit_problems() -> list[Problem]:
    """Made here; none is scikit-learn's."""
    random = np.random.default_rng(20)
    return [*_tables(random), *_shapes(random), *_few_columns(random)]


def _tables(random: Random) -> list[Problem]:
    """Columns that depend on each other, long tails, yes and no, counts."""
    mixed = random.normal(0, 1, (_ROWS, 10)) @ random.normal(0, 0.5, (10, 10))
    groups = random.integers(4, size=_ROWS)
    mixture = mixed + random.normal(0, 2.2, (4, 10))[groups]
    money = np.exp(random.multivariate_normal(np.zeros(12), 0.4 * np.eye(12) + 0.6, _ROWS) * 0.8)
    owed = np.log(money) @ random.normal(0, 1, 12) + 0.8 * np.sin(3 * np.log(money[:, 0]))
    owing = (owed + random.normal(0, 0.5, _ROWS) > 0.3).astype(int)
    kinds = random.integers(3, size=_ROWS)
    bits = (random.random((_ROWS, 30)) < random.beta(0.6, 0.6, (3, 30))[kinds]).astype(float)
    topics = random.integers(5, size=_ROWS)
    words = random.poisson(random.gamma(1.0, 2.0, (5, 20))[topics]).astype(float)
    return [
        Problem("mixture", mixture, groups, _early),
        Problem("mixture, trees", mixture, groups, _small_forest),
        Problem("incomes", money, owing, _small_forest),
        Problem("incomes, values", money, owed, _small_forest_of_values),
        Problem("answers yes or no", bits, kinds, _logistic),
        Problem("word counts", words, topics, _early),
    ]


def _shapes(random: Random) -> list[Problem]:
    """Rings, pictures, rare events, waves."""
    angle, ring = random.uniform(0, 2 * np.pi, _ROWS), random.integers(3, size=_ROWS)
    circle = np.stack([np.cos(angle), np.sin(angle)], 1) * (1 + ring[:, None])
    drawn = random.integers(6, size=_ROWS)
    shapes = np.cumsum(np.cumsum(random.normal(0, 1, (6, 6, 6)), 1), 2).reshape(6, 36)
    bend = random.normal(0, 0.25, (_ROWS, 4)) @ np.cumsum(random.normal(0, 1, (4, 36)), 1)
    pictures = shapes[drawn] + bend + random.normal(0, 0.3, (_ROWS, 36))
    rare = (random.random(_ROWS) < 0.06).astype(int)
    payments = random.normal(0, 1, (_ROWS, 8)) * (1 + rare[:, None]) + 1.2 * rare[:, None]
    waves = random.uniform(-2, 2, (_ROWS, 6))
    height = np.sin(2 * waves[:, 0]) + waves[:, 1] * waves[:, 2] + 0.3 * random.normal(size=_ROWS)
    return [
        Problem("rings", circle + random.normal(0, 0.2, (_ROWS, 2)), ring, _early),
        Problem("pictures", pictures, drawn, _logistic),
        Problem("rare payments", payments, rare, _small_forest),
        Problem("waves", waves, height, _early_of_values),
    ]


def _few_columns(random: Random) -> list[Problem]:
    """Two to five columns, or values to tell."""
    along, strand = random.uniform(1, 4, _ROWS), random.integers(2, size=_ROWS)
    turn = 2 * along + np.pi * strand
    spiral = np.stack([along * np.cos(turn), along * np.sin(turn)], 1) + random.normal(0, 0.25, (_ROWS, 2))
    weather = random.multivariate_normal(np.zeros(4), 0.5 * np.eye(4) + 0.5, _ROWS)
    weather = np.stack([weather[:, 0], np.exp(0.5 * weather[:, 1]), weather[:, 2], weather[:, 3] ** 2], 1)
    season = np.digitize(weather @ [1.0, 1.5, -1.0, 0.5] + random.normal(0, 0.5, _ROWS), [0.5, 2.5])
    mixes = random.dirichlet([2.0, 3.0, 1.0, 2.0, 1.5], _ROWS)
    sort = np.digitize(mixes[:, 0] - mixes[:, 3] + random.normal(0, 0.05, _ROWS), [-0.1, 0.15])
    places = np.vstack([random.normal(0, 1.5, (_ROWS - 1_500, 2)), random.normal([2.5, -1], 0.5, (1_500, 2))])
    rise = np.exp(-(places**2).sum(1) / 2) + 0.5 * np.sin(2 * places[:, 1]) + random.normal(0, 0.05, _ROWS)
    fields = random.normal(0, 1, (_ROWS, 5)) @ random.normal(0, 0.6, (5, 5)) + random.normal(0, 0.4, (_ROWS, 5))
    yields = np.tanh(fields[:, 0]) + 0.5 * fields[:, 1] * fields[:, 2] + random.normal(0, 0.2, _ROWS)
    loads = random.standard_t(4, (_ROWS, 9)) + 0.5 * random.standard_t(4, (_ROWS, 1))
    need = loads @ random.normal(0, 1, 9) + random.normal(0, 1, _ROWS)
    return [
        Problem("spirals", spiral, strand, _early),
        Problem("weather", weather, season, _small_forest),
        Problem("mixes", mixes, sort, _early),
        Problem("places, values", places, rise, _small_forest_of_values),
        Problem("fields, values", fields, yields, _early_of_values),
        Problem("loads, values", loads, need, _early_of_values),
    ]


def new_problems() -> list[Problem]:
    """scikit-learn's own and generated ones. The three small ones are made larger (`smooth`)."""
    digits, wine = datasets.load_digits(), datasets.load_wine()
    cancer, iris = datasets.load_breast_cancer(), datasets.load_iris()
    made = datasets.make_classification(_ROWS, 20, n_informative=8, n_classes=3, random_state=1)
    moons = datasets.make_moons(_ROWS, noise=0.15, random_state=1)
    blobs = datasets.make_blobs(_ROWS, 6, centers=5, cluster_std=2.0, random_state=1)
    line = datasets.make_regression(_ROWS, 10, n_informative=6, noise=10, random_state=1)
    friedman = datasets.make_friedman1(_ROWS, 8, noise=0.5, random_state=1)
    return [
        Problem("digits", digits.data / 16, digits.target, _network),
        Problem("digits, trees", digits.data / 16, digits.target, _forest),
        Problem("wine", *smooth(wine.data, wine.target, _SMOOTHED, 1), _logistic),
        Problem("breast cancer", *smooth(cancer.data, cancer.target, _SMOOTHED, 1), _network),
        Problem("iris", *smooth(iris.data, iris.target, _SMOOTHED, 1), _logistic),
        Problem("make_classification", made[0], made[1], _boosted),
        Problem("make_moons", moons[0], moons[1], _network),
        Problem("make_blobs", blobs[0], blobs[1], _forest),
        Problem("make_regression", line[0], line[1], _kernel),
        Problem("make_friedman1", friedman[0], friedman[1], _boosted_of_values),
    ]


def _early() -> object:
    return make_pipeline(StandardScaler(), MLPClassifier((48,), max_iter=300, early_stopping=True, random_state=0))


def _early_of_values() -> object:
    network = MLPRegressor(hidden_layer_sizes=(48,), max_iter=300, early_stopping=True, random_state=0)
    return make_pipeline(StandardScaler(), network)


def _network() -> object:
    return make_pipeline(StandardScaler(), MLPClassifier((64,), max_iter=400, random_state=0))


def _logistic() -> object:
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))


def _small_forest() -> object:
    return RandomForestClassifier(40, min_samples_leaf=3, random_state=0)


def _small_forest_of_values() -> object:
    return RandomForestRegressor(40, min_samples_leaf=3, random_state=0)


def _forest() -> object:
    return RandomForestClassifier(100, random_state=0)


def _boosted() -> object:
    return GradientBoostingClassifier(n_estimators=50, random_state=0)


def _boosted_of_values() -> object:
    return GradientBoostingRegressor(random_state=0)


def _kernel() -> object:
    return make_pipeline(StandardScaler(), SVR(C=100.0))
