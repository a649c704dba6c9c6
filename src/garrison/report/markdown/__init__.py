"""A comment for a pull request: short at first sight, everything else one click away, never too long to be posted."""

from __future__ import annotations

from collections.abc import Iterator

from garrison.checks.frameworks import Framework
from garrison.findings.compliance import LIMITS, Row, compliance
from garrison.findings.finding import Finding
from garrison.findings.result import Group, Result, by_owner, count_by_severity
from garrison.report import View
from garrison.report.markdown.text import block, code, folded, prose, row, sentence, tag_text
from garrison.report.terminal.compliance import summary
from garrison.report.terminal.frame import at, frame
from garrison.report.terminal.text import Painter
from garrison.report.terminal.words import NOTHING_TO_SCAN, cut_words, kind_of, standing, steps
from garrison.words import counted

MARK = "<!-- garrison -->"  # by which a bot finds its comment again
LIMIT = 65_536  # characters of a comment on GitHub; GitLab takes more
_RESERVE = 400  # of them, for what says what was left out
_WIDTH = 100  # of code frames
_ROWS = 10  # assets in the table
_ON_ONE = 10  # findings of an asset that are told in full
_PATHS = 3
_NAMED = 20  # problems, notes, controls


def render(result: Result, view: View) -> Iterator[str]:
    """The comment, in the order of what matters; where it grows too long it breaks off and says so."""
    groups = by_owner(result.findings)
    length, told = 0, 0
    for section in _sections(result, groups):
        length += len(section) + 2
        yield f"{section}\n\n"
    for number, group in enumerate(groups, 1):
        section = _details(number, group, result)
        length += len(section) + 2
        if length > LIMIT - _RESERVE:
            break
        told += len(group.findings)
        yield f"{section}\n\n"
    if left := len(result.findings) - told:
        yield f"**{counted(left, 'finding')} left out:** a comment holds {LIMIT:,} characters. `garrison scan --all` shows all.\n"
    del view


def _sections(result: Result, groups: list[Group]) -> Iterator[str]:
    """All but the findings one by one; each has a limit of its own."""
    yield _head(result)
    if groups:
        yield _table(groups, result)
    if result.problems or result.errors:
        yield _incomplete(result)
    if result.paths.found:
        yield _paths(result)
    if result.framework is not None:
        yield _compliance(result, result.framework)
    if result.notes:
        notes = [f"- {code(result.shown(n.path))} {sentence(n.message)}" for n in result.notes[:_NAMED]]
        yield folded(counted(len(result.notes), "note"), "\n".join([*notes, *_rest(len(result.notes))]))


def _head(result: Result) -> str:
    counts = [f"{n} {s}" for s, n in count_by_severity(result.findings).items() if n]
    since = f" new since {code(result.since)}" if result.since else ""
    nothing = f"nothing{since or ' found'}" if result.assets else NOTHING_TO_SCAN
    scanned = [counted(result.files, "file"), counted(result.assets, "asset")]
    passed = counted(sum(result.passed_by_check.values()), "check") + " passed"
    beside = " · ".join((", ".join(scanned), passed, *map(sentence, standing(result))))
    return f"{MARK}\n### Garrison: {', '.join(counts) + since if counts else nothing}\n\n{beside}"


def _table(groups: list[Group], result: Result) -> str:
    lines = [row("", "asset", "what to mend", "where"), row("---", "---", "---", "---")]
    for group in groups[:_ROWS]:
        first, more = group.first, len(group.findings) - 1
        lines.append(
            row(
                f"**{first.severity}**",
                f"{sentence(kind_of(group.owner))} {code(group.owner.label)}",
                prose(first.check.title) + (f" *and {more} more*" if more else ""),
                code(at(first.place, result)),
            )
        )
    if len(groups) > _ROWS:
        lines += ["", f"and {counted(len(groups) - _ROWS, 'more asset')}"]
    return "\n".join(lines)


def _incomplete(result: Result) -> str:
    lines = [
        f"- {code(result.shown(p.path) + (f':{p.line}' if p.line else ''))} {sentence(p.message)}"
        for p in result.problems[:_NAMED]
    ]
    lines += [f"- {code(f.check.id)} failed itself: {sentence(f.why)}" for f in result.errors[:_NAMED]]
    total = len(result.problems) + len(result.errors)
    return f"**Incomplete:** not all could be read.\n\n{folded(f'{total} not read', chr(10).join(lines))}"


def _paths(result: Result) -> str:
    paths = result.paths
    lines = ["#### Paths to what matters", ""]
    for path in paths.found[:_PATHS]:
        entry, *others = steps(path)
        unsure = "" if path.sure else ", if what is unknown allows it"
        lines.append(f"1. {' → '.join([entry, *map(code, others)])} ({path.jewel}{unsure})")
    if (rest := paths.total - len(paths.found[:_PATHS])) > 0:
        lines += ["", f"and {rest} more"]
    for cut in paths.cuts[:1]:
        many, where, what = cut_words(cut, paths.total, result)
        lines += ["", f"**{many.capitalize()}:** {code(where)} {sentence(what)}"]
    return "\n".join(lines)


def _compliance(result: Result, framework: Framework) -> str:
    found = compliance(result, framework)
    lines = [
        row("", "control", "failed", "undecided", "ignored", "passed", "not judged", "failing checks"),
        row(*["---"] * 8),
        *(_control(control) for control in found.rows),
    ]
    table = folded(tag_text(summary(found)), "\n".join(lines))
    return f"#### {sentence(framework.title)}\n\n{table}\n\n{LIMITS}"


def _control(control: Row) -> str:
    counts = (control.failed, control.undecided, control.ignored, control.passed, control.not_judged)
    name = f" {sentence(control.control.name)}" if control.control.name else ""
    failing = ", ".join(code(c.id) for c in control.failing)
    return row(control.state, f"{code(control.control.id)}{name}", *(str(n or "") for n in counts), failing)


def _details(number: int, group: Group, result: Result) -> str:
    """All that was found on one asset."""
    owner = group.owner
    summary = f"<b>{number}. {tag_text(kind_of(owner))} <code>{tag_text(owner.label)}</code></b> {group.first.severity}"
    parts = [f"{code(owner.address)}"]
    if reasons := group.first.risk.reasons:
        parts.append(sentence(" · ".join(reasons)))
    parts += [_finding(finding, result) for finding in group.findings[:_ON_ONE]]
    if len(group.findings) > _ON_ONE:
        parts.append(f"and {len(group.findings) - _ON_ONE} more on it")
    return folded(summary, *parts)


def _finding(finding: Finding, result: Result) -> str:
    check = finding.check
    lines = frame(finding, result, Painter(colour=False), _WIDTH)
    condition = f"Only if {code(finding.condition)}. " if finding.condition else ""
    head = f"**{check.severity}** {prose(check.title)} · {code(check.id)}"
    return f"{head}\n\n{block(lines)}\n\n{condition}**Fix:** {prose(check.fix)}"


def _rest(total: int) -> list[str]:
    return [f"- and {total - _NAMED} more"] if total > _NAMED else []
