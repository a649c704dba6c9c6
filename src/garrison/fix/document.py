"""Writes a value into YAML or JSON. Comments, order and all other formatting stay as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from garrison.fix.text import break_of, line_end, offset, replaced
from garrison.sources.documents import compose
from garrison.sources.nodes import Mapping, Node, Scalar, Sequence

_PLAIN = re.compile(r"[A-Za-z][\w./-]*")
PROPERTIES = "Properties"
_NOT_SIMPLE = (b"&", b"*", b"|", b">")  # an anchor, an alias, a block
_RESERVED = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def write(data: bytes, start: int, steps: tuple[str, ...], content: object) -> bytes | None:
    """The document with `content` at a path below the mapping that begins at a packed place, or whose key does.

    A path that begins with `Properties` is that of a resource of CloudFormation, whose place is that of its key. None where that cannot be done without guessing: a merge key, an anchor, a tag or a list stands in the way.
    """
    keyed = steps[0] == PROPERTIES
    found = (
        n
        for k, n in _nodes(data)
        if type(n) is Mapping and (k.start == start and k is not n if keyed else n.start == start)
    )
    node = next(found, None)
    for depth, step in enumerate(steps):
        if node is None or node.tag or _has(node, "<<"):
            return None
        said = _value(node, step)
        if said is None:
            return _insert(data, node, steps[depth:], content)
        if depth == len(steps) - 1:
            return _exchange(data, said, content)
        if type(said) is not Mapping:
            return None
        node = said
    return None


def exchange(data: bytes, start: int, end: int, content: object) -> bytes | None:
    """The document with the scalar at a packed place replaced; None where there is none."""
    found = (n for key, n in _nodes(data) if type(n) is Scalar and (n.start, n.end) == (start, end))
    said = next(found, None)
    return None if said is None else _exchange(data, said, content)


def _nodes(data: bytes) -> Iterator[tuple[Node, Node]]:
    """Every node of every document with its key, the outermost first; a node without one is its own."""
    for document in compose(data):
        stack: list[tuple[Node, Node]] = [] if document.node is None else [(document.node, document.node)]
        while stack:
            key, node = stack.pop()
            yield key, node
            if type(node) is Mapping:
                stack += reversed(list(zip(node.pairs[::2], node.pairs[1::2], strict=True)))
            elif type(node) is Sequence:
                stack += reversed([(item, item) for item in node.items])


def _has(node: Mapping, name: str) -> bool:
    return any(type(k) is Scalar and k.text == name for k in node.pairs[::2])


def _value(node: Mapping, name: str) -> Node | None:
    found = [v for k, v in zip(node.pairs[::2], node.pairs[1::2], strict=True) if type(k) is Scalar and k.text == name]
    return found[-1] if found else None


def _at(data: bytes, packed: int) -> int:
    return offset(data, packed, byte_columns=False)


def _exchange(data: bytes, said: Node, content: object) -> bytes | None:
    """Only a plain or quoted scalar of one line is exchanged."""
    start, end = _at(data, said.start), _at(data, said.end)
    if type(said) is not Scalar or said.tag or b"\n" in data[start:end] or data[start : start + 1] in _NOT_SIMPLE:
        return None
    return replaced(data, start, end, _scalar(content, json=_is_json(data)))


def _insert(data: bytes, node: Mapping, steps: tuple[str, ...], content: object) -> bytes | None:
    """A new last entry of a mapping, those around it included."""
    start = _at(data, node.start)
    if data[start : start + 1] == b"{":
        return _insert_flow(data, node, steps, content)
    if not node.pairs:
        return None
    last = node.pairs[-1]
    end = _at(data, last.end)
    begin = data.rfind(b"\n", 0, start) + 1
    indent = b" " * len(data[begin:start].decode("utf8", "replace"))
    feed = break_of(data)
    lines = [indent + b"  " * depth + step.encode() + b":" for depth, step in enumerate(steps)]
    text = feed.join(lines) + b" " + _scalar(content, json=False)
    if end and data[end - 1 : end] == b"\n":  # a block scalar ends where the next line begins
        return replaced(data, end, end, text + feed)
    after = line_end(data, end)
    return replaced(data, after, after, feed + text)


def _insert_flow(data: bytes, node: Mapping, steps: tuple[str, ...], content: object) -> bytes | None:
    close = _at(data, node.end) - 1
    if data[close : close + 1] != b"}":
        return None
    json = _is_json(data)
    inner = _scalar(content, json=json)
    for step in reversed(steps[1:]):
        inner = b"{" + _key(step, json=json) + b": " + inner + b"}"
    entry = _key(steps[0], json=json) + b": " + inner
    if not node.pairs:
        return replaced(data, _at(data, node.start) + 1, close, entry)
    last = _at(data, node.pairs[-1].end)
    if b"\n" not in data[last:close]:
        return replaced(data, last, last, b", " + entry)
    first = _at(data, node.pairs[0].start)
    begin = data.rfind(b"\n", 0, first) + 1
    return replaced(data, last, last, b"," + break_of(data) + data[begin:first] + entry)


def _is_json(data: bytes) -> bool:
    return data.lstrip()[:1] in (b"{", b"[")


def _key(name: str, *, json: bool) -> bytes:
    return msgspec.json.encode(name) if json else name.encode()


def _scalar(content: object, *, json: bool) -> bytes:
    if isinstance(content, str) and not json and _PLAIN.fullmatch(content) and content.lower() not in _RESERVED:
        return content.encode()
    return msgspec.json.encode(content)
