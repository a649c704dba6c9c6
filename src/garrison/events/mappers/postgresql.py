"""PostgreSQL's own log: `jsonlog`, `csvlog`, and what pgaudit writes into them ("Error Reporting and Logging", PostgreSQL).

Who connects is told where `log_connections` is on, what is read and written by pgaudit or `log_statement`.
"""

from __future__ import annotations

import csv
import re

import msgspec

from garrison.events.event import Class, Count, Event, Logon, Severity, Status, named
from garrison.events.numbers import number
from garrison.events.times import iso

NAME = "postgresql"
LABEL = "PostgreSQL"

_SEVERITIES = {
    "PANIC": Severity.CRITICAL,
    "FATAL": Severity.HIGH,
    "ERROR": Severity.MEDIUM,
    "WARNING": Severity.LOW,
}
_AUTHORIZED = re.compile(r"connection authorized: user=(?P<user>\S+)")
_REFUSED = re.compile(r'(?:password|[A-Za-z0-9-]+) authentication failed for user "(?P<user>.*)"\Z')
_BAD_PASSWORD = ("28000", "28P01")  # invalid_authorization_specification, invalid_password
# pgaudit: AUDIT: SESSION,statement,substatement,class,command,type,object,statement,parameters
_AUDIT = re.compile(
    r"AUDIT: (?:SESSION|OBJECT),\d+,\d+,(?P<kind>[A-Z]+),(?P<command>[^,]*),(?P<type>[^,]*),(?P<object>[^,]*),"
)
_ACTIVITIES = {"READ": 1, "WRITE": 5, "DDL": 2, "ROLE": 2, "FUNCTION": 4, "MISC": 99}
_CSV_FIELDS = (
    "timestamp", "user", "dbname", "pid", "connection_from", "session_id", "line_num", "ps", "session_start", "vxid", "txid",
    "error_severity", "state_code", "message",
)  # fmt: skip


class _Record(msgspec.Struct):
    timestamp: str
    message: str = ""
    user: str = ""
    dbname: str = ""
    pid: Count = 0
    remote_host: str = ""
    remote_port: Count = 0
    session_id: str = ""
    line_num: Count = 0
    error_severity: str = ""
    state_code: str = ""
    statement: str = ""
    application_name: str = ""


_record = msgspec.json.Decoder(_Record).decode


def event(line: bytes) -> Event:
    """One entry of either form."""
    told = _record(line) if line.startswith(b"{") else _from_csv(line.decode("utf-8", errors="replace"))
    moment, _, zone = told.timestamp.rpartition(" ")
    if zone not in ("UTC", "GMT"):
        raise ValueError(f"its times are in {zone[:40]!r}: set log_timezone = 'UTC'")
    found = Event(
        time_us=iso(moment),
        class_uid=Class.BASE,
        severity_id=_SEVERITIES.get(told.error_severity, Severity.INFORMATIONAL),
        status_id=Status.FAILURE if told.error_severity in ("ERROR", "FATAL", "PANIC") else Status.UNKNOWN,
        status_detail=told.state_code,
        message=told.message,
        uid=named(line, told.session_id, told.line_num),  # of one server
        product=LABEL,
        actor_user=told.user,
        src_ip=told.remote_host if told.remote_host != "[local]" else "",
        src_port=told.remote_port,
        user_agent=told.application_name,
        api_service="postgresql",
        request_uid=told.session_id,
        resource=told.dbname,
        resource_type="database" if told.dbname else "",
        process="postgres",
        pid=told.pid,
        raw=line,
    )
    return _audited(_logged_in(found))


def _logged_in(event: Event) -> Event:
    authorized, refused = _AUTHORIZED.match(event.message), _REFUSED.match(event.message)
    if authorized or refused or event.status_detail in _BAD_PASSWORD:
        event.class_uid, event.activity_id = Class.AUTHENTICATION, Logon.LOGON
        event.status_id = Status.SUCCESS if authorized else Status.FAILURE
        said = authorized or refused
        event.actor_user = said["user"] if said else event.actor_user
    return event


def _audited(event: Event) -> Event:
    found = _AUDIT.match(event.message)
    if found is not None:
        event.class_uid, event.activity_id = Class.DATASTORE, _ACTIVITIES.get(found["kind"], 99)
        event.status_id, event.api_operation = Status.SUCCESS, found["command"]
        if found["object"]:
            event.resource, event.resource_type = f"{event.resource}/{found['object']}", found["type"].lower()
    return event


def _from_csv(line: str) -> _Record:
    try:
        fields = next(csv.reader([line], strict=True), [])
    except csv.Error as error:
        raise ValueError(f"its fields cannot be told apart: {error}") from error
    if len(fields) < len(_CSV_FIELDS):
        raise ValueError(f"it has {len(fields)} fields of {len(_CSV_FIELDS)}")
    told = dict(zip(_CSV_FIELDS, fields, strict=False))
    host, _, port = told["connection_from"].rpartition(":")
    return _Record(
        timestamp=told["timestamp"],
        message=told["message"],
        user=told["user"],
        dbname=told["dbname"],
        pid=number(told["pid"]),
        remote_host=host or told["connection_from"],
        remote_port=number(port) if host else 0,
        session_id=told["session_id"],
        line_num=number(told["line_num"]),
        error_severity=told["error_severity"],
        state_code=told["state_code"],
    )
