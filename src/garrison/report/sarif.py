"""SARIF 2.1.0 (OASIS Standard, 2020-03-27), with what GitHub code scanning reads of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from garrison import __version__
from garrison.checks.check import Check, Severity
from garrison.checks.example import difference, examples_of
from garrison.estate.values import Place
from garrison.findings.finding import Finding
from garrison.findings.ignores import Ignore
from garrison.findings.result import Result
from garrison.report import View, json_text
from garrison.sources.interface import Problem

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}
# GitHub calls 9.0 and more critical, 7.0 high, 4.0 medium.
_SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.0"}
_MAX_RELATED = 20


def render(result: Result, view: View) -> Iterator[str]:
    """One SARIF log with one run."""
    del view
    told = [(f, None) for f in result.findings] + [(f, None) for f in result.baselined]
    everything = [*told, *((i.finding, i.ignore) for i in result.ignored)]
    checks = sorted({f.check.id: f.check for f, _ in everything}.items())
    rules = {id_: number for number, (id_, _) in enumerate(checks)}
    known = {f.fingerprint for f in result.baselined}
    run = {
        "tool": {
            "driver": {
                "name": "garrison",
                "semanticVersion": __version__,
                "version": __version__,
                "rules": [_rule(check) for _, check in checks],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(result)],
        "results": [_result(f, ignore, rules, known, result) for f, ignore in everything],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    yield msgspec.json.format(json_text(log), indent=1) + "\n"


def _rule(check: Check) -> dict[str, Any]:
    return {
        "id": check.id,
        "name": "".join(word.capitalize() for word in check.id.split("-")),
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": check.rationale},
        "help": {"text": f"{check.rationale}\n\nFix: {check.fix}", "markdown": _help(check)},
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
        "properties": {
            "security-severity": _SCORES[check.severity],
            "precision": {"high": "very-high", "medium": "high", "low": "medium"}[check.confidence],
            "tags": ["security", str(check.pillar), *(["machine-learning"] if check.about_ml else []), *check.maps],
        },
    }


def _help(check: Check) -> str:
    parts = [f"**Why.** {check.rationale}", f"**Fix.** {check.fix}"]
    parts += [f"{pair.label}\n\n```diff\n{difference(pair)}\n```" for pair in examples_of(check)]
    return "\n\n".join(parts)


def _result(
    finding: Finding, ignore: Ignore | None, rules: dict[str, int], known: set[str], result: Result
) -> dict[str, Any]:
    reasons = f" ({', '.join(finding.risk.reasons)})" if finding.risk.reasons else ""
    message = f"{finding.check.title}: {finding.asset.label}, {finding.why}{reasons}"
    said: dict[str, Any] = {
        "ruleId": finding.check.id,
        "ruleIndex": rules[finding.check.id],
        "level": _LEVELS[finding.severity],
        "message": {"text": message},
        "locations": [
            {
                **_location(finding.place, result),
                "logicalLocations": [
                    {"fullyQualifiedName": f.asset.address, "kind": "resource"} for f in (finding, *finding.also)
                ],
            }
        ],
        "partialFingerprints": {"garrison/v1": finding.fingerprint},
        "rank": finding.risk.score,
        "baselineState": "unchanged" if finding.fingerprint in known else "new",
        "properties": {
            "risk": finding.risk.score,
            "reasons": list(finding.risk.reasons),
            "pillar": finding.check.pillar,
        },
    }
    if len(finding.evidence) > 1:
        said["relatedLocations"] = [
            {"id": number, **_location(e.place, result), **({"message": {"text": e.note}} if e.note else {})}
            for number, e in enumerate(finding.evidence[1 : _MAX_RELATED + 1], 1)
        ]
    if ignore is not None:
        kind = "inSource" if ignore.line else "external"
        said["suppressions"] = [{"kind": kind, "justification": ignore.reason, "status": "accepted"}]
    return said


def _invocation(result: Result) -> dict[str, Any]:
    """Problems and checks that failed are notifications: the run tells by itself that it is incomplete."""
    return {
        "executionSuccessful": not (result.problems or result.errors),
        "exitCode": int(result.exit_code),
        "toolExecutionNotifications": [
            *(_problem(problem, result) for problem in result.problems),
            *(
                {"level": "error", "message": {"text": f.why}, "associatedRule": {"id": f.check.id}}
                for f in result.errors
            ),
            *(
                {"level": "note", "message": {"text": n.message}, "locations": [_file(n.path, 0, result)]}
                for n in result.notes
            ),
        ],
    }


def _problem(problem: Problem, result: Result) -> dict[str, Any]:
    text = f"{problem.message} ({problem.hint})" if problem.hint else problem.message
    return {"level": "error", "message": {"text": text}, "locations": [_file(problem.path, problem.line, result)]}


def _file(path: str, line: int, result: Result) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": _uri(result.shown(path))}}
    if line:
        location["region"] = {"startLine": line}
    return {"physicalLocation": location}


def _location(place: Place, result: Result) -> dict[str, Any]:
    region = {"startLine": place.line, "startColumn": place.column, "endLine": place.end_line}
    if place.end_column > 1 and (place.end_line, place.end_column) > (place.line, place.column):
        region["endColumn"] = place.end_column
    location = {"artifactLocation": {"uri": _uri(result.shown(place.source.path))}, "region": region}
    return {"physicalLocation": location}


def _uri(path: str) -> str:
    """A relative reference, or a file URI of an absolute path (RFC 3986, RFC 8089)."""
    return Path(path).as_uri() if path.startswith("/") else quote(path, safe="/@+,=~-._!$&'()*;", errors="replace")
