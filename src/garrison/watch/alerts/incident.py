"""Incidents: alerts about the same principal or asset at the same time, as one thing that happens.

Joined transitively, within bounds: who is in many alerts of an incident carries it no further. A scanner that touches a thousand
buckets is one incident; what others do to one of these buckets is not a part of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from garrison.watch.alerts.alert import Alert

APART_US = 3_600_000_000
"""The most that lies between an alert and those of its incident."""

MAX_ALERTS = 100
_LONGEST_US = 24 * 3_600_000_000  # from the first alert's beginning to the last one's
_LOUD = 10  # alerts of an incident with the same principal, or the same asset


def belongs(alert: Alert, others: Sequence[Alert]) -> bool:
    """Whether an alert belongs to the incident of others."""
    return _fits([alert, *others]) and _linked([alert], others)


def joins(one: Sequence[Alert], other: Sequence[Alert], alert: Alert) -> bool:
    """Whether an alert that belongs to two incidents makes them one."""
    return belongs(alert, one) and belongs(alert, other) and _fits([*one, *other, alert])


def _fits(alerts: Sequence[Alert]) -> bool:
    begun = [alert.since_us for alert in alerts]
    return len(alerts) <= MAX_ALERTS and max(begun) - min(begun) <= _LONGEST_US


def _linked(alerts: Sequence[Alert], others: Sequence[Alert]) -> bool:
    principals = Counter(other.principal for other in others)
    assets = Counter(other.asset for other in others)
    for alert in alerts:
        for other in others:
            if max(alert.since_us, other.since_us) - min(alert.time_us, other.time_us) > APART_US:
                continue
            same_principal = bool(alert.principal) and alert.principal == other.principal
            same_asset = bool(alert.asset) and alert.asset == other.asset
            if same_principal and (assets[other.asset] <= _LOUD or not other.asset or same_asset):
                return True
            if same_asset and (principals[other.principal] <= _LOUD or not other.principal):
                return True
    return False
