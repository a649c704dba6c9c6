"""Units of systemd: systemd.unit(5), systemd.service(5), systemd.exec(5)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from garrison.estate.values import Body, Place, Source, State, Value, absent, known, unknown
from garrison.sources.documents import joined, pieces
from garrison.sources.interface import Tree
from garrison.sources.launch.commands import Command, Lexer, Locate, locator
from garrison.sources.launch.starts import Surroundings, starts

_SECTION = re.compile(r"^\[(?P<name>[^\]\n]+)\][ \t]*\r?$", re.MULTILINE)
_ENTRY = re.compile(
    r"^[ \t]*(?P<key>[A-Za-z]\w*)[ \t]*=[ \t]*(?P<value>(?:[^\\\n]|\\(?!\r?\n)|\\\r?\n)*)", re.MULTILINE
)
_COMMENT_INSIDE = re.compile(r"(?<=\\\n)([ \t]*[#;][^\n]*)\n")  # in a value that goes on: systemd passes over it
_PREFIX = re.compile(r"[@:+!|-]*")
_SPECIFIER = re.compile(r"%[A-Za-z]")
_ASSIGNMENT = re.compile(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)=(.*)$", re.MULTILINE)
_COMMANDS = ("ExecStart", "ExecStartPre", "ExecStartPost")
# The fields of the kind, and the directives they are read from.
_SETTINGS = {
    "user": "User",
    "dynamic_user": "DynamicUser",
    "no_new_privileges": "NoNewPrivileges",
    "protects_system": "ProtectSystem",
    "private_tmp": "PrivateTmp",
}


class Entry(msgspec.Struct, frozen=True, eq=False):
    """One line of a unit: where its value begins and ends in its text."""

    key: str
    text: str
    start: int
    end: int
    locate: Locate

    @property
    def value(self) -> Value:
        """The value as text."""
        return known(self.text[self.start : self.end].strip(), self.locate(self.start, self.end))


class Unit:
    """A service, with its drop-ins."""

    def __init__(self, sources: Sequence[Source], tree: Tree) -> None:
        self._source, self._tree = sources[0], tree
        self._said: dict[str, list[Entry]] = {}
        for source in sources:
            for entry in _entries(source):
                if entry.start == entry.end:
                    self._said.pop(entry.key, None)  # an empty value takes back what was said before
                else:
                    self._said.setdefault(entry.key, []).append(entry)

    @property
    def starts_something(self) -> bool:
        """Whether it has a command at all; what only adds to a unit elsewhere has none."""
        return "ExecStart" in self._said

    @property
    def place(self) -> Place:
        """Where its command stands."""
        entry = self._said["ExecStart"][0]
        return entry.locate(entry.start, entry.end)

    def said(self) -> dict[str, Value]:
        """What it says, by the names of the tables."""
        environment, outside = self._environment()
        settings = {f: self._said[d][-1].value for f, d in _SETTINGS.items() if d in self._said}
        return {
            **settings,
            "of_user": known("/systemd/user/" in f"/{self._source.path}", self.place),
            "environment": known(Body.of(environment), self.place),
            "processes": known(tuple(self._processes(environment, outside)), self.place),
        }

    def _processes(self, environment: dict[str, Value], outside: Value) -> Iterator[Value]:
        """The known servers that it starts."""
        for entry in (e for key in _COMMANDS for e in self._said.get(key, ())):
            begin = _PREFIX.match(entry.text, entry.start, entry.end)
            start = begin.end() if begin else entry.start
            for command in Lexer(entry.text, entry.locate, start, entry.end, environment).commands():
                plain = Command(tuple(map(_specified, command.words)), command.environment)
                for found in starts(plain, Surroundings(environment, outside, absent(self.place))):
                    body = Body.of({"name": known(found.component, found.place), **found.said}, found.place)
                    yield known(body, found.place)

    def _environment(self) -> tuple[dict[str, Value], Value]:
        """The variables that it sets, and what may set more."""
        found: dict[str, Value] = {}
        outside = absent(self.place)
        for entry in self._said.get("Environment", ()):
            lexer = Lexer(entry.text, entry.locate, entry.start, entry.end)
            for _ in lexer.commands():
                pass  # assignments alone are no command: they are kept
            found.update({name: _specified(value) for name, value in lexer.variables.items()})
        for entry in self._said.get("EnvironmentFile", ()):
            name = entry.value.text().lstrip("-").rpartition("/")[2]
            file = self._tree.files.get(f"{self._source.path.rpartition('/')[0]}/{name}".lstrip("/"))
            if file is None:
                outside = unknown("a file that is not here may set it", entry.value.place, decided_by=name)
            else:
                found.update(_variables(file.source()))
        return found, outside


def _entries(source: Source) -> Iterator[Entry]:
    """The lines of the section [Service], in their order."""
    text = source.data.decode("utf8", "replace")
    text = _COMMENT_INSIDE.sub(lambda m: " " * (len(m[1]) - 1) + "\\\n", text)
    locate = locator(source, text)
    inside = False
    at = 0
    for line in (*_SECTION.finditer(text), None):
        end = len(text) if line is None else line.start()
        for entry in _ENTRY.finditer(text, at, end) if inside else ():
            yield Entry(entry["key"], text, entry.start("value"), entry.end("value"), locate)
        if line is not None:
            inside, at = line["name"] == "Service", line.end()


def _specified(word: Value) -> Value:
    """A word of which `%i` and the like are not known."""
    if word.state is not State.KNOWN or _SPECIFIER.search(word.text()) is None:
        return word
    filled = pieces(
        word.text(), _SPECIFIER, lambda s: unknown("systemd fills it in", word.place, decided_by=s), word.place
    )
    return joined(filled, word.place)


def _variables(source: Source) -> dict[str, Value]:
    """What a file of variables sets."""
    text = source.data.decode("utf8", "replace")
    locate = locator(source, text)
    return {m[1]: known(m[2].strip().strip("\"'"), locate(m.start(), m.end())) for m in _ASSIGNMENT.finditer(text)}
