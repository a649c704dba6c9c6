"""Signals for tests, each of its own kind."""

from __future__ import annotations

from typing import Any

from garrison.events.event import Severity
from garrison.watch.alerts.signal import Detector, Signal

AT = 1_790_000_000_000_000
HOUR = 3_600_000_000


def signal(
    name: str = "secret-read", principal: str = "batch", asset: str = "fraud", at: int = AT, **more: Any
) -> Signal:
    said = {"detector": Detector.RULE, "title": f"{name} happens", "severity": Severity.HIGH, "since_us": at, **more}
    return Signal(name=name, principal=principal, asset=asset, time_us=at, **said)
