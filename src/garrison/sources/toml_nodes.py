"""TOML documents as nodes (TOML 1.0.0, https://toml.io/en/v1.0.0).

`tomllib` says what is valid and what values are; it does not say where they stand. The tokens of a document that it has
taken tell that, by the few rules that decide which table a key belongs to.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any, NamedTuple

from garrison.estate.values import pack
from garrison.sources.nodes import (
    MAX_DEPTH,
    MAX_DOCUMENT_BYTES,
    Complaint,
    Composed,
    Mapping,
    Node,
    Scalar,
    Sequence,
    Style,
    too_deep,
    too_large,
)

Steps = tuple[str | int, ...]
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+|\#[^\n]*)
      | (?P<end>\n)
      | (?P<text>\"{3}(?:[^\\]|\\.)*?\"{3,5}(?!\")|'{3}.*?'{3,5}(?!')|\"(?:[^"\\\n]|\\.)*\"|'[^'\n]*')
      | (?P<mark>[\[\]{}=,.])
      | (?P<bare>[^\s\[\]{}=,."'\#]+)""",
    re.VERBOSE | re.DOTALL,
)
# A dotted key of so many steps that tomllib, whose time grows with their square, would not come back.
_DEEP = re.compile(rf"""(?<![\w"'-])(?:[\w"'-]++[ \t]*+\.[ \t]*+){{{MAX_DEPTH}}}""")
_LINE = re.compile(r"at line (\d+)")


class Span(NamedTuple):
    """Where something is written, packed as nodes have it."""

    start: int
    end: int


class _Token(NamedTuple):
    said: str
    span: Span


def compose_toml(data: bytes) -> Composed:
    """The document of a file: one mapping. What is wrong with it is a complaint, and never raised."""
    if len(data) > MAX_DOCUMENT_BYTES:
        return Composed(None, (too_large(1, len(data)),))
    try:
        text = data.decode().removeprefix("\ufeff")
        if (deep := _DEEP.search(text)) is not None:
            return Composed(None, (too_deep(text.count("\n", 0, deep.start()) + 1),))
        said = tomllib.loads(text)
        return Composed(_node(said, (), _Reader(list(_tokens(text))).spans()))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return Composed(None, (Complaint(line, f"it is not UTF-8 text ({error.reason})", "save it as UTF-8"),))
    except tomllib.TOMLDecodeError as error:
        told = _LINE.search(str(error))
        line = int(told[1]) if told else text.count("\n") + 1  # at the end of the document
        return Composed(None, (Complaint(line, f"it is not TOML: {error}", "see https://toml.io"),))
    except RecursionError:
        return Composed(None, (too_deep(1),))


def _tokens(text: str) -> Iterator[_Token]:
    """The tokens that are not space, one after the other."""
    line = column = 0
    for found in _TOKEN.finditer(text):
        said, start = found[0], pack(line, column)
        if "\n" in said:
            line, column = line + said.count("\n"), len(said) - said.rindex("\n") - 1
        else:
            column += len(said)
        if found.lastgroup == "end":
            yield _Token("\n", Span(start, start))
        elif found.lastgroup != "space":
            yield _Token(said, Span(start, pack(line, column)))
    yield _Token("\n", Span(pack(line, column), pack(line, column)))


class _Reader:
    """Where we are among the tokens of a valid document."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens, self.at = tokens, 0
        self.found: dict[Steps, Span] = {}
        self.last: dict[Steps, int] = {}  # of each array of tables, the index of its last

    @property
    def said(self) -> str:
        """The token here."""
        return self.tokens[self.at].said

    def spans(self) -> dict[Steps, Span]:
        """Of every table, key and item, by the steps to it; of a value its own, of a table its first line."""
        table: Steps = ()
        while self.at < len(self.tokens):
            if self.said == "\n":
                self.at += 1
            elif self.said == "[":
                table = self.header()
            else:
                self.pair(table)
        return self.found

    def header(self) -> Steps:
        """`[a.b]` or `[[a.b]]`: the table that follows."""
        start = self.tokens[self.at].span.start
        many = self.tokens[self.at + 1].said == "["
        self.at += 2 if many else 1
        names = self.names("]")
        self.at += 2 if many else 1
        span = Span(start, self.tokens[self.at - 1].span.end)
        steps: Steps = ()
        for number, name in enumerate(names):
            steps += (name,)
            self.found.setdefault(steps, span)
            if many and number == len(names) - 1:
                self.last[steps] = self.last.get(steps, -1) + 1
            if steps in self.last:
                steps += (self.last[steps],)
                self.found.setdefault(steps, span)
        return steps

    def names(self, end: str) -> list[str]:
        """A dotted key, up to what ends it."""
        found = []
        while self.said != end:
            if self.said != ".":
                found.append(tomllib.loads(f"k = {self.said}")["k"] if self.said[0] in "\"'" else self.said)
            self.at += 1
        return found

    def pair(self, table: Steps) -> None:
        """`key = value`."""
        start = self.tokens[self.at].span.start
        steps = table
        for name in self.names("="):
            steps += (name,)
            self.found.setdefault(steps, Span(start, self.tokens[self.at].span.start))
        self.at += 1
        self.value(steps)

    def value(self, steps: Steps) -> None:
        """What follows an equals sign, or is an item."""
        start = self.tokens[self.at].span.start
        if self.said in ("[", "{"):
            end = "]" if self.said == "[" else "}"
            self.at += 1
            self.several(steps, end)
        else:
            while self.tokens[self.at + 1].said not in ("\n", ",", "]", "}"):
                self.at += 1
            self.at += 1
        self.found[steps] = Span(start, self.tokens[self.at - 1].span.end)

    def several(self, steps: Steps, end: str) -> None:
        """The items of a list, or the pairs of an inline table, and what closes it."""
        number = 0
        while self.said != end:
            if self.said in ("\n", ","):
                self.at += 1
            elif end == "}":
                self.pair(steps)
            else:
                self.value((*steps, number))
                number += 1
        self.at += 1


def _node(said: Any, steps: Steps, spans: dict[Steps, Span]) -> Node:
    """A value with its span; what has none of its own, such as the whole document, begins where the file does."""
    span = spans.get(steps, Span(0, 0))
    if isinstance(said, dict):
        pairs: list[Node] = []
        for name, value in said.items():
            inner = _node(value, (*steps, name), spans)
            pairs += [Scalar(name, "", Style.TEXT, inner.start, inner.end), inner]
        return Mapping(tuple(pairs), "", *span)
    if isinstance(said, list):
        return Sequence(tuple(_node(item, (*steps, n), spans) for n, item in enumerate(said)), "", *span)
    if isinstance(said, bool):
        return Scalar("true" if said else "false", "", Style.WORD, *span)
    return Scalar(str(said), "", Style.WORD if isinstance(said, int | float) else Style.TEXT, *span)
