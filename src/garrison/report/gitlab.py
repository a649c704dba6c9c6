"""A Code Quality report of GitLab ("Code Quality report format", GitLab Docs): a subset of the Code Climate form."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from garrison.checks.check import Severity
from garrison.findings.finding import Finding
from garrison.findings.result import Result
from garrison.report import View, json_text
from garrison.sources.interface import Problem

_SEVERITIES = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
}


def render(result: Result, view: View) -> Iterator[str]:
    """One JSON list, an item on each line. GitLab compares the fingerprints of two branches, so known findings stay in it."""
    del view
    before = "["
    for item in _items(result):
        yield f"{before}\n  {json_text(item)}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def _items(result: Result) -> Iterator[dict[str, Any]]:
    yield from (_finding(finding, result) for finding in (*result.findings, *result.baselined))
    yield from (_problem(problem, result) for problem in result.problems)


def _finding(finding: Finding, result: Result) -> dict[str, Any]:
    reasons = f" ({', '.join(finding.risk.reasons)})" if finding.risk.reasons else ""
    return {
        "description": f"{finding.check.title}: {finding.asset.label}, {finding.why}{reasons}. Fix: {finding.check.fix}",
        "check_name": finding.check.id,
        "fingerprint": finding.fingerprint,
        "severity": _SEVERITIES[finding.severity],
        "location": _location(finding.place.source.path, finding.place.line, result),
    }


def _problem(problem: Problem, result: Result) -> dict[str, Any]:
    text = f"{problem.message}. {problem.hint}" if problem.hint else problem.message
    return {
        "description": f"Not read: {text}",
        "check_name": "not-read",
        "fingerprint": hashlib.sha256(f"{problem.path}\0{problem.message}".encode("utf8", "replace")).hexdigest()[:16],
        "severity": "major",
        "location": _location(problem.path, problem.line or 1, result),
    }


def _location(path: str, line: int, result: Result) -> dict[str, Any]:
    return {"path": result.shown(path), "lines": {"begin": line}}
