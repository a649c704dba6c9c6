"""Annotations of a pull request: workflow commands of GitHub Actions ("Workflow commands for GitHub Actions", Docs)."""

from __future__ import annotations

from collections.abc import Iterator

from garrison.checks.check import Severity
from garrison.findings.finding import Finding
from garrison.findings.result import Result
from garrison.report import View

_LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "notice"}


def render(result: Result, view: View) -> Iterator[str]:
    """A line for each finding and each problem."""
    del view
    lines = [_finding(finding, result) for finding in result.findings]
    for problem in result.problems:
        text = f"{problem.message}. {problem.hint}" if problem.hint else problem.message
        lines.append(_command("error", result.shown(problem.path), problem.line, "Not read", text))
    lines += [_command("error", "", 0, f"Check {f.check.id} failed itself", f.why) for f in result.errors]
    yield from (f"{line}\n" for line in lines)


def _finding(finding: Finding, result: Result) -> str:
    place = finding.place
    title = f"{finding.severity}: {finding.check.title} [{finding.check.id}]"
    text = f"{finding.asset.label}: {finding.why}. Fix: {finding.check.fix}"
    if reasons := finding.risk.reasons:
        text += f" ({', '.join(reasons)})"
    return _command(_LEVELS[finding.severity], result.shown(place.source.path), place.line, title, text)


def _command(level: str, path: str, line: int, title: str, text: str) -> str:
    said = {"file": path, "line": str(line) if line else "", "title": title}
    properties = ",".join(f"{key}={_property(value)}" for key, value in said.items() if value)
    return f"::{level} {properties}::{_data(text)}"


def _data(text: str) -> str:
    """Escaped as the runner undoes it; other control characters are left out."""
    kept = "".join(c for c in text if c.isprintable() or c in "\r\n")
    return kept.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
