"""Which documents of a file hold an object of a wanted kind, told from the bytes where they tell.

Composing everything would cost a hundred times as much: most of what lies in real trees are CustomResourceDefinitions.
A document whose `kind:` stands in the first column, as nearly all do, is judged by it; any other that could be an
object at all (JSON, a list, an unusual style) is composed if a wanted kind is written in it somewhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from garrison.sources.kubernetes.pipelines import KIND, MARKS
from garrison.sources.yaml_nodes import cuts

_BOM = b"\xef\xbb\xbf"
_PLAIN = re.compile(rb"""kind:[ \t]+(?:"(\w+)"|'(\w+)'|(\w+))[ \t\r]*(?:#[^\n]*)?(?:\n|\Z)""")
_ANYWHERE = re.compile(rb"""kind["']?\s*:\s*(?:[&!]\S*\s+)*["']?(\w+)""")


def documents(data: bytes, kinds: Collection[str]) -> Iterator[tuple[int, int, int]]:
    """Start, end and first line (from 0) of each document that has to be composed."""
    at = line = 0
    for start, end in cuts(data):
        if _worth_it(data, start, end, kinds):
            line += data.count(b"\n", at, start)
            at = start
            yield start, end, line


def _worth_it(data: bytes, start: int, end: int, kinds: Collection[str]) -> bool:
    at = start + len(_BOM) if data.startswith(_BOM, start) else start
    if not data.startswith(b"kind:", at):
        at = data.find(b"\nkind:", start, end) + 1
        if not at:
            return _anywhere(data, start, end, kinds)
    while True:
        kind = _PLAIN.match(data, at, end)
        if kind is None:  # an anchor, a tag, a value in the next line
            return True
        if _names(kind[1] or kind[2] or kind[3], kinds):
            return True
        at = data.find(b"\nkind:", at, end) + 1
        if not at:
            return False


def _anywhere(data: bytes, start: int, end: int, kinds: Collection[str]) -> bool:
    if KIND in kinds and all(data.find(mark, start, end) >= 0 for mark in MARKS):
        return True
    if data.find(b"kind", start, end) < 0 or data.find(b"apiVersion", start, end) < 0:
        return False
    return any(_names(m[1], kinds) for m in _ANYWHERE.finditer(data, start, end))


def _names(kind: bytes, kinds: Collection[str]) -> bool:
    name = kind.decode("ascii", "replace")
    return name in kinds or name.endswith("List")
