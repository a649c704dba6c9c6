"""How bad an incident is, from 0 to 100, and why: a sum, each part of which is told.

The worst alert weighs most. More different alerts, several kinds of detectors that agree, steps of an attack that follow each other
(tactics of ATT&CK in their order), and what a scan has found about the same assets add to it.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable, Sequence
from importlib import resources

import msgspec

from garrison.events.event import Severity
from garrison.watch.alerts.alert import Alert, Verdict
from garrison.watch.alerts.findings import Found
from garrison.watch.alerts.signal import Detector

HIGHEST = 100
_WORST = {
    Severity.UNKNOWN: 5,
    Severity.INFORMATIONAL: 5,
    Severity.LOW: 15,
    Severity.MEDIUM: 30,
    Severity.HIGH: 50,
    Severity.CRITICAL: 70,
}
_MORE, _MORE_MOST = 3, 9  # for each other alert
_AGREE, _AGREE_MOST = 8, 16  # for each other kind of detector
_STEP, _STEPS_MOST = 5, 15  # for each step after the first
_FOUND_MOST = 12  # for a finding whose risk is 100
# What sees the same in another way; the watch's troubles with itself say nothing of an attack.
_FAMILY = {
    Detector.RULE: "rules",
    Detector.CORRELATION: "rules",
    Detector.BASELINE: "baselines",
    Detector.DRIFT: "drift of a model",
    Detector.EXTRACTION: "a model being copied",
    Detector.SILENCE: "a source gone quiet",
}


class Part(msgspec.Struct, frozen=True):
    """So many points, and what for."""

    points: int
    why: str


class Risk(msgspec.Struct, frozen=True):
    """`parts` add up to `score`, or to more than it can be."""

    score: int
    parts: tuple[Part, ...]


def risk(alerts: Sequence[Alert], findings: Iterable[Found]) -> Risk:
    """That of an incident. What turned out to be expected, or a false alarm, does not count, unless all of it did."""
    counted = [alert for alert in alerts if alert.verdict in (None, Verdict.THREAT)] or list(alerts)
    worst = max(counted, key=lambda alert: (alert.severity, -alert.number))
    parts = [Part(_WORST[worst.severity], f"{worst.severity.name.lower()}: {worst.title}")]
    kinds = {(alert.detector, alert.name) for alert in counted} - {(worst.detector, worst.name)}
    if kinds:
        more = "one more kind of alert" if len(kinds) == 1 else f"{len(kinds)} more kinds of alerts"
        parts.append(Part(min(_MORE * len(kinds), _MORE_MOST), more))
    families = sorted({_FAMILY[alert.detector] for alert in counted if alert.detector in _FAMILY})
    if len(families) > 1:
        parts.append(Part(min(_AGREE * (len(families) - 1), _AGREE_MOST), f"seen by {' and '.join(families)}"))
    steps = longest_way(counted)
    if len(steps) > 1:
        parts.append(Part(min(_STEP * (len(steps) - 1), _STEPS_MOST), f"one step after the other: {', '.join(steps)}"))
    known = max(findings, key=lambda found: found.risk, default=None)
    if known is not None:
        points = max(1, round(known.risk / 100 * _FOUND_MOST))
        parts.append(Part(points, f"a scan found {known.check} on {known.asset} ({known.why})"))
    return Risk(min(HIGHEST, sum(part.points for part in parts)), tuple(parts))


def longest_way(alerts: Sequence[Alert]) -> list[str]:
    """The longest sequence of tactics, each a later step of an attack than the one before, as they came in time."""
    ways: dict[int, list[str]] = {}  # by the step that they end with
    for alert in sorted(alerts, key=lambda alert: (alert.since_us, alert.number)):
        before = dict(ways)
        for name in (tag.removeprefix("attack.").replace("_", "-") for tag in alert.tags if tag.startswith("attack.")):
            step = _steps().get(name, 0)
            if not step:
                continue
            way = max((way for end, way in before.items() if end < step), key=len, default=[])
            if len(way) + 1 > len(ways.get(step, [])):
                ways[step] = [*way, name]
    return max(ways.values(), key=len, default=[])


@functools.cache
def _steps() -> dict[str, int]:
    return tomllib.loads(resources.files(__package__).joinpath("tactics.toml").read_text("utf8"))
