"""Where the keys of a TOML file stand: its parser tells values, not lines.

For text that `tomllib` has taken, so that only what decides where a key stands is looked at (TOML 1.0.0).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

Steps = tuple[str | int, ...]

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+|\#[^\n]*)
      | (?P<line>\n)
      | (?P<text>\"{3}(?:[^\\]|\\.)*?\"{3,5}(?!\")|'{3}.*?'{3,5}(?!')|\"(?:[^"\\\n]|\\.)*\"|'[^'\n]*')
      | (?P<mark>\[\[|\]\]|[\[\]{}=,.])
      | (?P<bare>[^\s\[\]{}=,."'\#]+)""",
    re.VERBOSE | re.DOTALL,
)


class _Token:
    """A piece of the file and its line. Brackets come one by one: `[[` is told from two lists by where it stands."""

    __slots__ = ("line", "said")

    def __init__(self, said: str, line: int) -> None:
        self.said, self.line = said, line


def toml_lines(text: str) -> dict[Steps, int]:
    """The line, from 1, of every table, key and item."""
    return _Reader(list(_tokens(text))).lines()


def line_of(lines: dict[Steps, int], steps: Steps) -> int:
    """The line of a key, or of the nearest thing around it that is there; 1 for the whole file."""
    while steps and steps not in lines:
        steps = steps[:-1]
    return lines.get(steps, 1)


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for token in _TOKEN.finditer(text.replace("\r\n", "\n")):
        said = token[0]
        if token.lastgroup == "mark":
            yield from (_Token(mark, line) for mark in said)
        elif token.lastgroup != "space":
            yield _Token(said, line)
        line += said.count("\n")
    yield _Token("\n", line)


class _Reader:
    """Where we are among the tokens."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens, self.at = tokens, 0
        self.found: dict[Steps, int] = {}
        self.last: dict[Steps, int] = {}  # of each array of tables, the index of its last

    def lines(self) -> dict[Steps, int]:
        """Read the whole file."""
        table: Steps = ()
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            if token.said == "\n":
                self.at += 1
            elif token.said == "[":
                table = self.header()
            else:
                self.pair(table)
        return self.found

    def header(self) -> Steps:
        """`[a.b]` or `[[a.b]]`: the table that follows."""
        line = self.tokens[self.at].line
        many = self.tokens[self.at + 1].said == "["
        self.at += 2 if many else 1
        names = self.names("]")
        self.at += 2 if many else 1
        steps: Steps = ()
        for number, name in enumerate(names):
            steps += (name,)
            self.found.setdefault(steps, line)
            if many and number == len(names) - 1:
                self.last[steps] = self.last.get(steps, -1) + 1
            if steps in self.last:
                steps += (self.last[steps],)
                self.found.setdefault(steps, line)
        return steps

    def names(self, end: str) -> list[str]:
        """A dotted key, up to what ends it."""
        found = []
        while (said := self.tokens[self.at].said) != end:
            self.at += 1
            if said != ".":
                found.append(tomllib.loads(f"k = {said}")["k"] if said[0] in "\"'" else said)
        return found

    def pair(self, table: Steps) -> None:
        """`key = value`."""
        line = self.tokens[self.at].line
        steps = table
        for name in self.names("="):
            steps += (name,)
            self.found.setdefault(steps, line)
        self.at += 1
        self.value(steps)

    def value(self, steps: Steps) -> None:
        """What follows an equals sign, or is an item."""
        said = self.tokens[self.at].said
        if said in ("[", "{"):
            self.at += 1
            self.several(steps, "]" if said == "[" else "}")
            return
        while self.tokens[self.at].said not in ("\n", ",", "]", "}"):
            self.at += 1

    def several(self, steps: Steps, end: str) -> None:
        """The items of a list, or the pairs of an inline table, and what closes it."""
        number = 0
        while (token := self.tokens[self.at]).said != end:
            if token.said in ("\n", ","):
                self.at += 1
            elif end == "}":
                self.pair(steps)
            else:
                self.found[*steps, number] = token.line
                self.value((*steps, number))
                number += 1
        self.at += 1
