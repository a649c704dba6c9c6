"""Files of Cedar policies to resources: a statement ends at the semicolon that stands in no text."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence

from garrison.estate.values import Body, Place, known
from garrison.sources.documents import load
from garrison.sources.interface import File, Tree
from garrison.sources.written import Written

_MAX_BYTES = 2_000_000
_MAX_STATEMENTS = 10_000
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*+"|//[^\n]*|;|[^"/;]++|/', re.DOTALL)
_ID = re.compile(r'@id\s*\(\s*"((?:[^"\\]|\\.)*)"\s*\)')
_ANNOTATIONS = re.compile(r'(?:@\w+\s*(?:\(\s*"(?:[^"\\]|\\.)*"\s*\))?\s*)*+')


def read_policies(files: Sequence[File], tree: Tree) -> Iterator[Written]:
    """A resource for each statement."""
    for file in files:
        source = load(file, tree)
        if source is None:
            continue
        if len(source.data) > _MAX_BYTES:
            limit = _MAX_BYTES // 1_000_000
            tree.problem(file.path, f"it is larger than {limit} MB, too large for policies", hint="split it")
            continue
        text = source.data.decode("utf8", "replace")
        lines = [0, *(found.end() for found in re.finditer("\n", text))]
        for number, (start, end, said) in enumerate(_statements(text)):
            if number == _MAX_STATEMENTS:
                tree.problem(file.path, f"only its first {number:,} policies are judged", hint="split it")
                break
            named = _ID.search(said)
            statement = said[match.end() :] if (match := _ANNOTATIONS.match(said)) else said
            line = bisect.bisect_right(lines, start) - 1
            stop = min(end, lines[line + 1] - 1 if line + 1 < len(lines) else end)
            place = Place.at(source, (line, start - lines[line]), (line, stop - lines[line]))
            name = named[1] if named else str(number)
            body = Body.of({"name": known(name, place), "statement": known(statement, place)})
            yield Written("cedar", "policy", place, body, name)


def _statements(text: str) -> Iterator[tuple[int, int, str]]:
    """Where each statement begins and ends, and what it says without comments and breaks of lines."""
    start, pieces = -1, []
    for piece in _PIECE.finditer(text):
        if piece[0].startswith("//"):
            continue
        if start < 0 and piece[0].strip():
            start = piece.start() + len(piece[0]) - len(piece[0].lstrip())
        pieces.append(piece[0])
        if piece[0] == ";":
            yield start, piece.end(), " ".join("".join(pieces).split())
            start, pieces = -1, []
