"""Syslog messages: RFC 5424, and what RFC 3164 found in the wild."""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple

from garrison.events import sshd
from garrison.events.event import Class, Event
from garrison.events.mappers.journald import SEVERITIES
from garrison.events.times import iso, micros, without_year

NAME = "syslog"
LABEL = "syslog"

_MAX_PRIORITY = 191
_MODERN = re.compile(
    r"<(?P<pri>\d{1,3})>1 (?P<time>\S{1,64}) (?P<host>\S{1,255}) (?P<process>\S{1,48}) (?P<pid>\S{1,128}) (?P<id>\S{1,32}) "
    r"(?P<data>-|(?:\[(?:[^\]\"\\]|\"(?:[^\"\\]|\\.)*\"|\\.)*\])+)(?: (?P<text>.*))?\Z",
    re.DOTALL,
)
_OLD = re.compile(
    r"<(?P<pri>\d{1,3})>(?P<time>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (?P<host>\S{1,255}) "
    r"(?:(?P<process>[^\s:\[]{1,48})(?:\[(?P<pid>\d{1,10})\])?: ?)?(?P<text>.*)\Z",
    re.DOTALL,
)
_NANOSECONDS = re.compile(r"(\.\d{6})\d+")


class Envelope(NamedTuple):
    """What a message says of the one that it carries."""

    facility: int
    host: str
    program: str
    text: str


def envelope(line: bytes) -> Envelope | None:
    """The head of a message and what it carries; None where this is none."""
    found = _message(line)
    if found is None:
        return None
    text = (found["text"] or "").removeprefix("\ufeff")
    return Envelope(int(found["pri"]) >> 3, _said(found["host"]), _said(found["process"] or ""), text)


def event(line: bytes) -> Event:
    """One message, without the framing of its transport."""
    found = _message(line)
    if found is None:
        raise ValueError("it begins with no priority and time of RFC 5424 or 3164")
    pid = found["pid"] or ""
    event = Event(
        time_us=_moment(found["time"]),
        class_uid=Class.BASE,
        severity_id=SEVERITIES[int(found["pri"]) % 8],
        message=_said(found["text"] or "").removeprefix("\ufeff"),
        product=LABEL,
        host=_said(found["host"]),
        process=_said(found["process"] or ""),
        pid=int(pid) if pid.isascii() and pid.isdigit() and len(pid) <= 10 else 0,  # noqa: PLR2004
        raw=line,
    )
    return sshd.told(event)


def _message(line: bytes) -> re.Match[str] | None:
    text = line.decode("utf-8", errors="replace")
    found = _MODERN.match(text) or _OLD.match(text)
    return found if found is not None and int(found["pri"]) <= _MAX_PRIORITY else None


def _said(field: str) -> str:
    return "" if field == "-" else field


def _moment(said: str) -> int:
    now = dt.datetime.now(dt.UTC)
    if said == "-":
        return micros(now)
    return iso(_NANOSECONDS.sub(r"\1", said)) if "T" in said else without_year(said, now)
