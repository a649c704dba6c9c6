"""The lines of code a report shows of a finding: which they are, what is to be said of each, secrets masked."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Collection, Sequence
from functools import lru_cache

from garrison.estate.values import Place, Source
from garrison.findings.finding import Evidence, Finding
from garrison.report.terminal.masking import masked, masked_values
from garrison.report.terminal.text import clean

_CONTEXT = 150  # lines around those shown that are looked at to find out what is a secret
_LONGEST = 2000  # characters of a line that are looked at
_MAX_LINES = 8  # of one frame
_MAX_SPAN = 4  # of one piece of evidence
_SECRET_OBJECT = re.compile(rb"""(?m)^\s*["']?kind["']?\s*:\s*["']?Secret\b""")  # all of it is secret, however long
_VERSION, _NAME = re.compile(rb"\s*[\"']?(apiVersion|kind)\b"), re.compile(rb"\s+[\"']?name\b[\"']?\s*:")
_MAX_HEAD = 20  # lines of a manifest in which its name is looked for
_HEADLESS = frozenset({"kubernetes", "notebooks", "secrets", "settings"})
_SMALL_GAP = 3  # lines


def remark_of(evidence: Evidence) -> str:
    """What is to be said of a piece of evidence, in one line."""
    if evidence.decided_by and evidence.decided_by not in evidence.note:
        said = f"decided by {evidence.decided_by}"
        return clean(f"{said}: {evidence.note}" if evidence.note else said)
    return clean(evidence.note)


def decider_of(finding: Finding) -> str:
    """What would decide an undecided finding; where nothing is named, why it is not known."""
    notes = Counter(remark_of(e) for e in finding.evidence if e.note)
    return clean(", ".join(finding.decided_by)) or next(iter(notes), "it is not said")


def deciding(evidence: Sequence[Evidence], finding: Finding) -> dict[int, str]:
    """The lines of one file that decided it, with a remark for the first of each piece of evidence."""
    found: dict[int, str] = {}
    whole = finding.asset.place
    for piece in evidence:
        place = piece.place
        remark = remark_of(piece)
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


def shown_lines(finding: Finding, source: Source, decided: Collection[int], at_most: int = _MAX_LINES) -> list[int]:
    """The lines of a file to show: those that decided, and the one where the asset begins."""
    chosen = set(sorted(decided)[: at_most - 1])
    asset = finding.asset
    # The first line of a manifest or a whole file tells nothing; that of a block in HCL is its name.
    if asset.place.source.path == source.path and (asset.format not in _HEADLESS or not chosen):
        chosen.add(asset.place.line)
    numbers = sorted(chosen)
    # A gap of a line or two is better shown than left out.
    between = [n for a, b in itertools.pairwise(numbers) if b - a <= _SMALL_GAP for n in range(a + 1, b)]
    return sorted({*numbers, *between})


def texts(source: Source, numbers: Sequence[int], secret: Collection[int] = ()) -> dict[int, str]:
    """The text of each line (ascending), secrets masked. Lines of `secret` hold one, whatever they look like."""
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
        masked_texts = masked(window, [n - 1 - first for n in known[start:stop]])
        for number in known[start:stop]:
            text = masked_texts[number - 1 - first]
            found[number] = masked_values(text) if number in secret else text
        start = stop
    return found


@lru_cache(maxsize=4)
def _lines(source: Source) -> list[bytes]:
    return source.data.split(b"\n")
