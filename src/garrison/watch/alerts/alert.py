"""An alert: signals that say the same, put together; what happened to it, and what people made of it."""

from __future__ import annotations

import enum

import msgspec

from garrison.events.event import Severity
from garrison.watch.alerts.signal import Detector, Signal

MAX_UIDS = 20
_MAX_TAGS = 32
_MAX_TEXT = 4000
_MAX_NAME = 500


class Status(enum.StrEnum):
    """Where people stand with it."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"  # somebody sees to it
    CLOSED = "closed"


class Verdict(enum.StrEnum):
    """What it turned out to be, when it is closed."""

    THREAT = "threat"  # true, and dealt with
    EXPECTED = "expected"  # true, and meant to be
    FALSE_ALARM = "false-alarm"


class What(enum.StrEnum):
    """What happens to an alert."""

    OPENED = "opened"
    REOPENED = "reopened"  # it was closed, and happens again
    RAISED = "raised"  # its severity
    HEARD = "heard"  # its silence is over
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    CLOSED = "closed"
    NOTED = "noted"
    RESPONDED = "responded"


NEWS = frozenset({What.OPENED, What.REOPENED, What.RAISED, What.HEARD, What.CLOSED})
"""What routes and responses hear of."""


class Change(msgspec.Struct, frozen=True):
    """A step of its story."""

    number: int
    alert: int
    what: What
    time_us: int
    actor: str = ""  # "" where it was a detector
    text: str = ""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """Times in microseconds since 1970 (UTC). `signals` says how often it was told, `events` what that rests on in all."""

    number: int
    incident: int
    detector: Detector
    name: str
    title: str
    severity: Severity
    status: Status = Status.OPEN
    since_us: int
    time_us: int
    principal: str = ""
    asset: str = ""
    asset_type: str = ""
    src_ip: str = ""
    text: str = ""
    tags: tuple[str, ...] = ()
    uids: tuple[str, ...] = ()
    events: int = 1
    signals: int = 1
    silence: int = 0  # the number of the one that silences it
    assignee: str = ""
    verdict: Verdict | None = None
    reason: str = ""  # why it was closed
    closed_us: int = 0


def key_of(signal: Signal) -> str:
    """What the signals of one alert have in common."""
    return f"{signal.detector}\0{signal.name}\0{signal.principal}\0{signal.asset}"


def bounded(signal: Signal) -> Signal:
    """A signal with no more text than is kept: logs hold what strangers write."""
    return msgspec.structs.replace(
        signal,
        name=cut(signal.name),
        title=cut(signal.title),
        principal=cut(signal.principal),
        asset=cut(signal.asset),
        asset_type=cut(signal.asset_type),
        src_ip=cut(signal.src_ip),
        text=cut(signal.text, _MAX_TEXT),
        tags=tuple(map(cut, signal.tags[:_MAX_TAGS])),
        uids=tuple(map(cut, signal.uids[:MAX_UIDS])),
    )


def cut(text: str, most: int = _MAX_NAME) -> str:
    """No more than so many characters, all of them Unicode: half of a pair cannot be kept."""
    kept = text[:most]
    return kept if kept.isascii() else kept.encode("utf8", "replace").decode()


def begun(signal: Signal, number: int) -> Alert:
    """The alert that a signal begins, an incident of its own."""
    said = {name: getattr(signal, name) for name in signal.__struct_fields__ if name != "is_over"}
    return Alert(number=number, incident=number, **said)


def added(alert: Alert, signal: Signal) -> Alert:
    """An alert with one more signal: the highest severity, the latest words."""
    latest = signal.time_us >= alert.time_us
    return msgspec.structs.replace(
        alert,
        title=signal.title if latest else alert.title,
        text=signal.text if latest and signal.text else alert.text,
        severity=max(alert.severity, signal.severity),
        since_us=min(alert.since_us, signal.since_us),
        time_us=max(alert.time_us, signal.time_us),
        asset_type=alert.asset_type or signal.asset_type,
        src_ip=signal.src_ip if latest and signal.src_ip else alert.src_ip,
        tags=tuple(dict.fromkeys((*alert.tags, *signal.tags)))[:_MAX_TAGS],
        uids=tuple(dict.fromkeys((*alert.uids, *signal.uids)))[-MAX_UIDS:],
        events=alert.events + signal.events,
        signals=alert.signals + 1,
    )
