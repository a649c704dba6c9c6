"""Events as OCSF 1.8 writes them: nested, with captions, each attribute where its class has it.

Made when somebody asks for it (an export, a search), never while events come in.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from garrison.events.event import Class, Event

VERSION = "1.8.0"
_CATEGORIES = {
    1: "System Activity",
    2: "Findings",
    3: "Identity & Access Management",
    4: "Network Activity",
    6: "Application Activity",
    0: "Uncategorized",
}
_CAPTIONS = {
    Class.BASE: "Base Event",
    Class.FILE: "File System Activity",
    Class.PROCESS: "Process Activity",
    Class.DETECTION: "Detection Finding",
    Class.ACCOUNT: "Account Change",
    Class.AUTHENTICATION: "Authentication",
    Class.NETWORK: "Network Activity",
    Class.HTTP: "HTTP Activity",
    Class.API: "API Activity",
    Class.DATASTORE: "Datastore Activity",
}
_IDENTITY = (Class.AUTHENTICATION, Class.ACCOUNT)  # they have a user; all others an actor
_SYSTEM = (Class.FILE, Class.PROCESS)  # they happen on a device
_APPLICATION = (Class.API, Class.DATASTORE)  # they have an actor of their own; elsewhere it is of the profile "host"
_ENDPOINTS = (Class.AUTHENTICATION, Class.NETWORK, Class.HTTP, *_APPLICATION)
_TALKS_HTTP = (*_IDENTITY, Class.HTTP, *_APPLICATION)
# What OCSF has a word for; a stranger's method stands in the raw line.
_METHODS = ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE")
_NEW = 1
_OTHER = 99


def to_ocsf(event: Event) -> dict[str, Any]:
    """An event as an object of OCSF, with the profiles it needs."""
    category = event.class_uid // 1000
    said: dict[str, Any] = {
        "time": event.time_us // 1000,
        "category_uid": category,
        "category_name": _CATEGORIES[category],
        "class_uid": int(event.class_uid),
        "class_name": _CAPTIONS[event.class_uid],
        "activity_id": event.activity_id,
        "type_uid": event.class_uid * 100 + event.activity_id,
        "severity_id": int(event.severity_id),
        "severity": event.severity_id.name.title(),
        **_outcome(event),
        **_who(event),
        **_whence(event),
        **_what(event),
        **_where(event),
        **_model(event),
        **_given(
            message=event.message, raw_data=event.raw.decode(errors="replace"), duration=event.duration_us // 1000
        ),
    }
    said["metadata"] = {
        "version": VERSION,
        "product": {"name": event.product or "unknown"},
        **_given(uid=event.uid, log_name=event.log_name, profiles=_profiles(event, said)),
    }
    return said


def _profiles(event: Event, said: dict[str, Any]) -> list[str]:
    found = ["cloud"] if "cloud" in said else []
    own = ("actor",) if event.class_uid in _APPLICATION else ("actor", "device") if event.class_uid in _SYSTEM else ()
    if any(key in said and key not in own for key in ("actor", "device")):
        found.append("host")
    if event.container:
        found.append("container")
    return [*found, "ai_operation"] if "ai_model" in said else found


def _given(**values: object) -> dict[str, Any]:
    """Those that were told."""
    return {name: value for name, value in values.items() if value not in ("", 0, None, {}, [])}


def _outcome(event: Event) -> dict[str, Any]:
    if event.class_uid is Class.DETECTION:  # there the status is how far people have come with it
        return {"status_id": _NEW, "status": "New", **_given(status_detail=event.status_detail)}
    code = str(event.status_code or "")
    status = {"status_id": int(event.status_id), "status": event.status_id.name.title()}
    return {**status, **_given(status_code=code, status_detail=event.status_detail)}


def _who(event: Event) -> dict[str, Any]:
    account = {"uid": event.cloud_account} if event.cloud_account else None
    name, uid = event.actor_user, event.actor_uid
    keys = [{"uid": event.credential_uid}] if event.credential_uid else None
    user = _given(name=name, uid=uid, type=event.actor_type, programmatic_credentials=keys, account=account)
    if event.class_uid in _IDENTITY:
        mfa = {"is_mfa": event.is_mfa} if event.is_mfa is not None and event.class_uid is Class.AUTHENTICATION else {}
        return {"user": user if name or uid else {"name": "unknown"}, **mfa}
    process = _process(event) if event.class_uid is not Class.PROCESS else {}
    actor = _given(user=user if name or uid else None, process=process)
    if not actor and event.class_uid in (*_APPLICATION, *_SYSTEM):
        actor = {"user": {"name": "unknown"}}
    return _given(actor=actor)


def _process(event: Event) -> dict[str, Any]:
    """A process has a number, or it is none to OCSF."""
    if not event.pid:
        return {}
    return {"pid": event.pid, **_given(name=event.process, cmd_line=event.cmd_line, container=_container(event))}


def _whence(event: Event) -> dict[str, Any]:
    source = _endpoint(event.src_ip, event.src_port)
    if event.class_uid in _ENDPOINTS and event.class_uid is not Class.AUTHENTICATION:
        source = source or {"name": "unknown"}
    if event.class_uid in _ENDPOINTS:
        target = _endpoint(event.dst_ip, event.dst_port, event.api_service if event.class_uid is not Class.API else "")
        if event.class_uid is Class.AUTHENTICATION:
            target = target or {"svc_name": event.product or "unknown"}
        return _given(src_endpoint=source, dst_endpoint=target)
    return _given(src_endpoint=source) if event.class_uid in _IDENTITY else {}


def _endpoint(address: str, port: int, service: str = "") -> dict[str, Any]:
    """Clouds write the name of a service where an address stands when one of their own calls."""
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return _given(name=address, port=port, svc_name=service) if address or service else {}
    return {"ip": address, **_given(port=port, svc_name=service)}


def _what(event: Event) -> dict[str, Any]:
    """What was asked for, or done."""
    found: dict[str, Any] = {}
    if event.class_uid in _TALKS_HTTP:
        url = {"path": event.url_path} if event.url_path else None
        method = event.http_method if event.http_method in _METHODS else ""
        request = _given(http_method=method, url=url, user_agent=event.user_agent)
        answer = {"code": event.status_code, **_given(length=event.bytes_out)} if event.status_code else None
        found |= _given(http_request=request, http_response=answer)
    if event.class_uid is Class.API:
        service = {"name": event.api_service} if event.api_service else None
        call = {"uid": event.request_uid} if event.request_uid else None
        found["api"] = {"operation": event.api_operation or "unknown", **_given(service=service, request=call)}
    if event.class_uid in (Class.API, Class.DETECTION) and event.resource:
        found["resources"] = [{"name": event.resource, **_given(type=event.resource_type)}]
    if event.class_uid is Class.DATASTORE:
        found["databucket"] = {
            "name": event.resource or "unknown",
            "type_id": _OTHER,
            **_given(type=event.resource_type),
        }
    if event.class_uid in (Class.NETWORK, Class.HTTP):
        found |= _given(traffic=_given(bytes_in=event.bytes_in, bytes_out=event.bytes_out))
    if event.class_uid is Class.PROCESS:
        found["process"] = _process(event) or {"uid": event.uid or "unknown", **_given(name=event.process)}
    if event.class_uid is Class.FILE:
        name = event.file.rpartition("/")[2] or event.file or "unknown"
        found["file"] = {"name": name, "type_id": 0, **_given(path=event.file)}
    if event.class_uid is Class.DETECTION:
        found["finding_info"] = {"uid": event.uid or "unknown", **_given(title=event.message)}
    return found


def _container(event: Event) -> dict[str, Any]:
    image = {"uid": event.image} if event.image else None
    return _given(name=event.container, image=image) if event.container else {}


def _where(event: Event) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if event.cloud_provider:
        account = {"uid": event.cloud_account} if event.cloud_account else None
        found["cloud"] = {"provider": event.cloud_provider, **_given(region=event.cloud_region, account=account)}
    host = event.host or ("unknown" if event.class_uid in _SYSTEM else "")
    if host:
        found["device"] = {"name": host, "type_id": 0, **_given(hostname=event.host, container=_container(event))}
    return found


def _model(event: Event) -> dict[str, Any]:
    """The profile of inferences."""
    if not event.model or event.class_uid is not Class.API:
        return {}
    provider = event.cloud_provider or event.product or "unknown"
    found: dict[str, Any] = {
        "ai_model": {"ai_provider": provider, "name": event.model, **_given(version=event.model_version)}
    }
    asked, answered = event.prompt_tokens, event.completion_tokens
    if asked or answered:
        tokens = _given(prompt_tokens=asked, completion_tokens=answered, total_tokens=asked + answered)
        found["message_context"] = {"uid": event.request_uid or event.uid or "unknown", **tokens}
    return found
