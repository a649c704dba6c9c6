"""Everything, for programs. `schema.json` beside this module describes it (JSON Schema 2020-12)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from garrison import __version__
from garrison.checks.check import Check
from garrison.checks.frameworks import Framework
from garrison.estate.values import Place
from garrison.findings.compliance import LIMITS, Row, compliance
from garrison.findings.finding import Finding
from garrison.findings.ignores import Ignored
from garrison.findings.result import Result, by_owner, count_by_severity
from garrison.reach.path import Hop
from garrison.report import View, json_text

VERSION = 1  # of the form; a field more does not change it, one less or another meaning does


def render(result: Result, view: View) -> Iterator[str]:
    """One JSON document, an item of a list on each line; the plain data of an item lives no longer than its line."""
    del view
    before = "{"
    for key, value in _report(result).items():
        yield f'{before}\n "{key}": '
        before = ","
        if isinstance(value, Iterator):
            yield from _list(value)
        else:
            yield json_text(value)
    yield "\n}\n"


def _list(items: Iterator[Any]) -> Iterator[str]:
    before = "["
    for item in items:
        yield f"{before}\n  {json_text(item)}"
        before = ","
    yield "[]" if before == "[" else "\n ]"


def _report(result: Result) -> dict[str, Any]:
    """The report as plain data; lists that can be long are iterators."""
    return {
        "version": VERSION,
        "tool": {"name": "garrison", "version": __version__},
        "exit_code": int(result.exit_code),
        "since": result.since,
        "scanned": {
            "files": result.files,
            "files_by_format": result.files_by_format,
            "assets": result.assets,
            "providers": [p for p in result.providers if p],
            "skipped": result.skipped,
        },
        "counts": {
            "findings": {str(s): n for s, n in count_by_severity(result.findings).items()},
            "undecided": len(result.undecided),
            "ignored": len(result.ignored),
            "baselined": len(result.baselined),
            "errors": len(result.errors),
            "problems": len(result.problems),
            "passed": sum(result.passed_by_check.values()),
        },
        "entries": (
            {"asset": g.owner.address, "risk": g.first.risk.score, "findings": [f.fingerprint for f in g.findings]}
            for g in by_owner(result.findings)
        ),
        "findings": _findings(result.findings, result),
        "undecided": _findings(result.undecided, result),
        "errors": _findings(result.errors, result),
        "ignored": (_ignored(i, result) for i in result.ignored),
        "baselined": _findings(result.baselined, result),
        "mended": (msgspec.to_builtins(e) for e in result.mended),
        "paths": _paths(result),
        "compliance": None if result.framework is None else _compliance(result, result.framework),
        "problems": (
            {"path": result.shown(p.path), "line": p.line, "message": p.message, "hint": p.hint}
            for p in result.problems
        ),
        "notes": ({"path": result.shown(n.path), "message": n.message} for n in result.notes),
        "passed_by_check": dict(sorted(result.passed_by_check.items())),
        "checks": {c.id: check_data(c) for c in result.checks},
    }


def check_data(check: Check) -> dict[str, Any]:
    """What is to be said of a check, as plain data."""
    return {
        "id": check.id,
        "title": check.title,
        "kind": check.kind.__name__,
        "severity": check.severity,
        "confidence": check.confidence,
        "pillar": check.pillar,
        "about_ml": check.about_ml,
        "why": check.rationale,
        "fix": check.fix,
        "mend": "" if check.mend is None else "safe" if check.mend.safe else "unsafe",
        "maps": list(check.maps),
    }


def _findings(findings: Sequence[Finding], result: Result) -> Iterator[dict[str, Any]]:
    return (_finding(f, result) for f in findings)


def _finding(finding: Finding, result: Result) -> dict[str, Any]:
    asset = finding.asset
    return {
        "check": finding.check.id,
        "severity": finding.severity,
        "confidence": finding.confidence,
        "outcome": finding.outcome,
        "why": finding.why,
        "asset": {
            "address": asset.address,
            "label": asset.label,
            "kind": type(asset).__name__,
            "provider": asset.provider,
            "format": asset.format,
            "type": asset.type,
            "root": asset.root,
            "owner": finding.owner.address,
            "place": _place(asset.place, result),
        },
        "evidence": [{**_place(e.place, result), "note": e.note, "decided_by": e.decided_by} for e in finding.evidence],
        "decided_by": list(finding.decided_by),
        "condition": finding.condition,
        "risk": {"score": finding.risk.score, "reasons": list(finding.risk.reasons)},
        "fingerprint": finding.fingerprint,
        "also": [f.asset.address for f in finding.also],
    }


def _ignored(ignored: Ignored, result: Result) -> dict[str, Any]:
    ignore = ignored.ignore
    said = {"reason": ignore.reason, "until": ignore.until, "place": _place(ignore.place, result)}
    return {**_finding(ignored.finding, result), "ignore": said}


def _paths(result: Result) -> dict[str, Any]:
    paths = result.paths
    found = [
        {
            "entry": p.entry,
            "jewel": p.jewel,
            "sure": p.sure,
            "score": p.score,
            "hops": [_hop(hop, result) for hop in p.hops],
        }
        for p in paths.found
    ]
    cuts = [{"cuts": cut.cuts, "hop": _hop(cut.hop, result)} for cut in paths.cuts]
    return {"total": paths.total, "found": found, "cuts": cuts, "notes": list(paths.notes)}


def _hop(hop: Hop, result: Result) -> dict[str, Any]:
    place = hop.stated.place
    return {
        "start": hop.start.address if hop.start else None,
        "end": hop.end.address,
        "medium": hop.medium,
        "words": hop.words,
        "place": _place(place, result) if place else None,
        "note": hop.stated.reason,
    }


def _compliance(result: Result, framework: Framework) -> dict[str, Any]:
    found = compliance(result, framework)
    return {
        "framework": msgspec.to_builtins(framework),
        "limits": LIMITS,
        "counts": {str(state): number for state, number in found.counts.items()},
        "controls": [_control(row) for row in found.rows],
    }


def _control(row: Row) -> dict[str, Any]:
    return {
        "id": row.control.id,
        "name": row.control.name,
        "state": row.state,
        "failed": row.failed,
        "undecided": row.undecided,
        "ignored": row.ignored,
        "passed": row.passed,
        "not_judged": row.not_judged,
        "checks": [c.id for c in row.checks],
        "failing": [c.id for c in row.failing],
    }


def _place(place: Place, result: Result) -> dict[str, Any]:
    return {
        "path": result.shown(place.source.path),
        "line": place.line,
        "column": place.column,
        "end_line": place.end_line,
        "end_column": place.end_column,
    }
