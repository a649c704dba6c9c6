"""The audit feed as Envoy has it open: where another file lies in its place, or none, that is opened before more is lost.

Envoy goes on writing to a file that was moved or removed, and where it makes one itself, everybody may read it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from garrison.gateway.run import admin

File = tuple[int, int]  # device and inode


def make_log(log: Path) -> File:
    """See that a feed is there, that can be written to; one that is made, nobody else can read. Raises OSError."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(log, flags, 0o600)
    try:
        found = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    return found.st_dev, found.st_ino


class Feed:
    """Where it lies, which file that was when Envoy opened it, and why that cannot be told now."""

    def __init__(self, path: Path, admin_socket: Path, say: Callable[[str], None]) -> None:
        self.path, self.socket, self.say = path, admin_socket, say
        self.opened: File | None = None
        self.away = ""  # why it cannot be written
        self.moved = False  # somebody says that it was moved away

    def make(self) -> None:
        """Before Envoy opens it. Raises OSError."""
        self.opened, self.moved = make_log(self.path), False

    def hold(self) -> None:
        """Have it opened anew if it was moved, removed or replaced. A folder that is gone is not made: it may come back."""
        try:
            if not self.moved and not self.away and file_of(self.path) == self.opened:
                return
            now = make_log(self.path)
        except OSError as error:
            self.away = f"the audit log cannot be written: {error}"
            return
        self.away = ""
        if not self.moved and now == self.opened:
            return
        try:
            admin.ask(self.socket, "/reopen_logs", "POST")
        except admin.NotThereError:
            return  # it opens what is there when it starts; else it is told at the next look
        if not self.moved:
            self.say(
                f"{self.path} was moved, removed or replaced: opened anew; lines of the last moment are where it is now"
            )
        self.opened, self.moved = now, False


def file_of(path: Path) -> File | None:
    """Which file, or folder, a path leads to; None where it leads to none, or nobody may look."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
