"""An alert: signals that say the same, put together; and what people have done about it."""

from __future__ import annotations

import enum

import msgspec

from garrison.events.event import Severity
from garrison.watch.alerts.signal import Detector, Signal

MAX_UIDS = 20


class Status(enum.StrEnum):
    """What people have done about it."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """Times in microseconds since 1970 (UTC). `signals` says how often it was told, `events` what it rests on in all."""

    id: int
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
    incident: int = 0
    silence: int = 0  # by which it is silenced
    assignee: str = ""
    reason: str = ""  # why it was closed
    changed_us: int = 0  # when anything about it changed


class News(enum.StrEnum):
    """What routes and responses hear of."""

    OPENED = "opened"
    RAISED = "raised"  # its severity
    CLOSED = "closed"


def key_of(signal: Signal) -> str:
    """What signals of one alert have in common."""
    return f"{signal.detector}\0{signal.name}\0{signal.principal}\0{signal.asset}"


def begun(signal: Signal, number: int, incident: int, now_us: int) -> Alert:
    """The alert that a signal begins."""
    said = {f: getattr(signal, f) for f in signal.__struct_fields__}
    return Alert(id=number, incident=incident, changed_us=now_us, **said)


def added(alert: Alert, signal: Signal, now_us: int) -> Alert:
    """An alert with one more signal of it: the latest words, the highest severity."""
    return msgspec.structs.replace(
        alert,
        title=signal.title,
        text=signal.text or alert.text,
        severity=max(alert.severity, signal.severity),
        since_us=min(alert.since_us, signal.since_us),
        time_us=max(alert.time_us, signal.time_us),
        src_ip=signal.src_ip or alert.src_ip,
        tags=tuple(dict.fromkeys((*alert.tags, *signal.tags))),
        uids=tuple(dict.fromkeys((*alert.uids, *signal.uids)))[-MAX_UIDS:],
        events=alert.events + signal.events,
        signals=alert.signals + 1,
        changed_us=now_us,
    )
