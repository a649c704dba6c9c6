"""Log records, events of spans, and uses of models, as OpenTelemetry tells them (garrison.events.otlp has the form of a line).

Attributes: OpenTelemetry semantic conventions 1.41, "General attributes", HTTP, Kubernetes, and those of generative AI (`gen_ai.*`), which
are of OCSF's class API Activity with its profile of inferences; names that older versions gave them are read too. Severities: "Log data
model", field SeverityNumber.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from garrison.events import otlp
from garrison.events.event import Call, Class, Event, Severity, Status, named

NAME = "otlp"
LABEL = "OpenTelemetry"

_ACTIVITIES = {"create_agent": Call.CREATE, "retrieval": Call.READ}
_CLOUDS = {"aws": "AWS", "azure": "Azure", "gcp": "GCP"}
_METHODS = {"CONNECT": 1, "DELETE": 2, "GET": 3, "HEAD": 4, "OPTIONS": 5, "POST": 6, "PUT": 7, "TRACE": 8, "PATCH": 9}
_OTHER = 99
_SEVERITIES = ((21, Severity.CRITICAL), (17, Severity.HIGH), (13, Severity.MEDIUM), (1, Severity.INFORMATIONAL))
_ERROR = 2  # the code of a span's status
_REFUSED = 400
_LAST_PORT = 65_535


class _Told(msgspec.Struct, rename="camel"):
    time_unix_nano: int = 0
    end_time_unix_nano: int = 0
    observed_time_unix_nano: int = 0
    severity_number: int = 0
    body: Any = None
    attributes: dict[str, Any] = {}
    event_name: str = ""
    span: str = ""
    status_code: int = 0
    status_message: str = ""
    trace_id: str = ""
    span_id: str = ""


class _Line(msgspec.Struct):
    record: _Told
    resource: dict[str, Any] = {}


_line = msgspec.json.Decoder(_Line).decode
_encode = msgspec.json.Encoder().encode


def records(data: bytes) -> Iterator[bytes]:
    """The lines of a file as the Collector's file exporter writes it: a request in JSON a line. What is none is a line as it is."""
    for request in data.splitlines():
        if request.strip():
            try:
                found = list(otlp.lines(request))
            except (msgspec.MsgspecError, ValueError, RecursionError):
                found = []
            yield from found or [request]


def event(line: bytes) -> Event:
    """One record."""
    said = _line(line)
    told, own, whose = said.record, said.record.attributes, said.resource
    began_ns = told.time_unix_nano or told.observed_time_unix_nano or time.time_ns()
    service = _text(whose, "service.name")
    found = Event(
        time_us=began_ns // 1000,
        class_uid=Class.BASE,
        severity_id=next(
            (held for least, held in _SEVERITIES if told.severity_number >= least), Severity.INFORMATIONAL
        ),
        status_id=_status(told),
        status_detail=_text(own, "error.type", "exception.type") or told.status_message,
        message=_message(told),
        uid=named(line, told.trace_id, told.span_id) if told.span and told.span_id else "",
        product=LABEL,
        actor_user=_text(own, "user.name", "enduser.id", "user.id"),
        src_ip=_text(own, "client.address", "network.peer.address"),
        src_port=_port(own, "client.port"),
        user_agent=_text(own, "user_agent.original", "http.user_agent"),
        dst_ip=_text(own, "server.address"),
        dst_port=_port(own, "server.port"),
        request_uid=told.trace_id,
        resource=service,
        resource_type="service" if service else "",
        http_method=_text(own, "http.request.method", "http.method"),
        url_path=_text(own, "url.path", "http.target").partition("?")[0],
        status_code=_number(own, "http.response.status_code", "http.status_code"),
        duration_us=max(told.end_time_unix_nano - began_ns, 0) // 1000 if told.end_time_unix_nano else 0,
        raw=line,
    )
    _placed(found, whose)
    if otlp.is_inference(own):
        _inference(found, own, service)
    elif found.http_method:
        found.class_uid, found.activity_id = Class.HTTP, _METHODS.get(found.http_method, _OTHER)
    return found


def _placed(event: Event, whose: Mapping[str, Any]) -> None:
    """Where it happened."""
    cloud = _text(whose, "cloud.provider")
    event.cloud_provider = _CLOUDS.get(cloud, cloud)
    event.cloud_account, event.cloud_region = _text(whose, "cloud.account.id"), _text(whose, "cloud.region")
    event.host = _text(whose, "host.name", "k8s.node.name")
    event.container = _text(whose, "k8s.container.name", "container.name", "container.id")
    event.image = _text(whose, "container.image.name")
    event.namespace, event.pod = _text(whose, "k8s.namespace.name"), _text(whose, "k8s.pod.name")
    event.process = _text(whose, "process.executable.name", "process.command")
    event.pid, event.cmd_line = _number(whose, "process.pid"), _text(whose, "process.command_line")


def _inference(event: Event, own: Mapping[str, Any], service: str) -> None:
    """The use of a model: who asked which one, and how much."""
    operation = _text(own, "gen_ai.operation.name")
    event.class_uid, event.activity_id = Class.API, _ACTIVITIES.get(operation, Call.OTHER)
    event.api_operation = operation
    event.api_service = _text(own, "gen_ai.provider.name", "gen_ai.system")
    event.model = _text(own, "gen_ai.request.model", "gen_ai.response.model")
    answered = _text(own, "gen_ai.response.model")
    event.model_version = answered if answered != event.model else ""
    event.resource, event.resource_type = event.model, "model" if event.model else ""
    event.request_uid = _text(own, "gen_ai.response.id") or event.request_uid
    event.prompt_tokens = _number(own, "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")
    event.completion_tokens = _number(own, "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens")
    if not event.actor_user:
        event.actor_user, event.actor_type = service, "service" if service else ""
    if event.status_id is Status.UNKNOWN:
        event.status_id = Status.SUCCESS


def _status(told: _Told) -> Status:
    own = told.attributes
    answered = _number(own, "http.response.status_code", "http.status_code")
    if told.status_code == _ERROR or answered >= _REFUSED or _text(own, "error.type", "exception.type"):
        return Status.FAILURE
    return Status.SUCCESS if answered else Status.UNKNOWN


def _message(told: _Told) -> str:
    body = told.body
    if isinstance(body, str):
        return body
    if body is not None:
        return _encode(body).decode()
    return _text(told.attributes, "exception.message") or told.event_name or told.span


def _text(said: Mapping[str, Any], *names: str) -> str:
    """The first of some attributes that is told, as text."""
    for name in names:
        value = said.get(name)
        if value is None or value == "":
            continue
        if isinstance(value, str):
            return value
        if isinstance(value, (int, float)):
            return str(value)
    return ""


def _number(said: Mapping[str, Any], *names: str) -> int:
    """The first of some attributes that is a count."""
    for name in names:
        value = said.get(name)
        if isinstance(value, int) and 0 < value < 1 << 63:
            return int(value)
    return 0


def _port(said: Mapping[str, Any], name: str) -> int:
    port = _number(said, name)
    return port if port <= _LAST_PORT else 0
