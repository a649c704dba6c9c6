"""Envoy's process: started so that it loses no line of the audit feed, and that it does not outlive its guard."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG, prctl(2)
# Without these, up to 64 KB of the audit feed are lost if Envoy is killed.
_FLUSH = ("--file-flush-interval-msec", "50", "--file-flush-min-size-kb", "1")


def start(envoy: Path, bootstrap: Path, log: Path, *, workers: int, drain_s: float) -> subprocess.Popen[bytes]:
    """Start Envoy. What it has to say goes where our own words go; the audit feed is for its owner only."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    log.touch(mode=0o600)
    command = [
        str(envoy), "-c", str(bootstrap), "--disable-hot-restart", "--log-level", "warn", *_FLUSH,
        "--drain-time-s", str(max(1, round(drain_s))), "--drain-strategy", "immediate",
        *(("--concurrency", str(workers)) if workers else ()),
    ]  # fmt: skip
    # What runs between fork and exec is unsafe only beside threads, and there are none.
    out = sys.stderr.fileno()
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, preexec_fn=_in_child)  # noqa: S603, PLW1509


def stop(child: subprocess.Popen[bytes], patience_s: float = 5.0) -> None:
    """Ask it to end, and see that it does."""
    if child.poll() is None:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(patience_s)
    if child.poll() is None:
        child.kill()
        child.wait()


def wait(child: subprocess.Popen[bytes], seconds: float) -> None:
    """Sleep, but not longer than the child lives."""
    end = time.monotonic() + seconds
    while child.poll() is None and time.monotonic() < end:
        time.sleep(min(0.02, seconds))


def _in_child() -> None:
    """Signals of a terminal are for the guard; and if the guard is killed, nobody would hold the floor of the disk."""
    os.setpgid(0, 0)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)
