"""Configuration files of known servers: Jupyter, MLflow, TorchServe, Airflow, Redis and others (`files.toml`).

Each is one resource of the type `settings`, as the tables of start commands read it. The *root* is the file's folder,
the *address* `folder:file`. Configuration in Python is read, never run: what is not assigned as it stands is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from garrison.estate.resource import Resource
    from garrison.sources.interface import File, Tree

NAME, LABEL = "settings", "server settings"
TABLES = "launch"
ENDING, LANGUAGE = "jupyter_config.py", "python"  # of examples


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What files of some names are: whose, and how they are written.

    Where a name tells too little, the file lies in a folder called `folder`, or one of `marks` stands in it.
    """

    names: tuple[str, ...]  # what the file's name ends with
    component: str  # in `servers.toml`
    syntax: str
    folder: str = ""
    marks: tuple[str, ...] = ()

    def fits(self, file: File) -> bool:
        """Whether the file is one of these. Raises OSError."""
        if not file.name.endswith(self.names) or (self.folder and file.folder.rpartition("/")[2] != self.folder):
            return False
        return not self.marks or any(mark.encode() in file.data for mark in self.marks)


def claims(file: File) -> bool:
    """Whether it is the configuration of a known server."""
    return file.name.endswith(_endings()) and kind_of(file) is not None


def read(files: Sequence[File], tree: Tree) -> Sequence[Resource]:
    """A resource for each file that can be read."""
    from garrison.sources.settings.files import read_settings

    return list(read_settings(files, tree))


def kind_of(file: File) -> Kind | None:
    """What a file is, by the first kind that fits. Raises OSError."""
    return next((kind for kind in _kinds() if kind.fits(file)), None)


@cache
def _kinds() -> tuple[Kind, ...]:
    import tomllib
    from pathlib import Path

    said = tomllib.loads(Path(__file__).with_name("files.toml").read_text("utf8"))
    return msgspec.convert(said["kind"], tuple[Kind, ...])


@cache
def _endings() -> tuple[str, ...]:
    return tuple({name for kind in _kinds() for name in kind.names})
