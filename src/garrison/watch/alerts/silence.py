"""Silences: what is kept and told to nobody, for a reason, until a time."""

from __future__ import annotations

from fnmatch import fnmatchcase

import msgspec

from garrison.watch.alerts.alert import Alert

FOR_EVER = 2**62
"""The end of a silence that has none; whoever makes one has to say so."""


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """An alert is silenced where all that is said is so of it, with * for anything. What is empty is so of any."""

    number: int = 0
    name: str = ""  # of a rule, of a measure
    principal: str = ""
    asset: str = ""
    reason: str
    actor: str
    since_us: int
    until_us: int

    def covers(self, alert: Alert) -> bool:
        """Whether it is about an alert."""
        said = (self.name, alert.name), (self.principal, alert.principal), (self.asset, alert.asset)
        return all(not want or fnmatchcase(have, want) for want, have in said)

    @property
    def about(self) -> str:
        """`rule gateway-* of batch`, in words."""
        parts = (("rule", self.name), ("principal", self.principal), ("asset", self.asset))
        return ", ".join(f"{word} {value}" for word, value in parts if value)
