"""The controls of one framework, and how what was scanned stands to each: sums over a result, nothing new is judged.

It tells of what Garrison's checks see in the files, and of nothing else: a control whose checks pass is not thereby
fulfilled, and one without a check is not in it.
"""

from __future__ import annotations

import enum
import re
from collections import Counter

import msgspec

from garrison.checks.check import Check
from garrison.checks.frameworks import Control, Framework, control
from garrison.findings.result import Result

LIMITS = "Only what Garrison's checks see in these files: a control that passes here is not thereby fulfilled."


class State(enum.StrEnum):
    """How a control stands: the first of these that one of its checks gives."""

    FAILED = "failed"
    UNDECIDED = "undecided"
    IGNORED = "ignored"
    PASSED = "passed"
    NOT_JUDGED = "not judged"


class Row(msgspec.Struct, frozen=True, eq=False):
    """One control. The numbers count a check on an asset; `not_judged` counts checks that met no asset of their kind."""

    control: Control
    checks: tuple[Check, ...]
    failing: tuple[Check, ...]  # the worst first
    failed: int  # those that a baseline knows count too
    undecided: int
    ignored: int
    passed: int
    not_judged: int

    @property
    def state(self) -> State:
        """Undecided is no pass, and nor is what was decided not to be told."""
        counts = {
            State.FAILED: self.failed,
            State.UNDECIDED: self.undecided,
            State.IGNORED: self.ignored,
            State.PASSED: self.passed,
        }
        return next((state for state, number in counts.items() if number), State.NOT_JUDGED)


class Compliance(msgspec.Struct, frozen=True, eq=False):
    """A framework, and every control of it that a check maps to, in the framework's order."""

    framework: Framework
    rows: tuple[Row, ...]

    @property
    def counts(self) -> dict[State, int]:
        """How many controls stand so; every state."""
        found = Counter(row.state for row in self.rows)
        return {state: found[state] for state in State}


def compliance(result: Result, framework: Framework) -> Compliance:
    """The sums for a framework; those of `result.framework` are about all that was judged."""
    failed = Counter(f.check.id for f in (*result.findings, *result.baselined))
    undecided = Counter(f.check.id for f in (*result.undecided, *result.errors))
    ignored = Counter(i.finding.check.id for i in result.ignored)
    passed = Counter(result.passed_by_check)
    judged = failed.keys() | undecided.keys() | ignored.keys() | passed.keys()
    by_control: dict[str, list[Check]] = {}
    for check in result.checks:
        for mapping in check.maps:
            if mapping.startswith(f"{framework.key}:"):
                by_control.setdefault(mapping, []).append(check)
    rows = []
    for mapping in sorted(by_control, key=_in_order):
        checks = by_control[mapping]
        ids = [c.id for c in checks]
        rows.append(
            Row(
                control=control(mapping),
                checks=tuple(checks),
                failing=tuple(sorted((c for c in checks if failed[c.id]), key=lambda c: (-c.severity.rank, c.id))),
                failed=sum(failed[i] for i in ids),
                undecided=sum(undecided[i] for i in ids),
                ignored=sum(ignored[i] for i in ids),
                passed=sum(passed[i] for i in ids),
                not_judged=sum(i not in judged for i in ids),
            )
        )
    return Compliance(framework, tuple(rows))


def _in_order(mapping: str) -> list[tuple[int, str]]:
    """Numbers by their value: 2.9 comes before 2.10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", mapping)]
