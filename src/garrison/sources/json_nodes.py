"""JSON to nodes, with a place for everything. RFC 8259; a stream of several texts is read too, as kubectl does.

The standard library decodes JSON without places, and YAML parsers stumble over what JSON allows: surrogate pairs, keys
longer than 1,024 characters, tabs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from garrison.estate.values import pack
from garrison.sources.nodes import (
    MAX_DEPTH,
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

_TOKEN = re.compile(
    r"""[ \t\r\n]*(?:
      "(?P<text>(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9A-Fa-f]{4})*)"
    | (?P<word>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null)
    | (?P<open>[{\[]) | (?P<close>[}\]]) | (?P<colon>:) | (?P<comma>,)
    )""",
    re.VERBOSE | re.ASCII,
)
_SPACE = re.compile(r"[ \t\r\n]*")
_TEXT, _WORD, _OPEN, _CLOSE, _COLON, _COMMA = range(1, 7)
_HINT = "run it through a JSON linter"


def compose_json(text: str, first_line: int = 0, start: int = 0) -> Iterator[Composed]:
    """Every value of a piece of JSON, from the character `start` on; `first_line`, from 0, is that of the piece.

    Ends at the first fatal complaint.
    """
    reader = _Reader(text, first_line, start)
    while not reader.at_end():
        found = reader.document()
        yield found
        if not found.readable:
            return


class _Reader:
    """Where we are in the text."""

    def __init__(self, text: str, first_line: int, start: int) -> None:
        self.text, self.at = text, start
        self.line, self.line_start = first_line, 0
        self.next_break = text.find("\n")

    def at_end(self) -> bool:
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]  # it matches the empty text
        return self.at == len(self.text)

    def packed(self, at: int) -> int:
        """A position, never before one asked for earlier, as a place."""
        while -1 < self.next_break < at:
            self.line += 1
            self.line_start = self.next_break + 1
            self.next_break = self.text.find("\n", self.line_start)
        return pack(self.line, at - self.line_start)

    def document(self) -> Composed:
        """The value that begins here."""
        text, match, packed = self.text, _TOKEN.match, self.packed
        complaints: list[Complaint] = []
        here: list[Node] = []
        stack: list[tuple[list[Node], int]] = []  # the items of what is around, the start of what is open
        shapes = ""  # what is open: one bracket each
        expects = "value"  # value, item (a value or the end), key, first (a key or the end), colon, more
        while True:
            token = match(text, self.at)
            if token is None:
                return self._broken(expects)
            kind = token.lastindex
            end = self.at = token.end()
            if kind == _COMMA or kind == _COLON:
                if expects != ("more" if kind == _COMMA else "colon"):
                    return self._broken(expects, token.end() - 1)
                expects = "key" if kind == _COMMA and shapes[-1] == "{" else "value"
                continue
            if kind == _TEXT:
                start = token.start(_TEXT) - 1
                if expects in ("colon", "more"):
                    return self._broken(expects, start)
                said = token[_TEXT]
                if "\\" in said:
                    said = json.loads(text[start:end])
                node: Node = Scalar(said, "", Style.TEXT, packed(start), packed(end))
                if expects in ("key", "first"):
                    here.append(node)
                    expects = "colon"
                    continue
            elif kind == _WORD:
                if expects not in ("value", "item"):
                    return self._broken(expects, token.start(_WORD))
                node = Scalar(token[_WORD], "", Style.WORD, packed(token.start(_WORD)), packed(end))
            elif kind == _OPEN:
                if expects not in ("value", "item"):
                    return self._broken(expects, end - 1)
                if len(stack) >= MAX_DEPTH:
                    return Composed(None, (too_deep(self._line(end)),))
                stack.append((here, packed(end - 1)))
                here = []
                shapes += text[end - 1]
                expects = "first" if shapes[-1] == "{" else "item"
                continue
            else:
                if expects not in ("more", "item", "first") or shapes[-1:] + text[end - 1] not in ("{}", "[]"):
                    return self._broken(expects, end - 1)
                items = tuple(here)
                here, begun = stack.pop()
                if shapes[-1] == "{":
                    complaints += duplicates(items)
                    node = Mapping(items, "", begun, packed(end))
                else:
                    node = Sequence(items, "", begun, packed(end))
                shapes = shapes[:-1]
            if not stack:
                return Composed(node, tuple(complaints))
            here.append(node)
            expects = "more"

    def _line(self, at: int) -> int:
        return (self.packed(at) >> 20) + 1

    def _broken(self, expects: str, at: int | None = None) -> Composed:
        at = _SPACE.match(self.text, self.at).end() if at is None else at  # type: ignore[union-attr]
        wanted = {
            "value": "a value", "item": "a value or ]", "key": "a key in double quotes",
            "first": "a key in double quotes or }", "colon": "a colon", "more": "a comma or the closing bracket",
        }[expects]  # fmt: skip
        met = repr(self.text[at : at + 1]) if at < len(self.text) else "the end"
        return Composed(None, (Complaint(self._line(at), f"not valid JSON: {wanted} expected, not {met}", _HINT),))
