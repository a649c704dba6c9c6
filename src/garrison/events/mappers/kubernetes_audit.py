"""Audit events of a Kubernetes API server (audit.k8s.io/v1, "Auditing", Kubernetes documentation)."""

from __future__ import annotations

import datetime as dt
import re

import msgspec

from garrison.events.event import Call, Class, Count, Event, Status, named
from garrison.events.times import micros

NAME = "kubernetes-audit"
LABEL = "Kubernetes audit"
KEPT_IN = {"verb": "api_operation", "userAgent": "user_agent"}

_CALLS = {
    "get": Call.READ,
    "list": Call.READ,
    "watch": Call.READ,
    "create": Call.CREATE,
    "update": Call.UPDATE,
    "patch": Call.UPDATE,
    "delete": Call.DELETE,
    "deletecollection": Call.DELETE,
}
_REFUSED = 400


class _User(msgspec.Struct):
    username: str = ""
    uid: str = ""


class _Object(msgspec.Struct):
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""


class _Answer(msgspec.Struct):
    code: Count = 0
    reason: str = ""
    message: str = ""


class _Record(msgspec.Struct, rename="camel"):
    verb: str
    stage_timestamp: dt.datetime
    audit_id: str = msgspec.field(name="auditID")
    stage: str = ""
    request_received_timestamp: dt.datetime | None = None
    request_uri: str = msgspec.field(name="requestURI", default="")
    user: _User = msgspec.field(default_factory=_User)
    impersonated_user: _User | None = None
    source_ips: list[str] = msgspec.field(name="sourceIPs", default_factory=list)
    user_agent: str = ""
    object_ref: _Object = msgspec.field(default_factory=_Object)
    response_status: _Answer = msgspec.field(default_factory=_Answer)
    annotations: dict[str, str] = msgspec.field(default_factory=dict)


class _List(msgspec.Struct):
    items: list[msgspec.Raw]


_record = msgspec.json.Decoder(_Record).decode
_list = msgspec.json.Decoder(_List).decode
DOCUMENT = re.compile(rb'\s*\{[^{}\[\]]{0,200}"(?:kind"\s*:\s*"EventList"|items"\s*:\s*\[)')


def records(data: bytes) -> list[bytes]:
    """The events of a list, as the webhook backend sends it; the log backend writes them one a line."""
    return [bytes(item) for item in _list(data).items]


def event(line: bytes) -> Event:
    """One event; each stage of a request is an event of its own."""
    told = _record(line)
    thing, answer = told.object_ref, told.response_status
    kind = f"{thing.resource}/{thing.subresource}" if thing.subresource else thing.resource
    began = told.request_received_timestamp or told.stage_timestamp
    decision = told.annotations.get("authorization.k8s.io/decision", "")
    acting = told.impersonated_user or told.user
    return Event(
        time_us=micros(began),
        class_uid=Class.API,
        activity_id=_CALLS.get(told.verb, Call.OTHER),
        status_id=_status(answer.code, told.stage),
        status_detail=answer.reason or told.annotations.get("authorization.k8s.io/reason", ""),
        message=answer.message,
        uid=named(line, told.audit_id, told.stage),  # the id is what the client says in its header, if it says one
        product=LABEL,
        actor_user=acting.username,
        actor_uid=acting.uid,
        actor_type="impersonated" if told.impersonated_user else "",
        src_ip=told.source_ips[0] if told.source_ips else "",
        user_agent=told.user_agent,
        api_service="kubernetes",
        api_operation=f"{told.verb} {kind}".strip(),
        request_uid=told.audit_id,
        resource=thing.name,
        resource_type=kind,
        namespace=thing.namespace,
        pod=thing.name if thing.resource == "pods" else "",
        url_path=told.request_uri.partition("?")[0],
        status_code=answer.code,
        duration_us=max(micros(told.stage_timestamp) - micros(began), 0),
        decision={"allow": "allowed", "forbid": "denied"}.get(decision, ""),
        raw=line,
    )


def _status(code: int, stage: str) -> Status:
    if stage == "Panic":
        return Status.FAILURE
    if not code:
        return Status.UNKNOWN
    return Status.FAILURE if code >= _REFUSED else Status.SUCCESS
