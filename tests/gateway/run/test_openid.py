"""A real OpenID provider (oidc-provider, of tests/peers/oidc): its tokens open the gateway, those made up do not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import os
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.gateway.conftest import PEERS, free_ports, serving
from tests.gateway.run.conftest import FILE, Issuer, Running

from garrison.gateway.certificates.authority import make

pytestmark = pytest.mark.slow
Run = Callable[..., Running]

CACHE_S = 3  # as PROVIDER says
FETCHED_S = 20  # by when keys have been fetched anew, also on a busy machine
PROVIDER = """[identity.jwt.corp]
issuer = "https://localhost:PROVIDER"
audiences = ["urn:models"]
jwks = "https://localhost:PROVIDER/jwks"
ca = "ca.pem"
require = {{ tenant = "acme" }}
cache-minutes = 0.05
"""


class Provider:
    """A provider that can be stopped, and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (self.port,) = free_ports(1)
        make(folder, [], [])
        self.trust = ssl.create_default_context(cafile=str(folder / "ca.pem"))
        self.stack = ExitStack()

    def start(self) -> Provider:
        modules = Path(os.environ.get("GARRISON_PEERS", sys.prefix)) / "oidc"
        assert (modules / "node_modules").exists(), f"{modules} is missing: run make test, which installs it"
        command = ["node", str(PEERS / "oidc/provider.mjs"), str(modules), str(self.port), "server.pem", "server.key"]
        self.stack.enter_context(serving(command, self.folder, self.url("/jwks"), self.trust))
        return self

    def stop(self) -> None:
        self.stack.close()

    def url(self, path: str) -> str:
        return f"https://localhost:{self.port}{path}"

    def post(self, path: str, headers: dict[str, str], **form: str) -> bytes:
        connection = http.client.HTTPSConnection("localhost", self.port, context=self.trust, timeout=10)
        try:
            kind = {"content-type": "application/x-www-form-urlencoded"}
            connection.request("POST", path, urlencode(form), kind | headers)
            answer = connection.getresponse()
            said = answer.read()
            assert answer.status == 200, said
            return said
        finally:
            connection.close()

    def token(self, client: str = "scorer", resource: str = "urn:models") -> str:
        login = base64.b64encode(f"{client}:{client}-secret".encode()).decode()
        form = {"grant_type": "client_credentials", "resource": resource}
        return str(json.loads(self.post("/token", {"authorization": f"Basic {login}"}, **form))["access_token"])

    def rotate(self) -> None:
        self.post("/rotate", {})

    def public_key(self) -> dict[str, Any]:
        connection = http.client.HTTPSConnection("localhost", self.port, context=self.trust, timeout=10)
        try:
            connection.request("GET", "/jwks")
            return json.load(connection.getresponse())["keys"][0]  # type: ignore[no-any-return]
        finally:
            connection.close()


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    started = Provider(tmp_path).start()
    yield started
    started.stop()


@pytest.fixture
def gateway(provider: Provider, run: Run) -> Running:
    running = run(file_for(provider)).ready()
    token = provider.token()
    running.until(lambda: running.status(token=token) == 200, FETCHED_S)
    return running


def test_what_a_provider_signs_opens_the_gateway_and_nothing_else_does(provider: Provider, gateway: Running) -> None:
    good = provider.token()
    assert gateway.status("/v2/logging", token=good) == 403
    assert gateway.status("/v2/logging", token=provider.token("operator")) == 200
    refused = {
        "another audience": provider.token(resource="urn:other"),
        "expired": provider.token(resource="urn:past"),
        "another tenant": provider.token("stranger"),
        "no role": provider.token("nobody"),
        **forged(good, provider.public_key()),
    }
    assert {why: gateway.status(token=token) for why, token in refused.items()} == dict.fromkeys(refused, 401)
    assert gateway.status(token=good) == 200
    lines = [json.loads(line) for line in (gateway.folder / "s/audit.jsonl").read_text().splitlines()]
    assert {line["client"] for line in lines if line["decision"] == "allow"} == {"corp:scorer", "corp:operator"}


def test_keys_that_a_provider_changes_are_followed(provider: Provider, gateway: Running) -> None:
    old = provider.token()
    assert often(gateway, old) == {200}  # each of Envoy's threads has seen it, and remembers that it was good
    provider.rotate()
    new = provider.token()
    gateway.until(lambda: gateway.status(token=new) == 200, FETCHED_S)
    gateway.until(lambda: often(gateway, old) == {401}, FETCHED_S)
    assert often(gateway, new) == {200}


def test_a_provider_that_is_away_takes_nothing_away_and_lets_nobody_in(provider: Provider, gateway: Running) -> None:
    known = provider.token()
    provider.stop()
    time.sleep(2 * CACHE_S)  # that nothing happens after the time for which keys are kept
    assert often(gateway, known) == {200}
    stranger = Issuer("key-0").token(iss=provider.url(""), aud="urn:models", tenant="acme")
    assert often(gateway, stranger) == {401}
    provider.start()  # with another key
    token = provider.token()
    gateway.until(lambda: often(gateway, token) == {200}, FETCHED_S)


def test_without_keys_from_the_start_nobody_is_let_in(provider: Provider, run: Run) -> None:
    token = provider.token()
    provider.stop()
    running = run(file_for(provider)).ready()
    assert running.status(token=token) == 401
    provider.start()
    token = provider.token()
    running.until(lambda: running.status(token=token) == 200, FETCHED_S)


_PEM = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def file_for(provider: Provider) -> str:
    """The usual gateway file, with a provider in place of the issuer that has its keys in a file."""
    before, _, after = FILE.partition("[identity.jwt.corp]")
    return before + PROVIDER.replace("PROVIDER", str(provider.port)) + after[after.index("role = ") :]


def often(gateway: Running, token: str) -> set[int]:
    return {gateway.status(token=token) for _ in range(20)}


def forged(token: str, public: dict[str, Any]) -> dict[str, str]:
    """Tokens that say what a good one says, signed by whoever knows no more than everybody does."""
    payload = token.split(".")[1]
    pem = jwt.PyJWK(public).key.public_bytes(*_PEM)
    found = {"no signature": f"{_part({'alg': 'none', 'typ': 'at+jwt', 'kid': public['kid']})}.{payload}."}
    # RFC 8725, section 2.1: the public key taken for a secret.
    for why, secret in {"PEM": pem, "JWK": json.dumps(public).encode(), "modulus": _decoded(public["n"])}.items():
        signed = f"{_part({'alg': 'HS256', 'typ': 'at+jwt', 'kid': public['kid']})}.{payload}"
        digest = hmac.digest(secret, signed.encode(), hashlib.sha256)
        found[f"the {why} as a secret"] = f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
    return found


def _part(said: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
