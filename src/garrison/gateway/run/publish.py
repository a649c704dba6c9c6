"""Put files where Envoy looks for them: each whole or not at all, what others refer to first, and only what differs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

# Clusters before the routes to them, buckets before the filter that says who takes from them, filters before the listeners.
_ORDER = ("secrets", "clusters", "limits", "filters", "routes", "listeners")


def publish(files: Mapping[str, str], folder: Path, *, durable: bool = True) -> list[str]:
    """Write what differs; the names of what was written. Raises OSError, and then nothing half-written is left."""
    changed = [name for name in sorted(files, key=_rank) if _read(folder / name) != files[name]]
    for name in changed:
        replace(folder / name, files[name].encode(), durable=durable)
    return changed


def replace(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Put a file in the place of another by renaming, so that a reader never sees a part. Only its owner may read it.

    One that is `durable` is on the disk before that, which can take 50 ms and more.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _rank(name: str) -> tuple[int, str]:
    kind = name.partition("/")[0]
    return (_ORDER.index(kind) if kind in _ORDER else -1), name


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
