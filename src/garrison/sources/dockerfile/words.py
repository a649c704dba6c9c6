"""Words of a Dockerfile: quotes, escapes and variables, three-valued."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache

from garrison.estate.values import Place, State, Value, known, unknown
from garrison.sources.dockerfile.syntax import Text
from garrison.sources.documents import joined
from garrison.sources.substitution import MAX_NESTING, BrokenReferenceError, Lookup, reference, resolve

MAX_WORD = 32_000  # characters of a word after its variables are replaced
_TEXT = re.compile(r'"(?:\\.|[^"\\])*"')
_LIST = re.compile(r'\[\s*(?:"(?:\\.|[^"\\])*"\s*(?:,\s*"(?:\\.|[^"\\])*"\s*)*)?\]')


@cache
def _word(escape: str) -> re.Pattern[str]:
    e = re.escape(escape)
    return re.compile(rf"""(?:[^\s"'{e}]|{e}.?|"(?:{e}.|[^"{e}])*"?|'[^']*'?)+""", re.DOTALL)


def spans(text: str, escape: str) -> Iterator[tuple[int, int]]:
    """Where the words of a text begin and end; what is quoted is one."""
    return (m.span() for m in _word(escape).finditer(text))


def words(text: Text, escape: str, lookup: Lookup) -> tuple[Value, ...]:
    """The words of an instruction, evaluated, each with its place."""
    return tuple(evaluate(text.content[a:b], escape, lookup, text.place(a, b)) for a, b in spans(text.content, escape))


def json_words(text: Text) -> tuple[Value, ...] | None:
    """The words of an instruction in JSON form; None where it is not."""
    if not text.content.startswith("[") or _LIST.fullmatch(text.content) is None:
        return None
    try:
        return tuple(known(json.loads(m[0]), text.place(*m.span())) for m in _TEXT.finditer(text.content))
    except ValueError:
        return None


def evaluate(
    word: str, escape: str, lookup: Lookup, place: Place, *, in_shell: bool = False, nesting: int = 0
) -> Value:
    """One word without its quotes, its variables replaced; unknown where one of them is.

    A variable that nothing sets is empty in an instruction; `in_shell`, where commands too give words, it is unknown.
    """
    if not any(c in word for c in ("$", "'", '"', "`", escape)):
        return known(word, place)
    try:
        return _limited(_Word(word, escape, lookup, place, in_shell=in_shell, nesting=nesting).evaluated())
    except BrokenReferenceError as error:
        return unknown(str(error), place)


def _limited(value: Value) -> Value:
    content = value.content
    size = len(content) if isinstance(content, str) else sum(len(p.text()) for p in content or ())
    return unknown("too long to be evaluated", value.place) if size > MAX_WORD else value


class _Word:
    """One word being read."""

    def __init__(self, word: str, escape: str, lookup: Lookup, place: Place, *, in_shell: bool, nesting: int) -> None:
        self.word, self.escape, self.lookup, self.place = word, escape, lookup, place
        self.in_shell, self.nesting = in_shell, nesting
        self.pieces: list[Value] = []
        self.plain: list[str] = []

    def evaluated(self) -> Value:
        at, quote = 0, ""
        while at < len(self.word):
            char = self.word[at]
            if char == "'" and not quote:
                end = self.word.find("'", at + 1)
                end = len(self.word) if end < 0 else end
                self.plain.append(self.word[at + 1 : end])
                at = end + 1
            elif char == '"':
                quote = "" if quote else char
                at += 1
            elif char == self.escape:
                at = self._escaped(at, quote)
            elif char == "$" or (char == "`" and self.in_shell):
                at = self._dollar(at)
            else:
                self.plain.append(char)
                at += 1
        self._flush()
        return joined(self.pieces, self.place) if self.pieces else known("", self.place)

    def _escaped(self, at: int, quote: str) -> int:
        following = self.word[at + 1 : at + 2]
        if quote and following not in ('"', "$", "`", self.escape):
            self.plain.append(self.escape)
        self.plain.append(following)
        return at + 2

    def _dollar(self, at: int) -> int:
        if self.in_shell and (self.word[at] == "`" or self.word.startswith("$(", at)):
            self._flush()
            self.pieces.append(unknown("a command gives it", self.place))
            return end_of_command(self.word, at)
        found = reference(self.word, at)
        if found is None:
            self.plain.append("$")
            return at + 1
        self._flush()
        if self.nesting > MAX_NESTING:
            raise BrokenReferenceError("references are nested too deeply")
        value = resolve(found, self.lookup, self._inner, self.place)
        self.pieces.append(self._unset(found.name) if value.state is State.ABSENT else value)
        return found.end

    def _inner(self, word: str) -> Value:
        return evaluate(
            word, self.escape, self.lookup, self.place, in_shell=self.in_shell, nesting=self.nesting + 1
        )  # fmt: skip

    def _unset(self, name: str) -> Value:
        return unknown(f"the shell decides ${name}", self.place) if self.in_shell else known("", self.place)

    def _flush(self) -> None:
        if self.plain:
            self.pieces.append(known("".join(self.plain), self.place))
            self.plain.clear()


def end_of_command(text: str, at: int, stop: int | None = None) -> int:
    """Where `$(...)`, `<(...)` or a pair of backticks that begins at `at` ends, at the latest at `stop`."""
    stop = len(text) if stop is None else stop
    if text[at] == "`":
        end = text.find("`", at + 1, stop)
        return stop if end < 0 else end + 1
    depth = 0
    for number in range(at, stop):
        if text[number] == "(":
            depth += 1
        elif text[number] == ")":
            depth -= 1
            if not depth:
                return number + 1
    return stop
