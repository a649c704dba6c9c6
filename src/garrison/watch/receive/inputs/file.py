"""Files that grow: the logs of this machine, of its containers, of databases and servers that write files, and documents of clouds.

A line is acknowledged, by its file's position, when it is on the disk. Position and place are by the file's own identity: whatever it
is renamed to, and however often it is read again after a crash, a line is one event.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from garrison.errors import BusyError, ConfigError, UsageError
from garrison.events.event import Event
from garrison.events.mappers import Mapper, mapper
from garrison.watch.receive.grouping import Piece
from garrison.watch.receive.input import Around, InputSettings, Line, Source
from garrison.watch.receive.positions import Position, Positions
from garrison.watch.receive.tail import Files, Followed

TYPE = "file"

_POLL_S = 0.25
_LOOK_S, _LOOK_SHARE = 1.0, 20  # between two looks at which files there are; so many times what one costs
_AT_ONCE = 8  # files that share a sync of the disk
_SLICE = 1_000
_MOST_PAUSE_S = 30.0
Given = TypeVar("Given")

_log = logging.getLogger(__name__)


class Settings(InputSettings, frozen=True, kw_only=True, tag=TYPE, forbid_unknown_fields=True, rename="kebab"):
    """`type = "file"`."""

    log: str
    path: str | tuple[str, ...]  # patterns too: `/var/log/pods/*/*/*.log`; `**` for folders of any depth
    begin: Literal["start", "end"] = "start"  # of files that are there when this input begins for the first time
    packed: bool = False  # read `.gz` too: rotations that were packed while nobody read, exports


def hold(settings: Settings, beside: Callable[[str], Path]) -> None:
    """See `Input`."""
    del beside
    if not all(_paths(settings) or [""]):
        raise ConfigError(f"input {settings.name}: path names no file", hint='write path = "/var/log/app.log"')


def _paths(settings: Settings) -> tuple[str, ...]:
    return (settings.path,) if isinstance(settings.path, str) else settings.path


async def serve(settings: Settings, around: Around) -> None:
    """See `Input`."""
    hold(settings, around.beside)
    form = form_of(settings.name, settings.log)
    patterns = [str(around.beside(path)) for path in _paths(settings)]
    positions = await asyncio.to_thread(Positions.open, around.state)
    files = Files(patterns, positions, form, packed=settings.packed, from_end=settings.begin == "end")
    try:
        next_look = 0.0
        while True:
            if files.crowded or time.monotonic() > next_look:
                cost_s = await patiently(settings.name, lambda: asyncio.to_thread(files.look))
                next_look = time.monotonic() + max(_LOOK_S, _LOOK_SHARE * cost_s)
            if not await _round(files, positions, settings.name, around):
                await asyncio.sleep(_POLL_S)
    finally:
        files.close()
        positions.close()


def form_of(name: str, log: str) -> Mapper:
    """The format of an input's lines. Raises ConfigError for one that is none."""
    try:
        return mapper(log)
    except UsageError as error:
        raise ConfigError(f"input {name}: {error.message}", hint=error.hint) from error


async def patiently(name: str, call: Callable[[], Awaitable[Given]]) -> Given:
    """Do what may not be possible now, until it is: whoever writes the file, or the bucket, keeps what is not read."""
    pause_s = _POLL_S
    while True:
        try:
            return await call()
        except BusyError as error:
            if pause_s == _POLL_S:
                _log.warning("input %s waits: %s", name, error.message)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _MOST_PAUSE_S)


async def _round(files: Files, positions: Positions, name: str, around: Around) -> bool:
    """Take what is new in all files; whether there was any."""
    anything = False
    due = await asyncio.to_thread(files.due)
    for at in range(0, len(due), _AT_ONCE):
        some = due[at : at + _AT_ONCE]
        taken = await asyncio.gather(*(_advance(files, file, name, around) for _, file in some))
        changed: list[Position] = [file.next for _, file in some if file.next is not file.position]
        if changed:
            await patiently(name, lambda changed=changed: asyncio.to_thread(positions.save, changed))  # type: ignore[misc]
        for one, file in some:
            file.position = file.next
            if file.ends() and not await _advance(files, file, name, around, last=True):
                files.end(one)
        anything = anything or any(taken)
    return anything


async def _advance(files: Files, file: Followed, name: str, around: Around, *, last: bool = False) -> bool:
    """Take what is new in a file, or at its end what waits for more; whether there was any."""
    try:
        pieces = await asyncio.to_thread(file.rest if last else file.read)
    except OSError as error:
        files.complain(file.path, error)
        return False
    form = file.form
    source = Source(name, _Placed(form, file.path, form.NAME, form.LABEL) if hasattr(form, "at") else form)
    await take(around, source, file.position.id, pieces)
    return bool(pieces)


async def take(around: Around, source: Source, place: object, pieces: Sequence[Piece]) -> None:
    """Have pieces of a file on the disk, however long this takes."""
    for at in range(0, len(pieces), _SLICE):
        some = [Line(piece.data, (place, piece.at), piece.wrong) for piece in pieces[at : at + _SLICE]]
        await patiently(source.name, lambda some=some: around.intake.take(source, some))  # type: ignore[misc]


class _Placed(msgspec.Struct):
    """A format of which the path of a file tells something too."""

    form: Mapper
    path: str
    NAME: str
    LABEL: str

    def event(self, line: bytes) -> Event:
        """See `Mapper`."""
        event: Event = self.form.at(self.form.event(line), self.path)  # type: ignore[attr-defined]
        return event
