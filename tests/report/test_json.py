"""The JSON report holds what its schema says, and every fact of a result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from inline_snapshot import snapshot

import garrison.report
from garrison.checks.frameworks import framework
from garrison.findings.result import Result
from garrison.reach.path import Paths
from garrison.report import View, form
from garrison.scan.config import Settings
from garrison.scan.scan import scan

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


def test_paths_are_told_whole(few: Result, paths: Paths) -> None:
    few.paths, few.since = paths, "main"
    report = json.loads("".join(form("json").render(few, View())))
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    assert report["since"] == "main"
    assert report["paths"] == snapshot(
        {
            "total": 9,
            "found": [
                {
                    "entry": "the internet",
                    "jewel": "training data",
                    "sure": True,
                    "score": 90.0,
                    "hops": [
                        {
                            "start": None,
                            "end": "k8s:Deployment/serving/scorer",
                            "medium": "network",
                            "words": "reaches",
                            "place": {
                                "path": "k8s/scorer.yaml",
                                "line": 10,
                                "column": 5,
                                "end_line": 20,
                                "end_column": 29,
                            },
                            "note": "",
                        },
                        {
                            "start": "k8s:Deployment/serving/scorer",
                            "end": "infra:aws_s3_bucket.training",
                            "medium": "identity",
                            "words": "reads",
                            "place": {"path": "infra/main.tf", "line": 5, "column": 1, "end_line": 7, "end_column": 2},
                            "note": "",
                        },
                    ],
                },
                {
                    "entry": "the internet",
                    "jewel": "training data",
                    "sure": False,
                    "score": 80.0,
                    "hops": [
                        {
                            "start": None,
                            "end": "infra:aws_s3_bucket.training",
                            "medium": "network",
                            "words": "reads",
                            "place": None,
                            "note": "an open bucket is read by anybody",
                        }
                    ],
                },
            ],
            "cuts": [
                {
                    "cuts": 7,
                    "hop": {
                        "start": "k8s:Deployment/serving/scorer",
                        "end": "infra:aws_s3_bucket.training",
                        "medium": "identity",
                        "words": "reads",
                        "place": {"path": "infra/main.tf", "line": 5, "column": 1, "end_line": 7, "end_column": 2},
                        "note": "",
                    },
                },
                {
                    "cuts": 1,
                    "hop": {
                        "start": None,
                        "end": "infra:aws_s3_bucket.training",
                        "medium": "network",
                        "words": "reads",
                        "place": None,
                        "note": "an open bucket is read by anybody",
                    },
                },
            ],
            "notes": ["every listener is taken for reachable"],
        }
    )


def test_controls_of_a_framework(project: Path, few: Result) -> None:
    asked = Settings(framework=framework("OWASP-ML"), checks=frozenset(c.id for c in few.checks))
    report = json.loads("".join(form("json").render(scan([Path()], asked), View())))
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    assert report["compliance"] == snapshot(
        {
            "framework": {
                "key": "OWASP-ML",
                "title": "OWASP Machine Learning Security Top 10 (2023)",
                "url": "https://owasp.org/www-project-machine-learning-security-top-10/",
                "provider": "",
            },
            "limits": "Only what Garrison's checks see in these files: a control that passes here is not thereby fulfilled.",
            "counts": {"failed": 1, "undecided": 0, "ignored": 0, "passed": 0, "not judged": 0},
            "controls": [
                {
                    "id": "ML05",
                    "name": "Model Theft",
                    "state": "failed",
                    "failed": 1,
                    "undecided": 0,
                    "ignored": 1,
                    "passed": 0,
                    "not_judged": 0,
                    "checks": ["bucket-public"],
                    "failing": ["bucket-public"],
                }
            ],
        }
    )


def test_it_is_the_same_every_time(result: Result) -> None:
    assert list(form("json").render(result, View())) == list(form("json").render(result, View()))
