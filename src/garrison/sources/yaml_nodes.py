"""YAML to nodes, on libyaml's events: fast, with a place for everything, and safe on hostile input.

Events, not PyYAML's composer: libyaml parses without recursion, so depth is counted while it happens and never reaches
C's stack, and no tag is resolved that nobody asks for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml
from yaml.cyaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from garrison.estate.values import pack
from garrison.sources.nodes import (
    MAX_DEPTH,
    MAX_DOCUMENT_BYTES,
    MAX_EXPANDED,
    Complaint,
    Composed,
    Mapping,
    Node,
    Scalar,
    Sequence,
    Style,
    duplicates,
)

_START = re.compile(rb"^(?:\xef\xbb\xbf)?---(?=[ \t\r\n]|\Z)", re.MULTILINE)
# libyaml begins a line at these too; an editor, and a Place, only at a line feed.
_ODD_BREAKS = re.compile(rb"\xc2\x85|\xe2\x80[\xa8\xa9]|\r(?!\n)")
_LONG_LINE = 1 << 19  # a column that may not fit into a Place


def cuts(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the documents of a stream begin and end.

    Sound for every stream without directives: `---` in the first column ends a document wherever it stands (YAML 1.2,
    9.1.2). A stream with directives is one piece.
    """
    if data.startswith(b"%") or b"\n%" in data:
        yield 0, len(data)
        return
    start = 0
    for mark in _START.finditer(data):
        if mark.start() > start:
            yield start, mark.start()
        start = mark.start()
    yield start, len(data)


def compose(data: bytes, first_line: int = 0) -> Iterator[Composed]:
    """Every document of a piece of YAML; `first_line`, from 0, is where the piece begins in its file.

    Ends at the first fatal complaint, as what follows it cannot be trusted.
    """
    if len(data) > MAX_DOCUMENT_BYTES:
        yield _refused(first_line, f"a document of {len(data) / 1e6:.0f} MB is too large: the limit is 10 MB")
        return
    composer = _Composer(data, first_line)
    while True:
        try:
            found = composer.document()
        except _Refusal as refusal:
            yield Composed(None, (refusal.complaint,))
            return
        except yaml.YAMLError as error:
            yield Composed(None, (_complaint(error, data, first_line),))
            return
        if found is None:
            return
        yield found


def _refused(line: int, message: str) -> Composed:
    return Composed(None, (Complaint(line + 1, message, "split it into several documents"),))


class _Refusal(Exception):  # noqa: N818 - it never leaves this module
    def __init__(self, complaint: Complaint) -> None:
        super().__init__(complaint.message)
        self.complaint = complaint


class _Composer:
    """The documents of one stream, one by one."""

    def __init__(self, data: bytes, first_line: int) -> None:
        self.parser: Any = CParser(data)
        self.first_line = first_line
        odd = _ODD_BREAKS.search(data) is not None or len(data) > _LONG_LINE
        self.locate = _locator(data, first_line) if odd else None

    def document(self) -> Composed | None:
        """The next one, None at the end of the stream."""
        next_event = self.parser.get_event
        locate, first = self.locate, self.first_line
        root: Node | None = None
        here: list[Node] = []  # the items of what is open
        stack: list[tuple[list[Node], Any, int, int]] = []  # what it is in, its start event, its place, `count` then
        anchors: dict[str, tuple[Node | None, int]] = {}
        complaints: list[Complaint] = []
        count = 0
        while True:
            event = next_event()
            if event is None:
                return None
            kind = event.__class__
            count += 1
            if kind is ScalarEvent:
                begin, end = event.start_mark, event.end_mark
                node: Node = Scalar(
                    event.value,
                    event.tag or "",
                    Style.PLAIN if event.implicit[0] else Style.TEXT,
                    begin.line + first << 20 | begin.column if locate is None else locate(begin),
                    end.line + first << 20 | end.column if locate is None else locate(end),
                )
                if event.anchor:
                    anchors[event.anchor] = node, 1
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                begin = event.start_mark
                if len(stack) >= MAX_DEPTH:
                    raise _too_deep(begin.line + first)
                if event.anchor:
                    anchors[event.anchor] = None, 0
                start = begin.line + first << 20 | begin.column if locate is None else locate(begin)
                stack.append((here, event, start, count))
                here = []
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                items = tuple(here)
                here, opened, start, before = stack.pop()
                # A block ends where its last item does: libyaml's mark is already at what follows it.
                stop = items[-1].end if items and not opened.flow_style else self._packed(event.end_mark)
                if kind is MappingEndEvent:
                    complaints += duplicates(items)
                    node = Mapping(items, opened.tag or "", start, stop)
                else:
                    node = Sequence(items, opened.tag or "", start, stop)
                if opened.anchor:
                    anchors[opened.anchor] = node, count - before
            elif kind is AliasEvent:
                found, weight = anchors.get(event.anchor, (None, 0))
                count += weight
                if found is None or count > MAX_EXPANDED:
                    raise _bad_alias(event, first, known=event.anchor in anchors, bomb=found is not None)
                node = found
            elif kind is DocumentEndEvent:
                return Composed(root, tuple(complaints))
            else:
                continue
            if stack:
                here.append(node)
            else:
                root = node

    def _packed(self, mark: Any) -> int:
        return pack(mark.line + self.first_line, mark.column) if self.locate is None else self.locate(mark)


def _locator(data: bytes, first_line: int) -> Callable[[Any], int]:
    """From libyaml's count of characters to lines as everybody counts them."""
    from bisect import bisect_right
    from itertools import accumulate

    lines = data.decode("utf8", "replace").split("\n")
    bom = 1 if data.startswith(b"\xef\xbb\xbf") else 0
    starts = [0, *accumulate(len(line) + 1 for line in lines)]

    def locate(mark: Any) -> int:
        index = mark.index + bom
        line = bisect_right(starts, index) - 1
        return pack(line + first_line, index - starts[line])

    return locate


def _too_deep(line: int) -> _Refusal:
    return _Refusal(
        Complaint(line + 1, f"nested deeper than {MAX_DEPTH} levels", "flatten it; nothing real needs that")
    )


def _bad_alias(event: Any, first_line: int, *, known: bool, bomb: bool) -> _Refusal:
    line, name = event.start_mark.line + first_line + 1, event.anchor
    if bomb:
        message = f"aliases expand to more than {MAX_EXPANDED:,} values"
        return _Refusal(Complaint(line, message, "write out what is needed"))
    message = f"*{name} stands inside &{name} itself" if known else f"*{name} has no anchor &{name} before it"
    return _Refusal(Complaint(line, message, "write the value out"))


def _complaint(error: yaml.YAMLError, data: bytes, first_line: int) -> Complaint:
    """What libyaml says, in one sentence, with the line it means."""
    if isinstance(error, yaml.reader.ReaderError):
        line = data.count(b"\n", 0, error.position) + first_line + 1
        if "control characters" in str(error.reason):
            return Complaint(line, "a control character stands in it: it is binary or damaged", "save it as UTF-8 text")
        return Complaint(line, f"it is not UTF-8 text ({error.reason})", "save it as UTF-8")
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = (mark.line if mark is not None else 0) + first_line + 1
    problem = str(getattr(error, "problem", "") or "it cannot be parsed")
    context = str(getattr(error, "context", "") or "")
    hint = "indent with spaces, not with tabs" if "\\t" in problem else "run it through a YAML linter"
    return Complaint(line, f"not valid YAML: {problem}{f' ({context})' if context else ''}", hint)
