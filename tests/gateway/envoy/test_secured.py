"""What stands behind TLS: model servers, and issuers whose keys are at an address. Each must prove that it is the right one."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import msgspec
import pytest
from tests.gateway.envoy.conftest import FILE, SCIENTIST, Gateway, serving
from tests.gateway.run.conftest import Issuer

from garrison.gateway.certificates.authority import make
from garrison.gateway.envoy.plan import Plan

pytestmark = pytest.mark.slow
UPSTREAM = """
[upstream.{name}]
protocol = "open-inference"
prefix = "/{name}"
url = "https://127.0.0.1:{port}"
tls = {tls}
"""
JWT = """
[identity.jwt.corp]
issuer = "https://login.example.com/"
audiences = ["models"]
jwks = "https://127.0.0.1:{port}/keys"
ca = "{ca}/ca.pem"
role = "groups"
roles = {{{{ ml = "data-scientist" }}}}
"""


class Secured(NamedTuple):
    """A server with a certificate; it says what stands in `text`, and remembers which paths it was asked for."""

    port: int
    text: list[str]
    seen: list[str]


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Callable[..., Secured]]:
    """Start one, with the certificate `server` of a folder."""
    with ExitStack() as stack:

        def start(folder: Path) -> Secured:
            text, seen = ["{}"], list[str]()

            class Handler(BaseHTTPRequestHandler):
                protocol_version = "HTTP/1.1"

                def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
                    pass

                def do_GET(self) -> None:
                    seen.append(self.path)
                    self.send_response(200)
                    self.send_header("content-length", str(len(text[0])))
                    self.end_headers()
                    self.wfile.write(text[0].encode())

            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder / "server.pem", folder / "server.key")
            server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            # The handshake is for the thread of a connection: one that a client breaks off must not end the server.
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
            server.handle_error = lambda *_: None  # type: ignore[method-assign]
            Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            return Secured(server.server_address[1], text, seen)

        yield start


def test_an_upstream_must_have_the_right_certificate(
    made: Callable[..., Plan], secured: Callable[..., Secured], tmp_path: Path
) -> None:
    for name in ("own", "foreign"):
        make(tmp_path / name, ["127.0.0.1", "model.internal"], [])
    server = secured(tmp_path / "own")
    tried = {
        "right": '{{ ca = "own/ca.pem" }}',
        "named": '{{ ca = "own/ca.pem", server-name = "model.internal" }}',
        "foreign": '{{ ca = "foreign/ca.pem" }}',
        "system": "{{}}",
        "misnamed": '{{ ca = "own/ca.pem", server-name = "other.internal" }}',
    }
    upstreams = "".join(UPSTREAM.format(name=name, port=server.port, tls=tls) for name, tls in tried.items())
    with serving(made(tmp_path, FILE + upstreams)) as running:
        found = {name: running.call("GET", f"/{name}/v2/health/live", key=SCIENTIST).status for name in tried}
    assert found == {"right": 200, "named": 200, "foreign": 503, "system": 503, "misnamed": 503}
    assert server.seen == ["/v2/health/live"] * 2


def with_short_cache(plan: Plan) -> Plan:
    """Keys are fetched anew each second; a file can say no less than a minute."""
    identity = plan.gateway.identity
    issuers = {name: msgspec.structs.replace(jwt, cache_minutes=1 / 60) for name, jwt in identity.jwt.items()}
    gateway = msgspec.structs.replace(plan.gateway, identity=msgspec.structs.replace(identity, jwt=issuers))
    return msgspec.structs.replace(plan, loaded=msgspec.structs.replace(plan.loaded, gateway=gateway))


def status(gateway: Gateway, token: str) -> int:
    return gateway.call("GET", "/v2/models/iris", {"authorization": f"Bearer {token}"}).status


def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_keys_of_an_issuer_come_from_its_address_and_change(
    made: Callable[..., Plan], secured: Callable[..., Secured], tmp_path: Path
) -> None:
    make(tmp_path / "own", ["127.0.0.1"], [])
    server, old, new = secured(tmp_path / "own"), Issuer("old"), Issuer("new")
    server.text[0] = old.jwks()
    plan = with_short_cache(made(tmp_path, FILE + JWT.format(port=server.port, ca="own")))
    with serving(plan) as running:
        until(lambda: status(running, old.token()) == 200)
        assert status(running, new.token()) == 401
        server.text[0] = new.jwks()
        until(lambda: status(running, new.token()) == 200)
        assert status(running, old.token(sub="bob")) == 401
        server.text[0] = "no keys at all"
        seen = len(server.seen)
        until(lambda: len(server.seen) > seen + 1)
        assert status(running, Issuer("new").token()) == 401


def test_keys_of_a_stranger_are_not_taken(
    made: Callable[..., Plan], secured: Callable[..., Secured], tmp_path: Path
) -> None:
    for name in ("own", "foreign"):
        make(tmp_path / name, ["127.0.0.1"], [])
    server, issuer = secured(tmp_path / "own"), Issuer()
    server.text[0] = issuer.jwks()
    with serving(with_short_cache(made(tmp_path, FILE + JWT.format(port=server.port, ca="foreign")))) as running:
        assert status(running, issuer.token()) == 401
        time.sleep(1.2)  # it has tried again by then
        assert status(running, issuer.token()) == 401
        assert status(running, SCIENTIST) == 200
    assert server.seen == []
