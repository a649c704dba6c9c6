"""Activity and resource logs of Azure, as diagnostic settings export them ("Azure resource log common schema", Azure Monitor)."""

from __future__ import annotations

import datetime as dt
import re

import msgspec

from garrison.events.event import Call, Class, Event, Status
from garrison.events.times import micros

NAME = "azure-activity"
LABEL = "Azure Monitor"

_CALLS = {"read": Call.READ, "write": Call.UPDATE, "delete": Call.DELETE, "list": Call.READ}
_SUBSCRIPTION = re.compile(r"(?i)/subscriptions/([^/]+)")
_FAILED = re.compile(r"(?i)^(fail|denied|client ?error|server ?error)|^[45]\d\d")
_SUCCEEDED = re.compile(r"(?i)^(success|succeeded|2\d\d)")


class _Identity(msgspec.Struct):
    claims: dict[str, object] = msgspec.field(default_factory=dict)


class _Record(msgspec.Struct, rename="camel"):
    time: dt.datetime
    operation_name: str
    resource_id: str = ""
    category: str = ""
    result_type: str = ""
    result_signature: str = ""
    result_description: str = ""
    duration_ms: int | str | None = 0
    caller_ip_address: str | None = ""
    correlation_id: str = ""
    identity: _Identity | str | None = None
    location: str = ""
    properties: dict[str, object] | str | None = None


class _File(msgspec.Struct):
    records: list[msgspec.Raw]


_record = msgspec.json.Decoder(_Record).decode
_file = msgspec.json.Decoder(_File).decode
DOCUMENT = re.compile(rb'\s*\{\s*"records"')


def records(data: bytes) -> list[bytes]:
    """The records of an Event Hub's message; storage accounts hold them one a line."""
    return [bytes(record) for record in _file(data).records]


def event(line: bytes) -> Event:
    """One record."""
    told = _record(line)
    claims = told.identity.claims if isinstance(told.identity, _Identity) else {}
    subscription = _SUBSCRIPTION.search(told.resource_id)
    outcome = told.result_type or told.result_signature
    failed = bool(_FAILED.match(outcome))
    return Event(
        time_us=micros(told.time),
        class_uid=Class.API,
        activity_id=_CALLS.get(told.operation_name.rpartition("/")[2].lower(), Call.OTHER),
        status_id=Status.FAILURE if failed else Status.SUCCESS if _SUCCEEDED.match(outcome) else Status.UNKNOWN,
        status_detail=told.result_description or (told.result_signature if failed else ""),
        message=told.category,
        uid=_text(told, "eventDataId"),
        product=LABEL,
        actor_user=_claim(claims, "name", "upn", "appid"),
        actor_uid=_claim(claims, "objectidentifier", "oid"),
        actor_type=_claim(claims, "idtyp"),
        src_ip=(told.caller_ip_address or "").rpartition(":")[0] or told.caller_ip_address or "",
        api_service=told.operation_name.partition("/")[0],
        api_operation=told.operation_name,
        request_uid=told.correlation_id,
        resource=told.resource_id,
        resource_type=told.operation_name.rpartition("/")[0],
        cloud_provider="Azure",
        cloud_account=subscription[1] if subscription else "",
        cloud_region=told.location,
        duration_us=_duration(told.duration_ms),
        raw=line,
    )


def _claim(claims: dict[str, object], *names: str) -> str:
    """A claim by the end of its name: they are URIs, `http://schemas.../claims/name`."""
    for name in names:
        for key, said in claims.items():
            if key.rpartition("/")[2] == name and isinstance(said, str):
                return said
    return ""


def _text(told: _Record, name: str) -> str:
    said = told.properties.get(name) if isinstance(told.properties, dict) else None
    return said if isinstance(said, str) else ""


def _duration(said: int | str | None) -> int:
    number = int(said) if isinstance(said, str) and said.isascii() and said.isdigit() and len(said) < 16 else said  # noqa: PLR2004
    return max(number, 0) * 1000 if isinstance(number, int) else 0
