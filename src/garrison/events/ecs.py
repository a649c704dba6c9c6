"""Events in the Elastic Common Schema, whose names OpenTelemetry's semantic conventions took over in large part.

https://www.elastic.co/docs/reference/ecs; what it has no field for stands under `labels`, as it asks.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from garrison.events.event import Call, Class, Event, Logon, Severity, Status
from garrison.events.times import at

VERSION = "8.17.0"
_CATEGORIES = {
    Class.FILE: ["file"],
    Class.PROCESS: ["process"],
    Class.DETECTION: ["intrusion_detection"],
    Class.ACCOUNT: ["iam"],
    Class.AUTHENTICATION: ["authentication"],
    Class.NETWORK: ["network"],
    Class.HTTP: ["web"],
    Class.API: ["api"],
    Class.DATASTORE: ["database"],
}
_CALLS: dict[int, str] = {Call.CREATE: "creation", Call.READ: "access", Call.UPDATE: "change", Call.DELETE: "deletion"}
_LOGONS: dict[int, str] = {Logon.LOGON: "start", Logon.LOGOFF: "end"}
_OUTCOMES = {Status.SUCCESS: "success", Status.FAILURE: "failure", Status.UNKNOWN: "unknown"}
_SEVERITY = {  # of syslog, as Elastic's rules count it
    Severity.UNKNOWN: 0, Severity.INFORMATIONAL: 21, Severity.LOW: 21, Severity.MEDIUM: 47, Severity.HIGH: 73, Severity.CRITICAL: 99,
}  # fmt: skip


def to_ecs(event: Event) -> dict[str, Any]:
    """An event as a document, nested as it is indexed."""
    return _nested({name: value for name, value in to_fields(event).items() if value not in ("", 0, None, [], {})})


def to_fields(event: Event) -> dict[str, Any]:
    """The fields of an event by their names with dots; those that were not told are empty."""
    return {
        "@timestamp": moment(event.time_us),
        "ecs.version": VERSION,
        "message": event.message,
        **_about(event),
        **_who(event),
        **_where(event),
        **_what(event),
    }


def _about(event: Event) -> dict[str, Any]:
    return {
        "event.id": event.uid,
        "event.kind": "alert" if event.class_uid is Class.DETECTION else "event",
        "event.category": _CATEGORIES.get(event.class_uid, []),
        "event.type": _types(event),
        "event.action": event.api_operation,
        "event.outcome": _OUTCOMES[event.status_id],
        "event.reason": event.status_detail,
        "event.provider": event.product,
        "event.dataset": event.log_name,
        "event.duration": event.duration_us * 1000,
        "event.severity": _SEVERITY[event.severity_id],
        "event.original": event.raw.decode("utf-8", "replace"),
    }


def _types(event: Event) -> list[str]:
    found = []
    if event.class_uid in (Class.API, Class.DATASTORE):
        found.append(_CALLS.get(event.activity_id, ""))
    if event.class_uid is Class.AUTHENTICATION:
        found.append(_LOGONS.get(event.activity_id, "info"))
    if event.class_uid is Class.NETWORK:
        found.append("connection")
    found.append({"allowed": "allowed", "denied": "denied"}.get(event.decision, ""))
    return [one for one in found if one]


def _who(event: Event) -> dict[str, Any]:
    return {
        "user.name": event.actor_user,
        "user.id": event.actor_uid,
        "user.roles": [event.actor_type] if event.actor_type else [],
        "user_agent.original": event.user_agent,
        **_end("source", event.src_ip, event.src_port),
        **_end("destination", event.dst_ip, event.dst_port),
        "labels.credential": event.credential_uid,
        "labels.mfa": "" if event.is_mfa is None else str(event.is_mfa).lower(),
        "related.user": [event.actor_user] if event.actor_user else [],
        "related.ip": [ip for ip in (event.src_ip, event.dst_ip) if _is_address(ip)],
    }


def _end(side: str, address: str, port: int) -> dict[str, Any]:
    """One side of a connection: what is no address is a name."""
    return {
        f"{side}.address": address,
        f"{side}.{'ip' if _is_address(address) else 'domain'}": address,
        f"{side}.port": port,
    }


def _where(event: Event) -> dict[str, Any]:
    return {
        "cloud.provider": event.cloud_provider.lower(),
        "cloud.account.id": event.cloud_account,
        "cloud.region": event.cloud_region,
        "host.name": event.host,
        "container.name": event.container,
        "container.image.name": event.image,
        "orchestrator.namespace": event.namespace,
        "orchestrator.resource.name": event.pod,
        "process.name": event.process,
        "process.pid": event.pid,
        "process.command_line": event.cmd_line,
        "file.path": event.file,
    }


def _what(event: Event) -> dict[str, Any]:
    return {
        "service.name": event.api_service,
        "http.request.method": event.http_method,
        "http.request.id": event.request_uid,
        "http.request.bytes": event.bytes_in,
        "http.response.status_code": event.status_code,
        "http.response.bytes": event.bytes_out,
        "url.path": event.url_path,
        "labels.resource": event.resource,
        "labels.resource_type": event.resource_type,
        "gen_ai.request.model": event.model,
        "gen_ai.usage.input_tokens": event.prompt_tokens,
        "gen_ai.usage.output_tokens": event.completion_tokens,
        "labels.model_version": event.model_version,
    }


def _nested(fields: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in fields.items():
        *parents, last = name.split(".")
        inner = made
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[last] = value
    return made


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def moment(time_us: int) -> str:
    """ISO 8601, as far as a calendar reaches."""
    return at(time_us).isoformat(timespec="microseconds").replace("+00:00", "Z")
