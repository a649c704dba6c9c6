"""OpenTelemetry's own SDK sends; what it is told is what the specification says."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from tests.watch.receive.conftest import Kept, serving

from garrison.events.event import Class, Severity, Status
from garrison.watch.receive.inputs import otlp

PROTOBUF, JSON = "application/x-protobuf", "application/json"
RESOURCE = Resource({"service.name": "scoring", "host.name": "gpu-1"})


def post(port: int, data: bytes, kind: str, path: str = "/v1/logs") -> tuple[int, bytes, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, {"Content-Type": kind}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=20) as said:
            return said.status, said.read(), said.headers["Content-Type"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers["Content-Type"]


def request_of(*bodies: str) -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    logs = request.resource_logs.add()
    logs.resource.attributes.add(key="service.name").value.string_value = "scoring"
    scoped = logs.scope_logs.add()
    scoped.scope.name = "lib"
    for number, body in enumerate(bodies):
        record = scoped.log_records.add(time_unix_nano=1_795_515_072_000_000_000 + number, severity_number=13)
        record.trace_id, record.span_id = bytes(range(16)), bytes(range(8))
        record.body.string_value = body
        record.attributes.add(key="n").value.int_value = 1 << 60
        held = record.attributes.add(key="held").value.kvlist_value.values.add(key="x").value.array_value
        held.values.add().double_value = 0.5
        held.values.add().double_value = float("inf")
        held.values.add().bool_value = False
        held.values.add().bytes_value = b"\1"
    return request


AS_JSON: dict[str, Any] = {
    "resourceLogs": [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "scoring"}}]},
            "scopeLogs": [
                {
                    "scope": {"name": "lib"},
                    "logRecords": [
                        {
                            "timeUnixNano": "1795515072000000000",
                            "severityNumber": 13,
                            "traceId": "000102030405060708090A0B0C0D0E0F",
                            "spanId": "0001020304050607",
                            "body": {"stringValue": "hello"},
                            "attributes": [
                                {"key": "n", "value": {"intValue": str(1 << 60)}},
                                {"key": "held", "value": {"kvlistValue": {"values": [{"key": "x", "value": {"arrayValue": {"values": [{"doubleValue": 0.5}, {"doubleValue": "Infinity"}, {"boolValue": False}, {"bytesValue": "AQ=="}]}}}]}}},
                            ],
                            "aFieldOfTomorrow": 1,
                        }
                    ],
                }
            ],
        }
    ]
}  # fmt: skip


@pytest.mark.parametrize("compression", Compression)
def test_log_records_of_the_sdk(kept: Kept, compression: Compression) -> None:
    with serving(otlp, kept.around) as port:
        exporter = OTLPLogExporter(f"http://127.0.0.1:{port}/v1/logs", compression=compression)
        provider = LoggerProvider(RESOURCE)
        provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
        logger = provider.get_logger("training")
        for number in range(1200):
            logger.emit(
                severity_number=SeverityNumber.WARN,
                body=f"epoch {number}",
                attributes={"user.id": "ann"},
                timestamp=number,
            )
        logger.emit(severity_number=SeverityNumber.ERROR, body="training failed", exception=KeyError("loss"))
        assert provider.force_flush(20_000)
        provider.shutdown()
    events = kept.events()
    assert [event.message for event in events[:-1]] == [f"epoch {number}" for number in range(1200)]
    assert len({event.uid for event in events}) == 1201
    first, last = events[0], events[-1]
    assert (first.host, first.resource, first.actor_user, first.log_name) == ("gpu-1", "scoring", "ann", "here")
    assert (first.severity_id, last.severity_id) == (Severity.MEDIUM, Severity.HIGH)
    assert (last.message, last.status_id, last.status_detail) == ("training failed", Status.FAILURE, "KeyError")


def test_spans_of_the_sdk(kept: Kept) -> None:
    with serving(otlp, kept.around) as port:
        provider = TracerProvider(resource=RESOURCE)
        provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"http://127.0.0.1:{port}/v1/traces")))
        tracer = provider.get_tracer("test")
        with tracer.start_as_current_span("a query of a database"):
            pass
        with tracer.start_as_current_span("chat gpt-4o") as span:
            span.set_attributes(
                {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.request.model": "gpt-4o",
                    "gen_ai.usage.input_tokens": 12,
                    "gen_ai.usage.output_tokens": 30,
                }
            )
            span.add_event("moderated", {"flagged": True})
        provider.shutdown()
    inference, event = kept.events()
    assert (inference.class_uid, inference.model, inference.actor_user) == (Class.API, "gpt-4o", "scoring")
    assert (inference.prompt_tokens, inference.completion_tokens) == (12, 30)
    assert (event.class_uid, event.message, event.request_uid) == (Class.BASE, "moderated", inference.request_uid)


def test_json_and_protobuf_tell_the_same(kept: Kept) -> None:
    with serving(otlp, kept.around) as port:
        assert post(port, json.dumps(AS_JSON).encode(), JSON) == (200, b"{}", JSON)
        assert post(port, request_of("hello").SerializeToString(), PROTOBUF) == (200, b"", PROTOBUF)
    one, other = kept.events()
    assert one.raw == other.raw


def test_a_request_that_is_sent_again_doubles_nothing(kept: Kept) -> None:
    data = request_of("hello", "hello").SerializeToString()
    with serving(otlp, kept.around) as port:
        post(port, data, PROTOBUF)
        post(port, data, PROTOBUF)
    uids = [event.uid for event in kept.events()]
    assert uids[:2] == uids[2:]
    assert len(set(uids)) == 2


def test_partial_success(kept: Kept) -> None:
    with serving(otlp, kept.around) as port:
        status, body, _ = post(port, request_of("hello", "x" * (1 << 20)).SerializeToString(), PROTOBUF)
        partial = ExportLogsServiceResponse.FromString(body).partial_success
        assert (status, partial.rejected_log_records) == (200, 1)
        assert "quarantine" in partial.error_message
        long = json.loads(json.dumps(AS_JSON).replace('"hello"', f'"{"x" * (1 << 20)}"'))
        _, body, _ = post(port, json.dumps(long).encode(), JSON)
        assert json.loads(body)["partialSuccess"]["rejectedLogRecords"] == "1"
    assert len(kept.strange) == 2


@pytest.mark.parametrize(
    ("data", "kind", "path", "status"),
    [
        (b"\xff\xff", PROTOBUF, "/v1/logs", 400),
        (b'{"resourceLogs":7}', JSON, "/v1/logs", 400),
        (b'{"resourceLogs":' + b"[" * 100_000, JSON, "/v1/logs", 400),
        (b"", "text/plain", "/v1/logs", 415),
        (b"", PROTOBUF, "/v1/metrics", 404),
        (b"x" * (1 << 20) + b"x", PROTOBUF, "/v1/traces", 413),
    ],
)
def test_what_is_no_request(kept: Kept, data: bytes, kind: str, path: str, status: int) -> None:
    with serving(otlp, kept.around, **{"most-mb": 1}) as port:
        found, body, said = post(port, data, kind, path)
    assert found == status
    if said == JSON:
        assert json.loads(body)["message"]
    else:
        assert body[0] == 0x12  # google.rpc.Status.message


def test_nothing_to_tell_is_a_success(kept: Kept) -> None:
    with serving(otlp, kept.around) as port:
        assert post(port, ExportTraceServiceRequest().SerializeToString(), PROTOBUF, "/v1/traces")[0] == 200
        assert post(port, b"{}", JSON) == (200, b"{}", JSON)


def test_a_spool_that_is_full_asks_to_try_again(tmp_path: Path) -> None:
    kept = Kept(tmp_path, max_bytes=1000)
    with serving(otlp, kept.around) as port:
        assert post(port, request_of("hello" * 300).SerializeToString(), PROTOBUF)[0] == 503
    kept.close()
