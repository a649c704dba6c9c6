"""A Dockerfile to its instructions, with the place of every character.

The grammar is that of BuildKit (frontend/dockerfile/parser), told in https://docs.docker.com/reference/dockerfile/. One
instruction that cannot be read is a complaint, and the rest goes on.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate

import msgspec

from garrison.estate.values import Place, Source

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")
_DIRECTIVES = frozenset({"syntax", "escape", "check"})
_KEYWORD = re.compile(r"\s*(\S+)[ \t]*")
_FLAG = re.compile(r"--([a-zA-Z][\w-]*)(?:=(\S*))?(?:\s+|$)")
_WORD = re.compile(r"""(?:[^\s"'\\]|\\.|"(?:\\.|[^"\\])*"|'[^']*')+""", re.DOTALL)
_HEREDOC = re.compile(r"\d*<<(-?)([\"']?)([^\s<\"']+)\2")
_KEYWORDS = frozenset(
    {
        "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD",
        "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
    }
)  # fmt: skip
_MAX_TROUBLES = 100  # of one file that are told
_WITH_HEREDOCS = frozenset({"ADD", "COPY", "RUN"})
_WITH_FLAGS = frozenset({"ADD", "COPY", "FROM", "HEALTHCHECK", "RUN"})


class Text(msgspec.Struct, frozen=True, eq=False):
    """A text put together from pieces of a file: where piece n begins in it, and where that stands in the file."""

    source: Source
    content: str
    offsets: tuple[int, ...]
    places: tuple[tuple[int, int], ...]  # line and column, from 0

    def place(self, start: int, end: int) -> Place:
        """Where a span of it stands."""
        return Place.at(self.source, self._at(start), self._at(max(start, end - 1), after=end > start))

    def _at(self, offset: int, *, after: bool = False) -> tuple[int, int]:
        piece = max(0, bisect_right(self.offsets, offset) - 1)
        line, column = self.places[piece]
        return line, column + offset - self.offsets[piece] + after

    def cut(self, start: int, end: int) -> Text:
        """A span of it, as a text of its own."""
        first = max(0, bisect_right(self.offsets, start) - 1)
        last = bisect_right(self.offsets, end)
        places = (self._at(start), *self.places[first + 1 : last])
        return Text(
            self.source, self.content[start:end], (0, *(o - start for o in self.offsets[first + 1 : last])), places
        )


class Flag(msgspec.Struct, frozen=True, eq=False):
    """`--name=value` before the arguments of an instruction."""

    name: str
    value: Text


class Heredoc(msgspec.Struct, frozen=True, eq=False):
    """`<<name`: a text that stands below its instruction."""

    name: str
    expands: bool  # variables in it are replaced: its name is not quoted
    text: Text


class Instruction(msgspec.Struct, frozen=True, eq=False):
    """One instruction; `arguments` is what follows its keyword and flags."""

    keyword: str  # in capitals
    flags: tuple[Flag, ...]
    arguments: Text
    heredocs: tuple[Heredoc, ...]
    place: Place
    onbuild: bool = False  # it runs when another image is built from this one

    def flag(self, name: str) -> Text | None:
        """The value of a flag, the last of several."""
        return next((f.value for f in reversed(self.flags) if f.name == name), None)


class Trouble(msgspec.Struct, frozen=True):
    """What cannot be read; `line` counts from 1."""

    line: int
    message: str
    hint: str


class Parsed(msgspec.Struct, frozen=True, eq=False):
    """A Dockerfile."""

    instructions: tuple[Instruction, ...]
    escape: str  # the character that escapes and continues: a backslash or a backtick
    troubles: tuple[Trouble, ...]


def parse(source: Source, text: str) -> Parsed:
    """All instructions of a Dockerfile; `text` is the source's, decoded."""
    return _Parser(source, text).run()


class _Parser:
    """The lines of a file, taken one after the other."""

    def __init__(self, source: Source, text: str) -> None:
        self.source = source
        self.lines = text.split("\n")
        self.at = 0  # the next line
        self.escape = "\\"
        self.troubles: list[Trouble] = []
        self._numbers: dict[str, list[int]] = {}  # of the lines that say a text, made for the first heredoc

    def run(self) -> Parsed:
        self._directives()
        continues = re.compile(rf"(?:^|(?<=[^{re.escape(self.escape)}])){re.escape(self.escape)}[ \t]*$")
        found: list[Instruction] = []
        while self.at < len(self.lines):
            first = self.at
            text = self._logical_line(continues)
            if text.content.strip():
                found += self._instruction(text, first)
        return Parsed(tuple(found), self.escape, tuple(self.troubles))

    def _directives(self) -> None:
        """`# escape=` and the like: comments at the very top."""
        for number, line in enumerate(self.lines):
            match = _DIRECTIVE.match(self._clean(line, number).lstrip())
            if match is None or match[1].lower() not in _DIRECTIVES:
                return
            if match[1].lower() == "escape":
                if match[2] in ("\\", "`"):
                    self.escape = match[2]
                else:
                    self._trouble(number, "the escape character is neither \\ nor `", "write one of them")

    @staticmethod
    def _clean(line: str, number: int) -> str:
        line = line.removesuffix("\r")
        return " " + line[1:] if number == 0 and line.startswith("\ufeff") else line

    def _logical_line(self, continues: re.Pattern[str]) -> Text:
        """The next line with those that continue it; comments and empty lines between them do not count."""
        pieces: list[str] = []
        offsets: list[int] = []
        places: list[tuple[int, int]] = []
        size, goes_on = 0, True
        while goes_on and self.at < len(self.lines):
            number = self.at
            line = self._clean(self.lines[number], number)
            self.at += 1
            bare = line.lstrip()
            if bare.startswith("#") or not bare:
                if not pieces:
                    break
                continue
            column = 0 if pieces else len(line) - len(bare)
            match = continues.search(line, column)
            goes_on = match is not None
            piece = line[column : match.start()] if match is not None else line[column:]
            pieces.append(piece)
            offsets.append(size)
            places.append((number, column))
            size += len(piece)
        return Text(self.source, "".join(pieces), tuple(offsets), tuple(places))

    def _instruction(self, text: Text, first: int, *, onbuild: bool = False) -> Iterator[Instruction]:
        match = _KEYWORD.match(text.content)
        keyword = match[1].upper() if match else ""
        if match is None or keyword not in _KEYWORDS:
            self._trouble(first, f"{keyword[:30]!r} is no instruction", "write one of Docker's instructions in front")
            return
        at = match.end()
        if keyword == "ONBUILD" and not onbuild:
            yield from self._instruction(text.cut(at, len(text.content)), first, onbuild=True)
            return
        flags: list[Flag] = []
        while keyword in _WITH_FLAGS and (flag := _FLAG.match(text.content, at)):
            flags.append(Flag(flag[1], text.cut(*flag.span(2)) if flag[2] is not None else text.cut(at, at)))
            at = flag.end()
        arguments = text.cut(at, at + len(text.content[at:].rstrip()))
        heredocs = (
            tuple(self._heredocs(arguments, first)) if keyword in _WITH_HEREDOCS and "<<" in arguments.content else ()
        )
        start, last = text.places[0], (self.at - 1, len(self.lines[self.at - 1].rstrip("\r")))
        yield Instruction(
            keyword, tuple(flags), arguments, heredocs, Place.at(self.source, start, last), onbuild
        )  # fmt: skip

    def _heredocs(self, arguments: Text, first: int) -> Iterator[Heredoc]:
        if arguments.content.startswith("["):
            return
        for word in _WORD.finditer(arguments.content):
            match = _HEREDOC.fullmatch(word[0])
            if match is None:
                continue
            begin, end = self.at, self._end_of(match[3], tabs=bool(match[1]))
            if end is None:
                self._trouble(first, f"the text <<{match[3][:40]} has no end", f"end it with a line {match[3][:40]}")
                return  # what follows is read as instructions: rather too much than nothing
            self.at = end + 1
            body = [line.removesuffix("\r") for line in self.lines[begin:end]]
            offsets = (0, *accumulate(len(line) + 1 for line in body[:-1]))
            places = tuple((begin + n, 0) for n in range(max(1, len(body))))
            yield Heredoc(match[3], not match[2], Text(self.source, "\n".join(body), offsets, places))

    def _end_of(self, name: str, *, tabs: bool) -> int | None:
        """The next line that ends the text of this name; tabs may stand before it after `<<-`."""
        if not self._numbers:
            for number, line in enumerate(self.lines):
                self._numbers.setdefault(line.removesuffix("\r").lstrip("\t"), []).append(number)
        numbers = self._numbers.get(name, [])
        for at in range(bisect_left(numbers, self.at), len(numbers)):
            if tabs or self.lines[numbers[at]].removesuffix("\r") == name:
                return numbers[at]
        return None

    def _trouble(self, number: int, message: str, hint: str) -> None:
        if len(self.troubles) < _MAX_TROUBLES:
            self.troubles.append(Trouble(number + 1, message, hint))
