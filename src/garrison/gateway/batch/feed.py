"""The audit feed of a queue: one line of JSON for each message, however often it is delivered.

One guard writes a feed at a time. A line is on the disk before its message is done with. After a crash the messages that were not done with come again: those
whose line is there are known by it, and a line that was torn is cut off.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import os
import shutil
from collections import Counter, deque
from pathlib import Path
from typing import Final

import msgspec

from garrison.errors import StoreError, UsageError

_REMEMBERED: Final = 10_000  # many times as many messages as are under way at once
_MEGABYTE: Final = 1 << 20


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is told of a message. Sizes are in bytes."""

    time: str
    request_id: str
    decision: str
    client: str = ""
    role: str = ""
    model: str = ""
    action: str = "infer"
    protocol: str = "nats"
    reason: str = ""
    request_bytes: int = 0
    input_digest: str = ""


class Feed:
    """An open feed."""

    def __init__(self, path: Path, free_mb: int) -> None:
        """Open it, or make it. Raises OSError, StoreError for a file that is no feed, and UsageError where another has it open."""
        self.path = path
        self.keep_free(free_mb)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._ids: deque[str] = deque(maxlen=_REMEMBERED)
        self._known: set[str] = set()
        self._day, self.used = "", Counter[str]()
        with contextlib.ExitStack() as opened:
            opened.callback(os.close, _locked(path))
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            opened.callback(os.close, self._file)
            self._recover()
            self._opened = opened.pop_all()

    def keep_free(self, free_mb: int) -> None:
        """How much space is to be left."""
        self._free_bytes = free_mb * _MEGABYTE

    def take_over(self, before: Feed) -> None:
        """Go on from another, and close it: what has its line there gets none here, and what was accepted today counts on."""
        for id_ in before._ids:
            self._remember(id_)
        self._turn(max(self._day, before._day))
        if before._day == self._day:
            self.used |= before.used
        before.close()

    def has(self, id_: str) -> bool:
        """Whether a message has its line."""
        return id_ in self._known

    def has_room(self) -> bool:
        """Whether so much space is free as is to be kept."""
        return shutil.disk_usage(self.path.parent).free >= self._free_bytes

    def today(self, now: dt.datetime) -> Counter[str]:
        """How many messages of each client were accepted on this day, in UTC."""
        self._turn(_day(now))
        return self.used

    def write(self, line: Line) -> None:
        """Add a line, and see it kept. Raises OSError, and then nothing of it stays."""
        data = msgspec.json.encode(line) + b"\n"
        end = os.lseek(self._file, 0, os.SEEK_END)
        try:
            if os.write(self._file, data) != len(data):
                raise OSError("the disk is full")  # noqa: TRY301 - a short write is the same failure as none
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, end)
            raise
        self._count(line)

    def close(self) -> None:
        """Close the file, and leave it to others."""
        self._opened.close()

    def _recover(self) -> None:
        whole = 0
        with self.path.open("rb") as file:
            for number, data in enumerate(file, 1):
                if not data.endswith(b"\n"):
                    break
                whole += len(data)
                try:
                    self._count(msgspec.json.decode(data, type=Line))
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    hint = "move the file away: a new one is begun"
                    raise StoreError(
                        f"this is no line of an audit feed: {error}", path=str(self.path), line=number, hint=hint
                    ) from error
        os.ftruncate(self._file, whole)

    def _count(self, line: Line) -> None:
        self._turn(line.time[:10])
        if line.decision == "allow":
            self.used[line.client] += 1
        self._remember(line.request_id)

    def _remember(self, id_: str) -> None:
        if len(self._ids) == _REMEMBERED:
            self._known.discard(self._ids[0])
        self._ids.append(id_)
        self._known.add(id_)

    def _turn(self, day: str) -> None:
        if day != self._day:
            self._day, self.used = day, Counter()


def _locked(path: Path) -> int:
    """Hold a feed against other guards.

    By a file beside it, so that it is held although it is moved away. The lock goes with a process that ends.
    """
    lock = os.open(f"{path.resolve()}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        hint = "stop it, or name another file as log in [batch] if it guards another queue"
        raise UsageError(f"another guard writes {path}", hint=hint) from error
    return lock


def _day(now: dt.datetime) -> str:
    return now.astimezone(dt.UTC).strftime("%Y-%m-%d")
