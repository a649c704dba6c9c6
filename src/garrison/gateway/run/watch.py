"""Whether files have changed. By looking, as what tells of changes differs by system and fails on network folders."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

Stamp = tuple[int, int, int, int] | None  # device, inode, time and size; None for what is not there


def stamp(path: Path) -> Stamp:
    """What changes when a file is written or replaced."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def stamps(paths: Iterable[Path]) -> dict[Path, Stamp]:
    """The same for several."""
    return {path: stamp(path) for path in paths}
