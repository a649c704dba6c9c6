"""The audit feed, followed from a position that outlives the follower, also where the log was moved away meanwhile.

A log that is rotated is moved to a name that begins with its own, and opened anew (SIGHUP); what was written to it is read to
the end before the next one is. One that was compressed or taken away before it was read is lost, and that is said.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

_HEAD: Final = 1024  # bytes by which a file is known: the first line has the time and the id of a request in it
_LONGEST: Final = 1 << 20  # of what is read at a time; no line is longer
_COMPRESSED: Final = (".gz", ".zst", ".xz", ".bz2")


class Position(msgspec.Struct, frozen=True):
    """How far a feed was read: in which file, known by its inode and how it begins, and up to which byte."""

    inode: int = 0
    head: bytes = b""
    offset: int = 0


class Feed:
    """An open feed. Raises OSError where it cannot be read."""

    def __init__(self, path: Path, position: Position, say: Callable[[str], None]) -> None:
        self.path, self.say = path, say
        self._descriptor = -1
        self.position = position
        self.behind = True  # whether more is there than was read
        self._open(self._found(position))

    def close(self) -> None:
        """Let the file go."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def read(self) -> list[bytes]:
        """The next lines that are complete; none where there are none yet. The position is then behind them."""
        data = self._bytes()
        self.behind = len(data) == _LONGEST
        end = data.rfind(b"\n") + 1
        if not end and len(data) < _LONGEST:
            return self._next(data)
        end = end or len(data)  # so long a line is none
        self.position = self._at(self.position.offset + end)
        return data[:end].splitlines()

    def _bytes(self) -> bytes:
        size = os.fstat(self._descriptor).st_size
        if size < self.position.offset:
            self.say(f"{self.path} was cut short: what was written to it since it was last read is not counted")
            self.position = Position()
        return os.pread(self._descriptor, _LONGEST, self.position.offset)

    def _next(self, rest: bytes) -> list[bytes]:
        """What is left of a file when another follows: Envoy writes to that alone from its first byte on."""
        following = self._following(os.fstat(self._descriptor))
        if following is None or self._bytes() != rest:
            return []
        self._open(following)
        self.behind = True
        return [rest] if rest else []

    def _following(self, before: os.stat_result) -> Path | None:
        """The file that was begun after one, if something is in it."""
        later = [
            (path == self.path, status.st_mtime_ns, path)
            for path, status in self._files()
            if status.st_ino != before.st_ino
            and status.st_size
            and (path == self.path or status.st_mtime_ns > before.st_mtime_ns)
        ]
        return min(later)[2] if later else None

    def _found(self, position: Position) -> Path:
        """The file of a position, whatever it is called now; the log itself where there is none yet."""
        if not position.inode:
            return self.path
        for path, status in self._files():
            if status.st_ino == position.inode and status.st_size >= position.offset and _known(path, position):
                return path
        self.position = Position()
        self.say(
            f"the log that was read last is not beside {self.path} any more: what was still to be read is not counted"
        )
        return self.path

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in sorted(self.path.parent.glob(f"{self.path.name}*")):
            if path.suffix not in _COMPRESSED and path.is_file():
                with contextlib.suppress(FileNotFoundError):  # moved just now: it is found by its other name
                    yield path, path.stat()

    def _open(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.close()
        self._descriptor = descriptor
        inode = os.fstat(descriptor).st_ino
        if inode != self.position.inode:
            self.position = Position(inode)

    def _at(self, offset: int) -> Position:
        head = self.position.head
        if len(head) < _HEAD and self.position.offset < _HEAD:
            head = os.pread(self._descriptor, min(_HEAD, offset), 0)
        return Position(os.fstat(self._descriptor).st_ino, head, offset)


def _known(path: Path, position: Position) -> bool:
    with path.open("rb") as file:
        return file.read(len(position.head)) == position.head
