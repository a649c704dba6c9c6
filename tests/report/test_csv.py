"""A row for each finding that a spreadsheet shows and does not calculate."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from inline_snapshot import snapshot

from garrison.checks.frameworks import framework
from garrison.findings.result import Result
from garrison.report import View, form
from garrison.scan.config import Settings
from garrison.scan.scan import scan

FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def rows(result: Result) -> list[dict[str, str]]:
    text = "".join(form("csv").render(result, View()))
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_a_row_for_each_finding(few: Result) -> None:
    assert [(r["state"], r["check"], r["asset"], r["path"], r["line"]) for r in rows(few)] == snapshot(
        [
            ("open", "bucket-public", "fraud-training-data", "infra/main.tf", "11"),
            ("open", "container-privileged", "server", "k8s/scorer.yaml", "20"),
            ("ignored", "bucket-public", "published", "infra/main.tf", "24"),
            ("undecided", "notebook-direct-internet", "lab", "infra/main.tf", "18"),
        ]
    )
    assert rows(few)[0] == snapshot(
        {
            "state": "open",
            "severity": "critical",
            "risk": "70.4",
            "check": "bucket-public",
            "title": "Anybody on the internet can read the bucket",
            "asset": "fraud-training-data",
            "kind": "Bucket",
            "provider": "aws",
            "address": "infra:aws_s3_bucket.training",
            "path": "infra/main.tf",
            "line": "11",
            "why": "anybody can read its objects",
            "reasons": 'reachable from the internet; holds training data (its name says "fraud-training-data")',
            "fix": "grant access to named roles only, and block public access.",
            "confidence": "high",
            "pillar": "cloud",
            "controls": "ATLAS:AML.T0035 NIST-800-53:AC-3 AWS-FSBP:S3.2 CIS-AWS-6.0:3.1.4 CIS-GCP-4.0:5.1 CIS-Azure-5.0:9.3.8 OWASP-ML:ML05",
            "decided by": "",
            "fingerprint": "3091d4c86ad610bb",
        }
    )


def test_all_states_are_told(result: Result) -> None:
    told = [r["fingerprint"] for r in rows(result)]
    expected = [f.fingerprint for f in (*result.findings, *(i.finding for i in result.ignored), *result.undecided)]
    assert told == expected


def test_no_cell_is_calculated(hostile: Result) -> None:
    found = rows(hostile)
    assert len(found) == len(hostile.findings) + len(hostile.undecided)
    for row in found:
        assert None not in row, "a name that breaks out of its cell makes one more"
        for cell in row.values():
            assert not cell.lstrip().startswith(FORMULA)
            assert cell.replace("\ufffe", "").replace("\uffff", "").isprintable()
    assert {"'=cmd|' /C calc'!A0", "'+1", "'@SUM(A1)", "'＝1"} <= {row["asset"] for row in found}


def test_a_row_for_each_control_of_a_framework(project: Path, few: Result) -> None:
    asked = Settings(checks=frozenset(c.id for c in few.checks), framework=framework("nist-800-53"))
    assert rows(scan([Path()], asked)) == snapshot(
        [
            {
                "framework": "NIST SP 800-53 Rev. 5",
                "control": "AC-3",
                "name": "Access Enforcement",
                "state": "failed",
                "failed": "1",
                "undecided": "0",
                "ignored": "1",
                "passed": "0",
                "not judged": "0",
                "failing checks": "bucket-public",
            },
            {
                "framework": "NIST SP 800-53 Rev. 5",
                "control": "AC-6",
                "name": "Least Privilege",
                "state": "failed",
                "failed": "1",
                "undecided": "0",
                "ignored": "0",
                "passed": "0",
                "not judged": "0",
                "failing checks": "container-privileged",
            },
            {
                "framework": "NIST SP 800-53 Rev. 5",
                "control": "SC-7",
                "name": "Boundary Protection",
                "state": "undecided",
                "failed": "0",
                "undecided": "1",
                "ignored": "0",
                "passed": "0",
                "not judged": "0",
                "failing checks": "",
            },
        ]
    )


def test_lines_end_as_the_standard_says(few: Result) -> None:
    pieces = list(form("csv").render(few, View()))
    assert all(piece.endswith("\r\n") and piece.count("\n") == 1 for piece in pieces)
