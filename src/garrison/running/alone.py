"""One guard of a state folder at a time, that hears when it is to end."""

from __future__ import annotations

import contextlib
import fcntl
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType

from garrison.errors import UsageError


@contextlib.contextmanager
def alone(state: Path, what: str) -> Iterator[None]:
    """Hold a folder that is there against others. Raises UsageError where another `what` runs on it, OSError."""
    with (state / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            hint = "stop it, or name another state folder"
            raise UsageError(f"another {what} runs on {state}", hint=hint) from error
        yield


@contextlib.contextmanager
def heard(wanted: Mapping[signal.Signals, Callable[[], None]]) -> Iterator[None]:
    """Have something done for signals, and as before behind it."""

    def handler(done: Callable[[], None]) -> Callable[[int, FrameType | None], None]:
        return lambda _number, _frame: done()

    before = {number: signal.signal(number, handler(done)) for number, done in wanted.items()}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
