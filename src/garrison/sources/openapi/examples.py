"""The texts that a description gives as examples and defaults."""

from __future__ import annotations

from garrison.estate.values import State, Value, known, unknown
from garrison.sources.nodes import Mapping, Node, Scalar, Sequence
from garrison.sources.openapi.references import Document

_MAX_TEXTS = 100_000
_SHORTEST = 16  # characters; what is shorter is no key
_KEYS = frozenset({"example", "examples", "x-example", "x-examples", "default"})


def examples_of(document: Document) -> Value:
    """Every longer text below such a key, wherever in the document."""
    found: list[Value] = []
    seen: set[tuple[int, bool]] = set()  # an alias is its anchor's node
    waiting: list[tuple[Node, bool]] = [(document.root, False)]
    place = document.place(document.root)
    while waiting:
        node, inside = waiting.pop()
        if type(node) is Scalar:
            if inside and len(node.text) >= _SHORTEST:
                found.append(known(node.text, document.place(node)))
                if len(found) == _MAX_TEXTS:
                    return Value(State.KNOWN, tuple(found), place, rest=unknown("there are too many examples", place))
        elif (id(node), inside) not in seen:
            seen.add((id(node), inside))
            if type(node) is Sequence:
                waiting += [(item, inside) for item in reversed(node.items)]
            elif type(node) is Mapping:
                waiting += reversed(_below(node, inside=inside))
    return known(tuple(found), place)


def _below(node: Mapping, *, inside: bool) -> list[tuple[Node, bool]]:
    pairs = node.pairs
    return [
        (value, inside or (type(key) is Scalar and key.text in _KEYS))
        for key, value in zip(pairs[::2], pairs[1::2], strict=True)
    ]
