"""From the lines of what was rendered to those of the template.

Helm does not tell which line made which. Both are compared by how their lines begin: what the template writes out is found
again; what it puts in (`toYaml`, `include`) stands where it is put in.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

_MAX_LINES = 4_000  # comparing takes time that grows with the square
_ACTION = re.compile(r"\{\{-?.*?-?\}\}")
_PUTS_IN = re.compile(r"\s*\{\{-?\s*(?:toYaml|include|tpl|template|\(|\.|\$)")


def origins(template: str, rendered: str) -> tuple[int, ...]:
    """For each line of what was rendered, from 0, the line of the template that made it, from 0."""
    said, made = template.split("\n"), rendered.split("\n")
    if len(said) > _MAX_LINES or len(made) > _MAX_LINES:
        return tuple(min(n, len(said) - 1) for n in range(len(made)))
    found = dict(_matching([_beginning(line) for line in said], [_beginning(line) for line in made]))
    lines, last = [], 0
    for number in range(len(made)):
        if number in found:
            last = found[number]
        elif last + 1 < len(said) and _PUTS_IN.match(said[last + 1]):
            last += 1
        lines.append(last)
    return tuple(lines)


def _matching(said: Sequence[str], made: Sequence[str]) -> list[tuple[int, int]]:
    matcher = difflib.SequenceMatcher(None, said, made, autojunk=False)
    return [(b + n, a + n) for a, b, size in matcher.get_matching_blocks() for n in range(size) if said[a + n]]


def _beginning(line: str) -> str:
    """What a line begins with before anything is put in: its key, or all of it. Nothing for an action alone."""
    text = line.strip()
    head = text.partition(": ")[0] if ": " in text else text.rstrip(":")
    return "" if _ACTION.sub("", text).strip() == "" else _ACTION.sub("", head).strip()
