"""A real Envoy in front of a small real upstream, with what the compiler makes of a gateway file."""

from __future__ import annotations

import datetime as dt
import hashlib
import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import Popen
from threading import Thread
from typing import Any, NamedTuple

import msgspec
import pytest

from garrison.gateway.envoy.compiled import BOOTSTRAP, Layout, files, in_one_piece, written
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.file.read import read
from garrison.gateway.keys.store import Active
from garrison.gateway.planning import planned
from garrison.gateway.run import admin, child
from garrison.gateway.run.program import find_envoy, validate
from garrison.gateway.run.publish import publish
from garrison.running.child import stop

START_S = 15
NONE: Mapping[str, str] = {}
SCIENTIST, OPERATOR, STRANGER = "grs_ada_0123456789", "grs_olga_0123456789", "grs_eve_0123456789"
EXPIRED = "grs_old_0123456789"
WAYS = {
    SCIENTIST: ("ada", "data-scientist", 0),
    OPERATOR: ("olga", "operations", 0),
    EXPIRED: ("ada", "data-scientist", 1_600_000_000),
}
FILE = """
[gateway]
state = "s"

[listener.local]
address = "127.0.0.1:{port}"

[identity.keys]

[upstream.server]
protocol = "open-inference"
url = "http://127.0.0.1:{upstream}"

[model.iris]
upstream = "server"
schema = "iris.schema.json"

[model.other]
upstream = "server"

[limits]
client = {{ per-second = 100000 }}
ip = {{ per-second = 100000 }}
"""
SCHEMA = {
    "type": "object",
    "properties": {"inputs": {"type": "array", "maxItems": 2, "items": {"type": "object"}}},
    "required": ["inputs"],
    "additionalProperties": False,
}
TENSOR = '{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1.5, 2]}'
VALID = f'{{"inputs": [{TENSOR}]}}'.encode()


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Upstream(NamedTuple):
    """A model server that says what it was asked, and remembers it."""

    port: int
    seen: list[dict[str, Any]]


class Gateway(NamedTuple):
    """An Envoy that serves a plan."""

    port: int
    folder: Path
    plan: Plan
    process: Popen[bytes]

    def call(
        self, method: str, path: str, headers: Mapping[str, str] = NONE, *, key: str = "", body: bytes = b""
    ) -> Answer:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        said = ({"x-api-key": key} if key else {}) | ({"content-type": "application/json"} if body else {})
        try:
            connection.request(method, path, body or None, said | dict(headers))
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def infer(
        self, model: str = "iris", headers: Mapping[str, str] = NONE, *, key: str = SCIENTIST, body: bytes = VALID
    ) -> Answer:
        return self.call("POST", f"/v2/models/{model}/infer", headers, key=key, body=body)

    def push(self, plan: Plan) -> list[str]:
        """Put another plan in force."""
        plan = msgspec.structs.replace(plan, before=plan.before or self.plan.slots)
        return publish(files(plan, Layout(self.folder), str(self.folder / "a.sock")), self.folder)

    def log(self, lines: int) -> list[dict[str, Any]]:
        """The audit feed, when it has so many lines."""
        path, until = self.plan.loaded.log, time.monotonic() + 5
        while time.monotonic() < until:
            found = path.read_bytes().splitlines() if path.exists() else []
            if len(found) >= lines:
                return [json.loads(line) for line in found]
            time.sleep(0.02)
        raise AssertionError(f"only {len(found)} lines")

    def counters(self, pattern: str) -> dict[str, int]:
        return admin.counters(self.folder / "a.sock", pattern)


@pytest.fixture(scope="session")
def upstream() -> Iterator[Upstream]:
    seen: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
            pass

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            asked = {
                "method": self.command,
                "path": self.path,
                "headers": dict(self.headers),
                "body": body.decode("latin1"),
            }
            seen.append(asked)
            if delay := self.headers.get("x-delay"):
                time.sleep(float(delay))
            told = (self.headers.get("x-say") or json.dumps(asked)).encode() * int(self.headers.get("x-times") or 1)
            told += b" " * int(self.headers.get("x-pad") or 0)
            self.send_response(int(self.headers.get("x-status") or 200))
            self.send_header("content-type", self.headers.get("x-kind") or "application/json")
            self.send_header("x-powered-by", "a server of 2019")
            if packed := self.headers.get("x-encoding"):
                self.send_header("content-encoding", packed)
            if place := self.headers.get("x-place"):
                self.send_header("location", place)
            if size := int(self.headers.get("x-chunked") or 0):
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                for at in range(0, len(told), size):
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(told[at : at + size]), told[at : at + size]))
                    time.sleep(float(self.headers.get("x-pause") or 0.002))
                self.wfile.write(b"0\r\n\r\n")
                return
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 - the library's names

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield Upstream(server.server_address[1], seen)
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def made(upstream: Upstream) -> Callable[..., Plan]:
    """The plan of a gateway file in a folder; `{port}` and `{upstream}` are filled in."""

    def make(folder: Path, text: str = FILE, **changes: Any) -> Plan:
        file = folder / "gateway.toml"
        file.write_text(text.format(port=free_port(), upstream=upstream.port, folder=folder))
        (folder / "iris.schema.json").write_text(json.dumps(SCHEMA))
        (folder / "s").mkdir(exist_ok=True)
        plan = planned(read(file), dt.datetime.now(dt.UTC)).plan
        return msgspec.structs.replace(plan, **{"keys": keys(WAYS), **changes})

    return make


@contextmanager
def serving(plan: Plan, workers: int = 1) -> Iterator[Gateway]:
    """An Envoy for a plan, while the block runs."""
    folder = plan.loaded.path.parent / "e"
    envoy, socket = find_envoy(), folder / "a.sock"
    validate(envoy, written(in_one_piece(plan, str(socket))), plan.loaded.path)
    publish(files(plan, Layout(folder), str(socket)), folder)
    process = child.start(envoy, folder / BOOTSTRAP, workers=workers, drain_s=1)
    try:
        made_ready(process, socket, START_S)
        address = next(iter(plan.gateway.listener.values())).address
        yield Gateway(int(address.rpartition(":")[2]), folder, plan, process)
    finally:
        stop(process)


def made_ready(process: Popen[bytes], socket: Path, seconds: float) -> None:
    """Wait until an Envoy takes requests."""
    until = time.monotonic() + seconds
    while not admin.is_ready(socket):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture
def of(made: Callable[..., Plan], tmp_path: Path) -> Iterator[Callable[..., Gateway]]:
    """Start an Envoy for a gateway file, and changes to its plan; it ends with the test."""
    with ExitStack() as stack:
        yield lambda text=FILE, **changes: stack.enter_context(serving(made(tmp_path, text, **changes)))


@pytest.fixture(scope="session")
def gateway(made: Callable[..., Plan], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One with nothing special about it, for tests that change nothing."""
    with serving(made(tmp_path_factory.mktemp("g"))) as running:
        yield running


def keys(ways: dict[str, tuple[str, str, int]]) -> tuple[Active, ...]:
    return tuple(Active(hashlib.sha256(key.encode()).hexdigest(), key[:9], *who) for key, who in ways.items())


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
