"""What a process tells of itself: a file in the state folder, written every second, so that nobody has to ask it.

It is for looking at only: nothing is decided by it, and a disk that is full does not stop whoever writes it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from garrison.ledger import durable

EVERY_S = 1.0
_FOLDER = "run"
_BEGAN = "began"


class Input(msgspec.Struct):
    """An input: what was counted of it since the receiver began, and what keeps it from receiving."""

    type: str
    counts: dict[str, int] = {}
    waits: str = ""


class Spooled(msgspec.Struct):
    """A retention class: what waits for the store."""

    events: int
    size_bytes: int


class Received(msgspec.Struct):
    """What the receiver tells."""

    inputs: dict[str, Input] = {}
    spools: dict[str, Spooled] = {}
    stored: int = 0  # events, since it began
    doubles: int = 0  # that were left out
    batches: dict[str, str] = {}  # the last that was stored, by the beginning of its name
    stored_s: int = 0  # when
    waits: str = ""  # what keeps it from storing


class Judged(msgspec.Struct):
    """What the judge tells."""

    events: int = 0  # since it began
    batches: dict[str, str] = {}  # the last that was judged, by the beginning of its name
    stored_s: int = 0  # when that was stored
    broken_rules: int = 0


class Beating(msgspec.Struct):
    """What a process tells that has nothing to tell but that it runs."""


class Said(msgspec.Struct):
    """What a process told last, and when."""

    pid: int
    began_s: float
    at_s: float
    told: msgspec.Raw


class Telling:
    """Writes what `what` gives, every second and once more in the end."""

    def __init__(self, state: Path, process: str, what: Callable[[], msgspec.Struct]) -> None:
        self._path, self._what, self._began_s = _path(state, process), what, time.time()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="telling", daemon=True)

    def __enter__(self) -> Self:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._write()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._write()

    def _run(self) -> None:
        while not self._ended.wait(EVERY_S):
            self._write()

    def _write(self) -> None:
        _note(self._path, Said(os.getpid(), self._began_s, time.time(), msgspec.Raw(msgspec.json.encode(self._what()))))


def beat(state: Path, process: str, *, pid: int, up_s: float) -> None:
    """Tell of a process that does not do so itself, by who sees that it runs."""
    now_s = time.time()
    _note(_path(state, process), Said(pid, now_s - up_s, now_s, msgspec.Raw(msgspec.json.encode(Beating()))))


def _note(path: Path, said: Said) -> None:
    """Write it, in one step."""
    made = path.with_suffix(".new")
    try:
        made.write_bytes(msgspec.json.encode(said))
        made.replace(path)
    except OSError:  # a full disk: the age of the old file tells that it is old
        return


Told = TypeVar("Told", bound=msgspec.Struct)


def told(state: Path, process: str, kind: type[Told]) -> tuple[Said, Told] | None:
    """What a process told last; None where it never did."""
    try:
        said = msgspec.json.decode(_path(state, process).read_bytes(), type=Said)
        return said, msgspec.json.decode(said.told, type=kind)
    except (OSError, msgspec.DecodeError):
        return None


def note_beginning(state: Path) -> None:
    """Note when the first watch of a state folder began, before anything is received: from then on all that is stored is judged."""
    with contextlib.suppress(FileExistsError):
        durable.create(state / _BEGAN, str(int(time.time())).encode(), mode=0o600)


def began(state: Path) -> dt.datetime | None:
    """When that was; None for a folder in which none ever began."""
    said = durable.read(state / _BEGAN)
    return dt.datetime.fromtimestamp(int(said), dt.UTC) if said else None


def _path(state: Path, process: str) -> Path:
    return state / _FOLDER / f"{process}.json"
