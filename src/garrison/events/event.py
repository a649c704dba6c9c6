"""The form of an event: what is searched and judged, one field a column, and the line it was told in.

A field that was not told is empty, or zero. Names are those of OCSF's attributes, joined where they are nested
(`actor.user.name` is `actor_user`); `ocsf.py` puts them back in their places.
"""

from __future__ import annotations

import enum
import hashlib
from typing import Annotated

import msgspec

# What a stranger may write where a number is meant; all else is no line of its format.
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Port = Annotated[int, msgspec.Meta(ge=0, le=65_535)]


class Class(enum.IntEnum):
    """The classes of OCSF that events here belong to."""

    BASE = 0
    FILE = 1001
    PROCESS = 1007
    DETECTION = 2004
    ACCOUNT = 3001
    AUTHENTICATION = 3002
    NETWORK = 4001
    HTTP = 4002
    API = 6003
    DATASTORE = 6005


class Status(enum.IntEnum):
    """How it ended."""

    UNKNOWN = 0
    SUCCESS = 1
    FAILURE = 2


class Severity(enum.IntEnum):
    """How much the sender makes of it; what it means here is told by rules."""

    UNKNOWN = 0
    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5


class Call(enum.IntEnum):
    """Activities of an API: `activity_id` of `Class.API`."""

    CREATE = 1
    READ = 2
    UPDATE = 3
    DELETE = 4
    OTHER = 99


class Logon(enum.IntEnum):
    """Activities of `Class.AUTHENTICATION`."""

    LOGON = 1
    LOGOFF = 2
    TICKET = 3
    ACCOUNT_SWITCH = 7
    OTHER = 99


class Event(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One thing that happened. Times in microseconds since 1970 (UTC), sizes in bytes, durations in microseconds."""

    # What it is
    time_us: int
    class_uid: Class
    activity_id: int = 0
    severity_id: Severity = Severity.INFORMATIONAL
    status_id: Status = Status.UNKNOWN
    status_detail: str = ""  # why it failed, why it was refused
    message: str = ""
    uid: str = ""  # the sender's own name for it, a digest, or both: told twice, it is one event
    product: str = ""  # what told it: AWS CloudTrail, Envoy
    log_name: str = ""  # the input it came by
    # Who
    actor_user: str = ""
    actor_uid: str = ""
    actor_type: str = ""  # the sender's word: Root, AssumedRole, service account
    credential_uid: str = ""  # which key, never the key
    is_mfa: bool | None = None
    src_ip: str = ""
    src_port: int = 0
    user_agent: str = ""
    # To whom or what
    dst_ip: str = ""
    dst_port: int = 0
    api_service: str = ""
    api_operation: str = ""
    request_uid: str = ""
    resource: str = ""
    resource_type: str = ""
    model: str = ""
    model_version: str = ""
    # Where
    cloud_provider: str = ""
    cloud_account: str = ""
    cloud_region: str = ""
    host: str = ""
    container: str = ""
    image: str = ""
    namespace: str = ""
    pod: str = ""
    process: str = ""
    pid: int = 0
    cmd_line: str = ""
    file: str = ""
    # How much, and how it was answered
    http_method: str = ""
    url_path: str = ""
    status_code: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    duration_us: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    decision: str = ""  # allowed, denied: by a gateway, a firewall, an authorizer
    raw: bytes = b""  # the line as it was told, less what redaction took
    sketches: bytes = b""  # what is kept of an inference's rows, so that the rows need not be (garrison.watch.models)


def digest_of(line: bytes, *place: object) -> str:
    """A name for an event whose sender gave it none: the same line at the same place is the same event."""
    made = hashlib.blake2b(line, digest_size=16)
    for part in place:
        made.update(b"\0" + str(part).encode())
    return made.hexdigest()


def named(line: bytes, *names: object) -> str:
    """A name for an event whose sender's name for it others may choose, or have too: two lines that say different things are two events."""
    return "/".join([*map(str, names), hashlib.blake2b(line, digest_size=8).hexdigest()])
