"""YAML to nodes, on libyaml's events: fast, with a place for everything, and safe on hostile input.

Events, not PyYAML's composer: libyaml parses without recursion, so depth is counted while it happens and never reaches
C's stack, and no tag is resolved that nobody asks for.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any

import yaml
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.reader import ReaderError

from garrison.estate.values import pack
from garrison.sources.nodes import (
    MAX_DEPTH,
    MAX_EXPANDED,
    Complaint,
    Composed,
    Mapping,
    Node,
    Scalar,
    Sequence,
    Style,
    duplicates,
    too_deep,
)

_START = re.compile(rb"\n(?:%|(?:\xef\xbb\xbf)?---(?=[ \t\r\n]|\Z))")  # of a directive or a document
# libyaml begins a line at these too; an editor, and a Place, only at a line feed.
_ODD_BREAKS = re.compile(rb"\xc2\x85|\xe2\x80[\xa8\xa9]|\r(?!\n)")
_LONG_LINE = 1 << 19  # a column that may not fit into a Place
_BOM = b"\xef\xbb\xbf"


def cuts(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the documents of a stream begin and end.

    Sound for every stream without directives: `---` in the first column ends a document wherever it stands (YAML 1.2,
    section 9.1.2). A stream with directives is one piece.
    """
    marks = list(_START.finditer(data))
    if data.startswith(b"%") or any(mark[0] == b"\n%" for mark in marks):
        yield 0, len(data)
        return
    start = 0
    for mark in marks:
        yield start, mark.start() + 1
        start = mark.start() + 1
    yield start, len(data)


def compose_yaml(data: bytes, first_line: int = 0) -> Iterator[Composed]:
    """Every document of a piece of YAML; `first_line`, from 0, is where the piece begins in its file.

    Ends at the first fatal complaint, as what follows it cannot be trusted.
    """
    plain = data.isascii() and b"\r" not in data  # told at a hundredth of what the pattern takes
    odd = (not plain and _ODD_BREAKS.search(data) is not None) or len(data) > _LONG_LINE or data.startswith(_BOM)
    locate = _locator(data, first_line) if odd else None
    parser: Any = CParser(data)
    while True:
        composer = _Composer(locate, first_line)
        try:
            composer.run(parser.get_event)
        except yaml.YAMLError as error:
            yield Composed(None, (_complaint(error, data, first_line),))
            return
        if composer.refused is not None:
            yield Composed(None, (composer.refused,))
            return
        if not composer.complete:
            return
        yield Composed(composer.root, tuple(composer.complaints))


