"""Entries of systemd's journal, as `journalctl -o json` writes them ("Journal JSON Format")."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from garrison.events import sshd
from garrison.events.event import Class, Event, Severity
from garrison.events.numbers import number

NAME = "journald"
LABEL = "journald"

# Priorities of syslog, 0 the gravest.
SEVERITIES = (
    Severity.CRITICAL, Severity.CRITICAL, Severity.CRITICAL, Severity.HIGH,
    Severity.MEDIUM, Severity.LOW, Severity.INFORMATIONAL, Severity.INFORMATIONAL,
)  # fmt: skip
CODED = re.compile(rb"\[\s*(\d{1,3}(?:\s*,\s*\d{1,3})*)\s*\]")  # a text that is no UTF-8, or has what moves a cursor
_Byte = Annotated[int, msgspec.Meta(ge=0, le=255)]
# A list of bytes where it is no UTF-8, a list of texts where it is told twice, null where it is too long.
_Text = str | list[_Byte | str | list[_Byte]] | None


class _Record(msgspec.Struct):
    time: str = msgspec.field(name="__REALTIME_TIMESTAMP")
    cursor: str = msgspec.field(name="__CURSOR", default="")
    message: _Text = msgspec.field(name="MESSAGE", default="")
    priority: _Text = msgspec.field(name="PRIORITY", default="")
    identifier: _Text = msgspec.field(name="SYSLOG_IDENTIFIER", default="")
    host: _Text = msgspec.field(name="_HOSTNAME", default="")
    process: _Text = msgspec.field(name="_COMM", default="")
    pid: _Text = msgspec.field(name="_PID", default="")
    cmd_line: _Text = msgspec.field(name="_CMDLINE", default="")
    unit: _Text = msgspec.field(name="_SYSTEMD_UNIT", default="")
    user: _Text = msgspec.field(name="_UID", default="")


_record = msgspec.json.Decoder(_Record).decode


def decoded(code: bytes) -> bytes:
    """The text of a code in a line. Raises ValueError for numbers that are no bytes."""
    return bytes(int(number) for number in code.split(b","))


def encoded(text: bytes) -> bytes:
    """A text as a line has it."""
    return b",".join(b"%d" % byte for byte in text)


def event(line: bytes) -> Event:
    """One entry."""
    told = _record(line)
    priority = _text(told.priority)
    found = Event(
        time_us=number(told.time),
        class_uid=Class.BASE,
        severity_id=SEVERITIES[int(priority)] if priority in set("01234567") else Severity.INFORMATIONAL,
        message=_text(told.message),
        uid=told.cursor,
        product=LABEL,
        actor_uid=_text(told.user),
        resource=_text(told.unit),
        resource_type="unit" if told.unit else "",
        host=_text(told.host),
        process=_text(told.identifier) or _text(told.process),
        pid=number(_text(told.pid)),
        cmd_line=_text(told.cmd_line),
        raw=line,
    )
    return sshd.told(found)


def _text(said: _Text | list[_Byte]) -> str:
    if not isinstance(said, list):
        return said or ""
    told = [_text(part) for part in said if not isinstance(part, int)]
    return " ".join(told) if told else bytes(part for part in said if isinstance(part, int)).decode(errors="replace")
