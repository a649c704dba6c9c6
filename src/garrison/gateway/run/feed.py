"""The audit feed as Envoy has it open: where another file lies in its place, or none, that is opened before more is lost.

Envoy goes on writing to a file that was moved or removed, and where it makes one itself, everybody may read it. Lines that it
has written to a file after that was removed are added to the one that follows.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from garrison.gateway.run import admin

File = tuple[int, int]  # device and inode

_FLAGS: Final = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
_SETTLE_S: Final = 2.0  # after which Envoy has opened what it was told to, also on a busy machine
_PAUSE_S: Final = 5.0  # in which no line may be lost before requests are taken again
_LONGEST: Final = 1 << 16  # of a line
_CHUNK: Final = 1 << 20


class Feed:
    """Where it lies, which file that was when Envoy opened it, and why that cannot be told now."""

    def __init__(self, path: Path, admin_socket: Path, say: Callable[[str], None]) -> None:
        self.path, self.socket, self.say = path, admin_socket, say
        self.away = ""  # why it cannot be written
        self.moved = False  # somebody says that it was moved away
        self._failed, self._again = 0, 0.0  # writes of this Envoy; until when they count
        self._open = -1  # what Envoy has open, as far as is known
        self._size = 0  # of that, when it was last seen in its place
        self._left: tuple[int, int, float] | None = (
            None  # what it had open before, from where on that is looked at, and when
        )

    def make(self) -> None:
        """Before Envoy opens it: see that it is there; one that is made, nobody else can read. Raises OSError."""
        self._take(os.open(self.path, _FLAGS, 0o600))
        self._failed = 0

    def tell_failed(self, writes: int) -> None:
        """How many writes of this Envoy have failed; while there are more, its lines are lost, and it cannot be written."""
        if writes > self._failed:
            self.away = f"Envoy could not write to the audit log ({writes - self._failed} times), and lines are lost"
            self._again = time.monotonic() + _PAUSE_S
        self._failed = writes

    def hold(self) -> None:
        """Have it opened anew if it was moved, removed or replaced. A folder that is gone is not made: it may come back."""
        if self._left is not None and time.monotonic() >= self._left[2]:
            self._save()
        if file_of(self.path) == _file(self._open):
            self._size = os.fstat(self._open).st_size
            if not self.moved and not self.away:
                return
        try:
            now = os.open(self.path, _FLAGS, 0o600)
        except OSError as error:
            self.away = f"the audit log cannot be written: {error}"
            return
        self.away = "" if time.monotonic() >= self._again else self.away
        known = _file(now) == _file(self._open)
        if known and not self.moved:
            os.close(now)
            return
        try:
            admin.ask(self.socket, "/reopen_logs", "POST")
        except admin.NotThereError:
            os.close(now)  # it opens what is there when it starts; else it is told at the next look
            return
        if not known and not self.moved:
            self.say(f"{self.path} was moved, removed or replaced: it is opened anew")
        self._take(now)

    def close(self) -> None:
        """Let go of files; what is left to be done is done."""
        self._save()
        if self._open >= 0:
            os.close(self._open)
            self._open = -1

    def _take(self, descriptor: int) -> None:
        """Envoy opens this one, and soon has the other open no more."""
        if _file(descriptor) == _file(self._open):
            os.close(self._open)
        elif self._open >= 0:
            self._save()
            self._left = self._open, self._size, time.monotonic() + _SETTLE_S
        self._open, self._size, self.moved = descriptor, os.fstat(descriptor).st_size, False

    def _save(self) -> None:
        """Add to the feed what Envoy has written to a file that was removed since it was seen there last."""
        if self._left is None:
            return
        (left, start, _), self._left = self._left, None
        try:
            if os.fstat(left).st_nlink == 0:
                before = os.pread(left, min(start, _LONGEST), start - min(start, _LONGEST))
                start -= len(before) - (before.rfind(b"\n") + 1)
                added = 0
                while data := os.pread(left, _CHUNK, start):
                    start += os.write(self._open, data)
                    added += data.count(b"\n")
                if added:
                    self.say(f"{added} lines that were written since it was removed are added to {self.path}")
        except OSError as error:
            self.say(f"lines that were written since {self.path} was removed are lost: {error}")
        finally:
            os.close(left)


def file_of(path: Path) -> File | None:
    """Which file, or folder, a path leads to; None where it leads to none, or nobody may look."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _file(descriptor: int) -> File | None:
    if descriptor < 0:
        return None
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino
