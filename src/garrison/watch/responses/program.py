"""Running a program as a response: arguments as a list, no shell, a bounded time, and of what it says no more than is told."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

import msgspec

from garrison.errors import BusyError, ConfigError
from garrison.report.terminal.text import clean

_MOST_SAID = 500
_MOST_READ = 1 << 20


class Ended(msgspec.Struct, frozen=True):
    """How a program ended."""

    code: int
    out: str
    said: str  # the beginning of its standard error, in one line


def run(
    command: Sequence[str], *, given: bytes = b"", timeout_s: float, environment: Mapping[str, str] | None = None
) -> Ended:
    """With the environment of the watch, or another. Raises ConfigError where there is no such program, BusyError where it does not end in time: it, and what it started, is killed."""
    try:
        process = subprocess.Popen(  # noqa: S603 - a list of arguments, of the watch file
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise ConfigError(
            f"{command[0]} cannot be run: {error.strerror}", hint="name a program that is there"
        ) from error
    with process:
        try:
            out, said = process.communicate(given, timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            raise BusyError(f"{command[0]} did not end in {timeout_s:g} s", hint="it is tried again") from error
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    text = said[:_MOST_READ].decode("utf8", "replace").strip().replace("\n", " ")
    return Ended(process.returncode, out[:_MOST_READ].decode("utf8", "replace"), clean(text)[:_MOST_SAID])


def garrison(*arguments: str, timeout_s: float) -> Ended:
    """A command of our own, as a person would run it: what it holds to and writes down, it does here too."""
    return run([sys.executable, "-m", "garrison", *arguments], timeout_s=timeout_s)
