"""A watch that runs, as a process of its own, and what tests ask of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from garrison.watch.file.read import read
from garrison.watch.run.status import Status, status
from garrison.watch.store.client import running
from garrison.watch.store.guard import Role

PATIENCE_S = 60


class Watching(msgspec.Struct, frozen=True):
    """A watch, the file it was given, and where its HTTP input listens."""

    process: subprocess.Popen[bytes]
    file: Path
    port: int
    log: Path

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def status(self) -> Status:
        return status(read(self.file))

    def send(self, lines: Sequence[bytes], key: str = "") -> dict[str, int]:
        """What the input answers. Raises OSError where it does not acknowledge."""
        headers = {"Idempotency-Key": key} if key else {}
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}/", data=b"\n".join(lines), headers=headers)
        with urllib.request.urlopen(asked, timeout=20) as answer:
            told: dict[str, int] = json.load(answer)
            return told

    def sql(self, query: str) -> list[Any]:
        with contextlib.closing(running(self.file.parent / "watch/store", Role.READER)) as client:
            return [row[0] for row in client.query(query).result_rows]

    def pid(self, part: str) -> int:
        """The process of a part: `receive`, `judge`, `tell`, `store.node`."""
        found = [pid for pid in children(self.process.pid) if f"garrison.watch.{part}" in command(pid)]
        return found[0] if found else 0

    def end(self) -> str:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE_S)
        return self.said()


def children(pid: int) -> list[int]:
    try:
        return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def until(found: Callable[[], object], patience_s: float = PATIENCE_S) -> Any:
    """What it gives once that is something. OSErrors and errors of a store that is not there yet are waited out."""
    end = time.monotonic() + patience_s
    told: object = None
    while time.monotonic() < end:
        try:
            if told := found():
                return told
        except Exception as error:  # noqa: BLE001 - told when patience is over
            told = error
        time.sleep(0.05)
    raise AssertionError(f"not within {patience_s} s: {told!r}")


def line(number: int, **more: object) -> bytes:
    """A line of the gateway."""
    said = {"time": "2026-11-25T10:00:00Z", "decision": "allow", "request_id": f"r{number}", "client": "ada", **more}
    return json.dumps(said).encode()


@contextlib.contextmanager
def watching(
    folder: Path, text: str = "", *, ledger: bool = True, port: int = 0, **environment: str
) -> Iterator[Watching]:
    """A watch with an HTTP input, on a free port if none is named; `text` is more of its file."""
    port = port or free_port()
    file, log = folder / "watch.toml", folder / "watch.log"
    if ledger and not (folder / "ledger").exists():
        garrison("ledger", "init", str(folder / "ledger"), "--origin", "example.com/watch")
    told = 'ledger = "ledger"\n' if ledger else ""
    file.write_text(
        f'[watch]\nstate = "watch"\n{told}\n[[input]]\ntype = "http"\nname = "web"\nlog = "garrison-gateway"\n'
        f'address = "127.0.0.1:{port}"\n{text}',
        encoding="utf-8",
    )
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "garrison", "watch", "run", str(file)], stderr=out, env={**os.environ, **environment}
        )
    made = Watching(process, file, port, log)
    try:
        until(lambda: "web listens" in made.said() or process.poll() is not None)
        yield made
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        found: int = free.getsockname()[1]
        return found


def garrison(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "garrison", *arguments], capture_output=True, text=True, timeout=120, check=False
    )
