"""Incidents: alerts about the same principal or asset at the same time, as one thing that happens, and how bad that is.

What counts is the worst alert, that several kinds of detectors agree, that steps of an attack follow each other (tactics of ATT&CK
and ATLAS), and what a scan has found about the same asset. `Risk.because` tells each part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from garrison.events.event import Severity
from garrison.watch.alerts.alert import Alert, Status

APART_US = 3_600_000_000  # between two alerts of one incident
MAX_ALERTS = 50  # of one incident; then another begins
_BASE = {
    Severity.UNKNOWN: 10,
    Severity.INFORMATIONAL: 10,
    Severity.LOW: 25,
    Severity.MEDIUM: 45,
    Severity.HIGH: 65,
    Severity.CRITICAL: 80,
}
_DETECTORS, _TACTICS, _FINDING, _MANY = 8, 6, 8, 4
_TACTIC = "attack."
_NO_TACTIC = ("attack.t", "attack.s", "attack.g")  # techniques, software, groups: a letter and digits


class Finding(msgspec.Struct, frozen=True):
    """What a scan has found about an asset."""

    check: str
    severity: str
    title: str


class Risk(msgspec.Struct, frozen=True):
    """From 0 to 100, and why."""

    score: int
    because: tuple[str, ...]


class Incident(msgspec.Struct, frozen=True):
    """Alerts that belong together, the first first."""

    id: int
    alerts: tuple[Alert, ...]
    risk: Risk

    @property
    def severity(self) -> Severity:
        """That of its worst alert."""
        return max(alert.severity for alert in self.alerts)

    @property
    def is_open(self) -> bool:
        """Whether anybody still has to see to it."""
        return any(alert.status is not Status.CLOSED for alert in self.alerts)


def belongs(alert: Alert, others: Iterable[Alert]) -> bool:
    """Whether an alert belongs to an incident of others."""
    known = list(others)
    return len(known) < MAX_ALERTS and any(_near(alert, other) for other in known)


def _near(one: Alert, other: Alert) -> bool:
    apart = max(one.since_us, other.since_us) - min(one.time_us, other.time_us)
    same = (one.principal and one.principal == other.principal) or (one.asset and one.asset == other.asset)
    return bool(same) and apart <= APART_US


def risk(alerts: Sequence[Alert], findings: Mapping[str, Sequence[Finding]]) -> Risk:
    """How bad what some alerts tell is. `findings` are those of a scan, by asset."""
    worst = max(alerts, key=lambda alert: alert.severity)
    score, because = _BASE[worst.severity], [f"{worst.title}: {worst.severity.name.lower()}"]
    detectors = sorted({alert.detector for alert in alerts})
    if len(detectors) > 1:
        score += _DETECTORS * (len(detectors) - 1)
        because.append(f"{' and '.join(detectors)} agree")
    tactics = sorted({tag.removeprefix(_TACTIC) for alert in alerts for tag in alert.tags if _is_tactic(tag)})
    if len(tactics) > 1:
        score += _TACTICS * (len(tactics) - 1)
        because.append(f"steps of an attack: {', '.join(tactics)}")
    if len(alerts) >= _MANY:
        score += _MANY
        because.append(f"{len(alerts)} alerts")
    for asset in dict.fromkeys(alert.asset for alert in alerts):
        for finding in findings.get(asset, ())[:1]:
            score += _FINDING
            because.append(f"a scan found of {asset}: {finding.title} ({finding.severity})")
    return Risk(min(score, 100), tuple(because))


def _is_tactic(tag: str) -> bool:
    return tag.startswith(_TACTIC) and not (tag.startswith(_NO_TACTIC) and tag[len(_TACTIC) + 1 :][:1].isdigit())
