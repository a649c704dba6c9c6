"""A shell script to its commands, as far as they tell what is installed, fetched and run. Nothing is executed.

What stands in `$(...)`, in `<(...)` and in the script of `sh -c` is read too, after the command it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from garrison.estate.values import Body, Place, Value, known
from garrison.sources.dockerfile.syntax import Text
from garrison.sources.dockerfile.words import end_of_command, evaluate
from garrison.sources.substitution import Lookup

MAX_COMMANDS = 20_000  # of one file
_MAX_DEPTH = 5  # of one script in another
_SPACE = re.compile(r"[ \t\r\f\v]+|\\\r?\n")
_OPERATOR = re.compile(r"&&|\|\||\|&|;;|[;&|()\n]")
_REDIRECT = re.compile(r"\d*(?:>>|>\||>&|>|<<<|<<-?|<&|<)")
_COMMENT = re.compile(r"#[^\n]*")
_QUOTED = re.compile(r"""'[^']*'?|"(?:\\.|[^"\\])*"?|\\.?""", re.DOTALL)
_PLAIN = re.compile(r"""[^\s"'\\;&|()<>$`]+|\$(?![({])|\$\{[^}]*\}?""")
_SHELLS = re.compile(r"(?:.*/)?(?:ba|da|z|k|a)?sh")
_SCRIPT_OPTION = re.compile(r"-\w*c")


def commands(script: Text, lookup: Lookup, depth: int = 0) -> Iterator[Value]:
    """Every command: its `words`, its `raw` text, and whether it is `piped` into the next."""
    inner: list[tuple[int, int]] = []
    spans: list[tuple[int, int]] = []
    for start, end, operator in _tokens(script.content, inner):
        if not operator:
            spans.append((start, end))
            continue
        if spans:
            yield _command(script, spans, lookup, piped=operator.startswith("|") and operator != "||")
            if depth < _MAX_DEPTH and (nested := _script_in(script, spans)) is not None:
                inner[:] = [span for span in inner if span[0] < nested[0]]  # they are read with it
                yield from commands(script.cut(*nested), lookup, depth + 1)
            spans = []
    if depth < _MAX_DEPTH:
        for start, end in inner:
            yield from commands(script.cut(start, end), lookup, depth + 1)


def _tokens(text: str, inner: list[tuple[int, int]]) -> Iterator[tuple[int, int, str]]:
    """Start and end of each word, and of each operator with its text; at the end an operator that ends the last command.

    The spans of scripts inside of words are added to `inner`.
    """
    at = 0
    while at < len(text):
        if (space := _SPACE.match(text, at)) or (text[at] == "#" and (space := _COMMENT.match(text, at))):
            at = space.end()
        elif text.startswith(("<(", ">("), at):
            end = end_of_command(text, at)
            inner.append((at + 2, end - 1))
            yield at, end, ""
            at = end
        elif operator := _OPERATOR.match(text, at):
            yield at, operator.end(), operator[0]
            at = operator.end()
        elif redirect := _REDIRECT.match(text, at):
            yield at, redirect.end(), ""
            at = redirect.end()
        else:
            end = _word_end(text, at, inner)
            yield at, end, ""
            at = end
    yield at, at, "\n"


def _word_end(text: str, at: int, inner: list[tuple[int, int]]) -> int:
    start = at
    while at < len(text):
        if text.startswith("$(", at) or text[at] == "`":
            end = end_of_command(text, at)
            inner.append((at + (1 if text[at] == "`" else 2), end - 1))
            at = end
        elif match := _QUOTED.match(text, at) or _PLAIN.match(text, at):
            quoted = match[0]
            if quoted[0] == '"' and ("$(" in quoted or "`" in quoted):
                _substitutions(text, match.start(), match.end(), inner)
            at = match.end()
        elif at > start:
            break
        else:
            return at + 1  # a character that begins nothing
    return at


def _substitutions(text: str, start: int, stop: int, inner: list[tuple[int, int]]) -> None:
    """The scripts inside of a quoted text."""
    at = start
    while at < stop:
        if text.startswith("$(", at) or text[at] == "`":
            end = end_of_command(text, at, stop)
            inner.append((at + (1 if text[at] == "`" else 2), end - 1))
            at = end
        else:
            at += 2 if text[at] == "\\" else 1


def _command(script: Text, spans: list[tuple[int, int]], lookup: Lookup, *, piped: bool) -> Value:
    place = script.place(spans[0][0], spans[-1][1])
    said = tuple(_word(script, a, b, lookup) for a, b in spans)
    raw = script.content[spans[0][0] : spans[-1][1]]
    items = {"words": known(said, place), "raw": known(raw, place), "piped": known(piped, place)}
    return known(Body.of(items, place), place)


def _word(script: Text, start: int, end: int, lookup: Lookup) -> Value:
    place: Place = script.place(start, end)
    return evaluate(script.content[start:end], "\\", lookup, place, in_shell=True)


def _script_in(script: Text, spans: list[tuple[int, int]]) -> tuple[int, int] | None:
    """Where the script in `sh -c '...'` stands."""
    texts = [script.content[a:b] for a, b in spans]
    for number in range(len(texts) - 2):
        if _SHELLS.fullmatch(texts[number]) and _SCRIPT_OPTION.fullmatch(texts[number + 1]):
            start, end = spans[number + 2]
            first, last = texts[number + 2][0], texts[number + 2][-1]
            return (start + 1, end - 1) if first in "\"'" and first == last and end - start > 1 else None
    return None
