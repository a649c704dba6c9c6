"""For people: what to mend first, why, where, how; all else is one option away."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TypeVar

from garrison.checks.check import Severity
from garrison.findings.finding import Finding
from garrison.findings.result import Group, Result, by_owner, count_by_severity
from garrison.report import View
from garrison.report.terminal.code import decider_of
from garrison.report.terminal.compliance import compliance_section
from garrison.report.terminal.frame import at, frame
from garrison.report.terminal.paths import paths_section
from garrison.report.terminal.text import Painter, clean, columns, cut, cut_left, wrapped
from garrison.report.terminal.words import NOTHING_TO_SCAN, called, standing
from garrison.words import counted

_T = TypeVar("_T")
_FIRST = 5  # entries that are shown without --all
_BESIDE = 4  # further findings of an entry, and further assets with the same, without --all
_NAMED = 8  # problems and notes of one section, without --all
_CLOUDS = frozenset({"aws", "azure", "gcp"})
_STYLES = {
    Severity.CRITICAL: "bright_red bold",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "blue",
}
_MIN_WIDTH, _MAX_WIDTH = 60, 140


def render(result: Result, view: View) -> Iterator[str]:
    """The whole screen."""
    yield _Screen(result, view).text()


class _Screen:
    """One report being written."""

    def __init__(self, result: Result, view: View) -> None:
        self.result, self.view = result, view
        self.paint = Painter(colour=view.colour)
        self.width = max(_MIN_WIDTH, min(view.width, _MAX_WIDTH)) - 1
        self.lines: list[str] = []

    def text(self) -> str:
        self._head()
        told = self._findings()
        if self.view.unknown:
            self._unknown()
        self._errors()
        self._problems()
        self._notes()
        self._summary(told)
        return "\n".join(self.lines) + "\n"

    def _add(self, *lines: str) -> None:
        self.lines += [f" {line}" if line else "" for line in lines]

    def _head(self) -> None:
        result = self.result
        clouds = [p for p in result.providers if p in _CLOUDS]
        said = [counted(result.files, "file"), counted(result.assets, "asset")]
        if len(clouds) > 1:
            said.append(f"{len(clouds)} clouds")
        seconds = "" if self.view.seconds is None else f" · {self.view.seconds:.1f} s"
        self._add(self.paint(", ".join(said) + seconds, "dim"), "")

    # What was found.

    def _findings(self) -> int:
        """The entries and the paths, or in their stead how the controls of a framework stand; how many findings are told."""
        framework, told = self.result.framework, 0
        if framework is None or self.view.everything:
            told = self._entries(by_owner(self.result.findings))
            self._add(*paths_section(self.result, self.view, self.paint, self.width - 1))
        if framework is not None:
            self._add(*compliance_section(self.result, framework, self.paint, self.width - 1))
        return told

    def _entries(self, groups: list[Group]) -> int:
        """The entries; how many findings they tell of."""
        if self.view.everything:
            for number, group in enumerate(groups, 1):
                self._entry(number, group, [])
            return len(self.result.findings)
        told = 0
        alike: dict[str, list[Group]] = defaultdict(list)
        for group in groups:
            alike[group.first.check.id].append(group)
        for number, same in enumerate(list(alike.values())[:_FIRST], 1):
            self._entry(number, same[0], same[1:])
            told += _told(same[0]) + len(same) - 1
        return told

    def _entry(self, number: int, group: Group, alike: list[Group]) -> None:
        owner = group.owner
        head = clean(called(owner))
        margin = len(str(number)) + 2
        head = cut(head, self.width - margin - 1)
        room = self.width - margin - columns(head) - 3
        address = clean(owner.address)
        where = address if columns(address) <= room else ""
        self._add(f"{self.paint(str(number), 'bold')}  {self.paint(head, 'bold')}  {self.paint(where, 'dim')}".rstrip())
        indent = " " * margin
        if reasons := group.first.risk.reasons:
            text = clean(" · ".join(reasons))
            self._add(*(self.paint(line, "magenta") for line in wrapped(text, self.width - 1, indent)))
        rest = group.findings if self.view.everything else group.findings[:1]
        for finding in rest:
            self._finding(finding, indent)
        if not self.view.everything:
            self._beside(group.findings[1:], indent)
            self._alike(alike, indent)
        self._add("")

    def _finding(self, finding: Finding, indent: str) -> None:
        self._add(*self._title(finding, indent))
        self._add(*(indent + line for line in frame(finding, self.result, self.paint, self.width - len(indent) - 1)))
        if finding.also:
            others = f"the same lines in {len(finding.also)} more: {', '.join(f.asset.root for f in finding.also)}"
            self._add(self.paint(f"{indent}  {cut(clean(others), self.width - len(indent) - 3)}", "dim"))
        if finding.condition:
            self._add(self.paint(f"{indent}  only if {cut(clean(finding.condition), self.width - 14)}", "dim"))
        label = self.paint("Fix", "green bold")
        for line in wrapped(finding.check.fix, self.width - 1, f"{indent}       ", f"{indent}  Fix  "):
            self._add(line.replace(f"{indent}  Fix  ", f"{indent}  {label}  ", 1))

    def _title(self, finding: Finding, indent: str) -> list[str]:
        severity = self.paint(f"✗ {finding.severity:8}", _STYLES[finding.severity])
        id_ = finding.check.id
        room = self.width - len(indent) - 12
        title = finding.check.title
        if columns(title) + columns(id_) + 2 <= room:
            return [
                f"{indent}{severity}  {self.paint(title, 'bold')}{self._gap(title, id_, room)}{self.paint(id_, 'dim')}"
            ]
        lines = wrapped(title, self.width - 1, f"{indent}            ")
        first = lines[0][len(indent) + 12 :]
        out = [f"{indent}{severity}  {self.paint(first, 'bold')}", *(self.paint(line, "bold") for line in lines[1:])]
        return [*out, f"{indent}            {self.paint(id_, 'dim')}"]

    def _gap(self, left: str, right: str, room: int) -> str:
        return " " * max(2, room - columns(left) - columns(right) - 1)

    def _beside(self, findings: tuple[Finding, ...], indent: str) -> None:
        """The other findings of the same asset, a line for each check."""
        checks = {f.check.id: f for f in reversed(findings)}
        times = Counter(f.check.id for f in findings)
        shown = sorted(checks.values(), key=findings.index)
        for finding in shown[:_BESIDE]:
            mark = self.paint(f"+ {finding.severity:8}", _STYLES[finding.severity])
            id_, room = finding.check.id, self.width - len(indent) - 12
            often = f" (×{times[id_]})" if times[id_] > 1 else ""
            title = cut(finding.check.title, room - columns(id_) - len(often) - 3) + often
            self._add(f"{indent}{mark}  {title}{self._gap(title, id_, room)}{self.paint(id_, 'dim')}")
        if rest := sum(times[f.check.id] for f in shown[_BESIDE:]):
            self._add(self.paint(f"{indent}+ {rest} more on it", "dim"))

    def _alike(self, groups: list[Group], indent: str) -> None:
        """Other assets where the same comes first."""
        if not groups:
            return
        for group in groups[:_BESIDE]:
            label = cut(f"the same on {clean(group.owner.label)}", self.width - len(indent) - 3)
            room = self.width - len(indent) - columns(label) - 5
            self._add(f"{indent}  {label}  {self.paint(cut_left(at(group.first.place, self.result), room), 'dim')}")
        if len(groups) > _BESIDE:
            self._add(self.paint(f"{indent}  and on {len(groups) - _BESIDE} more", "dim"))

    # What was not.

    def _unknown(self) -> None:
        """Undecided findings by what would decide them."""
        if not self.result.undecided:
            return
        by_decider: dict[str, list[Finding]] = defaultdict(list)
        for finding in self.result.undecided:
            by_decider[decider_of(finding)].append(finding)
        self._section("What could not be decided")
        for decider, findings in sorted(by_decider.items(), key=lambda i: (-len(i[1]), i[0])):
            self._add(*wrapped(decider, self.width - 1, "    ", "  ? "))
            shown = findings if self.view.everything else findings[:_BESIDE]
            for finding in shown:
                text = cut(f"{finding.check.id} on {clean(finding.owner.label)}", self.width * 3 // 5)
                where = cut_left(at(finding.place, self.result), self.width - columns(text) - 8)
                self._add(f"      {text}  {self.paint(where, 'dim')}")
            if len(findings) > len(shown):
                self._add(self.paint(f"      and {len(findings) - len(shown)} more (--all)", "dim"))
        self._add("")

    def _errors(self) -> None:
        if not self.result.errors:
            return
        self._section("Checks that failed themselves: please report them", "red bold")
        for finding in self._some(self.result.errors):
            self._add(
                *wrapped(clean(f"{finding.why} ({at(finding.asset.place, self.result)})"), self.width - 1, "    ", "  ")
            )
        self._rest(len(self.result.errors))

    def _problems(self) -> None:
        if not self.result.problems:
            return
        self._section(f"Not read, so the scan is incomplete ({len(self.result.problems)})", "red bold")
        for problem in self._some(self.result.problems):
            where = clean(self.result.shown(problem.path)) + (f":{problem.line}" if problem.line else "")
            self._named(where, clean(problem.message))
            if problem.hint:
                self._add(*(self.paint(line, "dim") for line in wrapped(clean(problem.hint), self.width - 1, "    ")))
        self._rest(len(self.result.problems))

    def _notes(self) -> None:
        """Notes that differ in nothing but a number are one."""
        if not self.result.notes:
            return
        alike: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for note in self.result.notes:
            alike[re.sub(r"\d+", "#", note.message).replace("es are", " is")].append((note.path, note.message))
        self._section("Notes")
        kinds = list(alike.values())
        for same in self._some(kinds):
            path, message = same[0]
            more = f" (and {len(same) - 1} more like it)" if len(same) > 1 else ""
            self._named(clean(self.result.shown(path)), f"{clean(message)}{more}")
        self._rest(len(kinds))

    def _named(self, path: str, text: str) -> None:
        """A path, and what is to be said of it; on a line of its own where it is long."""
        if columns(path) + columns(text) + 4 <= self.width:
            self._add(f"  {self.paint(path, 'cyan')}  {text}")
            return
        self._add(f"  {self.paint(cut_left(path, self.width - 4), 'cyan')}", *wrapped(text, self.width - 1, "    "))

    def _some(self, items: list[_T]) -> list[_T]:
        return items if self.view.everything else items[:_NAMED]

    def _rest(self, total: int) -> None:
        if not self.view.everything and total > _NAMED:
            self._add(self.paint(f"  and {total - _NAMED} more (--all)", "dim"))
        self._add("")

    def _section(self, title: str, style: str = "bold") -> None:
        self._add(self.paint(title, style))

    # The end.

    def _summary(self, told: int) -> None:
        result = self.result
        counts = count_by_severity(result.findings)
        said = [self.paint(f"{n} {s}", _STYLES[s]) for s, n in counts.items() if n]
        since = clean(result.since)
        parts = [", ".join(said) + (f" new since {since}" if since else "")] if said else []
        if told < len(result.findings):
            parts[0] += f" ({len(result.findings) - told} not shown: --all)"
        if not said:
            new = f"nothing new since {since}" if since else "nothing found"
            clean_text = f"✓ {new}, {counted(sum(result.passed_by_check.values()), 'check')} passed"
            parts.append(self.paint(clean_text, "green bold") if result.assets else NOTHING_TO_SCAN)
        beside = standing(result)
        if result.undecided and not self.view.unknown:
            beside[0] += " (--unknown)"
        parts += [clean(text) for text in beside]
        if result.skipped and (self.view.everything or not result.assets):
            parts.append("passed over: " + ", ".join(f"{n} {why}" for why, n in result.skipped.items()))
        self._add(" · ".join(parts))
        if result.findings:
            paths = " ".join(self.view.paths)
            first = result.findings[0].check.id
            mendable = sum(1 for f in result.findings if f.check.mend is not None and f.check.mend.safe)
            more = f" · --fix may mend {mendable}" if mendable else ""
            scan = f"garrison scan {clean(paths)} --format html -o report.html"
            self._add(self.paint(f"garrison explain {first} · {scan}{more}", "dim"))


def _told(group: Group) -> int:
    """How many findings of a group its entry tells of: the first, and some checks beside it."""
    times = Counter(f.check.id for f in group.findings[1:])
    return 1 + sum(list(times.values())[:_BESIDE])
