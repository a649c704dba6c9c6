"""Envoy and what stands beside it, as processes: they lose no line of the audit feed, and do not outlive their guard."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

Process = subprocess.Popen[bytes]

_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, prctl(2)
# Without these, up to 64 KB of the audit feed are lost if Envoy is killed.
FLUSH = ("--file-flush-interval-msec", "50", "--file-flush-min-size-kb", "1")
_SHORTEST_S, _LONGEST_S = 0.1, 5.0  # between two starts of what ends by itself
_PATIENCE_S = 5.0  # from SIGTERM to SIGKILL


class Kept:
    """A process that is started again when it ends by itself: at once the first time, ever later if it happens again."""

    def __init__(self, name: str, begin: Callable[[], Process], say: Callable[[str], None]) -> None:
        self.name, self.begin, self.say = name, begin, say
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
            long = now - self.since > _LONGEST_S
            self.pause_s = _SHORTEST_S if long else min(self.pause_s * 2, _LONGEST_S)
            stop(self.process)
            self.process, self.again = None, now + self.pause_s
            self.say(f"{self.name} ended by itself ({how(code)}); it is started again")
        if self.process is None and now >= self.again:
            self.start()

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            stop(self.process)
            self.process = None


def start(envoy: Path, bootstrap: Path, log: Path, *, workers: int, drain_s: float) -> Process:
    """Start Envoy. What it has to say goes where our own words go; the audit feed is for its owner only."""
    make_log(log)
    command = [
        str(envoy), "-c", str(bootstrap), "--disable-hot-restart", "--log-level", "warn", *FLUSH,
        "--drain-time-s", str(max(1, round(drain_s))), "--drain-strategy", "immediate",
        *(("--concurrency", str(workers)) if workers else ()),
    ]  # fmt: skip
    return _spawn(command)


def make_log(log: Path) -> None:
    """An audit feed that is there, and that nobody else can read."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    log.touch(mode=0o600)


def start_counter(job: Path) -> Process:
    """Start the counter of quotas."""
    return _spawn([sys.executable, "-m", "garrison.gateway.quota", str(job)])


def start_fetcher(job: Path) -> Process:
    """Start what fetches the keys of issuers."""
    return _spawn([sys.executable, "-m", "garrison.gateway.issuers", str(job)])


def start_service(bundle: Path, socket: Path) -> Process:
    """Start the authorisation service."""
    where = ["--bundle", str(bundle), "--socket", str(socket)]
    return _spawn([sys.executable, "-m", "garrison.gateway.authorise", *where])


def stop(child: Process) -> None:
    """Ask it to end, and see that it does, with all that it has started."""
    if child.poll() is None:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_PATIENCE_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def how(code: int) -> str:
    """How a process ended."""
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _spawn(command: list[str]) -> Process:
    # What runs between fork and exec is unsafe only beside threads, and there are none.
    out = sys.stderr.fileno()
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, preexec_fn=_in_child)  # noqa: S603, PLW1509


def _in_child() -> None:
    """Signals of a terminal are for the guard; and if the guard is killed, nobody would hold the floor of the disk."""
    os.setpgid(0, 0)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)
