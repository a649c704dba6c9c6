"""Files to blocks, by tree-sitter. A file with a syntax error loses only the blocks that hold it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Protocol

import tree_sitter
import tree_sitter_hcl

from garrison.estate.values import Place, Source, Value, known, unknown
from garrison.sources.terraform.evaluation import TOO_DEEP, Env, Expr
from garrison.sources.terraform.expressions import Code, compile_expression, constant, template

if TYPE_CHECKING:
    from collections.abc import Callable

    Report = Callable[[int, str], None]  # line from 1, what is wrong

_BLOCK_START = re.compile(
    rb"^(?:resource|data|variable|output|locals|module|provider|terraform|moved|import|check|removed|ephemeral)\b",
    re.MULTILINE,
)
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
    """An expression of HCL; compiled when first asked for."""

    __slots__ = ("_code", "_node", "_run")

    def __init__(self, code: Code, node: tree_sitter.Node) -> None:
        self._code, self._node = code, node
        self._run: Expr | None = None

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self._code.place(self._node)

    def syntax(self) -> Syntax | None:
        """For what is read but not evaluated: type constraints."""
        return self._code, self._node

    @property
    def text(self) -> str:
        """What it says."""
        return self._code.text(self._node)

    def value(self, env: Env) -> Value:
        """Its value; unknown where it is nested too deeply."""
        try:
            run = self._run
            if run is None:
                run = self._run = compile_expression(self._code, self._node)
            return run(env)
        except RecursionError:
            return unknown(TOO_DEEP, self.place)


class Block:
    """A block: attributes and blocks by name, read when first asked for.

    `broken` says what is wrong with one that cannot be read further than its labels.
    """

    __slots__ = ("_attributes", "_blocks", "_code", "_node", "_place", "_span", "broken", "labels", "type")

    def __init__(self, type_: str, labels: tuple[str, ...], place: Place) -> None:
        self.type, self.labels = type_, labels
        self.broken = ""
        self._place: Place | None = place
        self._code: Code | None = None
        self._span = (0, 0)
        self._node: tree_sitter.Node | None = None
        self._attributes: dict[str, Expression] = {}
        self._blocks: dict[str, list[Block]] = {}

    @classmethod
    def of_node(cls, code: Code, node: tree_sitter.Node) -> Block:
        """A block of the grammar."""
        self = cls.__new__(cls)
        self.broken, self._place, self._code, self._node = "", None, code, node
        self._attributes, self._blocks = {}, {}
        self._span = node.start_byte, node.end_byte
        words = []
        for child in node.children:
            kind = child.type
            if kind == "identifier":
                words.append(code.text(child))
            elif kind == "string_lit":
                words.append(code.text(child)[1:-1])
            elif kind == "block_start":
                break
        self.type, self.labels = words[0] if words else "", tuple(words[1:])
        return self

    @property
    def place(self) -> Place:
        """From its first to its last brace, type and labels included."""
        if self._place is None:
            self._read()
        place = self._place
        if place is None:  # pragma: no cover - reading sets it
            raise AssertionError(self.type)
        return place

    @property
    def attributes(self) -> dict[str, Expression]:
        """By name; the last of a name counts."""
        if self._node is not None:
            self._read()
        return self._attributes

    @property
    def blocks(self) -> dict[str, list[Block]]:
        """By type; a `dynamic` block by the type of what it makes."""
        if self._node is not None:
            self._read()
        return self._blocks

    def mentions(self, word: bytes) -> bool:
        """Whether a word stands in it; where that cannot be told, it may."""
        if self._code is None:
            return True
        return self._code.data.find(word, *self._span) >= 0

    def _read(self) -> None:
        node, code = self._node, self._code
        if node is None or code is None:
            return
        self._place = code.place(node)
        self._node = None
        for child in node.children:
            if child.type == "body":
                self.add(code, child)

    def add(self, code: Code, body: tree_sitter.Node) -> None:
        """What stands in a body of the grammar."""
        for child in body.children:
            kind = child.type
            if kind == "attribute":
                parts = child.children
                self._attributes[code.text(parts[0])] = HclExpression(code, parts[-1])
            elif kind == "block":
                block = Block.of_node(code, child)
                name = block.labels[0] if block.type == "dynamic" and block.labels else block.type
                self._blocks.setdefault(name, []).append(block)


@cache
def _language() -> tree_sitter.Language:
    return tree_sitter.Language(tree_sitter_hcl.language())


def parse(source: Source, report: Report) -> Iterator[Block]:
    """The top-level blocks of a file; one of type "" holds attributes at the top, as a file of values has."""
    data = source.data
    code = Code(data, source)
    root = tree_sitter.Parser(_language()).parse(data).root_node
    if not root.has_error:
        yield from _top(code, root)
        return
    starts = [m.start() for m in _BLOCK_START.finditer(data)]
    if not starts or starts[0] > 0:
        starts.insert(0, 0)
    bounds = [*starts, len(data)]
    at = 0
    while at < len(bounds) - 1:
        taken, found = _piece(data, bounds, at)
        if found.has_error:
            yield from _broken(code, (bounds[at], bounds[at + 1]), found, report)
        else:
            yield from _top(code, found)
        at += taken


def _piece(data: bytes, bounds: list[int], at: int) -> tuple[int, tree_sitter.Node]:
    """One piece of a file, joined with the next ones where that mends it."""
    first: tree_sitter.Node | None = None
    for taken in range(1, min(_MAX_JOINED, len(bounds) - 1 - at) + 1):
        root = _parse_span(data, bounds[at], bounds[at + taken])
        if not root.has_error:
            return taken, root
        first = first or root
    return 1, first or _parse_span(data, bounds[at], bounds[at + 1])


def _parse_span(data: bytes, start: int, end: int) -> tree_sitter.Node:
    """Part of a file, its places those in the whole."""
    span = tree_sitter.Range(_point(data, start), _point(data, end), start, end)
    return tree_sitter.Parser(_language(), included_ranges=[span]).parse(data).root_node


def _point(data: bytes, at: int) -> tree_sitter.Point:
    line_start = data.rfind(b"\n", 0, at) + 1
    return tree_sitter.Point(data.count(b"\n", 0, at), at - line_start)


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
    line = (error.start_point[0] if error is not None else data.count(b"\n", 0, start)) + 1
    header = _HEADER.match(data, start, end)
    labels = tuple(g.decode("utf8", "replace") for g in header.groups()[1:] if g is not None) if header else ()
    name = f"{header[1].decode()} {'.'.join(labels)}" if header else "a block"
    report(line, f"syntax error: {name} is not read")
    if header:
        first, last = _point(data, start), _point(data, end)
        place = Place.at(code.source, (first[0], first[1]), (last[0], last[1]))
        block = Block(header[1].decode(), labels, place)
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


def parse_template(data: bytes, source: Source, place: Place) -> Expr:
    """A text with `${}` and `%{}` in it, as a file or a text of JSON holds it; values are said to be at `place`."""
    if b"${" not in data and b"%{" not in data:
        return constant(known(data.decode("utf8", "replace"), place))
    marker = _MARKER
    while marker in data:
        marker += b"_"
    head = b"x = <<" + marker + b"\n"
    code = Code(head + data + b"\n" + marker + b"\n", source, shift=1)
    root = tree_sitter.Parser(_language()).parse(code.data).root_node
    heredoc = _find(root, "heredoc_template")
    if root.has_error or heredoc is None:
        return constant(unknown("the template cannot be read", place))
    span = len(head), len(head) + len(data)
    return template(code, heredoc.children[2:-1], span, place)


def parse_constraint(text: str, source: Source) -> Syntax | None:
    """A type constraint that is said as a text; None where it is none."""
    code = Code(b"x = " + text.encode("utf8", "replace") + b"\n", source)
    root = tree_sitter.Parser(_language()).parse(code.data).root_node
    found = None if root.has_error else _find(root, "expression")
    return None if found is None else (code, found)


def _find(root: tree_sitter.Node, kind: str) -> tree_sitter.Node | None:
    node: tree_sitter.Node | None = root
    while node is not None and node.type != kind:
        node = next((c for c in reversed(node.children) if c.is_named and c.type != "comment"), None)
    return node
