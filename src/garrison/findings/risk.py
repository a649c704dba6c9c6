"""Risk: severity x confidence x exposure x attack paths, computed once for all output forms."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

import msgspec

from garrison.checks.check import Confidence, Severity
from garrison.estate.facts import Content, Environment, Facts
from garrison.estate.values import Place
from garrison.reach.path import Jewel, Paths

SURE = 0.5  # contents believed less than this are not named as a reason

_SEVERITY = {Severity.CRITICAL: 10.0, Severity.HIGH: 7.0, Severity.MEDIUM: 4.0, Severity.LOW: 1.0}
_CONFIDENCE = {Confidence.HIGH: 1.0, Confidence.MEDIUM: 0.8, Confidence.LOW: 0.5}


class Weight(msgspec.Struct, frozen=True):
    """How much an asset matters, and why: what its risks are multiplied with."""

    factor: float
    reasons: tuple[str, ...]


class Risk(msgspec.Struct, frozen=True):
    """`score` is from 0 to 100; `reasons` say in words what raised or lowered it."""

    score: float
    reasons: tuple[str, ...]


_CONTENT = {
    Content.TRAINING_DATA: 1.0,
    Content.MODELS: 1.0,
    Content.CREDENTIALS: 1.0,
    Content.PERSONAL_DATA: 1.0,
    Content.FEATURES: 0.8,
    Content.PREDICTIONS: 0.6,
    Content.AUDIT_LOG: 0.5,
}
_ENVIRONMENT = {Environment.PRODUCTION: 1.25, Environment.STAGING: 1.0, Environment.DEVELOPMENT: 0.7}
_EXPOSED, _PERHAPS_EXPOSED, _HOLDING = 2.0, 1.3, 0.6
_TAKEN_OVER = 1.25  # whoever takes over what reads data has the data, and an identity that may change it
_ON_PATH = 1.15  # what it says is a step of an attack path that is told
_HIGHEST = 10.0 * _EXPOSED * (1 + _HOLDING * _TAKEN_OVER) * 1.25


class Crossings:
    """Which attack paths go through a place in the files."""

    def __init__(self, paths: Paths) -> None:
        self._found: dict[tuple[str, int, int], Counter[Jewel]] = defaultdict(Counter)
        for path in (p for p in paths.found if len(p.hops) > 1):  # what lies open tells of itself
            for key in {_key(hop.stated.place) for hop in path.hops if hop.stated.place is not None}:
                self._found[key][path.jewel] += 1

    def of(self, places: Iterable[Place]) -> Counter[Jewel]:
        """How many paths go through the place of these with most, by what they lead to."""
        found = [self._found[key] for key in map(_key, places) if key in self._found]
        return max(found, key=Counter.total, default=Counter())


def _key(place: Place) -> tuple[str, int, int]:
    return place.source.path, place.start, place.end


def weight(facts: Facts) -> Weight:
    """What is reachable, holds something, or is production weighs more."""
    factor, reasons = 1.0, []
    if facts.exposed.yes:
        factor *= _EXPOSED
        reasons.append(f"reachable from the internet{f' through {facts.exposed_by}' if facts.exposed_by else ''}")
    elif facts.exposed.unknown:
        factor *= _PERHAPS_EXPOSED
    worth = max((_CONTENT[h.content] * h.confidence for h in facts.holds), default=0.0)
    reached = max((_CONTENT[r.holds.content] * r.holds.confidence for r in facts.reaches), default=0.0)
    worth = max(worth, _TAKEN_OVER * reached)
    factor *= 1.0 + _HOLDING * worth
    reasons += [f"holds {h.content} ({h.reason})" for h in facts.holds if h.confidence >= SURE]
    if facts.reaches:
        more = f" and {len(facts.reaches) - 1} more" if len(facts.reaches) > 1 else ""
        reasons.append(f"reads {facts.reaches[0].words}{more}")
    if facts.environment is not None:
        factor *= _ENVIRONMENT[facts.environment]
        reasons.append(facts.environment.value)
    return Weight(factor, tuple(reasons))


def matters(facts: Facts) -> bool:
    """Whether an asset can be reached, holds something of worth, or reads it."""
    return facts.exposed.yes or bool(facts.reaches) or any(h.confidence >= SURE for h in facts.holds)


def risk(severity: Severity, confidence: Confidence, facts: Facts, crossed: Counter[Jewel] | None = None) -> Risk:
    """How soon it should be mended: severity times confidence times the weight of the asset.

    `crossed` counts the attack paths that go through what the finding shows: a step of one weighs more.
    """
    found = weight(facts)
    score, reasons = _SEVERITY[severity] * _CONFIDENCE[confidence] * found.factor, found.reasons
    if crossed:
        score *= _ON_PATH
        reasons = (*reasons, _crossing(crossed))
    return Risk(round(min(100.0, 100 * score / _HIGHEST), 1), reasons)


def _crossing(crossed: Counter[Jewel]) -> str:
    total = crossed.total()
    most = max(Jewel, key=lambda jewel: crossed[jewel])  # the first of those that are as many
    return f"on {total} attack path{'s' if total > 1 else ''}{', most of them' if len(crossed) > 1 else ''} to {most}"
