"""Files with start commands to resources."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from garrison.estate.values import Place, Source, Value, absent, unknown
from garrison.sources.documents import GO_WORDS, Reader, compose, load
from garrison.sources.interface import File, Tree
from garrison.sources.launch.commands import Lexer, Locate, assigned, locator
from garrison.sources.launch.needed import may_start
from garrison.sources.launch.resource import Launch
from garrison.sources.launch.starts import Start, Surroundings, starts
from garrison.sources.launch.units import Unit

_MAX_BYTES = 2_000_000
_PROCFILE = re.compile(r"^[\w-]+:[ \t]*", re.MULTILINE)
_RAY_COMMANDS = ("head_start_ray_commands", "worker_start_ray_commands")
_DROP_IN = re.compile(r"(?P<unit>.*\.service)\.d/[^/]+\.conf$")
_EXPORTS = frozenset({"export", "declare", "typeset"})


def read_files(files: Sequence[File], tree: Tree) -> Iterator[Launch]:
    """Every unit, and every server that another file starts."""
    units: dict[str, list[Source]] = {}
    for file in files:
        source = load(file, tree)
        if source is None:
            continue
        if len(source.data) > _MAX_BYTES:
            tree.problem(
                file.path, f"it is larger than {_MAX_BYTES // 1_000_000} MB, too large for a script", hint="split it"
            )
        elif (found := _DROP_IN.search(file.path)) is not None:
            units.setdefault(found["unit"], []).append(source)
        elif file.name.endswith((".service", ".service.j2")):
            units.setdefault(file.path, []).insert(0, source)
        else:
            yield from _commands(file, source)
    for path, sources in units.items():
        unit = Unit(sources, tree)
        if unit.starts_something:
            yield Launch("unit", path, path.rpartition("/")[2], unit.place, unit.said())


def _commands(file: File, source: Source) -> Iterator[Launch]:
    """A resource for each server that is started, told apart by its name and a number."""
    if not may_start(source.data):
        return
    seen: Counter[str] = Counter()
    for start in _starts(file, source):
        seen[start.component] += 1
        number = f"#{seen[start.component]}" if seen[start.component] > 1 else ""
        yield Launch("command", f"{file.path}/{start.component}{number}", start.component, start.place, start.said)


def _starts(file: File, source: Source) -> Iterator[Start]:
    if file.name.endswith((".yaml", ".yml")):
        yield from _of_ray(source)
        return
    text = source.data.decode("utf8", "replace")
    locate = locator(source, text)
    if file.name.startswith("Procfile"):
        outside = unknown("the platform may set it", locate(0, 0), decided_by="the platform's configuration")
        for line in _PROCFILE.finditer(text):
            end = text.find("\n", line.end())
            lexer = Lexer(text, locate, line.end(), len(text) if end < 0 else end)
            yield from _of_script(lexer, outside)
    else:
        outside = unknown("whoever calls the script may set it", locate(0, 0), decided_by="the caller's environment")
        yield from _of_script(Lexer(text, locate), outside)


def _of_script(lexer: Lexer, outside: Value) -> Iterator[Start]:
    """The servers a script starts, with what it has exported before."""
    exported: dict[str, Value] = {}
    pins: list[Value] = []
    for command in lexer.commands():
        pins += [word for word in command.words if type(word.content) is str and "==" in word.content]
        if command.words[0].text() in _EXPORTS:
            for word in command.words[1:]:
                if (pair := assigned(word)) is not None:
                    lexer.set(*pair)
                name = word.text() if pair is None else pair[0]
                if name in lexer.variables:
                    exported[name] = lexer.variables[name]
        else:
            yield from starts(command, Surroundings(exported, absent(outside.place), outside, tuple(pins)))


def _of_ray(source: Source) -> Iterator[Start]:
    """What a file for `ray up` runs on its nodes (https://docs.ray.io/en/latest/cluster/vms/references/ray-cluster-configuration.html)."""
    for document in compose(source.data):
        if document.node is None:
            return
        said = Reader(source, GO_WORDS).value(document.node)
        for name in _RAY_COMMANDS:
            for item in said.child(name).items():
                if item.text() and item.place is not None:
                    yield from _of_script(Lexer(item.text(), _always(item.place)), absent(item.place))


def _always(place: Place) -> Locate:
    return lambda _start, _end: place
