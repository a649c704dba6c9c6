"""Notebooks and programs to resources."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

import msgspec

from garrison.estate.values import Body, Place, Source, Value, known
from garrison.sources.documents import entries, load
from garrison.sources.interface import File, Tree
from garrison.sources.json_nodes import compose_json
from garrison.sources.nodes import Complaint, Mapping, Node, Scalar
from garrison.sources.nodes import Sequence as SequenceNode
from garrison.sources.notebooks.calls import Calls, Locate
from garrison.sources.python_code import parse, place_of
from garrison.sources.written import Written

_MAX_BYTES = 30_000_000  # of a notebook: pictures stand in it
_MAX_CELL = 200_000  # characters of a cell that are read as code
_SHELL_CELL = re.compile(r"%%(?:bash|sh|script|system|!)\b|%%!")
_OTHER_CELL = re.compile(r"%%(?!time\b|timeit\b|capture\b|prun\b)\w+")
_COMMAND = re.compile(
    r"^(?P<before>[ \t]*(?:[\w.,\[\]'\" ]+=[ \t]*)?)(?:!+|%(?:sx|system|pip|conda)\b)[ \t]*(?P<command>.*)$"
)
_MAGIC = re.compile(r"^[ \t]*(?:%|\?)|\?{1,2}[ \t]*$")


class Line(msgspec.Struct, frozen=True, eq=False):
    """One line of code, and where it stands in the file."""

    text: str
    place: Place


def _code(source: Source, calls: list[Value], commands: list[Value]) -> Written:
    """What one file runs."""
    place = Place.at(source, (0, 0), (0, 1))
    name = known(source.path.rpartition("/")[2], place)
    said = {"name": name, "calls": known(tuple(calls)), "commands": known(tuple(commands))}
    return Written("notebooks", "code", place, Body.of(said, place))


def read_documents(files: Sequence[File], tree: Tree) -> Iterator[Written]:
    """A resource for each file that can be read."""
    for file in files:
        source = load(file, tree)
        if source is None:
            continue
        if not file.name.endswith(".ipynb"):
            yield from _program(source)
        elif len(source.data) > _MAX_BYTES:
            limit = _MAX_BYTES // 1_000_000
            tree.problem(file.path, f"it is larger than {limit} MB, too large for a notebook", hint="clear its outputs")
        elif (root := _composed(source, tree)) is not None:
            yield _notebook(source, root, tree)


def _program(source: Source) -> Iterator[Written]:
    source = Source(source.path, source.data, byte_columns=True)
    parsed = parse(source)
    if not isinstance(parsed, Complaint):  # a program that is none speaks for itself
        yield _code(source, list(Calls().of(parsed, lambda node: place_of(node, source))), [])


def _composed(source: Source, tree: Tree) -> Mapping | None:
    """The document; None, and a problem, where it is no JSON object."""
    text = source.data.decode("utf8", "replace").removeprefix("\ufeff")
    for document in compose_json(text):
        for complaint in document.complaints:
            if complaint.fatal:
                tree.problem(source.path, complaint.message, line=complaint.line, hint=complaint.hint)
        if type(document.node) is Mapping:
            return document.node
        break
    else:
        return None  # an empty file
    if document.node is not None:
        tree.problem(source.path, "it is no notebook: a JSON object is expected", hint="open and save it with Jupyter")
    return None


def _notebook(source: Source, root: Mapping, tree: Tree) -> Written:
    """The calls and commands of every cell of code."""
    calls: list[Value] = []
    commands: list[Value] = []
    found = Calls()
    unreadable = 0
    python = _is_python(root)
    for number, lines in enumerate(_cells(root, source), 1):
        first = next((line.text for line in lines if line.text.strip()), "")
        if _SHELL_CELL.match(first):
            commands += [known(line.text, line.place) for line in _joined(lines[1:])]
            continue
        if _OTHER_CELL.match(first):
            continue
        text, run = _without_magic(lines)
        commands += run
        module = parse(text) if python and len(text) < _MAX_CELL else None
        if isinstance(module, ast.Module):
            calls += found.of(module, _locator(lines))
        elif module is not None:
            unreadable = unreadable or number
    if unreadable:
        tree.note(source.path, f"cell {unreadable} is no Python 3: what it calls is not read")
    return _code(source, calls, commands)


def _is_python(root: Mapping) -> bool:
    """Whether its kernel runs Python, or is not said."""
    language = _text(_child(_child(_child(root, "metadata"), "kernelspec"), "language"))
    language = language or _text(_child(_child(_child(root, "metadata"), "language_info"), "name"))
    return language.lower() in ("", "python", "ipython", "python3")


def _cells(root: Mapping, source: Source) -> Iterator[list[Line]]:
    """The lines of each cell of code; format 3 keeps them in worksheets."""
    sheets = _items(_child(root, "worksheets")) or (root,)
    for cell in (c for sheet in sheets for c in _items(_child(sheet, "cells"))):
        if _text(_child(cell, "cell_type")) == "code":
            written = _child(cell, "source") or _child(cell, "input")
            scalars = _items(written) or ((written,) if written is not None else ())
            yield [
                Line(line, Place(source, scalar.start, scalar.end))
                for scalar in scalars
                if type(scalar) is Scalar
                for line in (scalar.text.split("\n") if type(written) is Scalar else [scalar.text.rstrip("\r\n")])
            ]


def _without_magic(lines: Sequence[Line]) -> tuple[str, list[Value]]:
    """The Python of a cell, a line for each of its own, and the commands that it gives to a shell."""
    kept: list[str] = []
    commands: list[Value] = []
    for line in lines:
        command = _COMMAND.match(line.text)
        if command is not None:
            head = "pip " if re.search(r"%pip\b", line.text) else "conda " if re.search(r"%conda\b", line.text) else ""
            commands.append(known(head + command["command"], line.place))
            assigned = "=" in command["before"]
            kept.append(command["before"] + ("None" if assigned else "pass"))
        elif _MAGIC.search(line.text):
            kept.append(line.text[: len(line.text) - len(line.text.lstrip())] + "pass")
        else:
            kept.append(line.text)
    return "\n".join(kept), commands


def _joined(lines: Sequence[Line]) -> Iterator[Line]:
    """The lines of a script, those that go on put together."""
    text, place = "", None
    for line in lines:
        place = line.place if place is None else place
        if line.text.endswith("\\"):
            text += line.text[:-1]
        else:
            yield Line(text + line.text, place)
            text, place = "", None
    if place is not None:
        yield Line(text, place)


def _locator(lines: Sequence[Line]) -> Locate:
    return lambda node: lines[min(node.lineno, len(lines)) - 1].place


def _child(node: Node | None, name: str) -> Node | None:
    return entries(node).get(name) if type(node) is Mapping else None


def _items(node: Node | None) -> tuple[Node, ...]:
    return node.items if type(node) is SequenceNode else ()


def _text(node: Node | None) -> str:
    return node.text if type(node) is Scalar else ""
