"""What a format is to Garrison, and what it is given.

A format is a package beside this module whose `__init__` is a `Format`; nothing registers it. The `__init__` must be cheap
to import: parsers are imported where they are used.
"""

from __future__ import annotations

import errno
import importlib
import os
import pkgutil
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

import garrison.sources
from garrison.estate.resource import Resource
from garrison.estate.values import Source

if TYPE_CHECKING:
    from garrison.sources.helm.values import Given

MAX_FILE_BYTES = 256_000_000  # of one file; a plan of 100,000 resources has about 200 MB


class Problem(msgspec.Struct, frozen=True, order=True):
    """Something that should have been read and was not: the scan is incomplete and says so."""

    path: str
    line: int  # counts from 1; 0 where it is the whole file
    message: str
    hint: str = ""


class Note(msgspec.Struct, frozen=True, order=True):
    """Something Garrison does not read, named so that nobody takes it for clean."""

    path: str
    message: str


class File:
    """One file of the scan. `path` is relative to the top of what is scanned, with forward slashes."""

    __slots__ = ("__dict__", "location", "path")

    def __init__(self, path: str, location: str | Path) -> None:
        self.path, self.location = path, str(location)  # a Path for each of many files takes as long as reading them

    @cached_property
    def absolute(self) -> Path:
        """Where it is."""
        return Path(self.location)

    @cached_property
    def size_bytes(self) -> int:
        """How long it is. Raises OSError."""
        return os.stat(self.location).st_size  # noqa: PTH116

    @property
    def name(self) -> str:
        """Its name without folders."""
        return self.path.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The folder it is in, as shown; "" for the top."""
        return self.path.rpartition("/")[0]

    @cached_property
    def data(self) -> bytes:
        """What is in it. Raises OSError, also for a file that is no document any more."""
        if self.size_bytes > MAX_FILE_BYTES:
            raise OSError(errno.EFBIG, f"larger than {MAX_FILE_BYTES // 1_000_000} MB")
        with open(self.location, "rb") as file:  # noqa: PTH123
            return file.read()

    def glimpsed(self) -> bytes:
        """The same for one look: not kept in memory if nothing else has asked for it. Raises OSError."""
        if "data" in self.__dict__:
            return self.data
        with open(self.location, "rb") as file:  # noqa: PTH123
            return file.read(MAX_FILE_BYTES)

    def source(self, *, byte_columns: bool = False) -> Source:
        """For the places of values."""
        return Source(self.path, self.data, byte_columns)

    def __repr__(self) -> str:
        return self.path


class Tree:
    """What was found below the paths to be scanned, and what was wrong with it."""

    def __init__(self, top: Path, files: Sequence[File] = ()) -> None:
        self.top = top  # every file and folder read lies below it, links resolved
        self.files = {f.path: f for f in files}
        self.problems: list[Problem] = []
        self.notes: list[Note] = []
        self.skipped: dict[str, int] = {}  # why -> how many files
        self.helm_values: Sequence[Given] = ()  # for charts, the later over the earlier

    def problem(self, path: str, message: str, *, line: int = 0, hint: str = "") -> None:
        """Say what could not be read; the rest goes on."""
        self.problems.append(Problem(path, line, message, hint))

    def note(self, path: str, message: str) -> None:
        """Say what is not read at all."""
        self.notes.append(Note(path, message))


class Format(Protocol):
    """The module of a format's package.

    Two names may stand in it beside these. `TABLES` is the format whose mapping tables read it, where that is another one:
    what Helm renders are Kubernetes objects. `BESIDE = True` is for what is looked for in files of every format: that a
    file was looked at so does not make it read.
    """

    NAME: str
    LABEL: str  # what people call it
    ENDING: str  # of the names of its examples: `fail.<ending>`; "" where another format's examples show all
    LANGUAGE: str  # of its examples, for highlighting

    def claims(self, file: File) -> bool:
        """Whether the file is of this format, by its name, or by its bytes where the name does not tell."""
        ...

    def read(self, files: Sequence[File], tree: Tree) -> Iterable[Resource]:
        """What the files declare. Never raises for what is in them: problems go to the tree."""
        ...


@cache
def formats() -> tuple[Format, ...]:
    """Every format, in the order of their names."""
    packages = sorted(m.name for m in pkgutil.iter_modules(garrison.sources.__path__) if m.ispkg)
    modules = (importlib.import_module(f"garrison.sources.{name}") for name in packages)
    return tuple(m for m in modules if hasattr(m, "claims"))


@cache
def table_formats() -> dict[str, Format]:
    """The formats that mapping tables speak of, by name."""
    return {f.NAME: f for f in formats() if tables_of(f) == f.NAME}


def tables_of(format_: Format) -> str:
    """The name by which mapping tables speak of a format."""
    name: str = getattr(format_, "TABLES", format_.NAME)
    return name


def is_beside(format_: Format) -> bool:
    """Whether it looks into files of other formats, which does not make them read."""
    beside: bool = getattr(format_, "BESIDE", False)
    return beside
