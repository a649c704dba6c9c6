"""What the page shows, as plain data: assets, files and checks once, and findings that point at them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from garrison import __version__
from garrison.checks.check import Check, Pillar, Severity
from garrison.checks.layers import Layer, layer_of
from garrison.estate.values import State
from garrison.findings.compliance import LIMITS, Compliance, compliance
from garrison.findings.defence import Defence
from garrison.findings.ignores import Ignored
from garrison.findings.result import Result
from garrison.reach.path import Hop, Paths
from garrison.report import View
from garrison.report.html.book import Book, say
from garrison.report.terminal.compliance import summary


def report_data(result: Result, view: View) -> dict[str, Any]:
    """The whole report."""
    book = Book(result)
    data = {
        "head": _head(result, view),
        "pillars": _rows(dict.fromkeys(Pillar, ""), lambda check: check.pillar, result),
        "layers": _rows({y: y.about for y in Layer}, layer_of, result),
        "findings": list(_findings(result, book)),
        "defences": [_defence(d, book) for d in result.defences],
        "paths": _paths(result.paths, book),
        "controls": _controls(compliance(result, result.framework)) if result.framework else None,
        "errors": [say(f.why) for f in result.errors],
        "problems": [
            {"path": say(result.shown(p.path)), "line": p.line, "message": say(p.message), "hint": say(p.hint)}
            for p in result.problems
        ],
        "notes": [{"path": say(result.shown(n.path)), "message": say(n.message)} for n in result.notes],
        "mended": [{"check": say(e.check), "asset": say(e.asset)} for e in result.mended],
    }
    return {**data, "checks": book.check_data(), "assets": book.assets, "files": book.file_data()}


def _findings(result: Result, book: Book) -> Iterator[dict[str, Any]]:
    yield from (book.finding(f, "open") for f in result.findings)
    yield from (book.finding(f, "undecided") for f in result.undecided)
    yield from (_ignored(i, book) for i in result.ignored)
    yield from (book.finding(f, "known") for f in result.baselined)


def _ignored(ignored: Ignored, book: Book) -> dict[str, Any]:
    ignore = ignored.ignore
    said = {"reason": say(ignore.reason), "until": say(ignore.until), "at": book.at(ignore.place)}
    return {**book.finding(ignored.finding, "ignored"), "ignore": said}


def _head(result: Result, view: View) -> dict[str, Any]:
    return {
        "version": __version__,
        "made": _minute(view.time_ms) if view.dated else "",
        "paths": [say(p) for p in view.paths],
        "files": result.files,
        "files_by_format": result.files_by_format,
        "assets": result.assets,
        "providers": [p for p in result.providers if p],
        "checks": len(result.checks),
        "passed": sum(result.passed_by_check.values()),
        "skipped": result.skipped,
        "incomplete": bool(result.problems or result.errors),
        "since": say(result.since),
    }


def _minute(time_ms: int) -> str:
    """`2026-11-23 14:05 UTC`."""
    return f"{dt.datetime.fromtimestamp(time_ms / 1000, dt.UTC):%Y-%m-%d %H:%M} UTC"


def _controls(found: Compliance) -> dict[str, Any]:
    """How each control of a framework stands."""
    return {
        "title": found.framework.title,
        "summary": summary(found),
        "limits": LIMITS,
        "rows": [
            {
                "id": row.control.id,
                "name": row.control.name,
                "state": row.state,
                "counts": [row.failed, row.undecided, row.ignored, row.passed, row.not_judged],
                "failing": [check.id for check in row.failing],
            }
            for row in found.rows
        ],
    }


def _rows(names: Mapping[Any, str], of: Callable[[Check], Any], result: Result) -> list[dict[str, Any]]:
    """How each pillar or layer stands; `of` tells that of a check."""
    failed = Counter((of(f.check), f.check.severity) for f in result.findings)
    undecided = Counter(of(f.check) for f in result.undecided)
    passed: Counter[Any] = Counter()
    for check in result.checks:
        passed[of(check)] += result.passed_by_check.get(check.id, 0)
    return [
        {
            "name": name,
            "about": about,
            "failed": {s: failed[name, s] for s in Severity},
            "undecided": undecided[name],
            "passed": passed[name],
        }
        for name, about in names.items()
    ]


def _defence(defence: Defence, book: Book) -> dict[str, Any]:
    layers = {
        layer: {"state": s.state, "passed": s.passed, "failed": s.failed, "undecided": s.undecided}
        for layer, s in defence.layers.items()
    }
    return {"asset": book.asset(defence.asset), "reasons": [say(r) for r in defence.reasons], "layers": layers}


def _paths(paths: Paths, book: Book) -> dict[str, Any]:
    """Each hop once, and paths that point at them. A hop without a start begins at the entries of its paths."""
    hops: dict[tuple[str, str, str, str], int] = {}
    told: list[dict[str, Any]] = []

    def number(hop: Hop) -> int:
        key = (hop.start.address if hop.start else "", hop.end.address, hop.medium, hop.words)
        if key not in hops:
            hops[key] = len(told)
            told.append(_hop(hop, book))
        return hops[key]

    return {
        "found": [
            {"entry": p.entry, "jewel": p.jewel, "sure": p.sure, "score": p.score, "hops": list(map(number, p.hops))}
            for p in paths.found
        ],
        "total": paths.total,
        "cuts": [{"hop": number(c.hop), "cuts": c.cuts} for c in paths.cuts],
        "notes": list(map(say, paths.notes)),
        "hops": told,
    }


def _hop(hop: Hop, book: Book) -> dict[str, Any]:
    return {
        "start": book.asset(hop.start) if hop.start else None,
        "end": book.asset(hop.end),
        "medium": hop.medium,
        "words": say(hop.words),
        "at": book.line(hop.stated.place) if hop.stated.place else None,
        "assumed": say(hop.stated.reason),
        "sure": hop.stated.state is not State.UNKNOWN,
    }
