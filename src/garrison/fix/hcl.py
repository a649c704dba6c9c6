"""Writes a value into a block of HCL. Comments, order and all other formatting stay as they are."""

from __future__ import annotations

import re

import tree_sitter

from garrison.fix.spot import Spot
from garrison.fix.text import break_of, indent_at, line_end, offset, replaced
from garrison.sources.terraform.syntax import parse_all

_STEP = b"  "  # what `terraform fmt` indents by


def write(data: bytes, start: int, steps: tuple[str, ...], content: object) -> bytes | None:
    """The file with `content` at a path below the resource block that begins at a packed place.

    None where that cannot be done without guessing: an expression stands there, several blocks of one name do, or the
    block is made by another.
    """
    at = offset(data, start, byte_columns=True)
    block = _block_at(parse_all(data), at)
    if block is None or _word(data, block) != "resource":
        return None
    for depth, step in enumerate(steps[:-1]):
        inner = [b for b in _children(block, "block") if _word(data, b) == step]
        if len(inner) > 1 or any(_is(data, b, "dynamic", step) for b in _children(block, "block")):
            return None
        if _attribute(data, block, step) is not None:
            return None
        if not inner:
            return _insert(data, block, steps[depth:], _literal(content))
        block = inner[0]
    found = _attribute(data, block, steps[-1])
    if found is None:
        return _insert(data, block, steps[-1:], _literal(content))
    return _exchange(data, found, content)


def add(data: bytes, start: int, spot: Spot, content: object) -> bytes | None:
    """The file with a new resource behind the one that begins at a packed place, which it names.

    None where the resource is several, or one of that type and name is there already.
    """
    block = _block_at(parse_all(data), offset(data, start, byte_columns=True))
    if block is None or _word(data, block) != "resource":
        return None
    type_, by, steps = spot.companion.encode(), spot.by.encode(), spot.steps
    owner, label = (data[c.start_byte + 1 : c.end_byte - 1] for c in block.children if c.type == "string_lit")
    taken = re.search(rb'resource\s+"' + type_ + rb'"\s+"' + re.escape(label) + rb'"', data)
    if taken or any(_attribute(data, block, name) is not None for name in ("count", "for_each")):
        return None
    feed = break_of(data)
    head = b'resource "' + type_ + b'" "' + label + b'" {'
    names = _STEP + by + b" = " + owner + b"." + label + b".id"
    gap = b"" if len(steps) == 1 else feed
    width = 0 if gap else len(by)
    body = _lines(steps, _literal(content), _STEP, feed, width)
    at = line_end(data, block.end_byte)
    return replaced(data, at, at, feed.join((b"", b"", head, names, gap + body + b"}")))


def exchange(data: bytes, start: int, end: int, content: object) -> bytes | None:
    """The file with the literal at a packed place of a resource replaced; None where that is no literal of one."""
    first, last = (offset(data, p, byte_columns=True) for p in (start, end))
    node = _up(parse_all(data).descendant_for_byte_range(first, last), "attribute")
    if node is None or (node.children[-1].start_byte, node.children[-1].end_byte) != (first, last):
        return None
    top = node
    while (outer := _up(top.parent, "block")) is not None:
        top = outer
    return _exchange(data, node, content) if top.type == "block" and _word(data, top) == "resource" else None


def _block_at(root: tree_sitter.Node, at: int) -> tree_sitter.Node | None:
    node = root.descendant_for_byte_range(at, at + 1)
    while node is not None and (node.type != "block" or node.start_byte != at):
        node = node.parent
    return node


def _children(block: tree_sitter.Node, kind: str) -> list[tree_sitter.Node]:
    return [c for body in block.children if body.type == "body" for c in body.children if c.type == kind]


def _word(data: bytes, node: tree_sitter.Node) -> str:
    first = node.children[0]
    return data[first.start_byte : first.end_byte].decode("utf8", "replace")


def _is(data: bytes, block: tree_sitter.Node, type_: str, label: str) -> bool:
    labels = [data[c.start_byte : c.end_byte] for c in block.children if c.type == "string_lit"]
    return _word(data, block) == type_ and f'"{label}"'.encode() in labels


def _attribute(data: bytes, block: tree_sitter.Node, name: str) -> tree_sitter.Node | None:
    return next((a for a in _children(block, "attribute") if _word(data, a) == name), None)


def _up(node: tree_sitter.Node | None, kind: str) -> tree_sitter.Node | None:
    """A node or the nearest one around it that is of a kind."""
    while node is not None and node.type != kind:
        node = node.parent
    return node


def _exchange(data: bytes, attribute: tree_sitter.Node, content: object) -> bytes | None:
    """Only a literal is exchanged: what is computed says something that a literal would lose."""
    node = attribute.children[-1]
    if [c.type for c in node.children] != ["literal_value"]:
        return None
    return replaced(data, node.start_byte, node.end_byte, _literal(content))


def _insert(data: bytes, block: tree_sitter.Node, steps: tuple[str, ...], literal: bytes) -> bytes | None:
    """New lines at the end of a block, those of the blocks around the attribute included."""
    close = next((c for c in reversed(block.children) if c.type == "block_end"), None)
    if close is None:
        return None
    feed, outer = break_of(data), indent_at(data, block.start_byte)
    said = _children(block, "attribute") + _children(block, "block")
    last = max(said, key=lambda n: n.end_byte, default=None)
    if last is None:
        open_ = next(c for c in block.children if c.type == "block_start").end_byte
        if data[open_ : close.start_byte].strip():
            return None  # a comment is all there is: it may say why
        return replaced(data, open_, close.start_byte, feed + _lines(steps, literal, outer + _STEP, feed) + outer)
    if data.find(b"\n", last.end_byte, close.start_byte) < 0:
        return None  # all of it stands in one line
    indent = indent_at(data, last.start_byte)
    after = line_end(data, last.end_byte) if data[last.end_byte - 1 : last.end_byte] != b"\n" else last.end_byte - 1
    width = _column(data, last)
    # `terraform fmt` aligns attributes that follow each other: behind an empty line nothing else has to move.
    gap = feed if len(steps) > 1 or len(steps[0]) > width else b""
    new = _lines(steps, literal, indent, feed, 0 if gap else width)
    return replaced(data, after, after, feed + gap + new.rstrip(b"\r\n"))


def _column(data: bytes, last: tree_sitter.Node) -> int:
    """How wide the names before the equals signs are, where the last thing said is an attribute of one line; else 0."""
    line = data[last.start_byte : last.end_byte]
    return 0 if last.type == "block" or b"\n" in line else line.find(b"=") - 1


def _lines(steps: tuple[str, ...], literal: bytes, indent: bytes, feed: bytes, width: int = 0) -> bytes:
    *blocks, name = (s.encode() for s in steps)
    found = b""
    for depth, block in enumerate(blocks):
        found += indent + _STEP * depth + block + b" {" + feed
    found += indent + _STEP * len(blocks) + name.ljust(width) + b" = " + literal + feed
    for depth in reversed(range(len(blocks))):
        found += indent + _STEP * depth + b"}" + feed
    return found


def _literal(content: object) -> bytes:
    if isinstance(content, bool):
        return b"true" if content else b"false"
    return str(content).encode() if isinstance(content, int | float) else f'"{content}"'.encode()
