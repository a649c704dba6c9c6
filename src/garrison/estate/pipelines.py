"""What is known of pipelines, from `pipelines.toml`: untrusted contexts, and what lines of a script do."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import msgspec

from garrison.estate.expressions import Flow
from garrison.estate.values import Place, State, Value

_LONGEST = 4_000  # characters of a line that are looked at


class _Models(msgspec.Struct, frozen=True):
    deploys: tuple[str, ...]
    registers: tuple[str, ...]
    trains: tuple[str, ...]
    actions: frozenset[str]
    throwaway: tuple[str, ...]
    throwaway_actions: frozenset[str]
    reads: tuple[str, ...]
    fetches: tuple[str, ...]
    pinned: tuple[str, ...]


class _Keys(msgspec.Struct, frozen=True):
    names: str
    inputs: dict[str, tuple[str, ...]]


class _Roles(msgspec.Struct, frozen=True):
    inputs: dict[str, tuple[str, ...]]
    variables: tuple[str, ...]


class _Scanners(msgspec.Struct, frozen=True):
    names: str
    before: str
    actions: str


class _Code(msgspec.Struct, frozen=True):
    runs: str
    actions: frozenset[str]
    takes: tuple[str, ...]
    heads: str
    trusted: str
    asked: str
    gates: str


class _Downloads(msgspec.Struct, frozen=True):
    runs: tuple[str, ...]


class Knowledge(msgspec.Struct, frozen=True):
    """The data file."""

    untrusted: dict[str, frozenset[str]]  # a context -> the events that fill it
    sinks: dict[str, tuple[str, ...]]  # an action -> its inputs that are run as code
    models: _Models
    keys: _Keys
    roles: _Roles
    scanners: _Scanners
    code: _Code
    downloads: _Downloads


@cache
def knowledge() -> Knowledge:
    """What Garrison knows of pipelines."""
    return msgspec.convert(tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf8")), Knowledge)


@cache
def pattern(*alternatives: str) -> re.Pattern[str]:
    """One regular expression of several, that ignores case."""
    return re.compile("|".join(f"(?:{a})" for a in alternatives), re.IGNORECASE)


def filled_by(flow: Flow) -> frozenset[str]:
    """The events in which a flow carries what a stranger wrote; none for one that never does."""
    if not flow.name.startswith("github"):
        return frozenset()
    said = knowledge().untrusted
    if flow.whole:
        return frozenset().union(*(events for name, events in said.items() if f"{name}.".startswith(f"{flow.name}.")))
    return said.get(flow.name, frozenset())


def action_of(uses: str) -> str:
    """`owner/repository` of what a step uses, in lower case; "" for what is local or an image."""
    if uses.startswith((".", "docker:")):
        return ""
    return "/".join(uses.partition("@")[0].lower().split("/")[:2])


def inputs_of(table: dict[str, tuple[str, ...]], uses: str) -> Iterable[str]:
    """The inputs that a table names for what a step uses."""
    return table.get(action_of(uses), ())


class Command(msgspec.Struct, frozen=True):
    """A line of a script, those that it continues on put together."""

    text: str
    lines: tuple[tuple[int, str], ...]  # where in the text each line begins, and the line

    def line_at(self, position: int) -> str:
        """The line in which a position of the text lies."""
        return next(line for start, line in reversed(self.lines) if start <= position)


def commands_of(script: Value) -> Iterator[Command]:
    """The commands of a script, comments left out."""
    text, lines = "", []
    for said in script.text().split("\n"):
        line = said.strip()
        if line.startswith("#") or not line:
            continue
        goes_on = line.endswith("\\")
        lines.append((len(text), line))
        text = f"{text}{line.removesuffix(chr(92))} "[:_LONGEST] if goes_on else f"{text}{line}"[:_LONGEST]
        if not goes_on:
            yield Command(text, tuple(lines))
            text, lines = "", []
    if lines:
        yield Command(text, tuple(lines))


def within(text: Value, part: str) -> Value:
    """A part of a text, at the line on which it begins."""
    place, needle = text.place, part.strip().partition("\n")[0]
    if place is None:
        return text
    for number in range(place.line - 1, place.end_line):
        line = place.source.line(number).decode("utf8", "replace")
        column = line.find(needle) if needle else -1
        if column >= 0:
            narrow = Place.at(place.source, (number, column), (number, column + len(needle)))
            return Value(State.KNOWN, part, narrow, text.reason)
    return text
