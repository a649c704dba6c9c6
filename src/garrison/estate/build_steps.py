"""The commands of an image's build: which program runs with which arguments.

A command is judged by what is written. What a script that it runs does, or a program whose name a variable gives, is
not seen. Each question about a command is answered by the word that decided it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

import msgspec

from garrison.estate.truth import NO, Truth
from garrison.estate.values import Value, shown

_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=", re.ASCII)
_BEFORE = frozenset(
    {"then", "do", "else", "elif", "if", "while", "until", "!", "{", "time", "exec", "command", "sudo", "env", "nohup", "export"}
)  # fmt: skip
_PYTHON = re.compile(r"python[\d.]*|pypy[\d.]*")
_PIP = re.compile(r"pip[\d.]*")


class Step(msgspec.Struct, frozen=True, eq=False, dict=True):
    """One command."""

    words: tuple[Value, ...]
    raw: str
    piped: bool  # what it prints goes into the next one

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """Its words, with holes for what is not known."""
        return tuple(shown(w) for w in self.words)

    @cached_property
    def start(self) -> int:
        """Which word names the program: assignments, `sudo` and the like stand before it."""
        for number, text in enumerate(self.texts):
            if not (_ASSIGNMENT.match(text) or text in _BEFORE or (number and text.startswith("-"))):
                return number
        return 0

    @cached_property
    def program(self) -> str:
        """The program, without its folder: `pip` for `/opt/venv/bin/pip3.12` and `python -m pip` too."""
        return self._called[0]

    @cached_property
    def arguments(self) -> tuple[tuple[str, Value], ...]:
        """What follows the program, each word with its text."""
        begin = self.start + self._called[1]
        return tuple(zip(self.texts[begin:], self.words[begin:], strict=True))

    @cached_property
    def _called(self) -> tuple[str, int]:
        """The program, and how many words name it."""
        rest = self.texts[self.start :]
        name = rest[0].rpartition("/")[2] if rest else ""
        if _PYTHON.fullmatch(name) and rest[1:3] == ("-m", "pip"):
            return "pip", 3
        return ("pip", 1) if _PIP.fullmatch(name) else (name, 1)

    def runs(self, program: str, *verbs: str) -> bool:
        """Whether it is this program, with one of these words before its options end (`pip install`)."""
        return self.program == program and any(t in verbs for t, _ in self.arguments[:6])

    def says(self, *options: str) -> Value | None:
        """The first word that is one of these."""
        return next((w for t, w in self.arguments if t in options), None)

    def matches(self, pattern: re.Pattern[str]) -> Value | None:
        """The first word, assignments before the program included, in which the pattern is found."""
        return next((w for t, w in zip(self.texts, self.words, strict=True) if pattern.search(t)), None)

    def options(self, *names: str) -> Iterator[tuple[str, Value]]:
        """What is said after one of these options, each time."""
        for number, (text, word) in enumerate(self.arguments):
            head, equals, value = text.partition("=")
            if head in names and equals:
                yield value, word
            elif text in names and number + 1 < len(self.arguments):
                yield self.arguments[number + 1]


def steps_of(commands: Value) -> tuple[Step, ...]:
    """The commands of a stage."""
    return tuple(
        Step(c.child("words").items(), c.child("raw").text(), c.child("piped").content is True)
        for c in commands.items()
    )


def gathered(found: Iterable[Value | None]) -> Truth:
    """Yes, with every word that decided, where there is one."""
    decided = tuple(f for f in found if f is not None)
    return Truth(True, decided) if decided else NO
