"""From paths to a result."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path

import msgspec

from garrison.checks.check import Check, Outcome, catalogue
from garrison.errors import UsageError, nearest
from garrison.estate.assets import Asset
from garrison.estate.estate import Estate
from garrison.findings.baseline import mended, split
from garrison.findings.finding import told_once
from garrison.findings.ignores import Ignore, apply, assets_of_ignores, ignores_in, unused
from garrison.findings.result import Result
from garrison.reach.access import link_access
from garrison.reach.facts import FactBook
from garrison.reach.gateways import link_gateways
from garrison.reach.link import link
from garrison.reach.path import Paths
from garrison.reach.pipelines import link_pipelines
from garrison.reach.selectors import link_selectors
from garrison.scan.config import Settings
from garrison.scan.judge import Judged, judge
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


def scan(paths: Sequence[Path], settings: Settings | None = None, *, progress: Progress = lambda _: None) -> Result:
    """Read, link, judge. Raises UsageError for a path that does not exist, or a check that does not."""
    settings = settings or Settings()
    progress("looking for files")
    tree = _tree(paths, settings)
    read = _read(tree, settings, progress)
    progress(f"relating {len(read.assets):,} assets")
    checks = _selected(settings) if read.assets or read.ignores or settings.checks else ()
    estate, book = _related(read, settings)
    progress("looking for attack paths")
    found = _paths(estate, book, tree)
    progress(f"judging {len(read.assets):,} assets")
    with redirect_stdout(sys.stderr):  # what a user's own check prints is no report
        judged = judge(estate, checks, found, settings)
    return _result(read, settings, judged, found, shown_prefix(paths, tree.top))


def estate_of(
    paths: Sequence[Path], settings: Settings, *, progress: Progress = lambda _: None
) -> tuple[Estate, FactBook, Tree]:
    """Read and link, without judging; with the tree that was read, which has what went wrong."""
    tree = _tree(paths, settings)
    estate, book = _related(_read(tree, settings, progress), settings)
    return estate, book, tree


def _tree(paths: Sequence[Path], settings: Settings) -> Tree:
    """The files to be read."""
    tree = discover(*paths, exclude=settings.exclude)
    tree.helm_values = (*settings.loaded.helm_values(tree.top), *settings.helm_values)
    for path, text in settings.texts.items():
        tree.files[path].data = text
    return tree


def _related(read: Read, settings: Settings) -> tuple[Estate, FactBook]:
    """All assets with what they have to do with each other, and what follows from it."""
    ids = frozenset(c.id for c in catalogue(settings.own)) if read.ignores else frozenset()
    estate = Estate([*read.assets, *assets_of_ignores(read.ignores, ids, settings.today)], settings.today)
    book = FactBook(estate, settings.loaded.stated(read.tree.top))
    estate.facts = book.of
    link(estate)
    link_selectors(estate)
    link_gateways(estate)
    link_pipelines(estate)
    link_access(estate)
    return estate, book


def _paths(estate: Estate, book: FactBook, tree: Tree) -> Paths:
    """The attack paths; none, and a problem, where the search is wrong."""
    try:
        return paths_of(estate, book)
    except Exception as error:  # noqa: BLE001 - a defect of the search is named, and all else is still reported
        what = f"looking for attack paths broke off: {type(error).__name__}: {error}"
        tree.problem(".", what, hint="this is a defect of Garrison: please report it")
        return Paths()


def paths_of(estate: Estate, book: FactBook) -> Paths:
    """The attack paths of an estate."""
    if not estate.assets:
        return Paths()
    from garrison.reach.paths import attack_paths

    return attack_paths(estate, book.exposure)


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


def _result(read: Read, settings: Settings, judged: Judged, paths: Paths, prefix: str) -> Result:
    """Take away what is not to be told, and count the rest."""
    found, ids = judged.found, frozenset(c.id for c in judged.checks)
    findings, ignored = apply(found[Outcome.FAIL], read.ignores, settings.today)
    undecided, ignored_undecided = apply(found[Outcome.UNKNOWN], read.ignores, settings.today)
    notes = {*read.tree.notes, *unused(read.ignores, ignored + ignored_undecided, ids, settings.today)}
    unread = {p.path for p in read.tree.problems}  # is said of them already
    notes |= {n for n in settings.notes if n.path not in unread}
    findings = told_once(findings)
    fresh, known, gone = split(findings, settings.baseline, ids) if settings.baseline else (findings, [], [])
    silent = (*undecided, *found[Outcome.ERROR], *(i.finding for i in ignored + ignored_undecided))
    return Result(
        findings=fresh,
        undecided=told_once(undecided),
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
        paths=paths,
        providers=tuple(sorted({a.provider for a in read.assets})),
        defences=judged.defences,
        checks=judged.checks,
        passed_by_check=dict(judged.passed),
        fail_on=settings.fail_on,
        framework=settings.framework,
        prefix=prefix,
    )
