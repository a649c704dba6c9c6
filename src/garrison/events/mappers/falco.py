"""Alerts of Falco, as JSON ("Output Formatting", Falco documentation)."""

from __future__ import annotations

import datetime as dt

import msgspec

from garrison.events.event import Class, Count, Event, Severity
from garrison.events.times import micros

NAME = "falco"
LABEL = "Falco"

_SEVERITIES = {
    "emergency": Severity.CRITICAL,
    "alert": Severity.CRITICAL,
    "critical": Severity.CRITICAL,
    "error": Severity.HIGH,
    "warning": Severity.MEDIUM,
    "notice": Severity.LOW,
}
_CREATE = 1


class _Fields(msgspec.Struct):
    container: str | None = msgspec.field(name="container.name", default="")
    container_id: str | None = msgspec.field(name="container.id", default="")
    image: str | None = msgspec.field(name="container.image.repository", default="")
    process: str | None = msgspec.field(name="proc.name", default="")
    cmd_line: str | None = msgspec.field(name="proc.cmdline", default="")
    pid: Count | None = msgspec.field(name="proc.pid", default=0)
    user: str | None = msgspec.field(name="user.name", default="")
    namespace: str | None = msgspec.field(name="k8s.ns.name", default="")
    pod: str | None = msgspec.field(name="k8s.pod.name", default="")
    file: str | None = msgspec.field(name="fd.name", default="")


class _Record(msgspec.Struct):
    time: dt.datetime
    rule: str
    output: str = ""
    priority: str = ""
    hostname: str = ""
    output_fields: _Fields = msgspec.field(default_factory=_Fields)


_record = msgspec.json.Decoder(_Record).decode


def event(line: bytes) -> Event:
    """One alert. A field that Falco could not fill is null."""
    told = _record(line)
    fields = told.output_fields
    return Event(
        time_us=micros(told.time),
        class_uid=Class.DETECTION,
        activity_id=_CREATE,
        severity_id=_SEVERITIES.get(told.priority.lower(), Severity.INFORMATIONAL),
        message=told.rule,
        status_detail=told.output,
        product=LABEL,
        actor_user=fields.user or "",
        host=told.hostname,
        container=fields.container or fields.container_id or "",
        image=fields.image or "",
        namespace=fields.namespace or "",
        pod=fields.pod or "",
        process=fields.process or "",
        pid=fields.pid or 0,
        cmd_line=fields.cmd_line or "",
        file=fields.file or "",
        raw=line,
    )
