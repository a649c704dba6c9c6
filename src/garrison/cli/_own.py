"""The options by which a user's own checks are named, and what they lead to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from garrison.checks.check import Check
    from garrison.scan.config import Loaded

F = TypeVar("F", bound=Callable[..., Any])


def own_options(function: F) -> F:
    """Gives a command `own` and `own_python`."""
    python = click.option(
        "--checks-python", "own_python", multiple=True, type=click.Path(path_type=Path), metavar="PATH",
        help="Checks of your own in Python, a file or a folder: they are run. May be given several times.",
    )  # fmt: skip
    yaml = click.option(
        "--checks", "own", multiple=True, type=click.Path(path_type=Path), metavar="PATH",
        help="Checks of your own in YAML, a file or a folder, beside those the configuration names. May be given several times.",
    )  # fmt: skip
    return yaml(python(function))


def own_checks(own: Sequence[Path], python: Sequence[Path], loaded: Loaded | None = None) -> tuple[Check, ...]:
    """The checks that the options name, and the configuration: the one above this folder where none is given.

    Python is run only where an option names it: a configuration comes with what is scanned.
    """
    if loaded is None:
        from garrison.scan.config import Loaded, find_config, load

        path = find_config(Path())
        loaded = load(path) if path is not None else Loaded()
    files = [*loaded.own_checks(), *own]
    if not (files or python):
        return ()
    from garrison.checks.own.load import load_checks

    return load_checks(files, python)
