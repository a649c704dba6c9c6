"""Processes that do not outlive their guard, and are started again when they end by themselves."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

Process = subprocess.Popen[bytes]

_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, prctl(2)
_SHORTEST_S, _LONGEST_S = 0.1, 5.0  # between two starts of what ends by itself
PATIENCE_S = 5.0  # from SIGTERM to SIGKILL


class Kept:
    """A process that is started again when it ends by itself: at once the first time, ever later if it happens again."""

    def __init__(
        self,
        name: str,
        begin: Callable[[], Process],
        say: Callable[[str], None],
        *,
        end: Callable[[Process], None] | None = None,
    ) -> None:
        """`end`: how it is ended where SIGTERM is not the way."""
        self.name, self.begin, self.say, self.end = name, begin, say, end or stop
        self.process: Process | None = None
        self.since = self.again = 0.0
        self.pause_s = _SHORTEST_S

    @property
    def lives(self) -> bool:
        """Whether it runs now."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Begin."""
        self.process, self.since = self.begin(), time.monotonic()

    def hold(self) -> None:
        """Start it again if it has ended and its pause is over."""
        now = time.monotonic()
        if self.process is not None and (code := self.process.poll()) is not None:
            if now - self.since > _LONGEST_S:
                self.pause_s = _SHORTEST_S / 2
            stop(self.process)  # what it has started itself
            self.process = None
            self.later()
            self.say(f"{self.name} ended by itself ({how(code)}); it is started again")
        if self.process is None and now >= self.again:
            self.start()

    def later(self) -> None:
        """Let a pause go by before it is started again, twice as long as the one before."""
        self.pause_s = min(self.pause_s * 2, _LONGEST_S)
        self.again = time.monotonic() + self.pause_s

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.end(self.process)
            self.process = None


def stop(child: Process, patience_s: float = PATIENCE_S) -> None:
    """Ask it to end, and see that it does, with all that it has started."""
    if child.poll() is None:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(patience_s)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def how(code: int) -> str:
    """How a process ended."""
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def spawn(command: list[str], *, stdin: int = subprocess.DEVNULL, stdout: int | None = None) -> Process:
    """Start a process of our guarding. What it has to say goes where our own words go, unless `stdout` is another place."""
    # What runs between fork and exec is unsafe only beside threads, and there are none.
    out = sys.stderr.fileno() if stdout is None else stdout
    return subprocess.Popen(command, stdin=stdin, stdout=out, preexec_fn=_in_child)  # noqa: S603, PLW1509


def _in_child() -> None:
    """Signals of a terminal are for the guard; and if the guard is killed, nobody would hold what it guards."""
    os.setpgid(0, 0)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)
