"""Files that are on the disk when the call returns, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def create(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """A file that was not there. Raises FileExistsError where there is one, OSError where it cannot be written."""
    _put(path, data, mode, os.link)


def replace(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """A file, in the place of the one that may be there: a reader finds the old or the new one. Raises OSError."""
    _put(path, data, mode, os.rename)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _put(path: Path, data: bytes, mode: int, name: Callable[[str, Path], None]) -> None:
    """Written beside its place under another name first; that one starts with a dot and is gone in the end."""
    descriptor, made = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        name(made, path)
    finally:
        Path(made).unlink(missing_ok=True)
    sync_folder(path.parent)
