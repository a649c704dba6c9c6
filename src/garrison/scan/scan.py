"""From paths to a result."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path

import msgspec

from garrison.checks.check import Check, Outcome, Verdict, catalogue
from garrison.errors import UsageError, nearest
from garrison.estate.assets import Asset
from garrison.estate.assets.written import WrittenSecret
from garrison.estate.estate import Estate, Relations
from garrison.estate.relations import Relation
from garrison.findings.baseline import mended, split
from garrison.findings.finding import Finding, evidence_of, fingerprint
from garrison.findings.ignores import Ignore, apply, assets_of_ignores, ignores_in, unused
from garrison.findings.result import Result
from garrison.findings.risk import risk
from garrison.reach.access import link_access
from garrison.reach.facts import FactBook
from garrison.reach.link import link
from garrison.reach.selectors import link_selectors
from garrison.scan.config import Settings
from garrison.sources.discover import discover, shown_prefix
from garrison.sources.interface import File, Format, Tree, formats, is_beside, tables_of
from garrison.sources.mapping.assemble import assets_of
from garrison.sources.unsupported import note_unsupported

__all__ = ["Progress", "Result", "Settings", "scan"]

Progress = Callable[[str], None]


class Read(msgspec.Struct, frozen=True, eq=False):
    """What the sources declare."""

    tree: Tree
    assets: list[Asset]
    ignores: list[Ignore]
    files_by_format: dict[str, int]
    files: int


class Judged(msgspec.Struct, frozen=True, eq=False):
    """What the checks answered."""

    checks: tuple[Check, ...]
    found: dict[Outcome, list[Finding]]  # what did not pass, the greatest risk first
    passed: Counter[str]  # how often each passed


def scan(paths: Sequence[Path], settings: Settings | None = None, *, progress: Progress = lambda _: None) -> Result:
    """Read, link, judge. Raises UsageError for a path that does not exist, or a check that does not."""
    settings = settings or Settings()
    progress("looking for files")
    tree = discover(*paths, exclude=settings.exclude)
    for path, text in settings.texts.items():
        tree.files[path].data = text
    read = _read(tree, settings, progress)
    progress(f"relating {len(read.assets):,} assets")
    checks = _selected(settings) if read.assets or read.ignores or settings.checks else ()
    ids = frozenset(c.id for c in catalogue(settings.own)) if read.ignores else frozenset()
    estate = Estate([*read.assets, *assets_of_ignores(read.ignores, ids, settings.today)])
    estate.facts = FactBook(estate, settings.loaded.stated(tree.top)).of
    link(estate)
    link_selectors(estate)
    link_access(estate)
    progress(f"judging {len(read.assets):,} assets")
    with redirect_stdout(sys.stderr):  # what a user's own check prints is no report
        judged = _judge(estate, checks, settings)
    return _result(read, settings, judged, shown_prefix(paths, tree.top))


def _read(tree: Tree, settings: Settings, progress: Progress) -> Read:
    assets: list[Asset] = []
    counts: dict[str, int] = {}
    claimed, files = _claimed(tree)
    for format_, theirs in claimed:
        progress(f"reading {len(theirs):,} files of {format_.LABEL}")
        try:
            for asset in assets_of(tables_of(format_), format_.read(theirs, tree)):
                assets.append(asset)  # noqa: PERF402 - what came before an error is kept
        except Exception as error:  # noqa: BLE001 - a defect of one reader is named, and all else is still reported
            hint = "this is a defect of Garrison: please report it"
            tree.problem(
                theirs[0].path, f"reading {format_.LABEL} broke off: {type(error).__name__}: {error}", hint=hint
            )
        if not is_beside(format_):
            counts[format_.NAME] = len(theirs)
    ignores = [*ignores_in(files), *settings.loaded.ignores(tree.top)]
    return Read(tree, assets, ignores, counts, len(files))


def _claimed(tree: Tree) -> tuple[list[tuple[Format, list[File]]], list[File]]:
    """The files of each format, and all that some format reads."""
    found: list[tuple[Format, list[File]]] = [(f, []) for f in formats()]
    claimed: list[File] = []
    others: list[File] = []
    for file in tree.files.values():
        wanted = False
        try:
            for format_, files in found:
                if format_.claims(file):
                    files.append(file)
                    wanted = wanted or not is_beside(format_)
        except OSError as error:
            tree.problem(file.path, f"cannot be read: {error.strerror}", hint="check its permissions")
            continue
        (claimed if wanted else others).append(file)
    note_unsupported(tree, others)
    return [(f, files) for f, files in found if files], claimed


def _selected(settings: Settings) -> tuple[Check, ...]:
    """The checks that are asked for."""
    everything = catalogue(settings.own)
    ids = {c.id for c in everything}
    if strange := sorted(settings.checks - ids):
        hint = nearest(strange[0], ids, "garrison checks lists them")
        raise UsageError(f"no check is called {strange[0]}", hint=hint)
    return tuple(
        c
        for c in everything
        if c.pillar in settings.pillars
        and (not settings.checks or c.id in settings.checks)
        and (settings.framework is None or c.maps_to(settings.framework.key))
    )


def _judge(estate: Estate, checks: tuple[Check, ...], settings: Settings) -> Judged:
    """Every check on every asset of its kind: what did not pass, by outcome, the greatest risk first."""
    found: dict[Outcome, list[Finding]] = {o: [] for o in Outcome}
    passed: Counter[str] = Counter()
    by_kind: dict[type[Asset], list[Check]] = defaultdict(list)
    for check in checks:
        by_kind[check.kind].append(check)
    provider = settings.framework.provider if settings.framework else ""
    for kind, theirs in by_kind.items():
        for asset in estate.of(kind):
            if provider and asset.provider != provider:
                continue
            near = estate.near(asset)
            for check in theirs:
                verdict = _run(check, asset, near)
                if verdict.outcome is Outcome.PASS:
                    passed[check.id] += 1
                else:
                    found[verdict.outcome].append(_finding(check, asset, verdict, estate))
                    if (fault := estate.facts(asset).fault) and verdict.outcome is not Outcome.ERROR:
                        found[Outcome.ERROR].append(_finding(check, asset, Verdict(Outcome.ERROR, fault), estate))
    found[Outcome.FAIL] = _once(found[Outcome.FAIL])
    for findings in found.values():
        findings.sort(key=lambda f: (-f.risk.score, -f.severity.rank, f.check.id, f.asset.address))
    return Judged(checks, found, passed)


def _once(findings: list[Finding]) -> list[Finding]:
    """A secret is told once: by the check that knows what it is for, where there is one."""
    told = [
        (f.asset.place.source.path, f.asset.place.line, f.asset.place.end_line)
        for f in findings
        if f.check.tells_secret and not isinstance(f.asset, WrittenSecret)
    ]

    def is_new(finding: Finding) -> bool:
        at = finding.place
        return not any(path == at.source.path and first <= at.line <= last for path, first, last in told)

    return [f for f in findings if not isinstance(f.asset, WrittenSecret) or is_new(f)] if told else findings


def _result(read: Read, settings: Settings, judged: Judged, prefix: str) -> Result:
    """Take away what is not to be told, and count the rest."""
    found, ids = judged.found, frozenset(c.id for c in judged.checks)
    findings, ignored = apply(found[Outcome.FAIL], read.ignores, settings.today)
    undecided, ignored_undecided = apply(found[Outcome.UNKNOWN], read.ignores, settings.today)
    notes = {*read.tree.notes, *unused(read.ignores, ignored + ignored_undecided, ids, settings.today)}
    unread = {p.path for p in read.tree.problems}  # is said of them already
    notes |= {n for n in settings.notes if n.path not in unread}
    fresh, known, gone = split(findings, settings.baseline, ids) if settings.baseline else (findings, [], [])
    silent = (*undecided, *found[Outcome.ERROR], *(i.finding for i in ignored + ignored_undecided))
    return Result(
        findings=fresh,
        undecided=undecided,
        errors=found[Outcome.ERROR],
        ignored=ignored,
        baselined=known,
        mended=mended(gone, silent, read.tree.problems),
        since=settings.since,
        problems=sorted(set(read.tree.problems)),
        notes=sorted(notes),
        files=read.files,
        files_by_format=read.files_by_format,
        skipped=dict(sorted(read.tree.skipped.items())),
        assets=len(read.assets),
        providers=tuple(sorted({a.provider for a in read.assets})),
        checks=judged.checks,
        passed_by_check=dict(judged.passed),
        fail_on=settings.fail_on,
        framework=settings.framework,
        prefix=prefix,
    )


def _run(check: Check, asset: Asset, near: Relations) -> Verdict:
    try:
        verdict: object = check.run(asset, near)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a check that raises is an outcome of its own, and named
        return Verdict(Outcome.ERROR, f"{check.id} raised {type(error).__name__}: {error}")
    if isinstance(verdict, Verdict):
        return verdict
    return Verdict(Outcome.ERROR, f"{check.id} answered with a {type(verdict).__name__}: it must end in fail_if()")


def _finding(check: Check, asset: Asset, verdict: Verdict, estate: Estate) -> Finding:
    owner = next(
        (
            e.start
            for e in estate.graph.into(asset, Relation.CONTAINS)
            if e.start is not None and asset.is_part_of(e.start)
        ),
        None,
    )
    return Finding(
        check=check,
        asset=asset,
        owner=owner or asset,
        outcome=verdict.outcome,
        why=verdict.why,
        evidence=evidence_of(verdict.evidence, asset),
        confidence=check.confidence,
        fingerprint=fingerprint(check, asset.address),
        risk=risk(check.severity, check.confidence, estate.facts(asset)),
        condition=asset.condition if asset.exists.unknown else "",
    )
