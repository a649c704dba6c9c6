"""Where the keys of a file stand."""

from __future__ import annotations

from garrison.sources.nodes import Mapping, Node, Scalar, Sequence

Steps = tuple[str | int, ...]


def lines_of(node: Node, steps: Steps = ()) -> dict[Steps, int]:
    """The line, from 1, of every table, key and item below a node."""
    found = {steps: (node.start >> 20) + 1}
    if isinstance(node, Sequence):
        for number, item in enumerate(node.items):
            found |= lines_of(item, (*steps, number))
    elif isinstance(node, Mapping):
        for key, value in zip(node.pairs[::2], node.pairs[1::2], strict=True):
            name = key.text if isinstance(key, Scalar) else "?"
            found |= lines_of(value, (*steps, name))
            found[*steps, name] = (key.start >> 20) + 1
    return found


def line_of(lines: dict[Steps, int], steps: Steps) -> int:
    """The line of a key, or of the nearest thing around it that is there; 1 for the whole file."""
    while steps and steps not in lines:
        steps = steps[:-1]
    return lines.get(steps, 1)
