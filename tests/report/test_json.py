"""The JSON report holds what its schema says, and every fact of a result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import garrison.report
from garrison.findings.result import Result
from garrison.report import View, form

SCHEMA = json.loads(Path(garrison.report.__path__[0], "schema.json").read_text("utf8"))


@pytest.fixture
def report(result: Result) -> dict[str, Any]:
    said: dict[str, Any] = json.loads("".join(form("json").render(result, View())))
    return said


def test_it_holds_to_the_schema(report: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(report)


def test_the_schema_refuses_what_is_missing(report: dict[str, Any]) -> None:
    del report["findings"][0]["fingerprint"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(report)


def test_a_finding_says_where_and_why(report: dict[str, Any]) -> None:
    found = next(f for f in report["findings"] if f["check"] == "bucket-public")
    assert found["asset"]["address"] == "infra:aws_s3_bucket.training"
    assert found["evidence"][0]["path"] == "infra/main.tf"
    assert {e["line"] for e in found["evidence"]} >= {11}
    assert "reachable from the internet" in found["risk"]["reasons"]
    assert found["fingerprint"] in report["entries"][0]["findings"]


def test_what_is_undecided_names_who_decides(report: dict[str, Any]) -> None:
    found = next(f for f in report["undecided"] if f["check"] == "notebook-direct-internet")
    assert found["decided_by"] == ["var.team"]


def test_what_is_ignored_gives_its_reason(report: dict[str, Any]) -> None:
    found = next(f for f in report["ignored"] if f["check"] == "bucket-public")
    assert found["ignore"]["reason"] == "the data set is published"
    assert found["ignore"]["place"]["line"] == 21


def test_problems_notes_and_exit_code(report: dict[str, Any]) -> None:
    assert report["problems"][0]["path"] == "k8s/broken.yaml"
    assert report["problems"][0]["line"] > 0
    assert {"path": "main.bicep", "message": "Bicep is not read"} in report["notes"]
    assert report["exit_code"] == 3


def test_it_is_the_same_every_time(result: Result) -> None:
    assert list(form("json").render(result, View())) == list(form("json").render(result, View()))
