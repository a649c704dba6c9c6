"""Run a program of your own: a list of arguments, no shell; the alert comes as JSON on its standard input, never in its arguments.

Of the watch's environment, in which secrets may stand, it gets what names paths and languages only. It ends with 0 where it has done it,
with 75 (EX_TEMPFAIL of sysexits.h) where it is to be tried again; with anything else it has failed.
"""

from __future__ import annotations

import os
import shutil
from typing import Annotated

import msgspec
from msgspec import Meta

from garrison.errors import BusyError, ConfigError, EventsError
from garrison.watch.responses.program import run
from garrison.watch.responses.response import Case, Response
from garrison.watch.sending.secret import Beside

_AGAIN = 75
_KEPT = ("HOME", "LANG", "LC_ALL", "PATH", "TZ", "USER")
_MOST_TOLD = 500


class Settings(Response, frozen=True, kw_only=True, tag_field="type", tag="command"):
    """`type = "command"`."""

    command: Annotated[tuple[str, ...], Meta(min_length=1, description="A program and its arguments.")]


def hold(settings: Settings, beside: Beside) -> None:
    """Raises ConfigError where there is no such program."""
    del beside  # it is looked for as it is run: in PATH, or from where the watch was started
    if shutil.which(settings.command[0]) is None:
        raise ConfigError(f"there is no program {settings.command[0]}", hint="name a program that is there")


def respond(settings: Settings, case: Case) -> str:
    """Run it. `request.number` of what it is given is the same where it is run again."""
    given = msgspec.json.encode({"request": case.request, "alert": case.alert})
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    ended = run(settings.command, given=given, timeout_s=settings.timeout_s, environment=environment)
    if ended.code == _AGAIN:
        raise BusyError(f"{settings.command[0]}: {ended.said or 'not now'}", hint="it is tried again")
    if ended.code:
        raise EventsError(f"{settings.command[0]} ended with {ended.code}: {ended.said}", hint="see what it says")
    return ended.out.strip()[:_MOST_TOLD] or "done"
