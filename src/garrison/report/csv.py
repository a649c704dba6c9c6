"""Rows for a spreadsheet (RFC 4180): the findings, or the controls of the framework that was asked for.

What could not be read has no row: the exit code tells of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from garrison.checks.frameworks import Framework
from garrison.findings.compliance import compliance
from garrison.findings.finding import Finding
from garrison.findings.result import Result
from garrison.report import View
from garrison.report.terminal.text import clean

# What a spreadsheet takes for a formula (OWASP, "CSV Injection"); the wide forms are folded to these by some.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_OF_FINDINGS = (
    "state", "severity", "risk", "check", "title", "asset", "kind", "provider", "address", "path", "line", "why", "reasons",
    "fix", "confidence", "pillar", "controls", "decided by", "fingerprint",
)  # fmt: skip
_OF_CONTROLS = (
    "framework", "control", "name", "state", "failed", "undecided", "ignored", "passed", "not judged", "failing checks",
)  # fmt: skip


def render(result: Result, view: View) -> Iterator[str]:
    """A head and the rows."""
    del view
    return _findings(result) if result.framework is None else _controls(result, result.framework)


def _controls(result: Result, framework: Framework) -> Iterator[str]:
    yield row(_OF_CONTROLS)
    for found in compliance(result, framework).rows:
        counts = (found.failed, found.undecided, found.ignored, found.passed, found.not_judged)
        failing = " ".join(c.id for c in found.failing)
        yield row((framework.title, found.control.id, found.control.name, found.state, *counts, failing))


def _findings(result: Result) -> Iterator[str]:
    """What is open, known by the baseline, ignored, undecided, in this order."""
    yield row(_OF_FINDINGS)
    states = {
        "open": result.findings,
        "known": result.baselined,
        "ignored": [i.finding for i in result.ignored],
        "undecided": result.undecided,
    }
    for state, findings in states.items():
        yield from (row((state, *_cells(finding, result))) for finding in findings)


def _cells(finding: Finding, result: Result) -> tuple[object, ...]:
    check, asset, place = finding.check, finding.asset, finding.place
    return (
        check.severity, finding.risk.score, check.id, check.title,
        asset.label, type(asset).__name__, asset.provider, asset.address,
        result.shown(place.source.path), place.line,
        finding.why, "; ".join(finding.risk.reasons), check.fix, finding.confidence, check.pillar,
        " ".join(check.maps), " ".join(finding.decided_by), finding.fingerprint,
    )  # fmt: skip


def row(cells: Iterable[object]) -> str:
    """A line, each cell quoted."""
    return ",".join(f'"{_cell(str(c))}"' for c in cells) + "\r\n"


def _cell(text: str) -> str:
    """Text that is shown, not calculated: all cells are quoted, and what looks like a formula has an apostrophe before it."""
    text = clean(text).replace('"', '""')
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
