"""Configuration that is written in Python: `c.ServerApp.token = "..."` as settings, by name.

What a condition guards, what is computed and what is assigned twice is unknown; a class is known by its name
(https://traitlets.readthedocs.io/en/stable/config.html).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from garrison.estate.values import Body, Place, Source, State, Value, known, unknown
from garrison.sources.interface import Tree
from garrison.sources.nodes import Complaint
from garrison.sources.python_code import dotted, parse, place_of


def assignments(source: Source, tree: Tree) -> Value | None:
    """What a configuration assigns, by the name behind the configuration's own; None, and a problem, for no Python."""
    source = Source(source.path, source.data, byte_columns=True)
    parsed = parse(source)
    if isinstance(parsed, Complaint):
        tree.problem(source.path, parsed.message, line=parsed.line, hint=parsed.hint)
        return None
    settings: dict[str, Value] = {}
    constants: dict[str, ast.expr] = {}
    for statement, certain in _statements(parsed.body, certain=True):
        for target in statement.targets if isinstance(statement, ast.Assign) else [statement.target]:
            if statement.value is None:
                continue
            place = place_of(statement, source)
            if isinstance(target, ast.Name):
                constants[target.id] = statement.value
            elif name := _name(target):
                said = _value(statement.value, place, constants)
                settings[name] = said if certain else _either(settings.get(name), said, place)
    return known(Body.of(settings), Place.at(source, (0, 0), (0, 0)))


def _statements(body: Iterable[ast.stmt], *, certain: bool) -> Iterator[tuple[ast.Assign | ast.AnnAssign, bool]]:
    """Every assignment outside functions, and whether it is always made."""
    waiting = [(statement, certain) for statement in body]
    while waiting:
        statement, sure = waiting.pop(0)
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            yield statement, sure
        elif isinstance(statement, ast.If | ast.For | ast.While | ast.Try | ast.With):
            inner = [*statement.body, *getattr(statement, "orelse", ()), *getattr(statement, "finalbody", ())]
            inner += [s for handler in getattr(statement, "handlers", ()) for s in handler.body]
            always = sure and isinstance(statement, ast.With)
            waiting[:0] = [(s, always) for s in inner]


def _name(target: ast.expr) -> str:
    """`ServerApp.token` of `c.ServerApp.token` and of `c["ServerApp"]["token"]`; "" for anything else."""
    keys: list[str] = []
    while isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        keys.append(str(target.slice.value))
        target = target.value
    _, _, name = dotted(target).partition(".")
    return ".".join(part for part in (name, *reversed(keys)) if part)


def _either(before: Value | None, said: Value, place: Place) -> Value:
    """A value that may have been given, or not."""
    decided_by = f"the condition before line {place.line}"
    return unknown("it is set under a condition", place, None if before is None else (before, said), decided_by)


def _value(node: ast.expr, place: Place, constants: dict[str, ast.expr]) -> Value:
    """A literal as a value; a name that stands for one, followed once."""
    if isinstance(node, ast.Name) and node.id in constants:
        node = constants[node.id]
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | bool):
        return known(node.value, place)
    if isinstance(node, ast.Constant) and node.value is None:
        return Value(State.ABSENT, None, place)
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return known(tuple(_value(item, place, {}) for item in node.elts), place)
    if isinstance(node, ast.Dict):
        keys = [k.value if isinstance(k, ast.Constant) else "" for k in node.keys]
        items = {str(k): _value(v, place, {}) for k, v in zip(keys, node.values, strict=True)}
        return known(Body.of(items, place), place)
    last = dotted(node).rpartition(".")[2]
    if last[:1].isupper() and not last.isupper():
        return known(last, place)
    shown = _shown(node)
    hidden = unknown("it is computed", place, decided_by=shown)
    return unknown("it is computed", place, (hidden,), shown)


def _shown(node: ast.expr) -> str:
    """What would decide it, by names alone: `os.environ["TOKEN"]`."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and dotted(node.value):
        return f"{dotted(node.value)}[{node.slice.value!r}]"
    return dotted(node) or "an expression"
