"""Key sets as servers of all kinds tell them."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.gateway.run.conftest import Issuer

from garrison.errors import ConfigError
from garrison.gateway.certificates.authority import make
from garrison.gateway.envoy.compiled import written
from garrison.gateway.issuers.key_set import KeyServer, fetch, public, usable
from garrison.gateway.run.program import find_envoy, validate

ISSUER = Issuer()


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/away":
            self.send_response(302)
            self.send_header("location", "/keys")
            self.end_headers()
            return
        body = {"/keys": ISSUER.jwks().encode(), "/large": b" " * 1_000_001, "/page": b"<html>"}.get(self.path)
        self.send_response(200 if body is not None else 404)
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[KeyServer]:
    make(tmp_path, [], [])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as http:
        http.socket = context.wrap_socket(http.socket, server_side=True)
        Thread(target=http.serve_forever, daemon=True).start()
        yield KeyServer(f"https://localhost:{http.server_port}", str(tmp_path / "ca.pem"), 1)
        http.shutdown()


def test_keys_are_fetched(server: KeyServer) -> None:
    found = fetch(KeyServer(server.url + "/keys", server.ca, 1))
    assert json.loads(found) == json.loads(ISSUER.jwks())


@pytest.mark.parametrize("path", ["/away", "/large", "/page", "/none"])
def test_what_is_no_key_set_is_refused(server: KeyServer, path: str) -> None:
    with pytest.raises(ConfigError, match="localhost"):
        fetch(KeyServer(server.url + path, server.ca, 1))


def test_a_server_that_nobody_vouches_for_is_refused(server: KeyServer) -> None:
    with pytest.raises(ConfigError, match="CERTIFICATE_VERIFY_FAILED"):
        fetch(KeyServer(server.url + "/keys", "", 1))


GOOD = json.loads(ISSUER.jwks())["keys"][0]


@pytest.mark.parametrize(
    "key",
    [
        pytest.param({"kty": "oct", "k": "c2VjcmV0", "kid": "two"}, id="a secret"),
        pytest.param({**GOOD, "use": "enc"}, id="for encryption"),
        pytest.param({**GOOD, "alg": "HS256"}, id="another algorithm"),
        pytest.param({**GOOD, "n": "AQAB"}, id="short"),
        pytest.param({**GOOD, "n": 7}, id="no text"),
        pytest.param({"kty": "EC", "crv": "P-256", "x": "AQAB", "y": "AQAB"}, id="not on its curve"),
        pytest.param({"kty": "EC", "crv": "secp256k1", "x": "AQAB", "y": "AQAB"}, id="another curve"),
        pytest.param({"kty": "OKP", "crv": "Ed25519", "x": "AQAB"}, id="half a key"),
        pytest.param({}, id="nothing"),
    ],
)
def test_keys_that_verify_no_token_are_left_out(key: dict[str, object]) -> None:
    assert json.loads(public(json.dumps({"keys": [key, GOOD]}).encode(), "here")) == {"keys": [GOOD]}
    assert public(json.dumps({"keys": [key]}).encode(), "here") == ""


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (b"-----BEGIN PUBLIC KEY-----", "is no key set: JSON is malformed"),
        (b'{"keys": 1}', "is no key set: Expected `array`"),
        (b"\xff", "is no key set"),
        (b'{"keys": []}', "has no key that tokens are verified with"),
        (
            b'{"keys": [{"kty": "oct"}, {"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}',
            "has no key that tokens are verified",
        ),
        (b'{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}', ""),
        (json.dumps({"keys": [{}, GOOD]}).encode(), ""),
    ],
)
def test_a_file_of_keys(data: bytes, wrong: str) -> None:
    assert usable(data).startswith(wrong)
    assert bool(usable(data)) is bool(wrong)


def test_keys_of_all_kinds_are_known_to_envoy(tmp_path: Path) -> None:
    private = [
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
    ]
    found = [json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())) for key in private]
    found.append(json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate().public_key())))
    for key in found:
        kept = public(json.dumps({"keys": [key]}).encode(), "here")
        assert json.loads(kept) == {"keys": [key]}
        provider: dict[str, Any] = {"issuer": "one", "local_jwks": {"inline_string": kept}}
        validate(find_envoy(), written(_chain(provider)), tmp_path / "envoy.json")


def _chain(provider: dict[str, Any]) -> dict[str, Any]:
    """A listener with no more than a filter of tokens."""
    kind = "type.googleapis.com/envoy.extensions.filters."
    jwt_filter = {"@type": f"{kind}http.jwt_authn.v3.JwtAuthentication", "providers": {"one": provider}}
    router = {"@type": f"{kind}http.router.v3.Router"}
    manager = {
        "@type": f"{kind}network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "x",
        "route_config": {},
        "http_filters": [{"name": "jwt", "typed_config": jwt_filter}, {"name": "router", "typed_config": router}],
    }
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    listener = {"address": address, "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}]}
    return {"static_resources": {"listeners": [listener]}}
