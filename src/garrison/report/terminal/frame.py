"""A code frame: the lines that decided a finding, of one file in one frame, with what is to be said of them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection
from functools import lru_cache

from garrison.estate.values import Place, Source
from garrison.findings.finding import Evidence, Finding
from garrison.findings.result import Result
from garrison.report.terminal.masking import masked, masked_values
from garrison.report.terminal.text import Painter, clean, columns, cut, cut_left, wrapped

_CONTEXT = 150  # lines around a frame that are looked at to find out what is a secret
_LONGEST = 2000  # characters of a line that are looked at
_MAX_LINES = 8  # of one frame
_MAX_SPAN = 4  # of one piece of evidence
_SECRET_OBJECT = re.compile(rb"""(?m)^\s*["']?kind["']?\s*:\s*["']?Secret\b""")  # all of it is secret, however long
_VERSION, _NAME = re.compile(rb"\s*[\"']?(apiVersion|kind)\b"), re.compile(rb"\s+[\"']?name\b[\"']?\s*:")
_MAX_HEAD = 20  # lines of a manifest in which its name is looked for
_HEADLESS = frozenset({"kubernetes", "notebooks", "secrets", "settings"})
_SMALL_GAP = 3  # lines
_MAX_ELSEWHERE = 3


def frame(finding: Finding, result: Result, paint: Painter, width: int) -> list[str]:
    """The frame of a finding; its evidence in other files follows as references."""
    source = finding.place.source
    here = [e for e in finding.evidence if e.place.source.path == source.path]
    deciding = _deciding(here, finding)
    numbers = _numbers(finding, deciding)
    lines = _texts(source, numbers, secret=deciding if finding.check.tells_secret else ())
    margin = len(str(numbers[-1])) if numbers else 1
    where = cut_left(at(finding.place, result), width - 4)
    out = [f"  {paint('┌', 'dim')} {paint(where, 'cyan')}"]
    previous = 0
    common = min((len(t) - len(t.lstrip()) for t in lines.values() if t.strip()), default=0)
    for number in numbers:
        if previous and number > previous + 1:
            out.append(f"  {paint('│', 'dim')} {paint('…'.rjust(margin), 'dim')} {paint('│', 'dim')}")
        previous = number
        note = deciding.get(number)
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


def remark_of(evidence: Evidence) -> str:
    """What is to be said of a piece of evidence, in one line."""
    if evidence.decided_by and evidence.decided_by not in evidence.note:
        said = f"decided by {evidence.decided_by}"
        return clean(f"{said}: {evidence.note}" if evidence.note else said)
    return clean(evidence.note)


def _deciding(here: list[Evidence], finding: Finding) -> dict[int, str]:
    """The lines that decided it, with a remark for the first of each piece of evidence."""
    found: dict[int, str] = {}
    whole = finding.asset.place
    for evidence in here:
        place = evidence.place
        remark = remark_of(evidence)
        begin = place.line
        last = min(place.end_line, begin + _MAX_SPAN - 1)
        if place.start == whole.start and place.end == whole.end:
            begin = last = _heading(place)
        for number in range(begin, last + 1):
            first = remark if number == begin else ""
            found[number] = "; ".join(dict.fromkeys(r for r in (found.get(number, ""), first) if r))
    return found


def _heading(place: Place) -> int:
    """The line that tells what an asset is: its first, or in a manifest, which begins with a version, its name's."""
    lines = _lines(place.source)
    if place.line <= len(lines) and _VERSION.match(lines[place.line - 1]):
        for number in range(place.line, min(place.line + _MAX_HEAD, len(lines))):
            if _NAME.match(lines[number]):
                return number + 1
    return place.line


def _numbers(finding: Finding, deciding: dict[int, str]) -> list[int]:
    """The lines to show: those that decided, and the one where the asset begins."""
    path = finding.place.source.path
    chosen = set(sorted(deciding)[: _MAX_LINES - 1])
    asset = finding.asset
    # The first line of a manifest or a whole file tells nothing; that of a block in HCL is its name.
    if asset.place.source.path == path and (asset.format not in _HEADLESS or not chosen):
        chosen.add(asset.place.line)
    numbers = sorted(chosen)
    # A gap of a line or two is better shown than left out.
    between = [n for a, b in itertools.pairwise(numbers) if b - a <= _SMALL_GAP for n in range(a + 1, b)]
    return sorted({*numbers, *between})


def _texts(source: Source, numbers: list[int], secret: Collection[int]) -> dict[int, str]:
    """The text of each line, secrets masked. Lines of `secret` hold one, whatever they look like."""
    everything = _lines(source)
    known = [n for n in numbers if n <= len(everything)]
    found = dict.fromkeys(numbers, "")
    context = len(everything) if _SECRET_OBJECT.search(source.data) else _CONTEXT
    start = 0
    while start < len(known):
        stop = start + 1
        while stop < len(known) and known[stop] - known[stop - 1] < context:
            stop += 1
        first = max(0, known[start] - 1 - context)
        window = [
            t.decode("utf8", "replace").rstrip("\r")[:_LONGEST] for t in everything[first : known[stop - 1] + context]
        ]
        texts = masked(window, [n - 1 - first for n in known[start:stop]])
        for number in known[start:stop]:
            text = texts[number - 1 - first]
            found[number] = masked_values(text) if number in secret else text
        start = stop
    return found


@lru_cache(maxsize=4)
def _lines(source: Source) -> list[bytes]:
    return source.data.split(b"\n")


def _elsewhere(finding: Finding, result: Result, paint: Painter, width: int) -> list[str]:
    """The evidence in other files, a line each."""
    others = [e for e in finding.evidence if e.place.source.path != finding.place.source.path]
    out = []
    for evidence in others[:_MAX_ELSEWHERE]:
        text = clean(next(iter(_texts(evidence.place.source, [evidence.place.line], ()).values())).strip())
        where = clean(f"{result.shown(evidence.place.source.path)}:{evidence.place.line}")
        room = width - columns(where) - 8
        out.append(f"  {paint('│', 'dim')} {cut(text, max(room, 20))} {paint(f'← {where}', 'dim')}")
    if len(others) > _MAX_ELSEWHERE:
        out.append(f"  {paint('│', 'dim')} {paint(f'and {len(others) - _MAX_ELSEWHERE} more places', 'dim')}")
    return out


def at(place: Place, result: Result) -> str:
    """`file:line` as the user names it."""
    return clean(f"{result.shown(place.source.path)}:{place.line}")
