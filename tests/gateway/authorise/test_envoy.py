"""A real Envoy that asks: whatever becomes of the service, nothing passes that it has not allowed (traps 4 and 11)."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from garrison.gateway.authorise.envoy import cluster, ext_authz
from garrison.gateway.run.program import find_envoy

from .conftest import ASKED, Connection, service

pytestmark = pytest.mark.slow
START_S = 20


class Gateway(NamedTuple):
    """An Envoy on a port, the socket where it asks, and the paths that have passed it."""

    port: int
    asks: Path
    passed: list[str]

    def post(self, path: str, **changed: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent: Mapping[str, str] = {**ASKED, **{f"x-garrison-{name}": value for name, value in changed.items()}}
        connection.request("POST", path, body=b"{}", headers=dict(sent))
        answer = connection.getresponse()
        body = answer.read().decode()
        assert "x-garrison-policy" not in answer.headers
        connection.close()
        return answer.status, body


@pytest.fixture
def gateway(short: Path) -> Iterator[Gateway]:
    passed: list[str] = []

    class Upstream(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            passed.append(self.path)
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    thread = Thread(target=upstream.serve_forever)
    thread.start()
    config = short / "envoy.json"
    config.write_text(json.dumps(_bootstrap(short, upstream.server_address[1])))
    command = [str(find_envoy()), "-c", str(config), "--base-id-path", str(short / "base"), "--use-dynamic-base-id"]
    with (short / "log").open("wb") as log:
        process = subprocess.Popen([*command, "--concurrency", "1", "-l", "warning"], stdout=log, stderr=log)
    try:
        yield Gateway(_port(short, process), short / "s", passed)
    finally:
        process.terminate()
        process.wait(20)
        upstream.shutdown()
        upstream.server_close()
        thread.join()


def _bootstrap(folder: Path, upstream: int) -> dict[str, object]:
    hcm = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    router = {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}
    route = {"match": {"prefix": "/"}, "route": {"cluster": "upstream"}}
    manager = {
        "@type": hcm,
        "stat_prefix": "test",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [
            {"name": "garrison.residue", "typed_config": ext_authz(timeout_s=0.3)},
            {"name": "envoy.filters.http.router", "typed_config": router},
        ],
    }
    listener = {
        "name": "test",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"filters": [{"name": "hcm", "typed_config": manager}]}],
    }
    endpoint = {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": upstream}}}}
    server = {
        "name": "upstream",
        "type": "STATIC",
        "load_assignment": {"cluster_name": "upstream", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    return {
        "admin": {"address": {"pipe": {"path": str(folder / "admin")}}},
        "static_resources": {"listeners": [listener], "clusters": [server, cluster(folder / "s")]},
    }


def _port(folder: Path, process: subprocess.Popen[bytes]) -> int:
    """The port that Envoy chose."""
    until = time.monotonic() + START_S
    while True:
        assert process.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < until
        try:
            connection = Connection(folder / "admin")
            connection.request("GET", "/listeners?format=json")
            said = json.loads(connection.getresponse().read())["listener_statuses"]
            connection.close()
            return int(said[0]["local_address"]["socket_address"]["port_value"])
        except (OSError, LookupError):
            time.sleep(0.05)


def test_what_the_service_says_holds(gateway: Gateway, bundle: Path) -> None:
    with service("--bundle", str(bundle), "--socket", str(gateway.asks), ready=Connection(gateway.asks)):
        assert gateway.post("/allowed") == (200, "")
        assert gateway.post("/denied", source="192.0.2.1") == (403, "this client may not do this")
        assert gateway.post("/erring", model="broken", size="5")[0] == 403
        assert gateway.post("/unlisted", role="nobody")[0] == 403
        assert gateway.post("/unreadable", login="guess")[0] == 503
        bundle.unlink()
        assert gateway.post("/without-a-bundle")[0] == 503
    assert gateway.post("/down")[0] == 503
    assert gateway.passed == ["/allowed"]


def _hang(connection: socket.socket) -> None:
    time.sleep(1)


def _close(connection: socket.socket) -> None:
    connection.recv(4096)


def _says(said: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(said)

    return answer


@pytest.mark.parametrize(
    "behaves",
    [
        _hang,
        _close,
        _says(b"garbage\r\n\r\n"),
        _says(b"HTTP/1.1 200"),
        _says(b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"),
        _says(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n12"),
        _says(b"HTTP/1.1 204 No Content\r\n\r\n"),
        _says(b"HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n"),
        _says(b"\x00" * 100_000),
    ],
    ids=["hangs", "closes", "garbage", "torn", "500", "short", "204", "302", "zeros"],
)
def test_whatever_the_service_does_nothing_passes(behaves: Callable[[socket.socket], None], gateway: Gateway) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(gateway.asks))
        listening.listen()

        def serve() -> None:
            while True:
                try:
                    connection = listening.accept()[0]
                except OSError:
                    return
                with connection:
                    try:
                        behaves(connection)
                    except OSError:
                        continue

        thread = Thread(target=serve)
        thread.start()
        statuses = {gateway.post(f"/{n}")[0] for n in range(2)}
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert statuses <= {403, 503, 204, 302}
    assert gateway.passed == []
