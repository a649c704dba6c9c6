"""A code frame: the lines that decided a finding, of one file in one frame, with what is to be said of them."""

from __future__ import annotations

from garrison.estate.values import Place
from garrison.findings.finding import Finding
from garrison.findings.result import Result
from garrison.report.terminal.code import deciding, shown_lines, texts
from garrison.report.terminal.text import Painter, clean, columns, cut, cut_left, wrapped

_MAX_ELSEWHERE = 3


def frame(finding: Finding, result: Result, paint: Painter, width: int) -> list[str]:
    """The frame of a finding; its evidence in other files follows as references."""
    source = finding.place.source
    here = [e for e in finding.evidence if e.place.source.path == source.path]
    decided = deciding(here, finding)
    numbers = shown_lines(finding, source, decided)
    lines = texts(source, numbers, secret=decided if finding.check.tells_secret else ())
    margin = len(str(numbers[-1])) if numbers else 1
    where = cut_left(at(finding.place, result), width - 4)
    out = [f"  {paint('┌', 'dim')} {paint(where, 'cyan')}"]
    previous = 0
    common = min((len(t) - len(t.lstrip()) for t in lines.values() if t.strip()), default=0)
    for number in numbers:
        if previous and number > previous + 1:
            out.append(f"  {paint('│', 'dim')} {paint('…'.rjust(margin), 'dim')} {paint('│', 'dim')}")
        previous = number
        note = decided.get(number)
        room = width - margin - 9
        text = cut(clean(lines[number])[common:], room)
        remark = ""
        if note and columns(text) + columns(note) + 5 <= room:
            remark = "   " + paint(f"← {note}", "dim")
        bar = paint("┃", "red") if note is not None else paint("│", "dim")
        code = text if note is not None else paint(text, "dim")
        out.append(f"  {paint('│', 'dim')} {paint(str(number).rjust(margin), 'dim')} {bar} {code}{remark}".rstrip())
        if note and not remark:
            for head, line in zip("↑ ", wrapped(note, room - 2, ""), strict=False):
                bar = paint("╵" if head == "↑" else " ", "red")
                out.append(f"  {paint('│', 'dim')} {' ' * margin} {bar} {paint(f'{head} {line}', 'dim')}")
    out += _elsewhere(finding, result, paint, width)
    out.append(f"  {paint('└', 'dim')} {cut(clean(finding.why), width - 6)}")
    return out


def _elsewhere(finding: Finding, result: Result, paint: Painter, width: int) -> list[str]:
    """The evidence in other files, a line each."""
    others = [e for e in finding.evidence if e.place.source.path != finding.place.source.path]
    out = []
    for evidence in others[:_MAX_ELSEWHERE]:
        number = evidence.place.line
        shown = texts(evidence.place.source, [number], secret=(number,) if finding.check.tells_secret else ())
        text = clean(shown[number].strip())
        where = clean(f"{result.shown(evidence.place.source.path)}:{evidence.place.line}")
        room = width - columns(where) - 8
        out.append(f"  {paint('│', 'dim')} {cut(text, max(room, 20))} {paint(f'← {where}', 'dim')}")
    if len(others) > _MAX_ELSEWHERE:
        out.append(f"  {paint('│', 'dim')} {paint(f'and {len(others) - _MAX_ELSEWHERE} more places', 'dim')}")
    return out


def at(place: Place, result: Result) -> str:
    """`file:line` as the user names it."""
    return clean(f"{result.shown(place.source.path)}:{place.line}")
