"""What an event becomes on its way out."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from garrison import __version__
from garrison.events.cef import Header, address, cef, labelled
from garrison.events.ecs import to_ecs
from garrison.events.event import Event
from garrison.events.ocsf import to_ocsf


class Form(enum.StrEnum):
    """Forms that others read."""

    OCSF = "ocsf"
    ECS = "ecs"
    CEF = "cef"


def _ocsf(event: Event) -> bytes:
    return msgspec.json.encode(to_ocsf(event))


def _ecs(event: Event) -> bytes:
    return msgspec.json.encode(to_ecs(event))


def _cef(event: Event) -> bytes:
    header = Header(
        product=event.product or "events",
        version=__version__,
        event_class=f"{event.class_uid.name.lower()}:{event.api_operation or event.activity_id}",
        name=event.api_operation or event.message or event.class_uid.name.lower(),
        severity=event.severity_id,
    )
    said: list[tuple[str, str | int]] = [
        ("externalId", event.uid),
        ("rt", event.time_us // 1000),
        ("act", event.decision or event.api_operation),
        ("outcome", event.status_id.name.lower()),
        ("reason", event.status_detail),
        ("suser", event.actor_user),
        ("suid", event.actor_uid),
        *address("src", event.src_ip),
        ("spt", event.src_port),
        *address("dst", event.dst_ip),
        ("dpt", event.dst_port),
        ("dhost", event.host),
        ("requestMethod", event.http_method),
        ("request", event.url_path),
        ("requestClientApplication", event.user_agent),
        ("in", event.bytes_in),
        ("out", event.bytes_out),
        ("sproc", event.process),
        ("spid", event.pid),
        ("fname", event.file),
        ("msg", event.message or event.cmd_line),
        *labelled("cs1", "resource", event.resource),
        *labelled("cs2", "model", event.model),
        *labelled("cs3", "account", event.cloud_account),
        *labelled("cs4", "region", event.cloud_region),
        *labelled("cs5", "service", event.api_service),
        *labelled("cs6", "pod", f"{event.namespace}/{event.pod}" if event.pod else ""),
        *labelled("cn1", "status", event.status_code),
    ]
    return cef(header, [(key, value) for key, value in said if value]).encode()


FORMS: Final[Mapping[Form, Callable[[Event], bytes]]] = {Form.OCSF: _ocsf, Form.ECS: _ecs, Form.CEF: _cef}
