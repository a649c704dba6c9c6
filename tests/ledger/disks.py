"""A disk that stops at any operation, and what may be on it then; and ledgers whose process is gone."""

from __future__ import annotations

import bisect
import contextlib
import enum
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from garrison.ledger import Ledger

_CHANGES = ("pwrite", "fsync", "fdatasync", "rename", "link", "unlink", "rmdir", "mkdir", "ftruncate")


class PowerCutError(BaseException):
    """Nothing runs any more."""


class Remains(enum.Enum):
    """What may be found afterwards."""

    ALL = enum.auto()  # as after kill -9
    SYNCED = enum.auto()  # what POSIX promises: content by fsync of the file, names by fsync of their folder
    TORN = enum.auto()  # all names, and of content that was not synced the first half


class Disk:
    """A folder whose power is cut at the operation of this number. A write is cut in its middle."""

    def __init__(self, live: Path, cut_at: int) -> None:
        self.live, self.cut_at, self.count = live, cut_at, 0
        self._content: dict[int, bytes] = {}  # of files, by their number, what is synced
        self._names: dict[int, list[tuple[str, int, bool]]] = {}  # of folders, by their number
        self._held: list[int] = []  # open descriptors, so that no number comes twice

    @contextlib.contextmanager
    def running(self, patch: pytest.MonkeyPatch) -> Iterator[None]:
        with patch.context() as patched:
            for name in _CHANGES:
                patched.setattr(os, name, self._counted(name, getattr(os, name)))
            yield
        for descriptor in self._held:
            os.close(descriptor)

    def remains(self, what: Remains, place: Path) -> Path:
        """A folder as it may be after the cut; the power is off, and `live` as it was."""
        if what is Remains.SYNCED:
            self._restore(self.live.stat().st_ino, place)
            return place
        for path in sorted(self.live.rglob("*")):
            copy = place / path.relative_to(self.live)
            if path.is_dir():
                copy.mkdir(parents=True)
            else:
                copy.parent.mkdir(parents=True, exist_ok=True)
                data = path.read_bytes()
                copy.write_bytes(
                    data if what is Remains.ALL else torn(self._content.get(path.stat().st_ino, b""), data)
                )
        return place

    def _counted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def operation(*arguments: Any, **named: Any) -> Any:
            self.count += 1
            if self.count == self.cut_at and name == "pwrite":
                descriptor, data, at = arguments
                real(descriptor, data[: len(data) // 2], at)
            if self.count >= self.cut_at:
                raise PowerCutError
            done = real(*arguments, **named)
            if name in {"fsync", "fdatasync"}:
                self._synced(arguments[0])
            return done

        return operation

    def _synced(self, descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        number = os.fstat(descriptor).st_ino
        self._held.append(os.dup(descriptor))
        if path.is_dir():
            self._names[number] = [(child.name, child.stat().st_ino, child.is_dir()) for child in path.iterdir()]
            self._held += [os.open(child, os.O_RDONLY) for child in path.iterdir()]
        else:
            self._content[number] = path.read_bytes()

    def _restore(self, number: int, place: Path) -> None:
        place.mkdir()
        for name, child, is_folder in self._names.get(number, []):
            if is_folder:
                self._restore(child, place / name)
            else:
                (place / name).write_bytes(self._content.get(child, b""))


def torn(old: bytes, new: bytes) -> bytes:
    """A file that was to go from one content to the other, and came half the way."""
    same = bisect.bisect(range(min(len(old), len(new))), False, key=lambda at: old[: at + 1] != new[: at + 1])
    middle = (same + len(new.rstrip(b"\0"))) // 2
    return new[:middle] + old[middle:]


def abandon(ledger: Ledger) -> None:
    """As if its process had ended: nothing more is written."""
    writer = ledger._writer
    assert writer is not None
    if ledger._lock is None:  # it was being closed
        return
    for event in (writer._closing, writer._behind, writer._urgent):
        event.set()
    writer._publisher.join()
    if writer._segment is not None:
        writer._segment.close()
    os.close(ledger._lock)
