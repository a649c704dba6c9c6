"""Checks in Python. Loading a file runs it: that is done only where the command line says so."""

from __future__ import annotations

import ast
import re
import sys
import traceback
import types
from collections.abc import Collection, Iterable, Iterator
from contextlib import redirect_stdout
from pathlib import Path

import msgspec

from garrison.checks.check import Check, Confidence, Pillar, Severity, collecting
from garrison.checks.own.examples import examples_beside, hold_both
from garrison.checks.own.form import ID, MAPPING
from garrison.errors import ConfigError, GarrisonError, nearest
from garrison.estate.assets.asset import shape
from garrison.estate.estate import Relations
from garrison.sources.mapping.coverage import natives

_TYPES = {"severity": Severity, "confidence": Confidence, "pillar": Pillar, "about_ml": bool}


def python_checks(path: Path, data: bytes) -> Iterator[Check]:
    """Run a file and hold the checks it registers to what a check must be. Raises ConfigError for all that is wrong."""
    tree = _parsed(path, data)
    with collecting() as found:
        _run(path, tree)
    for check in found.values():
        for message, hint in _faults(check):
            raise ConfigError(message, path=check.path, line=check.line, hint=hint)
        if check.path == str(path):  # a function that is written elsewhere may have made it
            _hold_fields(check, tree)
        examples = examples_beside(path, check.id)
        hold_both(examples, check.id, check.path, check.line)
        yield msgspec.structs.replace(check, examples=examples)


def _parsed(path: Path, data: bytes) -> ast.Module:
    try:
        return ast.parse(data, str(path))
    except SyntaxError as error:
        raise ConfigError(f"no Python: {error.msg}", path=str(path), line=error.lineno or 0) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"no Python: {error}", path=str(path)) from error


def _run(path: Path, tree: ast.Module) -> None:
    """Execute a file as a module that nobody else can import, and that leaves nothing behind, no bytecode either."""
    module = types.ModuleType(f"garrison_own.{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses and the like look their module up
    try:
        with redirect_stdout(sys.stderr):  # what it prints is no report
            exec(compile(tree, str(path), "exec"), vars(module))  # noqa: S102 - what the option is for
    except GarrisonError:
        raise
    except (Exception, SystemExit) as error:
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
        message = f"it raised {type(error).__name__}: {error}"
        raise ConfigError(message, path=str(path), line=(lines[-1] or 0) if lines else 0) from error
    finally:
        del sys.modules[module.__name__]


def _faults(check: Check) -> Iterator[tuple[str, str]]:
    """What strict types hold for the checks that are shipped: what is wrong, and what to write instead."""
    if not (isinstance(check.id, str) and re.match(ID, check.id)):
        yield f"{check.id!r} is no id", "write small letters, digits and hyphens: acme-bucket-unversioned"
    for name, kind in _TYPES.items():
        if not isinstance(said := getattr(check, name), kind):
            yield f"{check.id}: {name} is {said!r}", f"write a {kind.__name__}"
    for mapping in check.maps:
        if not (isinstance(mapping, str) and re.match(MAPPING, mapping)):
            yield f"{check.id} maps to {mapping!r}", 'write it like maps=("ATLAS:AML.T0035", "ACME:SEC-7")'
    if check.native:
        yield from _strange(check.native, natives(check.kind), f"{check.kind.__name__} has no field native_")
    if check.mend is not None:
        fields = shape(check.kind).truths | shape(check.kind).values
        yield from _strange(check.mend.fields, fields, f"{check.kind.__name__} has no field ")


def _strange(names: Iterable[object], known: Collection[str], message: str) -> Iterator[tuple[str, str]]:
    for name in names:
        if name not in known:
            yield f"{message}{name}", nearest(str(name), known, "garrison kinds lists the fields of each kind")


def _hold_fields(check: Check, tree: ast.Module) -> None:
    """Raises ConfigError where a check asks its asset, or what is near it, for a field that neither has."""
    function = next((n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and _begin(n) == check.line), None)
    if function is None:
        return
    owners: dict[str, type] = dict(zip((a.arg for a in function.args.args), (check.kind, Relations), strict=False))
    for node in ast.walk(function):  # a name that is given again is something else
        if isinstance(node, ast.arg) and node not in function.args.args:
            owners.pop(node.arg, None)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            owners.pop(node.id, None)
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in owners:
            owner = owners[node.value.id]
            if not hasattr(owner, node.attr):
                names = [n for n in dir(owner) if not n.startswith("_")]
                hint = nearest(node.attr, names, f"garrison kinds {check.kind.__name__} lists what can be asked")
                message = f"{owner.__name__} has no field {node.attr}"
                raise ConfigError(message, path=check.path, line=node.lineno, column=node.col_offset + 1, hint=hint)


def _begin(function: ast.FunctionDef) -> int:
    """The line a function's code says it begins in: that of its first decorator."""
    return min([function.lineno, *(d.lineno for d in function.decorator_list)])
