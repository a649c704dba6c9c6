"""From paths to a result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from garrison.checks.check import Check, Outcome, Verdict, all_checks
from garrison.errors import ExitCode
from garrison.estate.assets import Asset
from garrison.estate.estate import Estate
from garrison.estate.facts import Facts
from garrison.findings.finding import Finding, evidence_of, fingerprint
from garrison.findings.risk import risk
from garrison.reach.facts import FactBook
from garrison.reach.link import link
from garrison.sources.discover import discover
from garrison.sources.interface import File, Format, Note, Problem, Tree, formats
from garrison.sources.mapping.assemble import assets_of

Progress = Callable[[str], None]


class Result(msgspec.Struct, eq=False):
    """All that a scan found, in a fixed order: the greatest risk first."""

    findings: list[Finding]
    undecided: list[Finding]
    errors: list[Finding]
    problems: list[Problem]
    notes: list[Note]
    files: int  # read as some format
    assets: int
    providers: tuple[str, ...]
    passed_by_check: dict[str, int]  # how often each passed

    @property
    def exit_code(self) -> ExitCode:
        """Incomplete outranks findings; what is undecided changes nothing."""
        if self.problems or self.errors:
            return ExitCode.INCOMPLETE
        return ExitCode.FINDINGS if self.findings else ExitCode.CLEAN


def scan(paths: Sequence[Path], *, progress: Progress = lambda _: None) -> Result:
    """Read, link, judge. Raises UsageError for a path that does not exist."""
    assets: list[Asset] = []
    problems: list[Problem] = []
    notes: list[Note] = []
    files = 0
    for path in paths:
        progress(f"reading {path}")
        tree = discover(path)
        for format_, claimed in _claimed(tree):
            assets += assets_of(format_.NAME, format_.read(claimed, tree))
            files += len(claimed)
        problems += tree.problems
        notes += tree.notes
    estate = Estate(assets)
    estate.facts = FactBook(estate).of
    progress("linking")
    link(estate)
    progress("judging")
    return _judge(estate, all_checks(), files, problems, notes)


def _claimed(tree: Tree) -> list[tuple[Format, list[File]]]:
    """The files of each format."""
    found: list[tuple[Format, list[File]]] = [(f, []) for f in formats()]
    for file in tree.files.values():
        for format_, files in found:
            try:
                if format_.claims(file):
                    files.append(file)
            except OSError as error:
                tree.problem(file.path, f"cannot be read: {error.strerror}")
                break
    return [(f, files) for f, files in found if files]


def _judge(estate: Estate, checks: Iterable[Check], files: int, problems: list[Problem], notes: list[Note]) -> Result:
    found: dict[Outcome, list[Finding]] = {o: [] for o in Outcome}
    passed: Counter[str] = Counter()
    for check in checks:
        for asset in estate.of(check.kind):
            verdict = _run(check, asset, estate)
            if verdict.outcome is Outcome.PASS:
                passed[check.id] += 1
            else:
                found[verdict.outcome].append(_finding(check, asset, verdict, estate.facts(asset)))
    for findings in found.values():
        findings.sort(key=lambda f: (-f.risk.score, f.check.id, f.asset.address))
    return Result(
        findings=found[Outcome.FAIL],
        undecided=found[Outcome.UNKNOWN],
        errors=found[Outcome.ERROR],
        problems=sorted(set(problems)),
        notes=sorted(set(notes)),
        files=files,
        assets=len(estate.assets),
        providers=tuple(sorted({a.provider for a in estate.assets})),
        passed_by_check=dict(passed),
    )


def _run(check: Check, asset: Asset, estate: Estate) -> Verdict:
    try:
        return check.run(asset, estate.near(asset))
    except Exception as error:  # noqa: BLE001 - a check that raises is an outcome of its own, and named
        return Verdict(Outcome.ERROR, f"{check.id} raised {type(error).__name__}: {error}")


def _finding(check: Check, asset: Asset, verdict: Verdict, facts: Facts) -> Finding:
    return Finding(
        check=check,
        asset=asset,
        outcome=verdict.outcome,
        why=verdict.why,
        evidence=evidence_of(verdict.evidence, asset),
        confidence=check.confidence,
        fingerprint=fingerprint(check, asset),
        risk=risk(check.severity, check.confidence, facts),
        condition=asset.condition if asset.exists.unknown else "",
    )
