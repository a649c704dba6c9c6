"""Checks of a user's own, from the files and folders that hold them. Whatever is wrong with one is an error, never skipped."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NoReturn

from garrison.checks.check import Check, all_checks
from garrison.checks.own.documents import yaml_checks
from garrison.checks.own.python import python_checks
from garrison.errors import ConfigError

MAX_CHECKS = 1_000
MAX_FILES = 1_000  # of one folder
MAX_BYTES = 1_000_000  # of one file
YAML, PYTHON = (".yaml", ".yml"), (".py",)
_EXAMPLES = "examples"
_NAME_ONE = "name a file or a folder with checks"


def load_checks(files: Iterable[Path], python: Iterable[Path] = ()) -> tuple[Check, ...]:
    """The checks in YAML files, and those in Python files, whose code is run; a folder stands for all below it.

    Raises ConfigError, with file and line, for a check that is not right, and for an id that two have.
    """
    taken = {c.id: c for c in all_checks()}
    found: list[Check] = []
    for check in (*_each(files, YAML, yaml_checks), *_each(python, PYTHON, python_checks)):
        if check.id in taken:
            raise _taken(check, taken[check.id])
        if len(found) == MAX_CHECKS:
            raise ConfigError(f"more than {MAX_CHECKS:,} checks", path=check.path, line=check.line, hint="name fewer")
        taken[check.id] = check
        found.append(check)
    return tuple(found)


def _taken(check: Check, other: Check) -> ConfigError:
    """For a check whose id another one has."""
    if other.examples is None:
        message, hint = "is the id of a check that is shipped", "begin your ids with a name of your own: acme-..."
    else:
        message, hint = "is the id of another check", f"that is {other.path}:{other.line}"
    return ConfigError(f"{check.id} {message}", path=check.path, line=check.line, hint=hint)


def _each(
    places: Iterable[Path], endings: tuple[str, ...], read: Callable[[Path, bytes], Iterable[Check]]
) -> Iterator[Check]:
    files = {file.resolve(): file for place in places for file in _files(place, endings)}
    for path in files.values():
        found = [*read(path, _content(path))]
        if not found:
            raise ConfigError("there is no check in it", path=str(path), hint="write one, or remove the file")
        yield from found


def _files(place: Path, endings: tuple[str, ...]) -> list[Path]:
    """The file, or those of the folder; folders called `examples` are left out."""
    wanted = " or ".join(endings)
    if not place.is_dir():
        if place.exists() and not place.name.endswith(endings):
            hint = "--checks reads YAML, --checks-python runs Python"
            raise ConfigError(f"its name does not end with {wanted}", path=str(place), hint=hint)
        return [place]
    found: list[Path] = []
    for folder, inner, names in os.walk(place, onerror=_unreadable):
        inner[:] = sorted(n for n in inner if n != _EXAMPLES and not n.startswith((".", "__")))
        if links := [n for n in inner if Path(folder, n).is_symlink()]:
            path = str(Path(folder, links[0]))
            raise ConfigError("a link to a folder is not followed", path=path, hint="name the folder itself")
        found += (Path(folder, n) for n in sorted(names) if n.endswith(endings) and not n.startswith("."))
        if len(found) > MAX_FILES:
            raise ConfigError(f"more than {MAX_FILES:,} files", path=str(place), hint="name a folder of checks only")
    if not found:
        raise ConfigError(f"no file in it ends with {wanted}", path=str(place), hint="name another folder")
    return found


def _unreadable(error: OSError) -> NoReturn:
    raise ConfigError(f"it cannot be read: {error.strerror}", path=str(error.filename), hint=_NAME_ONE) from error


def _content(path: Path) -> bytes:
    """A small file. Raises ConfigError for all else: a pipe or a device could keep a scan waiting."""
    try:
        if path.exists() and not path.is_file():
            raise ConfigError("it is no file", path=str(path), hint=_NAME_ONE)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"it cannot be read: {error.strerror}", path=str(path), hint=_NAME_ONE) from error
    if len(data) > MAX_BYTES:
        raise ConfigError(f"it is larger than {MAX_BYTES // 1_000_000} MB", path=str(path), hint="make several of it")
    return data
