"""JSON to nodes, with a place for everything. RFC 8259; a stream of several texts is read too, as kubectl does.

The standard library decodes JSON without places, and YAML parsers stumble over what JSON allows: surrogate pairs, keys
longer than 1,024 characters, tabs.
"""

from __future__ import annotations

import enum
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


class _Wants(enum.Enum):
    """What may come next, in the words of a complaint."""

    VALUE = "a value"
    ITEM = "a value or ]"
    KEY = "a key in double quotes"
    FIRST_KEY = "a key in double quotes or }"
    COLON = "a colon"
    MORE = "a comma or the closing bracket"


_AFTER: dict[int, frozenset[_Wants]] = {  # what each token may answer
    _TEXT: frozenset({_Wants.VALUE, _Wants.ITEM, _Wants.KEY, _Wants.FIRST_KEY}),
    _WORD: frozenset({_Wants.VALUE, _Wants.ITEM}),
    _OPEN: frozenset({_Wants.VALUE, _Wants.ITEM}),
    _CLOSE: frozenset({_Wants.MORE, _Wants.ITEM, _Wants.FIRST_KEY}),
    _COLON: frozenset({_Wants.COLON}),
    _COMMA: frozenset({_Wants.MORE}),
}
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
    """Where we are in the text, and what is open."""

    def __init__(self, text: str, first_line: int, start: int) -> None:
        self.text, self.at = text, start
        self.line, self.line_start = first_line, 0
        self.next_break = text.find("\n")
        self.here: list[Node] = []  # the items of what is open
        self.stack: list[tuple[list[Node], int, bool]] = []  # the items around it, its start, whether it has keys
        self.complaints: list[Complaint] = []

    def at_end(self) -> bool:
        """Whether nothing but space is left."""
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]  # it matches the empty text
        return self.at == len(self.text)

    def document(self) -> Composed:
        """The value that begins here."""
        text, match = self.text, _TOKEN.match
        self.complaints = []
        wants = _Wants.VALUE
        while True:
            token = match(text, self.at)
            if token is None or wants not in _AFTER[kind := token.lastindex]:  # type: ignore[index]  # one always matched
                return self._broken(wants)
            self.at = token.end()
            if kind in (_COLON, _COMMA):
                wants = _Wants.KEY if kind == _COMMA and self.stack[-1][2] else _Wants.VALUE
            elif kind == _OPEN:
                if len(self.stack) >= MAX_DEPTH:
                    return Composed(None, (too_deep((self._packed(self.at) >> 20) + 1),))
                wants = self._open(keys=text[self.at - 1] == "{")
            else:
                if kind == _CLOSE:
                    if self.stack[-1][2] is not (text[self.at - 1] == "}"):
                        self.at = token.start()
                        return self._broken(wants)
                    node = self._close()
                else:
                    node = self._scalar(token)
                if wants is _Wants.KEY or (wants is _Wants.FIRST_KEY and kind == _TEXT):
                    wants = _Wants.COLON
                elif self.stack:
                    wants = _Wants.MORE
                else:
                    return Composed(node, tuple(self.complaints))
                self.here.append(node)

    def _open(self, *, keys: bool) -> _Wants:
        self.stack.append((self.here, self._packed(self.at - 1), keys))
        self.here = []
        return _Wants.FIRST_KEY if keys else _Wants.ITEM

    def _close(self) -> Node:
        items = tuple(self.here)
        self.here, start, keys = self.stack.pop()
        if not keys:
            return Sequence(items, "", start, self._packed(self.at))
        self.complaints += duplicates(items)
        return Mapping(items, "", start, self._packed(self.at))

    def _scalar(self, token: re.Match[str]) -> Scalar:
        if token.lastindex == _WORD:
            start, said, style = token.start(_WORD), token[_WORD], Style.WORD
        else:
            start, said, style = token.start(_TEXT) - 1, token[_TEXT], Style.TEXT
            if "\\" in said:
                said = json.loads(self.text[start : self.at])
        return Scalar(said, "", style, self._packed(start), self._packed(self.at))

    def _packed(self, at: int) -> int:
        """A position, never before one asked for earlier, as a place."""
        while -1 < self.next_break < at:
            self.line += 1
            self.line_start = self.next_break + 1
            self.next_break = self.text.find("\n", self.line_start)
        return pack(self.line, at - self.line_start)

    def _broken(self, wants: _Wants) -> Composed:
        at_end = self.at_end()
        met = "the end" if at_end else repr(self.text[self.at])
        line = (self._packed(self.at) >> 20) + 1
        return Composed(None, (Complaint(line, f"not valid JSON: {wants.value} expected, not {met}", _HINT),))
