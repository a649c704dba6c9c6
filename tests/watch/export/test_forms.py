"""What events become: every field of ECS that is written is one, and CEF and OTLP are read back."""

from __future__ import annotations

import re

import msgspec
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from tests.events.mappers.test_lines import LINES

from garrison.events.ecs import to_ecs, to_fields
from garrison.events.event import Class, Event
from garrison.events.mappers import mapped, mapper
from garrison.watch.export.form import FORMS, Form
from garrison.watch.export.kinds.otlp import request

# Of https://www.elastic.co/docs/reference/ecs (8.17), those that are used here; gen_ai is of 9.
FIELDS = """
  @timestamp message ecs.version event.id event.kind event.category event.type event.action event.outcome event.reason event.provider
  event.dataset event.duration event.severity event.original user.name user.id user.roles user_agent.original source.address source.ip
  source.domain source.port destination.address destination.ip destination.domain destination.port related.user related.ip
  cloud.provider cloud.account.id cloud.region host.name container.name container.image.name orchestrator.namespace
  orchestrator.resource.name process.name process.pid process.command_line file.path service.name http.request.method http.request.id
  http.request.bytes http.response.status_code http.response.bytes url.path gen_ai.request.model gen_ai.usage.input_tokens
  gen_ai.usage.output_tokens
"""
TYPES = """
  access admin allowed change connection creation deletion denied device end error group info installation protocol start user
"""


@pytest.mark.parametrize("name", sorted(LINES))
def test_a_document_of_ecs_holds_fields_that_there_are(name: str) -> None:
    event = mapped(mapper(name), LINES[name])
    made = to_fields(event)
    assert {field for field in made if not field.startswith("labels.")} <= set(FIELDS.split())
    assert set(made["event.type"]) <= set(TYPES.split())
    assert made["@timestamp"].endswith("Z")
    document = to_ecs(event)
    assert document["event"]["original"] == LINES[name].decode()
    assert document["event"]["outcome"] in ("success", "failure", "unknown")
    assert msgspec.json.decode(FORMS[Form.ECS](event)) == document


def test_an_inference_in_ecs() -> None:
    event = mapped(mapper("garrison-gateway"), LINES["garrison-gateway"])
    made = to_ecs(event)
    assert made["gen_ai"] == {"request": {"model": "fraud"}}
    assert made["event"]["type"] == ["change", "denied"]
    assert made["user"] == {"name": "scoring-job", "roles": ["service"]}
    assert made["source"] == {"address": "10.0.0.9", "ip": "10.0.0.9"}


@pytest.mark.parametrize("name", sorted(LINES))
def test_cef_is_one_line_with_all_of_its_parts(name: str) -> None:
    line = FORMS[Form.CEF](mapped(mapper(name), LINES[name])).decode()
    assert "\n" not in line
    assert line.startswith("CEF:0|Garrison|")
    assert len(re.split(r"(?<!\\)\|", line, maxsplit=7)) == 8


def test_what_a_stranger_writes_makes_no_line_and_no_field_of_its_own() -> None:
    event = Event(time_us=0, class_uid=Class.API, api_operation="a|b\nCEF:0|x", actor_user="ann src=1.2.3.4\r\nx")
    line = FORMS[Form.CEF](event).decode()
    assert "\n" not in line
    assert "\\|" in line
    assert "src\\=1.2.3.4" in line


@pytest.mark.parametrize("name", sorted(LINES))
def test_otlp_tells_the_same(name: str) -> None:
    event = mapped(mapper(name), LINES[name])
    said = ExportLogsServiceRequest.FromString(request([event, event]))
    (resource,) = said.resource_logs
    first, second = resource.scope_logs[0].log_records
    assert first == second
    assert first.time_unix_nano == event.time_us * 1000
    told = {a.key: a.value.string_value or a.value.int_value for a in first.attributes}
    assert told["event.id"] == event.uid
    assert first.body.string_value == (event.message or event.raw.decode())
    assert {a.key: a.value.string_value for a in resource.resource.attributes}["service.name"] == event.product
