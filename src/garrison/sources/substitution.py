"""Variables in texts: `$NAME`, `${NAME}`, `${NAME:-word}` and its kin, as Compose and Dockerfiles write them.

Compose: https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md
Dockerfile: https://docs.docker.com/reference/dockerfile/#environment-replacement
"""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from garrison.estate.values import Place, State, Value, known, unknown

MAX_NESTING = 20  # of one reference in the word of another
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_OPERATOR = re.compile(r":?[-+?]|##?|%%?|//?")

Lookup = Callable[[str], Value]  # what a variable is set to; absent where nothing sets it


class BrokenReferenceError(ValueError):
    """A reference that is not closed, or has no name."""


class Reference(msgspec.Struct, frozen=True):
    """`${name<operator>word}`; `end` is where it ends in its text."""

    name: str
    operator: str
    word: str
    end: int


def reference(text: str, at: int) -> Reference | None:
    """The reference that the `$` at `at` begins; None where it is only a dollar sign. Raises BrokenReferenceError."""
    if text[at + 1 : at + 2] != "{":
        name = _NAME.match(text, at + 1)
        return Reference(name[0], "", "", name.end()) if name else None
    name = _NAME.match(text, at + 2)
    if name is None:
        raise BrokenReferenceError(f"a reference without a name: {text[at : at + 20]}")
    end = _closing(text, name.end())
    operator = _OPERATOR.match(text, name.end(), end)
    if operator is None and name.end() != end:
        raise BrokenReferenceError(f"a reference that cannot be read: {text[at : at + 40]}")
    start = operator.end() if operator else end
    return Reference(name[0], operator[0] if operator else "", text[start:end], end + 1)


def _closing(text: str, at: int) -> int:
    depth = 1
    while at < len(text):
        if text.startswith("${", at):
            depth += 1
        elif text[at] == "}":
            depth -= 1
            if not depth:
                return at
        at += 1
    raise BrokenReferenceError("a reference that is not closed")


def resolve(found: Reference, lookup: Lookup, fill: Callable[[str], Value], place: Place | None) -> Value:
    """What a reference stands for; `fill` evaluates its word. Absent where it is plain and nothing sets the variable."""
    said, operator = lookup(found.name), found.operator
    if not operator:
        return said
    if said.state is State.UNKNOWN:
        return said
    is_set = said.state is State.KNOWN and not (operator[0] == ":" and said.content == "")
    match operator[-1]:
        case "-":
            return said if is_set else _default(found.name, fill(found.word), place)
        case "+":
            return fill(found.word) if is_set else known("", place)
        case "?":
            return said if is_set else _demanded(found.name, place)
        case _:  # cuts and replacements of patterns
            return unknown(f"a part of {found.name}", place, decided_by=found.name)


def size_of(value: Value) -> int:
    """What it costs to put a variable's value into a text: its characters, or its pieces."""
    content = value.content
    return len(content) if isinstance(content, str | tuple) else 1


def _demanded(name: str, place: Place | None) -> Value:
    """A text that is there, whatever it is: nothing starts without it."""
    reason = f"{name} has to be set"
    return unknown(reason, place, (unknown(reason, place, decided_by=name),), name)


def _default(name: str, word: Value, place: Place | None) -> Value:
    if word.state is not State.KNOWN or word.content == "":
        return word
    return Value(State.KNOWN, word.content, place, f"the default of {name}")
