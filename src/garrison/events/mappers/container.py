"""What containers write, as CRI runtimes and Docker's json-file driver keep it: the text is the event.

CRI: "CRI Logging Format" (Kubernetes design proposals); Docker: "JSON File logging driver".
"""

from __future__ import annotations

import datetime as dt
import re

import msgspec

from garrison.events.event import Class, Event
from garrison.events.times import iso, micros

NAME = "container"
LABEL = "container output"
CARRIES = "log"  # in Docker's lines; CRI's carry the same bare

_CRI = re.compile(rb"(\S{19,40}) (stdout|stderr) ([FP])(?: (.*))?\Z", re.DOTALL)
_NANOSECONDS = re.compile(r"(\.\d{6})\d+")
# /var/log/pods/NAMESPACE_POD_UID/CONTAINER/0.log, /var/log/containers/POD_NAMESPACE_CONTAINER-ID.log
_POD = re.compile(r"/pods/([^/_]+)_([^/_]+)_[^/]+/([^/]+)/[^/]+\Z")
_LINK = re.compile(r"/containers/([^/_]+)_([^/_]+)_([^/]+)-[0-9a-f]{64}\.log\Z")


class _Docker(msgspec.Struct):
    log: str
    time: dt.datetime
    stream: str = ""


_docker = msgspec.json.Decoder(_Docker).decode


def event(line: bytes) -> Event:
    """One line; a text that the runtime cut into parts stays in parts."""
    if line.startswith(b"{"):
        told = _docker(line)
        moment, stream, text = micros(told.time), told.stream, told.log.rstrip("\n")
    else:
        found = _CRI.match(line)
        if found is None:
            raise ValueError("it begins with neither a time nor a brace")
        moment = iso(_NANOSECONDS.sub(r"\1", found[1].decode("ascii")))
        stream, text = found[2].decode(), (found[4] or b"").decode("utf-8", errors="replace")
    return Event(
        time_us=moment,
        class_uid=Class.BASE,
        message=text,
        product=LABEL,
        resource_type=stream,
        raw=line,
    )


def at(event: Event, path: str) -> Event:
    """The event with whose it is, as far as the path of its file tells."""
    if (found := _POD.search(path)) is not None:
        event.namespace, event.pod, event.container = found.groups()
    elif (found := _LINK.search(path)) is not None:
        event.pod, event.namespace, event.container = found.groups()
    return event
