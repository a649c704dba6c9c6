"""Events that hold to the schema of OCSF: its attributes, types, enumerations and constraints."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from garrison.findings.baseline import Baseline, Entry
from garrison.findings.result import Result
from garrison.report import View, form
from garrison.scan.config import Settings
from garrison.scan.scan import scan


def events(result: Result) -> list[dict[str, Any]]:
    text = "".join(form("ocsf").render(result, View(time_ms=1_795_000_000_000)))
    return [json.loads(line) for line in text.splitlines()]


def test_an_event(few: Result) -> None:
    assert events(few)[0] == snapshot(
        {
            "time": 1795000000000,
            "category_uid": 2,
            "category_name": "Findings",
            "class_uid": 2003,
            "class_name": "Compliance Finding",
            "activity_id": 1,
            "activity_name": "Create",
            "type_uid": 200301,
            "type_name": "Compliance Finding: Create",
            "severity_id": 5,
            "severity": "Critical",
            "status_id": 1,
            "status": "New",
            "metadata": {
                "version": "1.5.0",
                "product": {
                    "name": "Garrison",
                    "vendor_name": "Garrison",
                    "version": "0.1.0",
                    "feature": {"name": "scan"},
                },
                "profiles": ["cloud"],
            },
            "message": "Anybody on the internet can read the bucket: fraud-training-data, anybody can read its objects",
            "confidence_id": 3,
            "confidence": "High",
            "finding_info": {
                "uid": "3091d4c86ad610bb",
                "title": "Anybody on the internet can read the bucket",
                "desc": "training data, features and model files are copied by whoever finds the name; what was learnt from can then be studied, and models rebuilt or evaded at leisure.",
                "analytic": {
                    "uid": "bucket-public",
                    "name": "Anybody on the internet can read the bucket",
                    "type_id": 1,
                    "type": "Rule",
                    "category": "cloud",
                },
                "attacks": [{"technique": {"uid": "AML.T0035", "name": "AI Artifact Collection"}, "version": "5.6.0"}],
            },
            "compliance": {
                "control": "bucket-public",
                "desc": "Anybody on the internet can read the bucket",
                "standards": [
                    "MITRE ATLAS 5.6.0",
                    "NIST SP 800-53 Rev. 5",
                    "AWS Foundational Security Best Practices",
                    "CIS AWS Foundations Benchmark 6.0",
                    "OWASP Machine Learning Security Top 10 (2023)",
                ],
                "requirements": [
                    "MITRE ATLAS 5.6.0 AML.T0035",
                    "NIST SP 800-53 Rev. 5 AC-3",
                    "AWS Foundational Security Best Practices S3.2",
                    "CIS AWS Foundations Benchmark 6.0 3.1.4",
                    "OWASP Machine Learning Security Top 10 (2023) ML05",
                ],
                "status_id": 3,
                "status": "Fail",
                "status_details": ["anybody can read its objects"],
            },
            "resources": [{"uid": "infra:aws_s3_bucket.training", "name": "fraud-training-data", "type": "Bucket"}],
            "remediation": {"desc": "grant access to named roles only, and block public access."},
            "evidences": [
                {
                    "file": {"name": "main.tf", "path": "infra/main.tf", "type_id": 1, "type": "Regular File"},
                    "data": {"line": 11, "column": 12, "note": ""},
                },
                {
                    "file": {"name": "main.tf", "path": "infra/main.tf", "type_id": 1, "type": "Regular File"},
                    "data": {
                        "line": 5,
                        "column": 1,
                        "note": "no public access block is said; only buckets made since April 2023 have one by themselves",
                    },
                },
            ],
            "cloud": {"provider": "AWS"},
            "unmapped": {
                "risk": 70.4,
                "reasons": ["reachable from the internet", 'holds training data (its name says "fraud-training-data")'],
                "pillar": "cloud",
                "about_ml": False,
            },
        }
    )


def test_states(project: Path, monkeypatch: pytest.MonkeyPatch, few: Result) -> None:
    known = few.findings[0]
    gone = Entry("0123456789abcdef", "bucket-public", "infra:aws_s3_bucket.gone", "critical", "infra/main.tf")
    entries = (Entry(known.fingerprint, known.check.id, known.asset.address), gone)
    ids = frozenset(c.id for c in few.checks)
    result = scan([Path()], Settings(checks=ids, baseline=Baseline(1, entries)))
    told = [(e["activity_name"], e["status"], e["compliance"].get("status"), e["severity"]) for e in events(result)]
    assert told == snapshot(
        [
            ("Create", "New", "Fail", "High"),
            ("Create", "Known", "Fail", "Critical"),
            ("Create", "New", "Unknown", "Informational"),
            ("Create", "Suppressed", "Fail", "Critical"),
            ("Close", "Resolved", None, "Critical"),
        ]
    )


def test_undecided_alarms_nobody(few: Result) -> None:
    undecided = next(e for e in events(few) if e["compliance"]["status"] == "Unknown")
    assert undecided["severity"] == "Informational"
    assert "decided by var.team" in undecided["compliance"]["status_details"]


def test_they_hold_to_the_schema(result: Result, hostile: Result, ocsf_faults: Callable[[Any], list[str]]) -> None:
    result.mended = [Entry("0123456789abcdef", "bucket-public", "infra:aws_s3_bucket.gone", "critical")]
    seen = [*events(result), *events(hostile)]
    assert len(seen) > 30
    for event in seen:
        assert ocsf_faults(event) == []
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("finding_info", "uid"), None, "finding_info.uid is missing"),
        (("severity_id",), 9, "severity_id is 9"),
        (("severity_id",), "4", "severity_id is '4'"),
        (("compliance", "outcome"), "Fail", "compliance.outcome is not in the schema"),
        (("resources",), {"uid": "x"}, "resources is no list"),
        (("evidences",), [{"name": "x"}], "evidences has none of"),
        (("cloud",), {"provider": "AWS"}, "cloud is of the profile cloud"),
    ],
)
def test_the_test_sees_faults(
    few: Result, ocsf_faults: Callable[[Any], list[str]], path: tuple[str, ...], value: Any, said: str
) -> None:
    event = next(e for e in events(few) if "cloud" not in e)
    holder = event
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    if value is None:
        del holder[path[-1]]
    assert any(said in fault for fault in ocsf_faults(event))
