"""What a route tells: alerts as they are now, what happened to them, and how bad the incident is that they belong to."""

from __future__ import annotations

import logging
import secrets

import msgspec

from garrison.errors import ConfigError
from garrison.events.event import Severity
from garrison.events.times import at
from garrison.watch.alerts.alert import Alert, Change, What
from garrison.watch.alerts.findings import Findings, Found
from garrison.watch.alerts.risk import risk
from garrison.watch.alerts.signal import Detector
from garrison.watch.alerts.store import Alerts, now_us

_MOST_FINDINGS = 3
_log = logging.getLogger(__name__)
VERSION = 1  # of the form; a field more does not change it


class Told(msgspec.Struct, frozen=True):
    """One alert."""

    what: What
    time_us: int
    alert: Alert
    risk: int  # of its incident
    because: tuple[str, ...]
    alerts: int  # in its incident
    findings: tuple[Found, ...] = ()


class Message(msgspec.Struct, frozen=True):
    """One delivery. It is the same each time it is tried."""

    key: str
    watch: str  # the id of the file of alerts
    made_us: int
    told: tuple[Told, ...]
    version: int = VERSION

    @property
    def severity(self) -> Severity:
        """That of its worst alert."""
        return max(told.alert.severity for told in self.told)


def told(alerts: Alerts, change: Change, alert: Alert, findings: Findings) -> Told:
    """What is to be said of a change. A report of a scan that cannot be read keeps no alert from being told."""
    incident = alerts.incident(alert.incident)
    try:
        found = {f.fingerprint: f for a in incident for f in findings.of(a)}
    except ConfigError as error:
        _log.warning("%s", error)
        found = {}
    known = sorted(found.values(), key=lambda f: -f.risk)
    whole = risk(incident, known)
    because = tuple(f"+{part.points} {part.why}" for part in whole.parts)
    return Told(change.what, change.time_us, alert, whole.score, because, len(incident), tuple(known[:_MOST_FINDINGS]))


def trial() -> Message:
    """A message about nothing, to see whether a route works."""
    now = now_us()
    alert = Alert(
        number=0, incident=0, detector=Detector.WATCH, name="test", title="A test: nothing has happened",
        severity=Severity.INFORMATIONAL, since_us=now, time_us=now, text="somebody tries whether this route works", events=0,
    )  # fmt: skip
    return Message(secrets.token_hex(16), "test", now, (Told(What.NOTED, now, alert, 0, (), 1),))


def subject(message: Message) -> str:
    """In one line, for people."""
    first = max(message.told, key=lambda told: (told.alert.severity, told.risk))
    alert = first.alert
    about = " on ".join(part for part in (alert.principal, alert.asset) if part)
    more = f" (and {len(message.told) - 1} more)" if len(message.told) > 1 else ""
    return f"[{alert.severity.name.lower()}] {alert.title}{f': {about}' if about else ''}{more}"


def paragraphs(told: Told) -> list[str]:
    """What is said of one alert, in lines of plain text."""
    alert = told.alert
    who = [
        f"{word} {value}"
        for word, value in (("by", alert.principal), ("on", alert.asset), ("from", alert.src_ip))
        if value
    ]
    seen = moment(alert.since_us) + (f" to {moment(alert.time_us)}" if alert.time_us > alert.since_us else "")
    lines = [
        f"{alert.severity.name.lower()}: {alert.title} ({told.what})",
        f"{' '.join(who)}{'; ' if who else ''}{seen}; {alert.events} event{'s' * (alert.events != 1)}",
        *([alert.text] if alert.text else []),
        f"{alert.verdict or 'over'}: {alert.reason}" if told.what is What.CLOSED else "",
        f"risk {told.risk} of 100: {'; '.join(told.because)}",
        *(f"scan: {f.severity} {f.check} on {f.asset}, {f.why} ({f.place})" for f in told.findings),
        f"garrison alerts show {alert.number}",
    ]
    return [line for line in lines if line]


def moment(time_us: int) -> str:
    """A time, in UTC."""
    return f"{at(time_us):%Y-%m-%d %H:%M:%S} UTC"
