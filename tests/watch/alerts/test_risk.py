"""What an incident's risk is made of, and which findings of a scan belong to an asset."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.watch.alerts.signals import AT, signal

from garrison.errors import ConfigError
from garrison.events.event import Severity
from garrison.watch.alerts.alert import Alert, Verdict, begun
from garrison.watch.alerts.findings import Findings, Found
from garrison.watch.alerts.risk import longest_way, risk
from garrison.watch.alerts.signal import Detector


def alert(number: int = 1, **said: Any) -> Alert:
    return begun(signal(**{"name": f"n{number}", "at": AT + number, **said}), number)


def finding(
    label: str, kind: str = "Bucket", check: str = "bucket-public", score: float = 70.0, address: str = ""
) -> dict[str, Any]:
    place = {"path": "main.tf", "line": 3}
    asset = {"address": address or f".:{label}", "label": label, "kind": kind, "place": place}
    return {
        "check": check, "severity": "critical", "why": "anybody can read it", "asset": asset, "risk": {"score": score},
        "fingerprint": f"{check}/{label}/{kind}",
    }  # fmt: skip


def report(folder: Path, *findings: dict[str, Any]) -> Path:
    path = folder / "scan.json"
    path.write_text(json.dumps({"version": 1, "findings": findings}))
    return path


def test_the_worst_alert_weighs_most() -> None:
    scores = [risk([alert(severity=severity)], ()).score for severity in Severity]
    assert scores == sorted(scores)
    assert risk([alert(severity=Severity.CRITICAL)], ()).score == 70


def test_the_parts_add_up() -> None:
    alerts = [
        alert(1, tags=("attack.initial-access", "attack.t1078")),
        alert(2, detector=Detector.BASELINE, tags=("attack.collection",)),
        alert(3, detector=Detector.EXTRACTION, tags=("attack.exfiltration",)),
        alert(4, detector=Detector.WATCH),
    ]
    found = Found("bucket-public", "critical", "open", 50.0, "fraud", "main.tf:1", "f")
    whole = risk(alerts, [found])
    assert [part.points for part in whole.parts] == [50, 9, 16, 10, 6]
    assert whole.score == sum(part.points for part in whole.parts) == 91
    assert whole.parts[2].why == "seen by a model being copied and baselines and rules"
    assert whole.parts[3].why == "one step after the other: initial-access, collection, exfiltration"


def test_no_more_than_a_hundred() -> None:
    alerts = [alert(n, severity=Severity.CRITICAL, detector=d) for n, d in enumerate(Detector)]
    assert risk(alerts, [Found("c", "critical", "w", 100.0, "a", "p", "f")]).score == 100


def test_what_was_nothing_does_not_count() -> None:
    false = msgspec.structs.replace(alert(1, severity=Severity.CRITICAL), verdict=Verdict.FALSE_ALARM)
    assert risk([false, alert(2, severity=Severity.LOW)], ()).score == 15
    assert risk([false], ()).score == 70


def test_steps_count_in_their_order_only() -> None:
    def way(*tactics: str) -> list[str]:
        return longest_way([alert(n, tags=(f"attack.{tactic}",)) for n, tactic in enumerate(tactics)])

    assert way("exfiltration", "initial-access") == ["exfiltration"]
    assert way("discovery", "initial_access", "execution", "impact") == ["initial-access", "execution", "impact"]
    assert way("stealth", "defense-evasion") == ["stealth"]
    assert way("t1078", "nonsense") == []
    assert longest_way([alert(1, tags=("attack.impact", "attack.execution"))]) == ["impact"]


@pytest.mark.parametrize(
    ("asset", "matches"),
    [
        ("fraud-training-data", True),
        (".:fraud-training-data", True),
        ("arn:aws:s3:::fraud-training-data", True),
        ("arn:aws:s3:::fraud-training-data/2026/x.csv", True),
        ("s3://fraud-training-data/x.csv", True),
        ("arn:aws:iam::123456789012:role/fraud-training-data", False),
        ("arn:aws:lambda:eu-west-1:123456789012:function:fraud-training-data", False),
        ("fraud", False),
        ("fraud-training-data-2", False),
        ("", False),
        ("arn:aws:s3:::", False),
    ],
)
def test_an_asset_is_matched_by_what_it_is_called_exactly(asset: str, matches: bool, tmp_path: Path) -> None:
    findings = Findings(report(tmp_path, finding("fraud-training-data")))
    assert [found.check for found in findings.of(alert(asset=asset))] == (["bucket-public"] if matches else [])


def test_a_name_of_several_kinds_matches_none_by_itself(tmp_path: Path) -> None:
    role = finding("fraud", "Role", "role-wide")
    findings = Findings(report(tmp_path, finding("fraud"), role))
    assert findings.of(alert(asset="fraud")) == []
    assert [f.check for f in findings.of(alert(asset="arn:aws:iam::123456789012:role/ml/fraud"))] == ["role-wide"]
    assert [f.check for f in findings.of(alert(asset="arn:aws:s3:::fraud"))] == ["bucket-public"]


def test_a_report_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "scan.json"
    findings = Findings(path)
    assert findings.of(alert(asset="fraud")) == []
    report(tmp_path, finding("fraud", score=10.0), finding("fraud", check="bucket-plain", score=20.0))
    assert [f.check for f in findings.of(alert(asset="fraud"))] == ["bucket-plain", "bucket-public"]
    path.write_text("{")
    os.utime(path, ns=(1, 1))
    with pytest.raises(ConfigError, match="no report of a scan"):
        findings.of(alert(asset="fraud"))
    assert findings.of(alert(asset="fraud")) == []  # that is told once
    path.unlink()
    assert findings.of(alert(asset="fraud")) == []


def test_nothing_is_found_where_no_report_is_named() -> None:
    assert Findings(None).of(alert()) == []
