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
    name: str = ""  # the id or the title of a rule, a measure
    principal: str = ""
    asset: str = ""
    reason: str
    actor: str
    since_us: int
    until_us: int

    def covers(self, alert: Alert) -> bool:
        """Whether it is about an alert."""
        said = (self.principal, alert.principal), (self.asset, alert.asset)
        return named(self.name or "*", alert) and all(not want or fnmatchcase(have, want) for want, have in said)

    @property
    def about(self) -> str:
        """`rule gateway-* of batch`, in words."""
        parts = (("rule", self.name), ("principal", self.principal), ("asset", self.asset))
        return ", ".join(f"{word} {value}" for word, value in parts if value)


def named(pattern: str, alert: Alert) -> bool:
    """Whether an alert's rule is meant, by its id or its title."""
    return fnmatchcase(alert.name, pattern) or fnmatchcase(alert.title, pattern)
