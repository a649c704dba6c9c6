"""What a scan found, as every output form receives it."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

import msgspec

from garrison.checks.check import Check, Severity
from garrison.checks.frameworks import Framework
from garrison.errors import ExitCode
from garrison.estate.assets import Asset
from garrison.findings.baseline import Entry
from garrison.findings.defence import Defence
from garrison.findings.finding import Finding
from garrison.findings.ignores import Ignored
from garrison.reach.path import Paths
from garrison.sources.interface import Note, Problem


class Result(msgspec.Struct, eq=False, kw_only=True):
    """All that a scan found, in a fixed order: the greatest risk first. Paths are relative to what was scanned."""

    findings: list[Finding]  # failing, not ignored, not in the baseline
    undecided: list[Finding]
    errors: list[Finding]  # checks that raised
    ignored: list[Ignored] = []
    baselined: list[Finding] = []  # in the baseline, hence known
    mended: list[Entry] = []  # in the baseline, and not found any more
    since: str = ""  # the Git revision that is the baseline; "" where that is a file, or there is none
    framework: Framework | None = None  # whose controls are to be summed up: see `compliance`
    problems: list[Problem]
    notes: list[Note]
    files: int  # read as some format
    files_by_format: dict[str, int] = {}
    skipped: dict[str, int] = {}  # why -> how many files and folders were passed over
    assets: int
    paths: Paths = Paths()
    defences: tuple[Defence, ...] = ()  # of the assets that matter most, the weightiest first
    providers: tuple[str, ...]
    checks: tuple[Check, ...] = ()  # those that were run
    passed_by_check: dict[str, int]  # how often each passed
    fail_on: Severity | None = Severity.LOW  # findings from here on make the exit code 1; None: none does
    prefix: str = ""  # before a path: names it as the user did

    @property
    def exit_code(self) -> ExitCode:
        """Incomplete outranks findings; what is undecided, ignored or in the baseline changes nothing."""
        if self.problems or self.errors:
            return ExitCode.INCOMPLETE
        if self.fail_on is None:
            return ExitCode.CLEAN
        failing = any(f.severity.rank >= self.fail_on.rank for f in self.findings)
        return ExitCode.FINDINGS if failing else ExitCode.CLEAN

    def shown(self, path: str) -> str:
        """A path as the user would name it."""
        return posixpath.normpath(self.prefix + path) if self.prefix or "/.." in path or "./" in path else path


class Group(msgspec.Struct, frozen=True, eq=False):
    """What was found on one asset and its parts, the greatest risk first."""

    owner: Asset
    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The one to begin with."""
        return self.findings[0]


def by_owner(findings: Sequence[Finding]) -> list[Group]:
    """One group for each owner, in the order of their first findings."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.owner.address, []).append(finding)
    return [Group(found[0].owner, tuple(found)) for found in groups.values()]


def count_by_severity(findings: Sequence[Finding]) -> dict[Severity, int]:
    """Every severity, the worst first."""
    return {s: sum(1 for f in findings if f.severity is s) for s in Severity}
