"""The audit feed of the gateway: a line per request, let through or refused (docs/gateway.md)."""

from __future__ import annotations

import datetime as dt

import msgspec

from garrison.events.event import Call, Class, Count, Event, Port, Status
from garrison.events.times import micros

NAME = "garrison-gateway"
LABEL = "Garrison gateway"
KEPT_IN = {
    "client": "actor_user", "role": "actor_type", "model": "model", "action": "api_operation", "protocol": "api_service",
    "reason": "status_detail", "method": "http_method", "path": "url_path", "ip": "src_ip",
}  # fmt: skip

_CALLS = {
    "read-metadata": Call.READ,
    "health": Call.READ,
    "load-model": Call.UPDATE,
    "unload-model": Call.DELETE,
    "train": Call.UPDATE,
    "admin": Call.UPDATE,
}
_REFUSED = 400


class _Record(msgspec.Struct):
    time: dt.datetime
    decision: str
    request_id: str = ""
    client: str = ""
    role: str = ""
    model: str = ""
    action: str = ""
    protocol: str = ""
    reason: str = ""
    method: str = ""
    path: str = ""
    status: Count = 0
    grpc_status: int = 0
    request_bytes: Count = 0
    response_bytes: Count = 0
    duration_ms: Count = 0
    upstream_address: str = ""
    ip: str = ""
    listener: str = ""
    certificate: str = ""
    policy: str = ""
    prompt_tokens: Count = 0
    completion_tokens: Count = 0


_record = msgspec.json.Decoder(_Record).decode


def event(line: bytes) -> Event:
    """One request."""
    told = _record(line)
    denied = told.decision == "deny"
    host, port = _address(told.listener)
    return Event(
        time_us=micros(told.time),
        class_uid=Class.API,
        activity_id=_CALLS.get(told.action, Call.OTHER),
        status_id=Status.FAILURE if denied or told.status >= _REFUSED or told.grpc_status > 0 else Status.SUCCESS,
        status_detail=told.reason,
        uid=told.request_id,
        product=LABEL,
        actor_user=told.client,
        actor_type=told.role,
        credential_uid=told.certificate,
        src_ip=told.ip,
        dst_ip=host,
        dst_port=port,
        api_service=told.protocol,
        api_operation=told.action,
        request_uid=told.request_id,
        resource=told.model,
        resource_type="model" if told.model else "",
        model=told.model,
        http_method=told.method,
        url_path=told.path,
        status_code=told.status,
        bytes_in=told.request_bytes,
        bytes_out=told.response_bytes,
        duration_us=told.duration_ms * 1000,
        prompt_tokens=told.prompt_tokens,
        completion_tokens=told.completion_tokens,
        decision={"allow": "allowed", "deny": "denied"}.get(told.decision, ""),
        raw=line,
    )


def _address(said: str) -> tuple[str, Port]:
    """`10.0.0.1:8443`, `[::1]:8443`."""
    host, _, port = said.rpartition(":")
    return (host.strip("[]"), int(port)) if port.isascii() and port.isdigit() and len(port) < 6 else (said, 0)  # noqa: PLR2004
