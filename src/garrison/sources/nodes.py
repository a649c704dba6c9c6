"""The shape of a YAML or JSON document: scalars, sequences, mappings, each with its span.

Nodes are what is written; what it means (is `on` true?) depends on who reads it and is decided in `documents`.
They hold no cycles, so the garbage collector need not visit them; as arrays with tags they can be put aside as bytes.
"""

from __future__ import annotations

import enum

import msgspec

MAX_DEPTH = 200  # nesting of one document; hand-written ones stay below 40
MAX_DOCUMENT_BYTES = 10_000_000
MAX_EXPANDED = 1_000_000  # values of one document after its aliases are followed; go-yaml refuses such bombs too


class Style(enum.IntEnum):
    """How a scalar is written, as far as that decides what it means."""

    PLAIN = 0
    TEXT = 1  # quoted, or a block: always a text
    WORD = 2  # a number, true, false or null of JSON


class Scalar(msgspec.Struct, frozen=True, eq=False, gc=False, array_like=True, tag=0):
    """`start` and `end` are packed as `garrison.estate.values.pack` does."""

    text: str
    tag: str  # "" where none is written
    style: Style
    start: int
    end: int


class Sequence(msgspec.Struct, frozen=True, eq=False, gc=False, array_like=True, tag=1):
    """A list."""

    items: tuple[Node, ...]
    tag: str
    start: int
    end: int


class Mapping(msgspec.Struct, frozen=True, eq=False, gc=False, array_like=True, tag=2):
    """Keys and values in turn: key, value, key, value."""

    pairs: tuple[Node, ...]
    tag: str
    start: int
    end: int


Node = Scalar | Sequence | Mapping


class Complaint(msgspec.Struct, frozen=True):
    """What is wrong with a document. One that is `fatal` has no node."""

    line: int  # counts from 1
    message: str
    hint: str = ""
    fatal: bool = True


class Composed(msgspec.Struct, frozen=True):
    """One document: its node, None where it is empty or could not be read, and what is wrong with it."""

    node: Node | None
    complaints: tuple[Complaint, ...] = ()

    @property
    def readable(self) -> bool:
        """Whether the node is all that was written."""
        return not any(c.fatal for c in self.complaints)


def too_deep(line: int) -> Complaint:
    """For a document that is nested deeper than anything real."""
    return Complaint(line, f"it is nested deeper than {MAX_DEPTH} levels", "flatten it; nothing real needs that")


def too_large(line: int, size_bytes: int) -> Complaint:
    """For a document that is larger than anything real."""
    limit = MAX_DOCUMENT_BYTES // 1_000_000
    message = f"a document of {size_bytes / 1e6:.0f} MB is too large: the limit is {limit} MB"
    return Complaint(line, message, "split it into several documents")


def duplicates(pairs: tuple[Node, ...]) -> list[Complaint]:
    """Keys of a mapping that are said more than once; only the last counts."""
    keys = [k.text for k in pairs[::2] if type(k) is Scalar]
    if len(set(keys)) == len(keys):
        return []
    seen: dict[str, int] = {}
    found = []
    for key in pairs[::2]:
        if type(key) is not Scalar or (key.text == "<<" and key.style is Style.PLAIN):
            continue
        line = (key.start >> 20) + 1
        if key.text in seen:
            message = f"{key.text[:60]!r} is said twice, first in line {seen[key.text]}; only the last counts"
            found.append(Complaint(line, message, "keep one of them", fatal=False))
        seen.setdefault(key.text, line)
    return found


def follow(node: Node | None, path: str) -> Node | None:
    """What stands at a path as msgspec words it, `$.findings[3].check`; where it ends early, the last that is there."""
    for step in path.replace("[", ".[").split(".")[1:]:
        if isinstance(node, Sequence) and step.startswith("[") and step[1:-1].isdigit():
            node = node.items[int(step[1:-1])]
        elif isinstance(node, Mapping):
            pairs = zip(node.pairs[::2], node.pairs[1::2], strict=True)
            inner = next((v for k, v in pairs if isinstance(k, Scalar) and k.text == step), None)
            if inner is None:
                break
            node = inner
    return node
