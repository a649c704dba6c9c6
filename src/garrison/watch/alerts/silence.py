"""Silences: what is kept, and not carried to anybody, until a time that was said with a reason."""

from __future__ import annotations

import msgspec

from garrison.watch.alerts.alert import Alert


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """An alert is silenced where all that is said here is so of it; what is empty is so of any. Times in microseconds."""

    id: int
    name: str = ""  # of a rule, a measure
    principal: str = ""
    asset: str = ""
    reason: str
    actor: str
    since_us: int
    until_us: int

    def holds(self, alert: Alert, now_us: int) -> bool:
        """Whether it silences an alert now."""
        said = (self.name, alert.name), (self.principal, alert.principal), (self.asset, alert.asset)
        return now_us < self.until_us and all(want in ("", have) for want, have in said)
