"""Patterns of a `.gitignore` file (gitignore(5)), all of them as one regular expression.

Written here because the library costs 90 ms to import and 10 µs for every path; git itself is the oracle of the tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_MAX_PATTERNS = 2_000
_MAX_PATTERN = 1000  # characters; longer lines are no patterns that people write
_SET = re.compile(r"\[[!^]?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]", re.DOTALL)


class Patterns:
    """The patterns of one file. The last one that matches decides."""

    __slots__ = ("_negated", "_search")

    def __init__(self, text: str) -> None:
        self._negated: list[bool] = []
        sources = []
        lines = list(dict.fromkeys(reversed(text.splitlines())))
        # Rather too much is scanned than too little, or without end.
        for line in lines if len(lines) <= _MAX_PATTERNS else ():
            negated, source = _translated(line)
            if source:
                sources.append(f"({source})")
                self._negated.append(negated)
        self._search = re.compile("|".join(sources), re.DOTALL).fullmatch if sources else None

    def ignores(self, path: str) -> bool | None:
        """Whether the path, relative to the file's folder, is ignored; None where no pattern speaks of it.

        A folder's path ends with a slash.
        """
        match = self._search(path) if self._search is not None else None
        return None if match is None or match.lastindex is None else not self._negated[match.lastindex - 1]


def any_ignores(levels: Iterable[tuple[Patterns, int]], path: str) -> bool:
    """The verdict of several files, the nearest first, each with how much of the path its own folder is."""
    for patterns, start in levels:
        verdict = patterns.ignores(path[start:])
        if verdict is not None:
            return verdict
    return False


def _translated(line: str) -> tuple[bool, str]:
    """Whether a line negates, and its pattern as a regular expression; "" where it has none."""
    pattern = re.sub(r"(?<!\\) +$", "", line.rstrip("\r\n"))
    if not pattern or pattern.startswith("#") or len(pattern) > _MAX_PATTERN:
        return False, ""
    negated = pattern.startswith("!")
    pattern = pattern[negated:]
    folder = pattern.endswith("/")
    pattern = pattern.rstrip("/") if folder else pattern
    anchored = "/" in pattern
    pattern = pattern.removeprefix("/")
    if not pattern:
        return False, ""
    pieces = pattern.split("/") if anchored else ["**", *pattern.split("/")]
    source = _joined(pieces) + ("/" if folder else "/?")
    try:
        re.compile(source)
    except re.error:
        return False, ""
    return negated, source


def _joined(pieces: list[str]) -> str:
    """All segments. Each `**` but the last keeps its shortest match, so that the depth of a path costs nothing."""
    groups: list[list[str]] = [[]]
    for piece in pieces:
        if piece == "**":
            groups.append([])
        else:
            groups[-1].append(_segment(piece))
    if len(groups) == 1:
        return "/".join(groups[0])
    head = "".join(f"{s}/" for s in groups[0])
    middle = "".join("(?>(?:[^/]++/)*?" + "".join(f"{s}/" for s in group) + ")" for group in groups[1:-1] if group)
    return head + middle + ("(?:[^/]++/)*" + "/".join(groups[-1]) if groups[-1] else ".+")


def _segment(piece: str) -> str:
    """What stands between two slashes. Each star but the last keeps its shortest match, so that it stays linear."""
    groups: list[str] = [""]
    position = 0
    while position < len(piece):
        char = piece[position]
        if char == "*":
            if groups[-1] or len(groups) == 1:
                groups.append("")
            position += 1
            continue
        if char == "?":
            groups[-1] += "[^/]"
        elif char == "[" and (found := _SET.match(piece, position)):
            groups[-1] += _set(found[0])
            position = found.end()
            continue
        else:
            if char == "\\" and position + 1 < len(piece):
                position += 1
                char = piece[position]
            groups[-1] += re.escape(char)
        position += 1
    if len(groups) == 1:
        return groups[0]
    middle = "".join(f"(?>[^/]*?{g})" for g in groups[1:-1])
    return f"(?=[^/]){groups[0]}{middle}[^/]*{groups[-1]}"


def _set(text: str) -> str:
    body = text[1:-1]
    negated = body[:1] in ("!", "^")
    body = body[negated:]
    for name, characters in (("alpha", "a-zA-Z"), ("digit", "0-9"), ("alnum", "a-zA-Z0-9"), ("lower", "a-z"),
                             ("upper", "A-Z"), ("space", r"\s"), ("xdigit", "0-9a-fA-F")):  # fmt: skip
        body = body.replace(f"[:{name}:]", characters)
    body = body.replace("[", r"\[").replace("&&", r"&\&").replace("||", r"|\|").replace("~~", r"~\~")
    if body.startswith("]"):
        body = "\\" + body
    return f"(?!/)[{'^' if negated else ''}{body}]"
