"""Events of the Open Cybersecurity Schema Framework, a JSON object a line: Compliance Finding, class 2003.

That class is for "results of evaluations performed against resources": a check of what is declared. Detections (2004)
tell of something that happened. Only attributes of OCSF 1.5.0 are used (https://schema.ocsf.io/1.5.0/classes/compliance_finding).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from garrison import __version__
from garrison.checks.check import Check, Confidence, Outcome, Severity
from garrison.checks.frameworks import control
from garrison.findings.baseline import Entry
from garrison.findings.finding import Evidence, Finding
from garrison.findings.result import Result
from garrison.report import View, json_text

_VERSION = "1.5.0"
_CATEGORY, _CLASS = 2, 2003
_CREATE, _CLOSE = (1, "Create"), (3, "Close")
_NEW, _SUPPRESSED, _RESOLVED, _KNOWN = (1, "New"), (3, "Suppressed"), (4, "Resolved"), (99, "Known")
_INFORMATIONAL = (1, "Informational")
_SEVERITIES = {
    Severity.LOW: (2, "Low"),
    Severity.MEDIUM: (3, "Medium"),
    Severity.HIGH: (4, "High"),
    Severity.CRITICAL: (5, "Critical"),
}
_CONFIDENCES = {Confidence.LOW: (1, "Low"), Confidence.MEDIUM: (2, "Medium"), Confidence.HIGH: (3, "High")}
_OUTCOMES = {Outcome.FAIL: (3, "Fail"), Outcome.UNKNOWN: (0, "Unknown")}
_CLOUDS = {"aws": "AWS", "gcp": "GCP", "azure": "Azure"}
_RULE, _REGULAR_FILE = 1, 1


def render(result: Result, view: View) -> Iterator[str]:
    """An event for each finding, whatever its state; one that closes it for each that a baseline knew and that is mended."""
    states = (
        (result.findings, _NEW, ""),
        (result.baselined, _KNOWN, "in the baseline"),
        (result.undecided, _NEW, ""),
    )
    for findings, status, detail in states:
        yield from (_line(_finding(f, status, detail, result), view) for f in findings)
    for ignored in result.ignored:
        yield _line(_finding(ignored.finding, _SUPPRESSED, ignored.ignore.reason, result), view)
    yield from (_line(_mended(entry), view) for entry in result.mended)


def _line(event: dict[str, Any], view: View) -> str:
    return json_text({"time": view.time_ms, **event}) + "\n"


def _finding(finding: Finding, status: tuple[int, str], detail: str, result: Result) -> dict[str, Any]:
    check, asset = finding.check, finding.asset
    undecided = finding.outcome is Outcome.UNKNOWN
    cloud = _CLOUDS.get(asset.provider, "")
    return {
        **_head(_CREATE, status, _INFORMATIONAL if undecided else _SEVERITIES[check.severity], detail),
        "metadata": _metadata(("cloud",) if cloud else ()),
        "message": f"{check.title}: {asset.label}, {finding.why}",
        **_pair("confidence", _CONFIDENCES[finding.confidence]),
        "finding_info": _information(finding),
        "compliance": _compliance(finding),
        "resources": [{"uid": asset.address, "name": asset.label, "type": type(asset).__name__}],
        "remediation": {"desc": check.fix},
        "evidences": [_evidence(e, result) for e in finding.evidence],
        **({"cloud": {"provider": cloud}} if cloud else {}),
        "unmapped": {
            "risk": finding.risk.score,
            "reasons": list(finding.risk.reasons),
            "pillar": check.pillar,
            "about_ml": check.about_ml,
        },
    }


def _mended(entry: Entry) -> dict[str, Any]:
    severity = _SEVERITIES[Severity(entry.severity)] if entry.severity in list(Severity) else _INFORMATIONAL
    return {
        **_head(_CLOSE, _RESOLVED, severity, "not found any more"),
        "metadata": _metadata(()),
        "message": f"{entry.check} is not found on {entry.asset} any more",
        "finding_info": {"uid": entry.fingerprint, "title": entry.check},
        "compliance": {"control": entry.check},
        "resources": [{"uid": entry.asset}],
    }


def _head(activity: tuple[int, str], status: tuple[int, str], severity: tuple[int, str], detail: str) -> dict[str, Any]:
    return {
        "category_uid": _CATEGORY,
        "category_name": "Findings",
        "class_uid": _CLASS,
        "class_name": "Compliance Finding",
        "activity_id": activity[0],
        "activity_name": activity[1],
        "type_uid": _CLASS * 100 + activity[0],
        "type_name": f"Compliance Finding: {activity[1]}",
        **_pair("severity", severity),
        **_pair("status", status),
        **({"status_detail": detail} if detail else {}),
    }


def _pair(name: str, said: tuple[int, str]) -> dict[str, Any]:
    """A number of an enumeration, and beside it what it is called."""
    return {f"{name}_id": said[0], name: said[1]}


def _metadata(profiles: tuple[str, ...]) -> dict[str, Any]:
    product = {"name": "Garrison", "vendor_name": "Garrison", "version": __version__, "feature": {"name": "scan"}}
    return {"version": _VERSION, "product": product, "profiles": list(profiles)}


def _information(finding: Finding) -> dict[str, Any]:
    check = finding.check
    analytic = {"uid": check.id, "name": check.title, "type_id": _RULE, "type": "Rule", "category": check.pillar}
    said = {"uid": finding.fingerprint, "title": check.title, "desc": check.rationale, "analytic": analytic}
    attacks = list(_attacks(check))
    return {**said, "attacks": attacks} if attacks else said


def _attacks(check: Check) -> Iterator[dict[str, Any]]:
    """The techniques of MITRE ATLAS it maps to; a mitigation alone is no attack."""
    for mapping in check.maps:
        if not mapping.startswith("ATLAS:AML.T"):
            continue
        found = control(mapping)
        technique, _, part = found.id.removeprefix("AML.").partition(".")
        whole = control(f"ATLAS:AML.{technique}")
        said: dict[str, Any] = {"technique": {"uid": whole.id, "name": whole.name}}
        if part:
            said["sub_technique"] = {"uid": found.id, "name": found.name}
        yield {**said, "version": found.framework.rpartition(" ")[2]}


def _compliance(finding: Finding) -> dict[str, Any]:
    check = finding.check
    controls = [c for c in map(control, check.maps) if c.provider in ("", finding.asset.provider)]
    return {
        "control": check.id,
        "desc": check.title,
        "standards": list(dict.fromkeys(c.framework for c in controls)),
        "requirements": [f"{c.framework} {c.id}" for c in controls],
        **_pair("status", _OUTCOMES[finding.outcome]),
        "status_details": [finding.why, *(f"decided by {name}" for name in finding.decided_by)],
    }


def _evidence(evidence: Evidence, result: Result) -> dict[str, Any]:
    path = result.shown(evidence.place.source.path)
    return {
        "file": {"name": path.rpartition("/")[2], "path": path, "type_id": _REGULAR_FILE, "type": "Regular File"},
        "data": {"line": evidence.place.line, "column": evidence.place.column, "note": evidence.note},
    }
