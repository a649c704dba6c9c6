"""The commands of a shell script as words, each with its place. Nothing is executed, and nothing guessed.

A variable is known where the script sets it once, outside conditions and loops, or gives it a default
(`${HOST:-0.0.0.0}`); any other is unknown, and says which would decide it. Grammar: POSIX.1-2024, Shell Command Language,
sections 2.2, 2.3 and 2.6, and of bash what is common: `$'...'`, `[[`, `function`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import msgspec

from garrison.estate.values import Place, Source, State, Value, known, pack, unknown
from garrison.sources.documents import joined

_TOKEN = re.compile(
    r"""(?P<space>[ \t]+|\\\r?\n) | (?P<newline>\r?\n) | (?P<comment>\#[^\n]*)
    | (?P<redirect>\d*(?:<<<|<<-?|&>>?|>>|[<>]&|>\||[<>])) | (?P<operator>&&|\|\|?&?|;;?&?|&|[()])""",
    re.VERBOSE,
)
_PIECE = re.compile(
    r"""'(?P<single>[^']*)'? | \$'(?P<ansi>(?:[^'\\]|\\.)*)'? | (?P<quote>"|\$") | \\(?P<escaped>.|\Z)
    | (?P<hole>\$[({]|`|\$\w+|\$[@*\#?$!-]) | (?P<plain>[^\s'"\\$`;&|()<>]+|\$)""",
    re.VERBOSE | re.DOTALL,
)
# A word without any of that, which is no comment and no number in front of a redirection.
_PLAIN = re.compile(r"(?![\d#])([^\s'\"\\$`;&|()<>]++)(?!['\"\\$`(])[ \t]*")
_BETWEEN = re.compile(r"(?:[ \t]+|\r?\n|\#[^\n]*)*+")  # commands
_IN_QUOTES = re.compile(
    r"(?P<end>\")|\\(?P<escaped>[$`\"\\\n])|(?P<hole>\$[({]|`|\$\w+|\$[@*#?$!-])|(?P<plain>[^\"\\$`]+|.)", re.DOTALL
)
_NESTED = re.compile(r"""\\.|'[^']*'|[(){}`]|\$\{|[^\\'(){}`$]+|.""", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_]\w*")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)\+?=")
_ARRAY = re.compile(r"[A-Za-z_]\w*\+?=")
_DEFAULT = re.compile(r"([A-Za-z_]\w*):?[-=](.*)", re.DOTALL)
_OPENING = frozenset({"if", "while", "until", "for", "case", "select", "{", "function"})
_CLOSING = frozenset({"fi", "done", "esac", "}"})
_WORDS_OF_GRAMMAR = _OPENING | _CLOSING | {"then", "do", "else", "elif", "!", "time", "in"}
_DEEPEST = 50  # brackets in brackets
_MAX_WORDS = 5_000  # of one command

Locate = Callable[[int, int], Place]


class Command(msgspec.Struct, frozen=True, eq=False):
    """One simple command: its words, and the variables that are set in front of it."""

    words: tuple[Value, ...]
    environment: dict[str, Value]


class Lexer:
    """Reads `text` from `start` to `end`. `locate` gives the place of a piece of it, by offsets."""

    def __init__(
        self,
        text: str,
        locate: Locate,
        start: int = 0,
        end: int | None = None,
        variables: dict[str, Value] | None = None,
    ) -> None:
        self.text, self.locate, self.at = text, locate, start
        self.end = len(text) if end is None else end
        self.variables: dict[str, Value] = dict(variables or {})
        self._depth = 0  # of conditions, loops, functions and subshells
        self._brackets = 0
        self._heredocs: list[tuple[str, bool]] = []  # delimiters of those that begin on the next line

    def commands(self) -> Iterator[Command]:
        """Every simple command, in order, wherever it stands."""
        words: list[Value] = []
        skip = False  # the next word is the target of a redirection
        text, end = self.text, self.end
        while self.at < end:
            plain = _PLAIN.match(text, self.at, end)  # most words, and the space behind them
            token = _TOKEN.match(text, self.at, end) if plain is None else None
            if token is None:
                word = self._word() if plain is None else known(plain[1], self.locate(*plain.span(1)))
                self.at = self.at if plain is None else plain.end()
                if skip:
                    skip = False
                elif len(words) < _MAX_WORDS:
                    words.append(word)
                continue
            self.at, kind = token.end(), token.lastgroup
            if kind == "redirect":
                skip = self._redirect(token[0])
            elif kind in ("newline", "operator"):
                skip = False
                if words:
                    yield from self._finished(words)
                    words = []
                if token[0] == "(":
                    self._brackets += 1
                elif token[0] == ")" and self._brackets:  # a pattern of `case` ends in one alone
                    self._brackets -= 1
                if kind == "newline":
                    self._pass_heredocs()
                    self.at = _BETWEEN.match(text, self.at, end).end()  # type: ignore[union-attr]  # it matches nothing too
        yield from self._finished(words)

    def _finished(self, words: list[Value]) -> Iterator[Command]:
        """The command that ended, without the words of the grammar before it; what it sets is kept."""
        while words and words[0].text() in _WORDS_OF_GRAMMAR:
            word = words.pop(0).text()
            self._depth += (word in _OPENING) - (word in _CLOSING)
            if word in ("for", "select") and words:
                self.set(words[0].text(), _hole("a loop sets it", words[0].place, f"${words[0].text()}"))
                words = []
        self._depth = max(self._depth, 0)
        environment: dict[str, Value] = {}
        while words and (pair := assigned(words[0])) is not None:
            environment[pair[0]] = pair[1]
            words.pop(0)
        if words:
            yield Command(tuple(words), environment)
        else:
            for name, value in environment.items():
                self.set(name, value)

    @property
    def _inside(self) -> bool:
        return self._depth + self._brackets > 0

    def set(self, name: str, value: Value) -> None:
        """Keep a variable; one that is set twice, or only perhaps, is unknown."""
        if name in self.variables or self._inside:
            value = _hole("the script sets it in several ways", value.place, f"${name}")
        self.variables[name] = value

    def _word(self) -> Value:
        """The word that begins here: known, or with its known parts."""
        start, parts = self.at, list[Value]()
        while self.at < self.end:
            piece = _PIECE.match(self.text, self.at, self.end)
            if piece is None:
                if self.at == start:
                    self.at += 1  # a character that no grammar has a place for
                break
            self.at = piece.end()
            if piece["quote"]:
                self._quoted(parts)
            elif piece["hole"]:
                parts.append(self._hole(piece["hole"]))
            else:
                text = next(
                    (g for g in (piece["single"], piece["ansi"], piece["escaped"], piece["plain"]) if g is not None), ""
                )
                parts.append(known("" if text == "\n" else text))
        if self.text.startswith("(", self.at) and _ARRAY.fullmatch(self.text, start, self.at):
            self.at += 1
            self._nested(")")
            parts.append(_hole("it is a list", self.locate(start, self.at), "a list"))
        place = self.locate(start, self.at)
        if len(parts) == 1 and parts[0].state is State.KNOWN and not parts[0].reason:
            return known(parts[0].content, place)
        return joined(parts, place)

    def _quoted(self, parts: list[Value]) -> None:
        """What stands in double quotes; they have begun."""
        while self.at < self.end:
            piece = _IN_QUOTES.match(self.text, self.at, self.end)
            if piece is None:
                return
            self.at = piece.end()
            if piece["end"]:
                return
            if piece["hole"]:
                parts.append(self._hole(piece["hole"]))
            else:
                text = piece["escaped"] if piece["escaped"] is not None else piece["plain"]
                parts.append(known("" if text == "\n" and piece["escaped"] else text))

    def _hole(self, begun: str) -> Value:
        """What a `$` or a backquote stands for."""
        start = self.at - len(begun)
        if begun in ("$(", "${", "`"):
            inner = self._nested({"$(": ")", "${": "}", "`": "`"}[begun])
            if begun == "${":
                return self._parameter(inner, start)
            return _hole("a command decides it", self.locate(start, self.at), "$(...)")
        return self._variable(begun[1:], start)

    def _nested(self, closing: str) -> str:
        """The text up to the bracket that closes what has begun."""
        start, opened = self.at, [closing]
        while self.at < self.end and opened:
            piece = _NESTED.match(self.text, self.at, self.end)
            if piece is None:
                break
            self.at = piece.end()
            if piece[0] == opened[-1]:
                opened.pop()
            elif piece[0] in ("(", "${", "{") and len(opened) < _DEEPEST:
                opened.append(")" if piece[0] == "(" else "}")
        return self.text[start : self.at - 1]

    def _parameter(self, inner: str, start: int) -> Value:
        """`${NAME}`, `${NAME:-default}`; any other form is unknown."""
        if _NAME.fullmatch(inner):
            return self._variable(inner, start)
        found = _DEFAULT.fullmatch(inner)
        place = self.locate(start, self.at)
        if found is None:
            name = _NAME.match(inner)
            return _hole("the shell decides it", place, f"${name[0] if name else '{...}'}")
        said = self.variables.get(found[1])
        if said is not None:
            return said
        if "$" in found[2] or "`" in found[2]:
            return _hole("it is set elsewhere", place, f"${found[1]}")
        default = found[2].strip("\"'")
        return Value(State.KNOWN, default, place, f"the default of ${found[1]}", None, f"${found[1]}")

    def _variable(self, name: str, start: int) -> Value:
        said = self.variables.get(name)
        place = self.locate(start, self.at)
        return _hole("it is set elsewhere", place, f"${name}") if said is None else said

    def _redirect(self, operator: str) -> bool:
        """Take note of a here-document; whether a word follows that belongs to no command."""
        if not operator.lstrip("0123456789").startswith("<<") or operator.endswith("<<<"):
            return True
        found = re.compile(r"[ \t]*(['\"]?)([\w.-]+)\1").match(self.text, self.at, self.end)
        if found is None:
            return True
        self.at = found.end()
        self._heredocs.append((found[2], operator.endswith("-")))
        return False

    def _pass_heredocs(self) -> None:
        """Go behind the here-documents that begin on this line."""
        for delimiter, indented in self._heredocs:
            before = r"[\t]*" if indented else ""
            end = re.compile(rf"\n{before}{re.escape(delimiter)}[ \t]*\r?(?=\n|\Z)")  # found as fast as its line feed
            found = end.search(self.text, self.at - 1, self.end)
            self.at = found.end() if found else self.end
        self._heredocs = []


def locator(source: Source, text: str) -> Locate:
    """From offsets in the text of a file to places in it. Lines are counted from the last place on, as a script is read."""
    last = line = 0

    def packed(offset: int) -> int:
        nonlocal last, line
        line += text.count("\n", last, offset) if offset >= last else -text.count("\n", offset, last)
        last = offset
        return pack(line, offset - text.rfind("\n", 0, offset) - 1)

    return lambda start, end: Place(source, packed(start), packed(end))


def assigned(word: Value) -> tuple[str, Value] | None:
    """Name and value of `NAME=value`."""
    parts = word.content if word.state is State.UNKNOWN and isinstance(word.content, tuple) else (word,)
    if not parts or not isinstance(parts[0].content, str) or parts[0].state is not State.KNOWN:
        return None
    found = _ASSIGNMENT.match(parts[0].content)
    if found is None:
        return None
    head = known(parts[0].content[found.end() :], word.place)
    if len(parts) > 1:
        parts = parts[1:] if not head.content else (head, *parts[1:])
        return found[1], unknown(word.reason, word.place, parts, word.decided_by)
    return found[1], Value(State.KNOWN, head.content, word.place, word.reason, None, word.decided_by)


def _hole(reason: str, place: Place | None, decided_by: str) -> Value:
    """Something that is said, whatever it will be: an option with it is given."""
    return unknown(reason, place, (unknown(reason, place, decided_by=decided_by),), decided_by)
