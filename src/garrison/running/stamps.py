"""Whether files have changed. By looking, as what tells of changes differs by system and fails on network folders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

Stamp = tuple[int, int, int, int] | None  # device, inode, time of change and size; None for what is not there

_COARSE_NS = 1_000_000_000  # what clocks of file systems may be behind


def stamps(paths: Iterable[Path]) -> dict[Path, Stamp]:
    """What changes when a file is written, replaced or renamed."""
    return {path: _stamp(path) for path in paths}


def as_read(paths: Iterable[Path], before: Mapping[Path, Stamp], began_ns: int) -> dict[Path, Stamp]:
    """The stamps of files as they were when reading began.

    `before` was taken then. What was not known of then and has changed since, or just before, counts as not seen.
    """
    found = {path: before[path] if path in before else _stamp(path) for path in paths}
    return {
        path: None if stamp is not None and path not in before and stamp[2] > began_ns - _COARSE_NS else stamp
        for path, stamp in found.items()
    }


def _stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_ctime_ns, found.st_size
