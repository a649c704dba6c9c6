"""OpenTelemetry log records (OTLP 1.x over HTTP, protobuf): a resource for each product, attributes by their common names."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from garrison import __version__
from garrison.errors import ConfigError
from garrison.events.ecs import to_fields
from garrison.events.event import Event, Severity
from garrison.watch.export.destination import Destination
from garrison.watch.sending.http import hold_address, post
from garrison.watch.sending.secret import Beside, secret, trust
from garrison.watch.sending.signing import named

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import KeyValue
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

# SeverityNumber of opentelemetry/proto/logs/v1/logs.proto.
_SEVERITY = {
    Severity.UNKNOWN: 0, Severity.INFORMATIONAL: 9, Severity.LOW: 10, Severity.MEDIUM: 13, Severity.HIGH: 17, Severity.CRITICAL: 21,
}  # fmt: skip
_ELSEWHERE = ("@timestamp", "message", "event.original", "event.severity", "ecs.version")


class Settings(Destination, frozen=True, kw_only=True, tag_field="type", tag="otlp"):
    """`type = "otlp"`."""

    url: Annotated[str, Meta(min_length=1, description="https://collector.example.com:4318/v1/logs")]
    ca: Annotated[str, Meta(description="PEM file: who signs its certificate; the system's if empty.")] = ""
    headers: Annotated[dict[str, str], Meta(description="Names of headers, and the variables that hold them.")] = (
        msgspec.field(default_factory=dict)
    )


def hold(settings: Settings, beside: Beside) -> None:
    """An address, headers that are there, certificates."""
    hold_address(f"export {settings.name}", settings.url)
    _headers(settings, beside)
    trust(settings.ca, beside)


def send(settings: Settings, batch: str, events: Sequence[Event], beside: Beside) -> None:
    """One request."""
    headers = _headers(settings, beside)
    headers |= {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip", **named(batch)}
    body, who = gzip.compress(request(events), 1, mtime=0), f"export {settings.name}"
    post(who, settings.url, body, headers, ca=settings.ca, beside=beside, timeout_s=settings.timeout_s)


def request(events: Sequence[Event]) -> bytes:
    """An `ExportLogsServiceRequest`."""
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    made = ExportLogsServiceRequest()
    by_product: dict[tuple[str, str], list[Event]] = {}
    for event in events:
        by_product.setdefault((event.product, event.host), []).append(event)
    for (product, host), several in by_product.items():
        resource = made.resource_logs.add()
        resource.resource.attributes.extend(_attributes({"service.name": product or "unknown", "host.name": host}))
        scope = resource.scope_logs.add()
        scope.scope.name, scope.scope.version = "garrison", __version__
        scope.log_records.extend(_record(event) for event in several)
    return bytes(made.SerializeToString())


def _headers(settings: Settings, beside: Beside) -> dict[str, str]:
    found = {
        name: secret("", variable, beside, f"export {settings.name}: {name}")
        for name, variable in settings.headers.items()
    }
    if any("\n" in value or "\r" in value for value in found.values()):
        raise ConfigError(f"export {settings.name}: a header has several lines", hint="set the variable anew")
    return found


def _record(event: Event) -> LogRecord:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

    told = {name: value for name, value in to_fields(event).items() if name not in _ELSEWHERE}
    return LogRecord(
        time_unix_nano=max(event.time_us, 0) * 1000,
        observed_time_unix_nano=max(event.time_us, 0) * 1000,
        severity_number=_SEVERITY[event.severity_id],  # type: ignore[arg-type]
        severity_text=event.severity_id.name,
        body=AnyValue(string_value=event.message or event.raw.decode("utf-8", "replace")),
        attributes=list(_attributes(told)),
    )


def _attributes(told: dict[str, Any]) -> Iterator[KeyValue]:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue

    for name, value in told.items():
        if value in ("", 0, None, []):
            continue
        if isinstance(value, list):
            made = AnyValue(array_value=ArrayValue(values=[AnyValue(string_value=str(one)) for one in value]))
        else:
            made = AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=str(value))
        yield KeyValue(key=name, value=made)
