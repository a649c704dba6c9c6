"""Cloud Audit Logs of Google Cloud, as exported log entries ("AuditLog", Cloud Logging documentation)."""

from __future__ import annotations

import datetime as dt
import re

import msgspec

from garrison.events.event import Call, Class, Count, Event, Status, named
from garrison.events.times import micros

NAME = "gcp-audit"
LABEL = "Google Cloud Audit Logs"

# The verb of a method: `google.cloud.aiplatform.v1.ModelService.DeleteModel`, `storage.objects.get`, `v1.compute.instances.insert`.
_VERB = re.compile(r"(?:^|\.)([A-Za-z][a-z]*)[^.]*$")
_CALLS = {
    **dict.fromkeys(("get", "list", "search", "query", "read", "fetch", "batch", "lookup", "export"), Call.READ),
    **dict.fromkeys(("create", "insert", "upload", "import", "run", "start", "generate"), Call.CREATE),
    **dict.fromkeys(("update", "set", "patch", "deploy", "add", "enable", "disable"), Call.UPDATE),
    **dict.fromkeys(("delete", "remove", "undeploy", "destroy", "cancel", "stop"), Call.DELETE),
}
_MODEL = re.compile(r"/(?:models|endpoints)/([^/:]+)")


class _Authentication(msgspec.Struct, rename="camel"):
    principal_email: str = ""
    principal_subject: str = ""
    service_account_key_name: str = ""


class _Request(msgspec.Struct, rename="camel"):
    caller_ip: str = ""
    caller_supplied_user_agent: str = ""


class _Status(msgspec.Struct):
    code: Count = 0
    message: str = ""


class _Authorization(msgspec.Struct):
    granted: bool | None = None
    permission: str = ""


class _Payload(msgspec.Struct, rename="camel"):
    method_name: str
    service_name: str = ""
    resource_name: str = ""
    authentication_info: _Authentication = msgspec.field(default_factory=_Authentication)
    request_metadata: _Request = msgspec.field(default_factory=_Request)
    authorization_info: list[_Authorization] = msgspec.field(default_factory=list)
    status: _Status = msgspec.field(default_factory=_Status)


class _Resource(msgspec.Struct):
    type: str = ""
    labels: dict[str, str] = msgspec.field(default_factory=dict)


class _Record(msgspec.Struct, rename="camel"):
    proto_payload: _Payload
    timestamp: dt.datetime
    insert_id: str = ""
    log_name: str = ""
    resource: _Resource = msgspec.field(default_factory=_Resource)


_record = msgspec.json.Decoder(_Record).decode


def event(line: bytes) -> Event:
    """One entry."""
    told = _record(line)
    payload = told.proto_payload
    who, asked, answer = payload.authentication_info, payload.request_metadata, payload.status
    labels = told.resource.labels
    granted = [a.granted for a in payload.authorization_info if a.granted is not None]
    model = _MODEL.search(payload.resource_name)
    return Event(
        time_us=micros(told.timestamp),
        class_uid=Class.API,
        activity_id=activity(payload.method_name),
        status_id=Status.FAILURE if answer.code else Status.SUCCESS,
        status_detail=answer.message,
        message=told.log_name.rpartition("/")[2].replace("%2F", "/"),
        uid=named(line, told.insert_id) if told.insert_id else "",  # of one log and time
        product=LABEL,
        actor_user=who.principal_email or who.principal_subject,
        actor_uid=who.principal_subject,
        credential_uid=who.service_account_key_name.rpartition("/")[2],
        src_ip=asked.caller_ip,
        user_agent=asked.caller_supplied_user_agent,
        api_service=payload.service_name,
        api_operation=payload.method_name,
        request_uid=told.insert_id,
        resource=payload.resource_name,
        resource_type=told.resource.type,
        model=model[1] if model else "",
        cloud_provider="GCP",
        cloud_account=labels.get("project_id", ""),
        cloud_region=labels.get("location", labels.get("zone", "")),
        status_code=answer.code,
        decision=("allowed" if all(granted) else "denied") if granted else "",
        raw=line,
    )


def activity(method: str) -> Call:
    """What a method does, by the verb its last part begins with."""
    found = _VERB.search(method)
    return _CALLS.get(found[1].lower(), Call.OTHER) if found else Call.OTHER
