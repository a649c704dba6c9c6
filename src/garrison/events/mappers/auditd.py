"""Linux audit records, one a line, as auditd writes them (Linux Audit documentation project, "Audit event fields").

A record is an event of its own; those of one happening share `request_uid`, its time and serial.
"""

from __future__ import annotations

import binascii
import re

from garrison.events.event import Class, Event, Logon, Status, named
from garrison.events.numbers import number

NAME = "auditd"
LABEL = "Linux audit"
NO_JSON = True

_HEAD = re.compile(
    r"(?:node=(?P<node>\S+) )?type=(?P<type>[A-Z_0-9\[\]]+) msg=audit\((?P<s>\d{1,11})\.(?P<ms>\d{3}):(?P<serial>\d{1,12})\): ?"
)
_FIELD = re.compile(r"([A-Za-z0-9_-]+)=(\"[^\"]*\"|'[^']*'|[^\s']*)")
_LOGONS = {
    "USER_LOGIN": Logon.LOGON,
    "USER_AUTH": Logon.TICKET,
    "USER_START": Logon.LOGON,
    "USER_END": Logon.LOGOFF,
    "USER_LOGOUT": Logon.LOGOFF,
}
_ACCOUNTS = {
    "ADD_USER": 1,
    "DEL_USER": 6,
    "USER_CHAUTHTOK": 3,
    "ADD_GROUP": 99,
    "DEL_GROUP": 99,
    "USER_MGMT": 99,
    "GRP_MGMT": 99,
}
_LAUNCH, _OTHER = 1, 99
# Fields that the kernel writes in hexadecimal where they hold a space, a quote or worse.
_ENCODED = ("comm", "exe", "name", "cwd", "proctitle", "acct", "cmd")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+\Z")
_ARGUMENT = re.compile(r"a(\d{1,4})\Z")
CODED = re.compile(rb"\b(?:%s|a\d{1,4})=((?:[0-9A-Fa-f]{2})+)(?=[\s'\x1d]|\Z)" % "|".join(_ENCODED).encode())


def decoded(code: bytes) -> bytes:
    """The text of a code in a line."""
    return binascii.unhexlify(code)


def encoded(text: bytes) -> bytes:
    """A text as a line has it."""
    return binascii.hexlify(text).upper()


def event(line: bytes) -> Event:
    """One record."""
    text = line.decode("utf-8", errors="replace").replace(
        "\x1d", " "
    )  # enriched records: names stand behind a separator
    head = _HEAD.match(text)
    if head is None:
        raise ValueError("it begins with no type=… msg=audit(…)")
    kind = head["type"]
    told = _fields(text[head.end() :], kind)
    found = Event(
        time_us=int(head["s"]) * 1_000_000 + int(head["ms"]) * 1000,
        class_uid=Class.BASE,
        status_id=_status(told),
        status_detail=told.get("key", ""),
        message=kind,
        uid=named(line, f"{head['s']}.{head['ms']}:{head['serial']}", kind),
        product=LABEL,
        actor_user=told.get("acct", told.get("AUID", "")),
        actor_uid=told.get("auid", told.get("uid", "")),
        src_ip=told.get("addr", "").replace("?", ""),
        request_uid=f"{head['s']}.{head['ms']}:{head['serial']}",
        host=head["node"] or "",
        process=told.get("exe", told.get("comm", "")),
        pid=_pid(told),
        file=told.get("name", "") if kind == "PATH" else "",
        raw=line,
    )
    if kind in _LOGONS:
        found.class_uid, found.activity_id = Class.AUTHENTICATION, _LOGONS[kind]
        found.api_service = found.process.rpartition("/")[2]
    elif kind in _ACCOUNTS:
        found.class_uid, found.activity_id = Class.ACCOUNT, _ACCOUNTS[kind]
    elif kind in ("SYSCALL", "EXECVE", "PROCTITLE"):
        found.class_uid, found.activity_id = Class.PROCESS, _LAUNCH if kind == "EXECVE" else _OTHER
        found.cmd_line = _command(told)
    elif kind == "PATH":
        found.class_uid, found.activity_id = Class.FILE, _OTHER
    return found


def record(line: bytes) -> dict[str, str]:
    """The fields of a record, as rules about auditd speak of them."""
    text = line.decode("utf-8", errors="replace").replace("\x1d", " ")
    head = _HEAD.match(text)
    return {"type": head["type"], **_fields(text[head.end() :], head["type"])} if head else {}


def _fields(text: str, kind: str) -> dict[str, str]:
    """The fields; those inside `msg='…'` stand beside the others."""
    found: dict[str, str] = {}
    for name, said in _FIELD.findall(text):
        if name == "msg" and said.startswith("'"):
            found |= _fields(said[1:-1], kind)
        else:
            found[name] = _plain(name, said, kind)
    return found


def _plain(name: str, said: str, kind: str) -> str:
    if said.startswith(('"', "'")):
        return said[1:-1]
    encoded = name in _ENCODED or (kind == "EXECVE" and _ARGUMENT.match(name))
    if encoded and _HEX.match(said):
        return binascii.unhexlify(said).replace(b"\0", b" ").decode("utf-8", errors="replace")
    return "" if said == "(null)" else said


def _command(told: dict[str, str]) -> str:
    if "argc" not in told:
        return told.get("proctitle", "")
    numbered = sorted((int(found[1]), said) for name, said in told.items() if (found := _ARGUMENT.match(name)))
    return " ".join(said for _, said in numbered)


def _status(told: dict[str, str]) -> Status:
    said = told.get("res", told.get("success", ""))
    return {"success": Status.SUCCESS, "yes": Status.SUCCESS, "1": Status.SUCCESS}.get(said) or (
        Status.FAILURE if said in ("failed", "no", "0") else Status.UNKNOWN
    )


def _pid(told: dict[str, str]) -> int:
    said = told.get("pid", "")
    return number(said) if said.isascii() and said.isdigit() else 0
