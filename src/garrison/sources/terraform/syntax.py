"""Files to blocks, by tree-sitter. A file with a syntax error loses only the blocks that hold it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Protocol

import tree_sitter
import tree_sitter_hcl

from garrison.estate.values import Place, Source, Value, known, unknown
from garrison.sources.terraform.evaluation import TOO_DEEP, Env, Expr
from garrison.sources.terraform.expressions import Code, CodeAt, compile_expression, compile_simple, constant, template

if TYPE_CHECKING:
    from garrison.sources.terraform.expressions import Report

_BLOCK_START = re.compile(
    rb"^(?:resource|data|variable|output|locals|module|provider|terraform|moved|import|check|removed|ephemeral)\b",
    re.MULTILINE,
)
_PIECE_BYTES = 250_000  # parsed at a time: a tree is 80 times as large, of a list of lists 230 times
_MAX_BLOCK_BYTES = 4_000_000  # nothing written by hand comes near
_MAX_JOINED = 4  # pieces tried together: a heredoc may hold what looks like the start of a block
_MARKER = b"GARRISON_TEMPLATE"


Syntax = tuple[Code, tree_sitter.Node]


class Expression(Protocol):
    """A value that was written and is evaluated when asked for."""

    @property
    def place(self) -> Place: ...
    @property
    def text(self) -> str: ...
    def syntax(self) -> Syntax | None: ...
    def value(self, env: Env) -> Value: ...


class HclExpression:
    """An expression of HCL, as a span of its file; parsed and compiled when first asked for.

    Trees are thrown away once their blocks are found: they take 80 bytes for each byte of a file.
    """

    __slots__ = ("_code", "_end", "_head", "_run", "_start")

    def __init__(self, code: Code, head: int, start: int, end: int) -> None:
        self._code, self._head, self._start, self._end = code, head, start, end
        self._run: Expr | None = None

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self._code.span(self._start, self._end)

    def syntax(self) -> Syntax | None:
        """Its tree, for what is read but not evaluated: type constraints."""
        code, start, end = self._code, self._head, self._end
        rest = code.data[end : end + 2]
        end += 2 if rest == b"\r\n" else int(rest[:1] == b"\n")  # a heredoc ends with its line
        root = _parse_span(code, start, end)
        node = None if root.has_error else _find(root, "expression")
        return None if node is None else (code, node)

    @property
    def text(self) -> str:
        """What it says."""
        return self._code.data[self._start : self._end].decode("utf8", "replace")

    def value(self, env: Env) -> Value:
        """Its value; unknown where it is nested too deeply."""
        try:
            run = self._run
            if run is None:
                run = self._run = self._compiled()
            return run(env)
        except RecursionError:
            return unknown(TOO_DEEP, self.place)

    def _compiled(self) -> Expr:
        simple = compile_simple(self._code, self._start, self._end)
        if simple is not None:
            return simple
        syntax = self.syntax()
        return constant(unknown("it is not understood", self.place)) if syntax is None else compile_expression(*syntax)


class Block:
    """A block: attributes and blocks by name.

    `broken` says what is wrong with one that cannot be read further than its labels.
    """

    __slots__ = ("_code", "_place", "_span", "attributes", "blocks", "broken", "labels", "type")

    def __init__(self, type_: str, labels: tuple[str, ...], place: Place | None = None) -> None:
        self.type, self.labels = type_, labels
        self.broken = ""
        self.attributes: dict[str, Expression] = {}  # the last of a name counts
        self.blocks: dict[str, list[Block]] = {}  # a `dynamic` one by the type of what it makes
        self._place = place
        self._code: Code | None = None
        self._span = (0, 0)

    @classmethod
    def of_node(cls, code: Code, node: tree_sitter.Node) -> Block:
        """A block of the grammar, and all that is in it. Not recursive: blocks may be nested without end."""
        whole = cls._headed(code, node)
        stack = [(whole, node)]
        while stack:
            block, found = stack.pop()
            for child in found.children:
                if child.type == "body":
                    stack += block.add(code, child)
        return whole

    @classmethod
    def _headed(cls, code: Code, node: tree_sitter.Node) -> Block:
        words = []
        for child in node.children:
            kind = child.type
            if kind == "identifier":
                words.append(code.text(child))
            elif kind == "string_lit":
                words.append(code.text(child)[1:-1])
            elif kind == "block_start":
                break
        self = cls(words[0] if words else "", tuple(words[1:]))
        self._code, self._span = code, (node.start_byte, node.end_byte)
        return self

    def add(self, code: Code, body: tree_sitter.Node) -> list[tuple[Block, tree_sitter.Node]]:
        """Takes the attributes of a body of the grammar; its blocks, which are still to be read, are returned."""
        found = []
        for child in body.children:
            kind = child.type
            if kind == "attribute":
                parts = child.children
                name, last = code.text(parts[0]), parts[-1]
                if name in self.attributes and code.report is not None:
                    code.report(child.start_point[0] + 1, f"{name!r} is said twice; only the last counts")
                self.attributes[name] = HclExpression(code, child.start_byte, last.start_byte, last.end_byte)
            elif kind == "block":
                block = Block._headed(code, child)
                name = block.labels[0] if block.type == "dynamic" and block.labels else block.type
                self.blocks.setdefault(name, []).append(block)
                found.append((block, child))
        return found

    @property
    def place(self) -> Place:
        """From its type to its last brace."""
        place = self._place
        if place is None:
            if self._code is None:
                raise ValueError("a block is of a place or of code")
            place = self._place = self._code.span(*self._span)
        return place

    def mentions(self, word: bytes) -> bool:
        """Whether a word stands in it; where that cannot be told, it may."""
        if self._code is None:
            return True
        return self._code.data.find(word, *self._span) >= 0


@cache
def _parser() -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_hcl.language()))


def parse(source: Source, report: Report) -> Iterator[Block]:
    """The top-level blocks of a file; one of type "" holds attributes at the top, as a file of values has."""
    data = source.data
    code = Code(data, source, report=report)
    starts = [m.start() for m in _BLOCK_START.finditer(data)]
    if not starts or starts[0] > 0:
        starts.insert(0, 0)
    bounds = [*starts, len(data)]
    first = 0
    while first < len(starts):
        last = max(bisect_right(bounds, bounds[first] + _PIECE_BYTES) - 1, first + 1)
        if bounds[last] - bounds[first] > _MAX_BLOCK_BYTES:
            limit = _MAX_BLOCK_BYTES // 1_000_000
            report(code.point(bounds[first])[0] + 1, f"a block of more than {limit} MB is not read")
            first = last
            continue
        root = _parse_span(code, bounds[first], bounds[last])
        if root.has_error:
            yield from _mended(code, bounds[first:], last - first, report)
        else:
            yield from _top(code, root)
        first = last


def _mended(code: Code, bounds: list[int], count: int, report: Report) -> Iterator[Block]:
    """The first `count` blocks, one by one, less those with an error."""
    at = 0
    while at < count:
        taken, found = _piece(code, bounds, at)
        if found.has_error:
            yield from _broken(code, (bounds[at], bounds[at + 1]), found, report)
        else:
            yield from _top(code, found)
        at += taken


def _piece(code: Code, bounds: list[int], at: int) -> tuple[int, tree_sitter.Node]:
    """One block, joined with the next ones where that mends it."""
    first: tree_sitter.Node | None = None
    for taken in range(1, min(_MAX_JOINED, len(bounds) - 1 - at) + 1):
        if first is not None and bounds[at + taken] - bounds[at] > _MAX_BLOCK_BYTES:
            break
        root = _parse_span(code, bounds[at], bounds[at + taken])
        if not root.has_error:
            return taken, root
        first = root if first is None else first
    return 1, _parse_span(code, bounds[at], bounds[at + 1]) if first is None else first


def _parse_span(code: Code, start: int, end: int) -> tree_sitter.Node:
    """Part of a file, its places those in the whole."""
    parser = _parser()
    points = tree_sitter.Point(*code.point(start)), tree_sitter.Point(*code.point(end))
    parser.included_ranges = [tree_sitter.Range(*points, start, end)]
    return parser.parse(code.data).root_node


def parse_all(data: bytes) -> tree_sitter.Node:
    """The tree of a whole text."""
    return tree_sitter.Parser(_parser().language).parse(data).root_node


def _top(code: Code, root: tree_sitter.Node) -> Iterator[Block]:
    for body in root.children:
        if body.type != "body":
            continue
        loose = False
        for node in body.children:
            if node.type == "block":
                yield Block.of_node(code, node)
            loose = loose or node.type == "attribute"
        if loose:
            top = Block("", (), code.place(body))
            top.add(code, body)
            yield top


_HEADER = re.compile(rb'\s*(\w+)\s+"([^"\n]*)"(?:\s+"([^"\n]*)")?\s*\{')


def _broken(code: Code, span: tuple[int, int], root: tree_sitter.Node, report: Report) -> Iterator[Block]:
    """A block that cannot be read: it is there all the same, and what it says is unknown."""
    data, (start, end) = code.data, span
    error = _first_error(root)
    last = code.point(start + len(data[start:end].rstrip()))[0] + 1
    line = min(error.start_point[0] + 1, last) if error is not None else code.point(start)[0] + 1
    header = _HEADER.match(data, start, end)
    labels = tuple(g.decode("utf8", "replace") for g in header.groups()[1:] if g is not None) if header else ()
    name = f"{header[1].decode()} {'.'.join(labels)}" if header else "a block"
    report(line, f"syntax error: {name} is not read")
    if header:
        block = Block(header[1].decode(), labels, code.span(header.start(1), end))
        block.broken = f"syntax error on line {line}"
        yield block


def _first_error(root: tree_sitter.Node) -> tree_sitter.Node | None:
    node = root
    while True:
        inner = next((c for c in node.children if c.has_error or c.is_missing), None)
        if inner is None:
            return node if node.is_error or node.is_missing else None
        if inner.is_error or inner.is_missing:
            return inner
        node = inner


def parse_template(data: bytes, place: Place, source: Source | None = None) -> Expr:
    """A text with `${}` and `%{}` in it, as a file or a text of JSON holds it.

    What is in it stands where it does in `source`; without one, all of it at `place`.
    """
    if b"${" not in data and b"%{" not in data:
        return constant(known(data.decode("utf8", "replace"), place))
    marker = _MARKER
    while marker in data:
        marker += b"_"
    head = b"x = <<" + marker + b"\n"
    whole = head + data + b"\n" + marker + b"\n"
    code = CodeAt(whole, place) if source is None else Code(whole, source, shift=1)
    root = parse_all(whole)
    heredoc = _find(root, "heredoc_template")
    if root.has_error or heredoc is None:
        return constant(unknown("the template cannot be read", place))
    span = len(head), len(head) + len(data)
    return template(code, heredoc.children[2:-1], span, place)


def parse_constraint(text: str, source: Source) -> Syntax | None:
    """A type constraint that is said as a text; None where it is none."""
    code = Code(b"x = " + text.encode("utf8", "replace") + b"\n", source)
    root = parse_all(code.data)
    found = None if root.has_error else _find(root, "expression")
    return None if found is None else (code, found)


def _find(root: tree_sitter.Node, kind: str) -> tree_sitter.Node | None:
    node: tree_sitter.Node | None = root
    while node is not None and node.type != kind:
        node = next((c for c in reversed(node.children) if c.is_named and c.type != "comment"), None)
    return node