class _Composer:
    """One document in the making."""

    def __init__(self, locate: Callable[[Any], int] | None, first_line: int) -> None:
        self.locate, self.first_line = locate, first_line
        self.root: Node | None = None
        self.complete = False
        self.refused: Complaint | None = None
        self.complaints: list[Complaint] = []
        self.count = 0  # values, aliases followed
        self.texts: dict[str, str] = {}
        self.here: list[Node] = []  # the items of what is open
        # What is open: the items it stands among, its first event, its start, `count` and `deepest` before it.
        self.stack: list[tuple[list[Node], Any, int, int, int]] = []
        self.deepest = 0
        self.anchors: dict[str, tuple[Node | None, int, int]] = {}  # the node, its values, its depth

    def run(self, next_event: Callable[[], Any]) -> None:
        """Take events up to the end of the document."""
        first, locate, stack = self.first_line, self.locate, self.stack
        shared = self.texts.setdefault  # the same keys come again and again
        while (event := next_event()) is not None:
            kind = event.__class__
            if kind is ScalarEvent:
                self.count += 1
                begin, end = event.start_mark, event.end_mark
                node: Node | None = Scalar(
                    shared(event.value, event.value),
                    event.tag or "",
                    Style.PLAIN if event.implicit[0] else Style.TEXT,
                    begin.line + first << 20 | begin.column if locate is None else locate(begin),
                    end.line + first << 20 | end.column if locate is None else locate(end),
                )
                if event.anchor:
                    self.anchors[event.anchor] = node, 1, 0
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self._open(event)
                if self.refused is not None:
                    return
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                node = self._close(event)
            elif kind is AliasEvent:
                node = self._alias(event)
            elif kind is DocumentEndEvent:
                self.complete = True
                return
            else:
                continue
            if self.refused is not None:
                return
            if stack:
                self.here.append(node)  # type: ignore[arg-type]  # None only where it is refused
            else:
                self.root = node

    def _open(self, event: Any) -> None:
        if event.anchor:
            self.anchors[event.anchor] = None, 0, 0
        self.stack.append((self.here, event, self._packed(event.start_mark), self.count, self.deepest))
        self.here = []
        self.count += 1
        self.deepest = len(self.stack)
        self._check_depth(event)

    def _close(self, event: Any) -> Node:
        items = tuple(self.here)
        self.here, opened, start, before, deepest = self.stack.pop()
        # A block ends where its last item does: libyaml's mark is already at what follows it.
        stop = items[-1].end if items and not opened.flow_style else self._packed(event.end_mark)
        node: Node
        if event.__class__ is MappingEndEvent:
            self.complaints += duplicates(items)
            node = Mapping(items, opened.tag or "", start, stop)
        else:
            node = Sequence(items, opened.tag or "", start, stop)
        if opened.anchor:
            self.anchors[opened.anchor] = node, self.count - before, self.deepest - len(self.stack)
        self.deepest = max(deepest, self.deepest)
        return node

    def _alias(self, event: Any) -> Node | None:
        line, name = event.start_mark.line + self.first_line + 1, event.anchor
        node, weight, depth = self.anchors.get(name, (None, 0, 0))
        self.count += weight
        self.deepest = max(self.deepest, len(self.stack) + depth)
        if node is None:
            inside = name in self.anchors
            message = f"*{name} stands inside &{name} itself" if inside else f"*{name} has no &{name} before it"
            self.refused = Complaint(line, message, "write the value out")
        elif self.count > MAX_EXPANDED:
            message = f"its aliases expand to more than {MAX_EXPANDED:,} values"
            self.refused = Complaint(line, message, "write out what is needed")
        self._check_depth(event)
        return node

    def _check_depth(self, event: Any) -> None:
        if self.deepest > MAX_DEPTH and self.refused is None:
            self.refused = too_deep(event.start_mark.line + self.first_line + 1)

    def _packed(self, mark: Any) -> int:
        return mark.line + self.first_line << 20 | mark.column if self.locate is None else self.locate(mark)


def _locator(data: bytes, first_line: int) -> Callable[[Any], int]:
    """From libyaml's count of characters to lines as everybody counts them."""
    text = data.decode("utf8", "replace")
    bom = 1 if data.startswith(_BOM) else 0
    starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]

    def locate(mark: Any) -> int:
        index = mark.index + bom
        line = bisect_right(starts, index) - 1
        return pack(line + first_line, index - starts[line])

    return locate


def _complaint(error: yaml.YAMLError, data: bytes, first_line: int) -> Complaint:
    """What libyaml says, in one sentence, with the line it means."""
    if isinstance(error, ReaderError):
        line = data.count(b"\n", 0, error.position) + first_line + 1
        if "control characters" in str(error.reason):
            return Complaint(line, "a control character stands in it: it is binary or damaged", "save it as UTF-8 text")
        return Complaint(line, f"it is not UTF-8 text ({error.reason})", "save it as UTF-8")
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    last = data.rstrip(b"\n").count(b"\n")  # at the end, libyaml is a line further
    line = min(mark.line if mark is not None else 0, last) + first_line + 1
    problem = str(getattr(error, "problem", "") or "it cannot be parsed")
    context = str(getattr(error, "context", "") or "")
    hint = "indent with spaces, not with tabs" if "\\t" in problem else "run it through a YAML linter"
    return Complaint(line, f"not valid YAML: {problem}{f' ({context})' if context else ''}", hint)
