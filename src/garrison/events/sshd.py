"""What OpenSSH's server says of log-ins, whichever log its words came by (auth.c of OpenSSH portable)."""

from __future__ import annotations

import re

from garrison.events.event import Class, Event, Logon, Status

_AUTHENTICATED = re.compile(
    r"(?P<how>Accepted|Failed) (?P<method>\S+) for (?P<unknown>invalid user )?(?P<user>.*) from (?P<address>\S+) port (?P<port>\d{1,5})(?: ssh2)?(?:: .*)?\Z"
)
_PROCESSES = ("sshd", "sshd-session", "sshd-auth")


def told(event: Event) -> Event:
    """The event, as a log-in where it is one; a user's name is whatever a stranger typed."""
    if event.process not in _PROCESSES:
        return event
    found = _AUTHENTICATED.match(event.message)
    if found is None:
        return event
    event.class_uid, event.activity_id = Class.AUTHENTICATION, Logon.LOGON
    event.status_id = Status.SUCCESS if found["how"] == "Accepted" else Status.FAILURE
    event.status_detail = "unknown user" if found["unknown"] else ""
    event.actor_user, event.src_ip, event.src_port = found["user"], found["address"], int(found["port"])
    event.api_service, event.api_operation = "ssh", found["method"]
    return event
