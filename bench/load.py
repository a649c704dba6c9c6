"""Servers under load: bursts of wrk that take turns, and the CPU that the servers' processes take for each request."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from measure import cpu_s

SCRIPT = Path(__file__).with_name("wrk.lua")
START_S = 60.0
_WARM_S = 4
_RESULT = re.compile(r"^RESULT (\d+) (\d+) (\d+) (\d+)$", re.MULTILINE)


class Server(msgspec.Struct, frozen=True):
    """A process that listens, with its children, and what it is asked: lines of path, header and value."""

    port: int
    process: int
    targets: Path


class Burst(msgspec.Struct, frozen=True):
    """What one burst came to."""

    requests: int
    seconds: float
    p99_ms: float
    failed: int
    cpu_s: float

    @property
    def cpu_us(self) -> float:
        """Microseconds of the server's CPU for each request."""
        return self.cpu_s / self.requests * 1e6


class Pair(msgspec.Struct, frozen=True):
    """Bursts of two servers, turn by turn."""

    bursts: tuple[tuple[Burst, Burst], ...]

    def ratio(self, of: Callable[[Burst], float] = lambda b: b.cpu_us) -> float:
        """The first's figure over the second's: the median of all turns. Unsaid: the second's requests per CPU second."""
        return statistics.median(of(first) / of(second) for first, second in self.bursts)

    def least(self) -> tuple[float, float]:
        """Microseconds of CPU per request, each at its best."""
        return min(a.cpu_us for a, _ in self.bursts), min(b.cpu_us for _, b in self.bursts)


def start(command: list[str], port: int, targets: Path, **environment: str) -> tuple[Server, subprocess.Popen[bytes]]:
    """A server that has begun to listen. Raises RuntimeError with what it says if it does not."""
    said = targets.parent / f"{port}.said"
    with said.open("wb") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=os.environ | environment
        )
    until = time.monotonic() + START_S
    while not _listens(port):
        if process.poll() is not None or time.monotonic() > until:
            process.kill()
            raise RuntimeError(f"{command[0]} does not start: {said.read_text()[-2000:]}")
        time.sleep(0.02)
    return Server(port, process.pid, targets), process


@contextmanager
def running(command: list[str], port: int, targets: Path, **environment: str) -> Iterator[Server]:
    """A server, for a while."""
    server, process = start(command, port, targets, **environment)
    try:
        yield server
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def burst(
    server: Server,
    body: Path,
    *,
    connections: int = 16,
    seconds: int = 1,
    pause_ms: float | None = None,
    strict: bool = True,
) -> Burst:
    """One burst. Raises RuntimeError if a request fails, unless that is what is looked for."""
    environment = {**os.environ, "BODY": str(body), "TARGETS": str(server.targets)}
    if pause_ms is not None:
        environment["PAUSE_MS"] = str(pause_ms)
    command = [
        "wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", "10", "-s", str(SCRIPT), f"http://127.0.0.1:{server.port}",
    ]  # fmt: skip
    before = family_cpu_s(server.process)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    spent = family_cpu_s(server.process) - before
    found = _RESULT.search(done.stdout)
    if found is None:
        raise RuntimeError(f"wrk: {done.stdout}{done.stderr}")
    requests, micros, p99_us, failed = map(int, found.groups())
    if strict and (failed or not requests):
        raise RuntimeError(f"{failed} of {requests} requests failed")
    return Burst(requests, micros / 1e6, p99_us / 1000, failed, spent)


def pair(first: Server, second: Server, body: Path, *, rounds: int) -> Pair:
    """Both servers in turns of a second, after a burst that warms them, in which the first answer may be slow to come."""
    for server in (first, second):
        burst(server, body, seconds=_WARM_S, strict=False)
    return Pair(tuple((burst(first, body), burst(second, body)) for _ in range(rounds)))


def family_cpu_s(process: int) -> float:
    """CPU seconds of a process and its children."""
    total = cpu_s(process)
    for task in Path(f"/proc/{process}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended
            total += sum(family_cpu_s(int(child)) for child in (task / "children").read_text().split())
    return total


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A folder whose path is short enough for sockets."""
    return tempfile.TemporaryDirectory(dir="/tmp", prefix="gw")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
