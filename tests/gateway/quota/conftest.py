"""A gateway with quotas as people start it, in front of a small real upstream, and a Redis as Debian has it."""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import pytest
from tests.gateway.conftest import free_ports

from garrison.gateway.keys.store import Store

START_S = 30
FILE = """
[gateway]
state = "s"
drain-s = 2

[listener.local]
address = "127.0.0.1:{port}"

[identity.keys]

[upstream.server]
protocol = "openai"
url = "http://127.0.0.1:{upstream}"

[upstream.v2]
protocol = "open-inference"
url = "http://127.0.0.1:{upstream}"

[model.chat]
upstream = "server"

[model.iris]
upstream = "v2"

[limits]
client = {{ per-second = 100000 }}
ip = {{ per-second = 100000 }}

[log]
free-mb = 0

[quotas]
"""
CHAT = "/v1/chat/completions"


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Running:
    """A gateway as a process of its own."""

    def __init__(self, folder: Path, port: int, keys: Mapping[str, str]) -> None:
        self.folder, self.port, self.keys = folder, port, keys
        self.file = folder / "gateway.toml"
        self.said = folder / "said"
        with self.said.open("wb") as out:
            command = [sys.executable, "-m", "garrison", "gateway", "run", str(self.file)]
            self.process = subprocess.Popen(command, stdout=out, stderr=out)

    def words(self) -> str:
        return self.said.read_text()

    def until(self, what: Callable[[], Any], seconds: float = START_S) -> Any:
        end = time.monotonic() + seconds
        while not (found := what()):
            assert time.monotonic() < end, self.words()
            time.sleep(0.01)
        return found

    def ready(self) -> Running:
        self.until(lambda: " listens on " in self.words() or self.process.poll() is not None)
        assert self.process.poll() is None, self.words()
        return self

    def call(
        self, path: str, body: Any = None, *, client: str = "ada", headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        said = {"x-api-key": self.keys[client], "content-type": "application/json", **(headers or {})}
        try:
            connection.request("POST", path, json.dumps(body or {}), said)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def infer(self, *, client: str = "ada") -> Answer:
        return self.call("/v2/models/iris/infer", {"inputs": []}, client=client)

    def chat(self, *, client: str = "ada", **more: Any) -> Answer:
        return self.call(CHAT, {"model": "chat", "messages": [], **more}, client=client)

    def usage(self, kind: str = "client") -> dict[str, tuple[int, int]]:
        """Requests and tokens by name."""
        command = [sys.executable, "-m", "garrison", "gateway", "usage", str(self.file), "--format", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return {}
        rows = json.loads(done.stdout)["rows"]
        return {r["name"]: (r["used"]["requests"], r["used"]["tokens"]) for r in rows if r["kind"] == kind}

    def children(self, word: str) -> list[int]:
        """The processes below that have a word in their command."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        with contextlib.suppress(OSError):
            return [int(c) for c in found if word.encode() in Path(f"/proc/{c}/cmdline").read_bytes()]
        return []

    def change(self, old: str, new: str) -> None:
        text = self.file.read_text()
        assert old in text
        replaced = self.file.with_suffix(".new")
        replaced.write_text(text.replace(old, new))
        replaced.rename(self.file)

    def end(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(20)


@pytest.fixture(scope="session")
def upstream() -> Iterator[int]:
    """A model server that answers what it is told to in its messages: how many tokens, in how many pieces."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
            pass

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
            usage = asked.get("usage", {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10})
            if not asked.get("stream"):
                # What looks like usage to who reads carelessly stands around it.
                choice = {"message": {"content": 'said "usage": {"prompt_tokens": 1}', "usage": {"prompt_tokens": 1}}}
                self._whole({"choices": [choice], "usage": usage, "tools": [{"usage": {"total_tokens": 10**9}}]})
                return
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for word in asked.get("words", ["one ", "two"]):
                self._event({"choices": [{"delta": {"content": word}}], "usage": None})
            if (asked.get("stream_options") or {}).get("include_usage"):
                self._event({"choices": [], "usage": usage})
            self.wfile.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")

        def _event(self, value: Any) -> None:
            text = f"data: {json.dumps(value)}\n\n".encode()
            for piece in (text[:20], text[20:]):  # an event comes in pieces
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                self.wfile.flush()

        def _whole(self, value: Any) -> None:
            text = json.dumps(value, indent=1).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture
def run(tmp_path: Path, upstream: int) -> Iterator[Callable[..., Running]]:
    """Start a gateway with quotas; it ends with the test."""
    with ExitStack() as stack:

        def start(quotas: str, name: str = "g", *, model: str = "", top: str = FILE) -> Running:
            folder = tmp_path / name
            (folder / "s").mkdir(parents=True, exist_ok=True)
            (port,) = free_ports(1)
            text = top.format(port=port, upstream=upstream) + quotas
            (folder / "gateway.toml").write_text(text.replace("[model.iris]\n", f"[model.iris]\n{model}"))
            running = Running(folder, port, _keys(folder / "s/keys.db"))
            stack.callback(running.end)
            return running.ready()

        yield start


def _keys(path: Path) -> dict[str, str]:
    now = dt.datetime.now(dt.UTC)
    with Store(path, create=True) as store:
        return {
            client: store.issue(
                client=client,
                role=role,
                owner="tests",
                expires=now + dt.timedelta(days=1),
                now=now,
                record=lambda kind, fields: 0,
            )
            for client, role in {"ada": "data-scientist", "bob": "data-scientist", "eve": "ml-engineer"}.items()
        }


class Redis:
    """A server that can be ended and begun again."""

    def __init__(self, folder: Path) -> None:
        self.folder, (self.port,) = folder, free_ports(1)
        self.password = "p4ss-w0rd@/x"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self, **more: object) -> None:
        program = shutil.which("redis-server")
        assert program, "redis-server is missing: apt-get install redis-server"
        settings = {
            "port": self.port,
            "bind": "127.0.0.1",
            "save": "",
            "dir": self.folder,
            "requirepass": self.password,
            **more,
        }
        words = [word for name, value in settings.items() for word in (f"--{name.replace('_', '-')}", str(value))]
        with (self.folder / "redis.log").open("wb") as out:
            self.process = subprocess.Popen([program, *words], stdout=out)
        until = time.monotonic() + START_S
        while b"Ready to accept" not in (self.folder / "redis.log").read_bytes():
            assert time.monotonic() < until
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path)
    (tmp_path / "password").write_text(server.password + "\n")
    server.start()
    yield server
    server.stop()
