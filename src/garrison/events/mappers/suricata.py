"""Suricata's EVE JSON ("EVE JSON Format", Suricata User Guide): alerts, flows and what passed over them."""

from __future__ import annotations

import msgspec

from garrison.events.event import Class, Count, Event, Port, Severity, Status
from garrison.events.times import iso

NAME = "suricata"
LABEL = "Suricata EVE"

_SEVERITIES = {1: Severity.HIGH, 2: Severity.MEDIUM, 3: Severity.LOW}  # of a signature's class; 1 is the gravest
_METHODS = {"GET": 3, "HEAD": 4, "OPTIONS": 5, "POST": 6, "PUT": 7, "DELETE": 2, "PATCH": 9}
_CREATE, _TRAFFIC, _OTHER = 1, 6, 99


class _Alert(msgspec.Struct):
    signature: str = ""
    category: str | None = ""
    severity: int = 3
    action: str = ""


class _Flow(msgspec.Struct):
    bytes_toserver: Count = 0
    bytes_toclient: Count = 0
    age: Count = 0


class _Http(msgspec.Struct):
    hostname: str = ""
    url: str = ""
    http_method: str = ""
    http_user_agent: str = ""
    status: Count = 0
    length: Count = 0


class _Record(msgspec.Struct):
    timestamp: str
    event_type: str
    flow_id: Count = 0
    src_ip: str = ""
    src_port: Port = 0
    dest_ip: str = ""
    dest_port: Port = 0
    proto: str = ""
    host: str = ""
    alert: _Alert | None = None
    flow: _Flow = msgspec.field(default_factory=_Flow)
    http: _Http | None = None


_record = msgspec.json.Decoder(_Record).decode


def event(line: bytes) -> Event:
    """One record of any type; what is no alert and no HTTP is traffic."""
    told = _record(line)
    alert, http = told.alert, told.http or _Http()
    found = Event(
        time_us=iso(told.timestamp),
        class_uid=Class.NETWORK,
        activity_id=_TRAFFIC,
        product=LABEL,
        message=told.event_type,
        src_ip=told.src_ip,
        src_port=told.src_port,
        dst_ip=told.dest_ip,
        dst_port=told.dest_port,
        host=told.host,
        request_uid=str(told.flow_id or ""),
        user_agent=http.http_user_agent,
        http_method=http.http_method,
        url_path=http.url.partition("?")[0],
        status_code=http.status,
        bytes_in=told.flow.bytes_toclient,
        bytes_out=told.flow.bytes_toserver or http.length,
        duration_us=told.flow.age * 1_000_000,
        raw=line,
    )
    if alert is not None:
        found.class_uid, found.activity_id = Class.DETECTION, _CREATE
        found.message, found.status_detail = alert.signature, alert.category or ""
        found.severity_id = _SEVERITIES.get(alert.severity, Severity.LOW)
        found.decision = {"blocked": "denied", "allowed": "allowed"}.get(alert.action, "")
    elif told.event_type == "http":
        found.class_uid = Class.HTTP
        found.activity_id = _METHODS.get(http.http_method, _OTHER)
        found.status_id = Status.FAILURE if http.status >= 400 else Status.SUCCESS  # noqa: PLR2004
    return found
