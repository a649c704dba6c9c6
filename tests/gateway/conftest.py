"""The real peers of the gateway: model servers that stand behind it, and the clients that call it.

They live in a virtual environment of their own (tests/peers/serving), which `make test` installs beside the project's;
GARRISON_PEERS names another folder to look for it in. A server is started when the first test asks for it, on ports that
are free, and stopped after the last one.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

import pytest

PEERS = Path(__file__).parents[1] / "peers"
START_S = 60


class MLServer(NamedTuple):
    """MLServer with a classifier of iris flowers under two names, `iris` and `other`; addresses are host:port."""

    http: str
    grpc: str


class OpenAIUpstream(NamedTuple):
    """The upstream of tests/peers/openai_upstream.py."""

    http: str

    def seen(self) -> list[dict[str, Any]]:
        """The requests that have reached it: `method`, `path`, `headers`, `body`."""
        with urlopen(f"http://{self.http}/seen") as answer:
            return json.load(answer)  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def peer_python() -> Path:
    """The Python that has MLServer, tritonclient and openai."""
    python = Path(os.environ.get("GARRISON_PEERS", sys.prefix)) / "serving" / "bin" / "python"
    assert python.exists(), f"{python} is missing: run make test, which installs tests/peers/serving"
    return python


@pytest.fixture(scope="session")
def as_client(peer_python: Path) -> Callable[..., str]:
    """Run a program of tests/peers as a client would, with arguments; what it prints is returned."""

    def run(program: str, *arguments: str) -> str:
        command = [str(peer_python), str(PEERS / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    return run


@pytest.fixture(scope="session")
def mlserver(peer_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLServer]:
    folder = tmp_path_factory.mktemp("mlserver")
    http, grpc, metrics = free_ports(3)
    trained = [peer_python, PEERS / "iris.py", folder, http, grpc, metrics]
    subprocess.run([str(word) for word in trained], check=True, capture_output=True)
    command = [str(peer_python.with_name("mlserver")), "start", "."]
    with serving(command, folder, f"http://127.0.0.1:{http}/v2/models/other/ready"):
        yield MLServer(f"127.0.0.1:{http}", f"127.0.0.1:{grpc}")


@pytest.fixture(scope="session")
def openai_upstream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenAIUpstream]:
    (port,) = free_ports(1)
    server = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(port)]
    command = [*server, "--no-ws", "--working-dir", str(PEERS), "openai_upstream:app"]
    with serving(command, tmp_path_factory.mktemp("openai"), f"http://127.0.0.1:{port}/seen"):
        yield OpenAIUpstream(f"127.0.0.1:{port}")


def probing(name: str) -> str:
    """A program of tests/peers/probing."""
    found = Path(os.environ.get("GARRISON_PEERS", sys.prefix)) / "probing" / "bin" / name
    assert found.exists(), f"{found} is missing: run make test, which installs tests/peers/probing"
    return str(found)


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody has just now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [taken.getsockname()[1] for taken in sockets]
    for taken in sockets:
        taken.close()
    return ports


@contextmanager
def serving(command: list[str], folder: Path, ready: str, trust: ssl.SSLContext | None = None) -> Iterator[None]:
    """A server that runs while the block does, which begins when the address answers."""
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out)
        try:
            until = time.monotonic() + START_S
            while not answers(ready, trust):
                assert process.poll() is None, log.read_text()[-3000:]
                assert time.monotonic() < until, log.read_text()[-3000:]
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(20)


def answers(address: str, trust: ssl.SSLContext | None = None) -> bool:
    try:
        with urlopen(address, timeout=5, context=trust) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
