"""`garrison gateway run` as people start it, in front of a small real upstream, with tokens of an issuer of our own."""

from __future__ import annotations

import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

START_S = 30
FILE = """
[gateway]
state = "s"
drain-s = 5

[listener.local]
address = "127.0.0.1:{port}"

[identity.jwt.corp]
issuer = "https://login.example.com/"
audiences = ["models"]
jwks = "jwks.json"
role = "groups"
roles = {{ ml = "data-scientist", ops = "operations" }}

[upstream.server]
protocol = "open-inference"
url = "http://127.0.0.1:{upstream}"

[model.iris]
upstream = "server"

[limits]
client = {{ per-second = 100000 }}
ip = {{ per-second = 100000 }}
"""


class Issuer:
    """Who signs tokens."""

    def __init__(self, kid: str = "one") -> None:
        self.kid = kid
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def jwks(self) -> str:
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return json.dumps({"keys": [{**key, "kid": self.kid, "alg": "RS256", "use": "sig"}]})

    def token(self, **claims: Any) -> str:
        now = int(time.time())
        said = {"iss": "https://login.example.com/", "aud": "models", "sub": "ada", "groups": ["ml"], "exp": now + 600}
        return jwt.encode(
            {k: v for k, v in (said | claims).items() if v is not None}, self.key, "RS256", {"kid": self.kid}
        )


class Running:
    """A gateway as a process of its own."""

    def __init__(self, folder: Path, port: int, issuer: Issuer) -> None:
        self.folder, self.port, self.issuer = folder, port, issuer
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

    def until_said(self, text: str) -> None:
        self.until(lambda: text in self.words())

    def ready(self) -> Running:
        self.until(lambda: " listens on " in self.words() or self.process.poll() is not None)
        assert self.process.poll() is None, self.words()
        return self

    def status(self, path: str = "/v2/models/iris", *, token: str = "", method: str = "GET", delay: str = "") -> int:
        headers = {"authorization": f"Bearer {token or self.issuer.token()}"} | ({"x-delay": delay} if delay else {})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, headers=headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def envoy(self) -> int:
        """The process of Envoy."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0]) if children else 0

    def change(self, old: str, new: str) -> None:
        text = self.file.read_text()
        assert old in text
        replaced = self.file.with_suffix(".new")
        replaced.write_text(text.replace(old, new))
        replaced.rename(self.file)

    def end(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        return self.process.wait(20)


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture(scope="session")
def upstream() -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
            pass

        def do_GET(self) -> None:
            time.sleep(float(self.headers.get("x-delay") or 0))
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture
def run(tmp_path: Path, issuer: Issuer, upstream: int) -> Iterator[Callable[..., Running]]:
    """Start a gateway for a file; it ends with the test."""
    with ExitStack() as stack:

        def start(text: str = FILE) -> Running:
            port = free_port()
            (tmp_path / "jwks.json").write_text(issuer.jwks())
            (tmp_path / "gateway.toml").write_text(text.format(port=port, upstream=upstream))
            running = Running(tmp_path, port, issuer)
            stack.callback(running.end)
            return running

        yield start


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def shown_certificate(port: int) -> bytes:
    """What a server shows, in DER."""
    return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", port)))
