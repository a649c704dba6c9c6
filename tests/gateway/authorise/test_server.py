"""The service as it runs: Granian, several processes, a socket for its owner only."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from garrison.gateway.authorise.server import command

from .conftest import ASKED, POLICIES, Connection, ask, make_bundle, service

pytestmark = pytest.mark.slow


def test_on_a_socket(bundle: Path, tmp_path: Path, short: Path) -> None:
    at = short / "s"
    connection = Connection(at)
    with service("--bundle", str(bundle), "--socket", str(at), ready=connection) as process:
        assert stat.S_IMODE(at.stat().st_mode) & 0o077 == 0
        assert ask(connection, ASKED) == (200, "", "members-use-models")
        status, body, policy = ask(connection, {**ASKED, "x-garrison-source": "192.0.2.1"})
        assert (status, body) == (403, "this client may not do this")
        assert policy.endswith("own.cedar:1")
        make_bundle(tmp_path, POLICIES + '\n@id("all") forbid (principal, action, resource);')
        assert {ask(connection, ASKED)[2] for _ in range(10)} == {"all"}
        _kill_workers(process)
        assert _again(connection)[0] == 403


def test_a_second_one_does_not_take_the_place_of_the_first(bundle: Path, short: Path) -> None:
    at = short / "s"
    with service("--bundle", str(bundle), "--socket", str(at), ready=Connection(at)):
        second = subprocess.run(
            command(bundle, socket_path=at, processes=1), capture_output=True, text=True, timeout=30, check=False
        )
        assert second.returncode == 2
        assert "somebody listens" in second.stderr
        assert ask(Connection(at), ASKED)[0] == 200


def test_a_socket_that_was_left_over_is_taken(bundle: Path, short: Path) -> None:
    at = short / "s"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(at))
    with service("--bundle", str(bundle), "--socket", str(at), ready=Connection(at)):
        assert ask(Connection(at), ASKED)[0] == 200


def test_nothing_is_left_of_a_service_that_is_killed(bundle: Path, short: Path) -> None:
    at = short / "s"
    arguments = ("--bundle", str(bundle), "--socket", str(at))
    with service(*arguments, ready=Connection(at)) as process:
        children = _children(process)
        process.kill()
        process.wait(20)
        _wait_for_the_end(children)
    with service(*arguments, ready=Connection(at)):
        assert ask(Connection(at), ASKED)[0] == 200


def test_the_service_ends_with_what_started_it(bundle: Path, short: Path) -> None:
    at = short / "s"
    program = (
        f"import subprocess, time; subprocess.Popen({command(bundle, socket_path=at, processes=1)}); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program]) as parent:
        until = time.monotonic() + 20
        while not at.exists():
            assert time.monotonic() < until
            time.sleep(0.05)
        children = _children(parent)
        parent.kill()
    _wait_for_the_end(children)


def test_on_loopback_with_a_secret(bundle: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    secret = tmp_path / "secret"
    secret.write_text("s" * 40)
    secret.chmod(0o600)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    at = ("--address", f"127.0.0.1:{port}", "--secret-file", str(secret))
    with service("--bundle", str(bundle), *at, ready=connection):
        assert ask(connection, ASKED)[0] == 503
        assert ask(connection, {**ASKED, "x-garrison-secret": "s" * 40})[0] == 200


def _kill_workers(process: subprocess.Popen[str]) -> None:
    children = _children(process)
    assert len(children) == 2
    for child in children:
        os.kill(child, signal.SIGKILL)


def _children(process: subprocess.Popen[Any]) -> list[int]:
    said = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(child) for child in said.split()]


def _wait_for_the_end(processes: list[int]) -> None:
    assert processes
    until = time.monotonic() + 15
    while any(_runs(process) for process in processes):
        assert time.monotonic() < until
        time.sleep(0.05)


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _again(connection: http.client.HTTPConnection) -> tuple[int, str, str]:
    """Ask until the workers are there again."""
    until = time.monotonic() + 15
    while True:
        try:
            return ask(connection, ASKED)
        except (OSError, http.client.HTTPException):
            connection.close()
            assert time.monotonic() < until
            time.sleep(0.05)
