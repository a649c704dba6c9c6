"""A check held against its examples: each must fail or pass, as its name says."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from garrison.checks.check import Check
from garrison.findings.finding import Finding
from garrison.findings.result import Result
from garrison.scan.config import Settings
from garrison.scan.scan import scan


class Tried(msgspec.Struct, frozen=True):
    """One example; `wrong` says what is not as it should be, "" where all is."""

    name: str
    wrong: str


def try_examples(check: Check) -> Iterator[Tried]:
    """Scan each example of a user's own check with that check alone."""
    settings = Settings(own=(check,), checks=frozenset({check.id}))
    for name, text in sorted((check.examples or {}).items()):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, name)
            file.write_text(text, "utf8", "replace")
            yield Tried(name, _wrong(check, name, scan([file], settings)))


def _wrong(check: Check, name: str, result: Result) -> str:
    if result.problems:
        problem = result.problems[0]
        return f"it cannot be read, line {problem.line}: {problem.message}"
    if result.errors:
        return result.errors[0].why
    failing, passing = len(result.findings), result.passed_by_check.get(check.id, 0)
    undecided = _undecided(result.undecided)
    if not (failing or passing or undecided):
        return f"there is no {check.kind.__name__} in it"
    if name.startswith("fail."):
        return "" if failing else undecided or "it passes"
    if failing:
        finding = result.findings[0]
        return f"it fails, line {finding.place.line}: {finding.asset.label}, {finding.why}"
    return undecided


def _undecided(findings: list[Finding]) -> str:
    """What is not known of the first, and where that stands."""
    if not findings:
        return ""
    finding = findings[0]
    notes = dict.fromkeys(e.note for e in finding.evidence if e.note)
    return f"it is unknown, line {finding.place.line}: {', '.join(notes) or finding.asset.label}"
