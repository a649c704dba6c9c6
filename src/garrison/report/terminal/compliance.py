"""The controls of a framework as a table."""

from __future__ import annotations

from garrison.checks.frameworks import Framework
from garrison.findings.compliance import LIMITS, Compliance, Row, State, compliance
from garrison.findings.result import Result
from garrison.report.terminal.text import Painter, columns, cut, wrapped
from garrison.words import counted

_MARKS = {
    State.FAILED: ("✗", "red"),
    State.UNDECIDED: ("?", "yellow"),
    State.IGNORED: ("-", "dim"),
    State.PASSED: ("✓", "green"),
    State.NOT_JUDGED: ("·", "dim"),
}
_NUMBERS = ("failed", "undecided", "ignored", "passed", "not judged")
_MAX_ID = 16


def compliance_section(result: Result, framework: Framework, paint: Painter, width: int) -> list[str]:
    """Its lines: a head, a row for each control, below it the checks that fail, and what the table does not tell."""
    found = compliance(result, framework)
    out = [paint(found.framework.title, "bold"), *wrapped(summary(found), width, "  ", "  "), ""]
    room = max((columns(row.control.id) for row in found.rows), default=0)
    room = max(min(room, _MAX_ID), len("control"))
    if found.rows:
        out.append(paint(f"    {'control':{room}}  {'  '.join(_NUMBERS)}", "dim"))
    for row in found.rows:
        out += _row(row, room, paint, width)
    return [*out, "", *(paint(line, "dim") for line in wrapped(LIMITS, width, "  ", "  ")), ""]


def summary(found: Compliance) -> str:
    """How many controls stand how."""
    said = [f"{number} {state}" for state, number in found.counts.items() if number]
    return f"{counted(len(found.rows), 'control')} that checks map to: {', '.join(said) or 'none'}"


def _row(row: Row, room: int, paint: Painter, width: int) -> list[str]:
    mark, style = _MARKS[row.state]
    counts = (row.failed, row.undecided, row.ignored, row.passed, row.not_judged)
    numbers = "  ".join(f"{number or '-':>{len(head)}}" for number, head in zip(counts, _NUMBERS, strict=True))
    line = f"  {paint(mark, style)} {cut(row.control.id, room):{room}}  {numbers}"
    left = width - room - len(numbers) - 8
    out = [f"{line}  {cut(row.control.name, left)}".rstrip() if left > 0 else line]
    if row.failing:
        failing = ", ".join(check.id for check in row.failing)
        out += [paint(text, style) for text in wrapped(failing, width, " " * (room + 6))]
    return out
