"""Which alerts a route tells of, and a response is for. The settings of both begin with these."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from garrison.events.event import Severity
from garrison.watch.alerts.alert import Alert
from garrison.watch.alerts.signal import Detector
from garrison.watch.alerts.silence import named

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]
Word = Literal["informational", "low", "medium", "high", "critical"]
Patterns = tuple[Annotated[str, Meta(min_length=1)], ...]


class Which(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """Alerts of which all of it is so; of a list that is empty, any is."""

    severity: Annotated[Word, Meta(description="From this on.")] = "medium"
    detectors: Annotated[tuple[Detector, ...], Meta(description="As rule, baseline, extraction.")] = ()
    rules: Annotated[Patterns, Meta(description="Ids or titles of rules, names of measures; * for anything.")] = ()
    assets: Annotated[Patterns, Meta(description="What they are about; * for anything.")] = ()
    principals: Annotated[Patterns, Meta(description="Whom they are about; * for anything.")] = ()

    def covers(self, alert: Alert) -> bool:
        """Whether it is one of them."""
        return (
            alert.severity >= severity_of(self.severity)
            and (not self.detectors or alert.detector in self.detectors)
            and (not self.rules or any(named(pattern, alert) for pattern in self.rules))
            and (not self.assets or any(fnmatchcase(alert.asset, pattern) for pattern in self.assets))
            and (not self.principals or any(fnmatchcase(alert.principal, pattern) for pattern in self.principals))
        )


def severity_of(word: str) -> Severity:
    """A severity by its name."""
    return Severity[word.upper()]
