"""Messages of OTLP as lines: one log record, event of a span, or span each, with its resource and scope.

    {"resource": {"service.name": "scoring"}, "scope": {"name": "openai"}, "record": {"timeUnixNano": 1, "body": "...", "attributes": {...}}}

Values stand as plain JSON, so that a line is the same whether it came as Protobuf or as JSON. Fields: opentelemetry-proto, logs.proto,
trace.proto and common.proto; their JSON: "JSON Protobuf Encoding" of the OTLP specification. A span is told where it is a use of a model
(its attributes begin with `gen_ai.`); of others only their events are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

import msgspec

_Number = int | str  # 64 bits are written as text
_encode = msgspec.json.Encoder().encode


class _List(msgspec.Struct):
    values: list[_Value] | None = None


class _Fields(msgspec.Struct):
    values: list[_Field] | None = None


class _Value(msgspec.Struct, rename="camel"):
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: _Number | None = None
    double_value: float | str | None = None
    array_value: _List | None = None
    kvlist_value: _Fields | None = None
    bytes_value: str | None = None


class _Field(msgspec.Struct):
    key: str = ""
    value: _Value | None = None


class _Resource(msgspec.Struct):
    attributes: list[_Field] | None = None


class _Scope(msgspec.Struct):
    name: str = ""
    version: str = ""
    attributes: list[_Field] | None = None


class _Record(msgspec.Struct, rename="camel"):
    time_unix_nano: _Number = 0
    observed_time_unix_nano: _Number = 0
    severity_number: int = 0
    severity_text: str = ""
    body: _Value | None = None
    attributes: list[_Field] | None = None
    trace_id: str = ""
    span_id: str = ""
    event_name: str = ""


class _SpanEvent(msgspec.Struct, rename="camel"):
    time_unix_nano: _Number = 0
    name: str = ""
    attributes: list[_Field] | None = None


class _Status(msgspec.Struct):
    code: int = 0
    message: str = ""


class _Span(msgspec.Struct, rename="camel"):
    trace_id: str = ""
    span_id: str = ""
    name: str = ""
    start_time_unix_nano: _Number = 0
    end_time_unix_nano: _Number = 0
    attributes: list[_Field] | None = None
    events: list[_SpanEvent] | None = None
    status: _Status | None = None


class _ScopeLogs(msgspec.Struct, rename="camel"):
    scope: _Scope | None = None
    log_records: list[_Record] | None = None


class _ResourceLogs(msgspec.Struct, rename="camel"):
    resource: _Resource | None = None
    scope_logs: list[_ScopeLogs] | None = None


class _ScopeSpans(msgspec.Struct):
    scope: _Scope | None = None
    spans: list[_Span] | None = None


class _ResourceSpans(msgspec.Struct, rename="camel"):
    resource: _Resource | None = None
    scope_spans: list[_ScopeSpans] | None = None


class _Request(msgspec.Struct, rename="camel"):
    resource_logs: list[_ResourceLogs] | None = None
    resource_spans: list[_ResourceSpans] | None = None


_request = msgspec.json.Decoder(_Request).decode


def lines(data: bytes) -> Iterator[bytes]:
    """The lines of a request in JSON, of logs or of traces. Raises MsgspecError, ValueError or RecursionError for one that is none."""
    request = _request(data)
    for logs in request.resource_logs or ():
        for scoped in logs.scope_logs or ():
            start = begun(_attributes(logs.resource), _scope(scoped.scope))
            for record in scoped.log_records or ():
                yield ended(start, _log_record(record))
    for spans in request.resource_spans or ():
        for held in spans.scope_spans or ():
            start = begun(_attributes(spans.resource), _scope(held.scope))
            for span in held.spans or ():
                for said in _of_span(span):
                    yield ended(start, said)


def begun(resource: Mapping[str, object], scope: Mapping[str, object]) -> bytes:
    """How the lines of one resource and scope begin."""
    return _encode({"resource": resource, "scope": scope})[:-1] + b',"record":'


def ended(start: bytes, record: Mapping[str, object]) -> bytes:
    """A whole line."""
    return b"".join((start, _encode(record), b"}"))


def is_inference(attributes: Iterable[str]) -> bool:
    """Whether a span tells of the use of a model."""
    return any(name.startswith("gen_ai.") for name in attributes)


def told(**said: object) -> dict[str, object]:
    """What of a message was told: Protobuf does not tell zero and nothing apart, but in a body."""
    return {name: value for name, value in said.items() if value or (name == "body" and value is not None)}


def _log_record(record: _Record) -> dict[str, object]:
    return told(
        timeUnixNano=_whole(record.time_unix_nano),
        observedTimeUnixNano=_whole(record.observed_time_unix_nano),
        severityNumber=record.severity_number,
        severityText=record.severity_text,
        body=_plain(record.body),
        attributes=_fields(record.attributes),
        eventName=record.event_name,
        traceId=record.trace_id.lower(),
        spanId=record.span_id.lower(),
    )


def _of_span(span: _Span) -> Iterator[dict[str, object]]:
    ids = {"traceId": span.trace_id.lower(), "spanId": span.span_id.lower()}
    attributes = _fields(span.attributes)
    if is_inference(attributes):
        status = span.status or _Status()
        yield told(
            timeUnixNano=_whole(span.start_time_unix_nano),
            endTimeUnixNano=_whole(span.end_time_unix_nano),
            span=span.name,
            attributes=attributes,
            statusCode=status.code,
            statusMessage=status.message,
            **ids,
        )
    for event in span.events or ():
        yield told(
            timeUnixNano=_whole(event.time_unix_nano), eventName=event.name, attributes=_fields(event.attributes), **ids
        )


def _attributes(resource: _Resource | None) -> dict[str, object]:
    return _fields(resource.attributes) if resource else {}


def _scope(scope: _Scope | None) -> dict[str, object]:
    if scope is None:
        return {}
    return told(name=scope.name, version=scope.version, attributes=_fields(scope.attributes))


def _fields(said: list[_Field] | None) -> dict[str, object]:
    return {field.key: _plain(field.value) for field in said or ()}


def _plain(value: _Value | None) -> object:
    if value is None:
        return None
    if value.string_value is not None:
        return value.string_value
    if value.int_value is not None:
        return _whole(value.int_value)
    if value.bool_value is not None:
        return value.bool_value
    if value.double_value is not None:
        number = float(value.double_value)
        return number if math.isfinite(number) else str(number)
    if value.array_value is not None:
        return [_plain(item) for item in value.array_value.values or ()]
    if value.kvlist_value is not None:
        return _fields(value.kvlist_value.values)
    return value.bytes_value


def _whole(said: _Number) -> int:
    """A number of 64 bits. Raises ValueError."""
    if isinstance(said, str):
        if len(said) > 20:  # noqa: PLR2004 - the digits of 2^64, and a sign
            raise ValueError(f"{said[:40]!r} is no number of 64 bits")
        return int(said or 0)
    return said
