"""Which files are read."""

from __future__ import annotations

import os
from pathlib import Path

from garrison.errors import UsageError
from garrison.sources.interface import File, Tree

_FOLDERS = frozenset({"node_modules", "vendor", "third_party", "__pycache__"})


def discover(top: Path) -> Tree:
    """Every file below a path, in a fixed order. Raises UsageError where there is nothing."""
    if not top.exists():
        raise UsageError(f"{top} does not exist", hint="name a file or a folder to scan")
    if top.is_file():
        return Tree(top.parent.resolve(), [File(top.name, top, top.stat().st_size)])
    found: list[File] = []
    for path, folders, files in os.walk(top):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in _FOLDERS)
        for name in sorted(files):
            absolute = Path(path, name)
            if absolute.is_file():
                shown = absolute.relative_to(top).as_posix()
                found.append(File(shown, absolute, absolute.stat().st_size))
    return Tree(top.resolve(), found)
