"""Whole processes, measured from outside: CPU seconds (user + system, children included) and peak memory."""

from __future__ import annotations

import ctypes
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence

import msgspec


class Cost(msgspec.Struct, frozen=True):
    """Of one run: `cpu_s` in seconds, `peak_bytes` of the largest single process, and its exit code."""

    cpu_s: float
    peak_bytes: int
    exit_code: int


def run(command: Sequence[str], folder: str | None = None) -> Cost:
    """Run once; what it prints goes to a temporary file. Raises FileNotFoundError for a command that is not there."""
    with tempfile.TemporaryFile() as sink:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, cwd=folder, env=_environment()
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, process.returncode)


def _environment() -> dict[str, str]:
    """That of a user's shell: Python keeps its bytecode, for the peer as for us."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def median(command: Sequence[str], runs: int = 5, folder: str | None = None) -> Cost:
    """The median CPU and the greatest memory of several runs, after one that warms the caches."""
    run(command, folder)
    costs = [run(command, folder) for _ in range(runs)]
    return Cost(statistics.median(c.cpu_s for c in costs), max(c.peak_bytes for c in costs), costs[-1].exit_code)


def cpu_s(process: int) -> float:
    """CPU seconds of a process that runs, its ended threads too, to the nanosecond (POSIX `clock_getcpuclockid`). Raises OSError."""
    clock = ctypes.c_int()
    if error := ctypes.CDLL(None).clock_getcpuclockid(process, ctypes.byref(clock)):
        raise OSError(error, os.strerror(error))
    return time.clock_gettime(clock.value)


def line(name: str, measured: float, goal: float | None, unit: str, *, at_least: bool = False) -> None:
    """Print a figure beside its goal, if it has one."""
    text = f"{name:58} {measured:10.3f} {unit:6}"
    if goal is not None:
        met = measured >= goal if at_least else measured <= goal
        text += f" goal {'≥' if at_least else '≤'} {goal:<8g} {'met' if met else 'short'}"
    print(text.rstrip(), flush=True)
