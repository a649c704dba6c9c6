"""OpenTelemetry over HTTP: log records, events of spans and uses of models, as Protobuf or JSON.

"OTLP/HTTP" of the OpenTelemetry protocol specification 1.x: 200 says that all is on the disk; `partial_success` tells how much of it is in
the quarantine; 429 and 503 ask to try again, all else not to. Told twice, a request is the same events: a record has no name of its own, so
that it has that of its sender, the digest of its request and its number.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from garrison.events import otlp
from garrison.events.mappers import mapper
from garrison.watch.receive.body import Budget, RefusedError, pieces
from garrison.watch.receive.input import Around, Line, Source
from garrison.watch.receive.lines import AT_ONCE
from garrison.watch.receive.listen import Listen, hold_listener
from garrison.watch.receive.web import answer
from garrison.watch.receive.web import serve as serve_web

if TYPE_CHECKING:
    from aiohttp import web
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

TYPE = "otlp"

_JSON, _PROTOBUF = "application/json", "application/x-protobuf"
_HELD_BYTES = 256 << 20  # of requests
_Decode = Callable[[bytes], Iterable[bytes]]


class Settings(Listen, frozen=True, kw_only=True, tag=TYPE, forbid_unknown_fields=True, rename="kebab"):
    """`type = "otlp"`."""

    most_mb: Annotated[int, msgspec.Meta(gt=0, le=1024)] = (
        64  # of a request, unpacked: what the specification recommends
    )


hold = hold_listener


async def serve(settings: Settings, around: Around) -> None:
    """See `Input`."""
    source, budget, most_bytes = Source(settings.name, mapper("otlp")), Budget(_HELD_BYTES), settings.most_mb << 20

    async def export(request: web.BaseRequest, sender: str, decode: _Decode, rejected: str) -> web.Response:
        if request.content_type not in (_JSON, _PROTOBUF):
            raise RefusedError(415, f"Content-Type may be {_PROTOBUF} or {_JSON}")
        async with budget.whole(pieces(request, most_bytes)) as data:
            read = otlp.lines if request.content_type == _JSON else decode
            try:
                found = await asyncio.to_thread(_lines, read, data, sender)
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                raise RefusedError(400, f"this is no request of OTLP: {error}") from error
            events = 0
            for at in range(0, len(found), AT_ONCE):
                events += await around.intake.take(source, found[at : at + AT_ONCE])
        return _done(request.content_type, rejected, len(found) - events)

    async def logs(request: web.BaseRequest, sender: str) -> web.Response:
        return await export(request, sender, _logs, "rejectedLogRecords")

    async def traces(request: web.BaseRequest, sender: str) -> web.Response:
        return await export(request, sender, _traces, "rejectedSpans")

    await serve_web(settings, around, {"/v1/logs": logs, "/v1/traces": traces}, _failed)


def _lines(read: _Decode, data: bytes, sender: str) -> list[Line]:
    key = hashlib.blake2b(data, digest_size=16).hexdigest()
    return [Line(line, (sender, key, number)) for number, line in enumerate(read(data))]


def _done(kind: str, rejected: str, count: int) -> web.Response:
    """An Export...ServiceResponse."""
    from aiohttp import web

    why = "what cannot be kept as events is in the quarantine" if count else ""
    if kind == _JSON:
        return answer({"partialSuccess": {rejected: str(count), "errorMessage": why}} if count else {})
    partial = b"\x08" + _varint(count) + _field(2, why.encode()) if count else b""
    return web.Response(body=_field(1, partial) if count else b"", content_type=_PROTOBUF)


def _failed(request: web.BaseRequest, status: int, message: str) -> web.Response:
    """A google.rpc.Status."""
    from aiohttp import web

    if request.content_type == _JSON:
        return answer({"message": message}, status)
    return web.Response(status=status, body=_field(2, message.encode()), content_type=_PROTOBUF)


def _field(number: int, data: bytes) -> bytes:
    """A field of bytes ("Encoding", Protocol Buffers documentation)."""
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits a byte
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def _parsed(message: Any, data: bytes) -> Any:
    """Raises ValueError."""
    from google.protobuf.message import DecodeError

    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise ValueError(str(error)) from error
    return message


def _logs(data: bytes) -> Iterator[bytes]:
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    for logs in _parsed(ExportLogsServiceRequest(), data).resource_logs:
        resource = _fields(logs.resource.attributes)
        for scoped in logs.scope_logs:
            start = otlp.begun(resource, _scope(scoped.scope))
            for record in scoped.log_records:
                yield otlp.ended(start, _record(record))


def _traces(data: bytes) -> Iterator[bytes]:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    for spans in _parsed(ExportTraceServiceRequest(), data).resource_spans:
        resource = _fields(spans.resource.attributes)
        for scoped in spans.scope_spans:
            start = otlp.begun(resource, _scope(scoped.scope))
            for said in itertools.chain.from_iterable(map(_span, scoped.spans)):
                yield otlp.ended(start, said)


def _record(record: LogRecord) -> dict[str, object]:
    return otlp.told(
        timeUnixNano=record.time_unix_nano,
        observedTimeUnixNano=record.observed_time_unix_nano,
        severityNumber=record.severity_number,
        severityText=record.severity_text,
        body=_plain(record.body),
        attributes=_fields(record.attributes),
        eventName=record.event_name,
        traceId=record.trace_id.hex(),
        spanId=record.span_id.hex(),
    )


def _span(span: Span) -> Iterator[dict[str, object]]:
    ids = {"traceId": span.trace_id.hex(), "spanId": span.span_id.hex()}
    attributes = _fields(span.attributes)
    if otlp.is_inference(attributes):
        yield otlp.told(
            timeUnixNano=span.start_time_unix_nano,
            endTimeUnixNano=span.end_time_unix_nano,
            span=span.name,
            attributes=attributes,
            statusCode=span.status.code,
            statusMessage=span.status.message,
            **ids,
        )
    for event in span.events:
        yield otlp.told(
            timeUnixNano=event.time_unix_nano, eventName=event.name, attributes=_fields(event.attributes), **ids
        )


def _scope(scope: InstrumentationScope) -> dict[str, object]:
    return otlp.told(name=scope.name, version=scope.version, attributes=_fields(scope.attributes))


def _fields(said: Iterable[KeyValue]) -> dict[str, object]:
    return {field.key: _plain(field.value) for field in said}


def _plain(value: AnyValue) -> object:
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    found: Any = getattr(value, kind)
    if kind == "double_value":
        return found if math.isfinite(found) else str(found)
    if kind == "array_value":
        return [_plain(item) for item in found.values]
    return _fields(found.values) if kind == "kvlist_value" else found
