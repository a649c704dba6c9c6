"""Whatever fails, nobody is let in by it, it is said what is wrong, and it mends itself once it can."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from tests.gateway.run.conftest import FILE, Running, free_port

from garrison.gateway.run import admin

pytestmark = pytest.mark.slow
Run = Callable[..., Running]

CLIENTS = 3
LOST = CLIENTS + 2  # a line is written after its answer, and what is less than 1 KB waits up to 50 ms: one line or two


class Quiet(ThreadingHTTPServer):
    """A server to which connections that are cut are no news."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class Counting:
    """A model server that counts what it has answered."""

    def __init__(self, port: int) -> None:
        self.seen = seen = list[str]()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # an answer in one piece

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
                pass

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")
                seen.append(self.path)

        self.server = Quiet(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def answered(self) -> int:
        return len(self.seen)

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def counting() -> Iterator[Counting]:
    server = Counting(0)
    yield server
    server.stop()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"disks cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def status(gateway: Running, token: str = "") -> int:
    """What a request is answered; 0 where there is no answer."""
    try:
        return gateway.status(token=token)
    except (OSError, http.client.HTTPException):
        return 0


def kill_envoy(gateway: Running) -> None:
    """Kill Envoy, as soon as there is one, and wait until its guard has taken note."""
    envoy = gateway.until(gateway.envoy, 10)
    os.kill(envoy, signal.SIGKILL)
    gateway.until(lambda: not Path(f"/proc/{envoy}").exists(), 10)


def test_an_upstream_that_is_away_is_told_and_found_again(run: Run) -> None:
    port = free_port()
    gateway = run(FILE.replace("{upstream}", str(port))).ready()
    assert gateway.status() == 503
    assert gateway.status(token="no.token.really") == 401
    server = Counting(port)
    gateway.until(lambda: gateway.status() == 200, 10)
    server.stop()
    gateway.until(lambda: gateway.status() == 503, 10)
    assert gateway.process.poll() is None


def test_an_envoy_that_is_killed_again_and_again_is_started_each_time(run: Run, counting: Counting) -> None:
    gateway = run(FILE.replace("{upstream}", str(counting.port))).ready()
    stop, found = Event(), Counter[int]()

    def strangers() -> None:
        while not stop.is_set():
            found[status(gateway, "no.token.really")] += 1

    thread = Thread(target=strangers)
    thread.start()
    for _ in range(3):
        kill_envoy(gateway)
    gateway.until(lambda: status(gateway) == 200, 20)
    stop.set()
    thread.join()
    assert gateway.words().count("Envoy ended by itself (SIGKILL); it is started again") == 3
    assert set(found) <= {0, 401}
    assert counting.answered == 1, "nobody but the one with a token has reached the model server"


def test_what_was_answered_before_envoy_was_killed_is_in_the_feed(run: Run, counting: Counting) -> None:
    gateway = run(FILE.replace("{upstream}", str(counting.port))).ready()
    token, statuses = gateway.issuer.token(), list[int]()

    def load() -> None:
        headers = {"authorization": f"Bearer {token}"}
        with (
            contextlib.suppress(OSError, http.client.HTTPException),
            contextlib.closing(http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)) as connection,
        ):
            while True:
                connection.request("GET", "/v2/models/iris", headers=headers)
                answer = connection.getresponse()
                answer.read()
                statuses.append(answer.status)

    threads = [Thread(target=load) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    gateway.until(lambda: len(statuses) > 1500)
    counted = admin.counters(gateway.folder / "s/admin.sock", r"^http\.local\.downstream_rq_completed$")
    kill_envoy(gateway)
    for thread in threads:
        thread.join()
    text = (gateway.folder / "s/audit.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines() if line.endswith("}")]
    lost = len(statuses) - len(lines)
    assert set(statuses) == {200}
    assert len(lines) <= counting.answered
    assert counted["http.local.downstream_rq_completed"] <= counting.answered
    assert lost <= LOST, f"{lost} of {len(statuses)} are in no line"


def test_a_disk_that_fills_up_shuts_the_gateway_until_there_is_space(run: Run, small_disk: Path) -> None:
    text = FILE.replace("[limits]", f'[log]\nfile = "{small_disk}/audit.jsonl"\nfree-mb = 4\n\n[limits]')
    gateway = run(text).ready()
    assert gateway.status() == 200
    filler = small_disk / "filler"
    filler.write_bytes(bytes(6 << 20))
    gateway.until(lambda: gateway.status() == 503, 10)
    gateway.until_said("less than free-mb = 4: nobody is let in")
    filler.unlink()
    gateway.until(lambda: gateway.status() == 200, 10)
    gateway.until_said("there is space again")


def test_lines_that_cannot_be_written_shut_the_gateway_whatever_the_reason(run: Run, small_disk: Path) -> None:
    text = FILE.replace("[limits]", f'[log]\nfile = "{small_disk}/audit.jsonl"\nfree-mb = 0\n\n[limits]')
    gateway = run(text).ready()
    assert gateway.status() == 200
    filler = small_disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    gateway.until(lambda: gateway.status() == 503, 10)
    assert "Envoy could not write to the audit log" in gateway.words()
    filler.unlink()
    gateway.until(lambda: gateway.status() == 200, 15)


def test_a_state_on_a_full_disk_lets_nobody_in_and_mends_itself(run: Run, small_disk: Path) -> None:
    gateway = run(
        FILE.replace('state = "s"', f'state = "{small_disk}"\nworkers = 1') + "\n[log]\nfree-mb = 4\n"
    ).ready()
    assert gateway.status() == 200
    filler = small_disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    gateway.until(lambda: status(gateway) in {0, 503}, 10)
    envoy = gateway.envoy()
    if envoy:
        with contextlib.suppress(ProcessLookupError):
            os.kill(envoy, signal.SIGKILL)
    gateway.until(lambda: status(gateway) in {0, 503}, 10)
    filler.unlink()
    gateway.until(lambda: status(gateway) == 200, 20)
    assert gateway.process.poll() is None
