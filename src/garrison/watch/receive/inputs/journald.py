"""systemd's journal, as `journalctl --follow` tells it: each entry once, from the cursor on that is kept on the disk.

An entry has its cursor as its name: read again after a crash, it is the same event.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from garrison.errors import BusyError, ConfigError
from garrison.events.mappers import mapper
from garrison.ledger import durable
from garrison.watch.receive.grouping import Lines, Piece
from garrison.watch.receive.input import Around, InputSettings, Source
from garrison.watch.receive.inputs.file import patiently, take

TYPE = "journald"

_READ_BYTES = 256 << 10
_SHORTEST_S, _LONGEST_S = 0.5, 30.0  # between two starts
_END_S = 5.0
_COMPLAINT_BYTES = 4096
_Name = Annotated[str, msgspec.Meta(min_length=1)]

_log = logging.getLogger(__name__)


class Settings(InputSettings, frozen=True, kw_only=True, tag=TYPE, forbid_unknown_fields=True, rename="kebab"):
    """`type = "journald"`."""

    log: Literal["journald"] = "journald"
    directory: str = ""  # of journals; those of this machine if empty
    unit: tuple[_Name, ...] = ()  # of these units only; patterns too
    begin: Literal["start", "end"] = "start"  # where the input begins for the first time


class _Cursor(msgspec.Struct):
    cursor: str = msgspec.field(name="__CURSOR", default="")


_cursor = msgspec.json.Decoder(_Cursor).decode


def hold(settings: Settings, beside: Callable[[str], Path]) -> None:
    """See `Input`."""
    if shutil.which("journalctl") is None:
        raise ConfigError(f"input {settings.name}: journalctl is not installed", hint="it is part of systemd")
    if settings.directory and not beside(settings.directory).is_dir():
        raise ConfigError(
            f"input {settings.name}: there is no folder {settings.directory}", hint="name one of journals"
        )


async def serve(settings: Settings, around: Around) -> None:
    """See `Input`."""
    hold(settings, around.beside)
    source, kept = Source(settings.name, mapper(settings.log)), around.state / "cursor"
    pause_s = _SHORTEST_S
    while True:
        try:
            child = await asyncio.create_subprocess_exec(
                *_command(settings, around, kept), stdout=PIPE, stderr=PIPE, env={**os.environ, "LC_ALL": "C.UTF-8"}
            )
        except OSError as error:
            raise BusyError(f"journalctl cannot begin: {error.strerror}", hint="see who may run it") from error
        complaints = asyncio.create_task(_complaints(child))
        try:
            anything = await _follow(child, source, around, kept)
        finally:
            await _end(child)
            said = await complaints
        pause_s = _SHORTEST_S if anything else min(pause_s * 2, _LONGEST_S)
        _log.warning("%s: journalctl ended (%d); again in %.1f s: %s", settings.name, child.returncode, pause_s, said)
        await asyncio.sleep(pause_s)


def _command(settings: Settings, around: Around, kept: Path) -> list[str]:
    """What to run, from where it was left off."""
    command = ["journalctl", "--output=json", "--all", "--follow", "--quiet"]
    if cursor := durable.read(kept):
        command += ["--no-tail", f"--after-cursor={cursor.decode()}"]
    else:
        command.append("--no-tail" if settings.begin == "start" else "--lines=0")
    if settings.directory:
        command.append(f"--directory={around.beside(settings.directory)}")
    return command + [f"--unit={unit}" for unit in settings.unit]


async def _follow(child: Process, source: Source, around: Around, kept: Path) -> bool:
    """Take what a child tells until it ends; whether it told anything."""
    if child.stdout is None:
        raise BusyError("journalctl has no pipe")
    lines, anything = Lines(0), False
    while data := await child.stdout.read(_READ_BYTES):
        pieces = list(lines.feed(data))
        await take(around, source, TYPE, pieces)
        if cursor := _last(pieces):
            await patiently(source.name, lambda cursor=cursor: asyncio.to_thread(_keep, kept, cursor))  # type: ignore[misc]
            anything = True
    return anything


def _last(pieces: Sequence[Piece]) -> str:
    """The cursor of the last entry."""
    for piece in reversed(pieces):
        with contextlib.suppress(msgspec.MsgspecError):
            if not piece.wrong and (cursor := _cursor(piece.data).cursor):
                return cursor
    return ""


def _keep(kept: Path, cursor: str) -> None:
    try:
        durable.replace(kept, cursor.encode(), mode=0o600)
    except OSError as error:
        hint = "make room, or see who may write here"
        raise BusyError(f"the cursor cannot be kept: {error.strerror}", hint=hint, path=str(kept)) from error


async def _complaints(child: Process) -> str:
    """The end of what a child complains of."""
    said = b""
    while child.stderr is not None and (data := await child.stderr.read(_COMPLAINT_BYTES)):
        said = (said + data)[-_COMPLAINT_BYTES:]
    return said.decode(errors="replace").strip()


async def _end(child: Process) -> None:
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        try:
            await asyncio.wait_for(child.wait(), _END_S)
        except TimeoutError:
            child.kill()
            await child.wait()
