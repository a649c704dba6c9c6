"""Risk: severity x confidence x exposure, computed once for all output forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from garrison.checks.check import Confidence, Severity

if TYPE_CHECKING:
    from garrison.reach.facts import Facts

_SEVERITY = {Severity.CRITICAL: 10.0, Severity.HIGH: 7.0, Severity.MEDIUM: 4.0, Severity.LOW: 1.0}
_CONFIDENCE = {Confidence.HIGH: 1.0, Confidence.MEDIUM: 0.8, Confidence.LOW: 0.5}


class Risk(msgspec.Struct, frozen=True):
    """`score` is from 0 to 100; `reasons` say in words what raised or lowered it."""

    score: float
    reasons: tuple[str, ...]


def risk(severity: Severity, confidence: Confidence, facts: Facts) -> Risk:
    """How soon it should be mended: what is reachable, holds something, or is production comes first."""
    factor, reasons = 1.0, []
    if facts.exposed.yes:
        factor, reasons = factor * 2.0, ["reachable from the internet"]
    elif facts.exposed.unknown:
        factor *= 1.3
    if facts.holds:
        factor *= 1.0 + 0.6 * max(h.weight for h in facts.holds)
        reasons += [f"holds {h.what}" for h in facts.holds]
    if facts.environment == "production":
        factor *= 1.25
        reasons.append("production")
    elif facts.environment in ("development", "test"):
        factor *= 0.7
        reasons.append(facts.environment)
    highest = 10.0 * 2.0 * 1.6 * 1.25
    score = _SEVERITY[severity] * _CONFIDENCE[confidence] * factor
    return Risk(round(100 * score / highest, 1), tuple(reasons))
