"""AWS CloudTrail ("CloudTrail record contents", AWS CloudTrail User Guide): who called which API of the account."""

from __future__ import annotations

import datetime as dt
import re

import msgspec

from garrison.events.event import Call, Class, Event, Logon, Status

NAME = "aws-cloudtrail"
LABEL = "AWS CloudTrail"
KEPT_IN = {
    "eventName": "api_operation", "eventSource": "api_service", "awsRegion": "cloud_region", "sourceIPAddress": "src_ip",
    "userAgent": "user_agent", "errorCode": "status_detail", "errorMessage": "message",
}  # fmt: skip

_LOGONS = {"ConsoleLogin": Logon.LOGON, "SwitchRole": Logon.ACCOUNT_SWITCH, "ExitRole": Logon.ACCOUNT_SWITCH}
_VERBS = {
    Call.CREATE: ("Create", "Run", "Start", "Register", "Allocate", "Import", "Issue"),
    Call.READ: (
        "Get",
        "List",
        "Describe",
        "Head",
        "Lookup",
        "BatchGet",
        "Select",
        "Search",
        "Query",
        "Scan",
        "Download",
    ),
    Call.UPDATE: (
        "Put",
        "Update",
        "Modify",
        "Attach",
        "Detach",
        "Set",
        "Add",
        "Change",
        "Enable",
        "Disable",
        "Tag",
        "Untag",
    ),
    Call.DELETE: ("Delete", "Remove", "Terminate", "Deregister", "Stop", "Purge"),
}
_VERB = {verb: call for call, verbs in _VERBS.items() for verb in verbs}
# What a request names the thing it is about by, the most telling first.
_NAMED_BY = (
    "bucketName", "modelId", "endpointName", "modelName", "notebookInstanceName", "trainingJobName", "secretId", "keyId",
    "roleName", "userName", "policyArn", "functionName", "repositoryName", "trailName", "name", "domainId",
)  # fmt: skip


class _Issuer(msgspec.Struct, rename="camel"):
    user_name: str = ""


class _Attributes(msgspec.Struct, rename="camel"):
    mfa_authenticated: str | bool = ""


class _Session(msgspec.Struct, rename="camel"):
    session_issuer: _Issuer = msgspec.field(default_factory=_Issuer)
    attributes: _Attributes = msgspec.field(default_factory=_Attributes)


class _Identity(msgspec.Struct, rename="camel"):
    type: str = ""
    principal_id: str = ""
    arn: str = ""
    account_id: str = ""
    access_key_id: str = ""
    user_name: str = ""
    invoked_by: str = ""
    session_context: _Session = msgspec.field(default_factory=_Session)


class _Resource(msgspec.Struct):
    arn: str = msgspec.field(name="ARN", default="")
    type: str = ""


class _Record(msgspec.Struct, rename="camel"):
    event_time: dt.datetime
    event_source: str
    event_name: str
    aws_region: str = ""
    source_address: str = msgspec.field(name="sourceIPAddress", default="")
    user_agent: str | None = ""
    user_identity: _Identity | None = None
    error_code: str = ""
    error_message: str | None = ""
    request_id: str = msgspec.field(name="requestID", default="")
    event_id: str = msgspec.field(name="eventID", default="")
    recipient_account_id: str = ""
    request_parameters: dict[str, object] | None = None
    response_elements: dict[str, object] | None = None
    additional_event_data: dict[str, object] | None = None
    resources: list[_Resource] | None = None


class _File(msgspec.Struct, rename="pascal"):
    records: list[msgspec.Raw]


_record = msgspec.json.Decoder(_Record).decode
_file = msgspec.json.Decoder(_File).decode
DOCUMENT = re.compile(rb'\s*\{\s*"Records"')


def records(data: bytes) -> list[bytes]:
    """The records of a file as CloudTrail writes it to S3; shippers of logs pass them on one a line."""
    return [bytes(record) for record in _file(data).records]


def event(line: bytes) -> Event:
    """One record."""
    told = _record(line)
    who = told.user_identity or _Identity()
    name = told.event_name
    parameters = told.request_parameters or {}
    resource, kind = _resource(told, parameters)
    issuer = who.session_context.session_issuer
    logon = _LOGONS.get(name)
    model = parameters.get("modelId") or parameters.get("endpointName") or ""
    return Event(
        time_us=round(told.event_time.timestamp() * 1_000_000),
        class_uid=Class.API if logon is None else Class.AUTHENTICATION,
        activity_id=activity(name) if logon is None else logon,
        status_id=_status(told),
        status_detail=told.error_code or _answer(told),
        message=told.error_message or "",
        uid=told.event_id,
        product=LABEL,
        actor_user=who.user_name or issuer.user_name or who.invoked_by or who.arn.rpartition("/")[2],
        actor_uid=who.arn or who.principal_id,
        actor_type=who.type,
        credential_uid=who.access_key_id,
        is_mfa=_mfa(told, who),
        src_ip=told.source_address,
        user_agent=told.user_agent or "",
        api_service=told.event_source,
        api_operation=name,
        request_uid=told.request_id,
        resource=resource,
        resource_type=kind,
        model=model if isinstance(model, str) else "",
        cloud_provider="AWS",
        cloud_account=told.recipient_account_id or who.account_id,
        cloud_region=told.aws_region,
        raw=line,
    )


def activity(operation: str) -> Call:
    """What a call does, by the verb that AWS begins its name with."""
    for end in range(2, len(operation)):
        if operation[end].isupper():
            found = _VERB.get(operation[:end])
            if found is not None:
                return found
    return _VERB.get(operation, Call.OTHER)


def _resource(told: _Record, parameters: dict[str, object]) -> tuple[str, str]:
    for name in _NAMED_BY:
        said = parameters.get(name)
        if isinstance(said, str) and said:
            key = parameters.get("key")
            return (f"{said}/{key}", "object") if name == "bucketName" and isinstance(key, str) else (said, name)
    return (told.resources[0].arn, told.resources[0].type) if told.resources else ("", "")


def _answer(told: _Record) -> str:
    """What a log-in came to, which is told as an answer and not as an error."""
    said = (told.response_elements or {}).get(told.event_name)
    return said if isinstance(said, str) else ""


def _status(told: _Record) -> Status:
    failed = told.error_code or _answer(told) == "Failure"
    return Status.FAILURE if failed else Status.SUCCESS


def _mfa(told: _Record, who: _Identity) -> bool | None:
    said = (told.additional_event_data or {}).get("MFAUsed", who.session_context.attributes.mfa_authenticated)
    return {"yes": True, "true": True, "no": False, "false": False}.get(str(said).lower())
