"""Certificates and TLS."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.gateway.certificates.conftest import revocation_list
from tests.gateway.envoy.conftest import FILE, SCIENTIST, VALID, Gateway, Upstream

from garrison.gateway.certificates.authority import make

pytestmark = pytest.mark.slow
Of = Callable[..., Gateway]

TLS = '[listener.local]\naddress = "127.0.0.1:{port}"\ntls = {{ certificate = "server.pem", key = "server.key"MORE }}'
CLIENTS = ', client-ca = "ca.pem"'
CERTIFICATE = """
[[identity.certificate]]
san = "spiffe://acme/ml/scorer"
client = "scorer"
role = "service"
"""


def call(gateway: Gateway, folder: Path, client: str = "", key: str = "") -> int:
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    if client:
        context.load_cert_chain(folder / f"{client}.pem", folder / f"{client}.key")
    connection = http.client.HTTPSConnection("localhost", gateway.port, context=context, timeout=5)
    connection.connect()
    try:
        connection.request("GET", "/v2/models/iris", headers={"x-api-key": key} if key else {})
        return connection.getresponse().status
    finally:
        connection.close()


def test_tls_and_nothing_older_than_1_2(of: Of, tmp_path: Path) -> None:
    make(tmp_path, [], [])
    gateway = of(FILE.replace('[listener.local]\naddress = "127.0.0.1:{port}"', TLS.replace("MORE", "")))
    assert call(gateway, tmp_path, key=SCIENTIST) == 200
    context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection(("localhost", gateway.port)) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as tls,
    ):
        assert tls.version() == "TLSv1.3"
        assert tls.selected_alpn_protocol() == "h2"
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("localhost", gateway.port)) as raw, pytest.raises(ssl.SSLError):
        old.wrap_socket(raw)
    with socket.create_connection(("localhost", gateway.port)) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert b"HTTP/1" not in raw.recv(100)
    line = gateway.log(1)[0]
    assert (line["tls_version"], line["client"]) == ("TLSv1.3", "ada")


def test_clients_of_http_2_are_told_why_they_are_refused(of: Of, tmp_path: Path) -> None:
    """Envoy resets the stream of a request that it answers before its body has come; curl 7 then shows nothing."""
    make(tmp_path, [], [])
    gateway = of(FILE.replace('[listener.local]\naddress = "127.0.0.1:{port}"', TLS.replace("MORE", "")))
    for _ in range(5):
        command = [
            "curl",
            "-sS",
            "--http2",
            "--cacert",
            str(tmp_path / "ca.pem"),
            "--data-binary",
            "@-",
            "-H",
            "content-type: application/json",
        ]
        address = f"https://localhost:{gateway.port}/v2/models/iris/infer"
        done = subprocess.run([*command, address], input=VALID, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert b"no valid credential" in done.stdout


def test_a_certificate_is_a_client_unless_it_is_revoked(of: Of, upstream: Upstream, tmp_path: Path) -> None:
    scorer, other = "spiffe://acme/ml/scorer", "spiffe://acme/ml/other"
    make(tmp_path, [], [scorer, other])
    make(tmp_path / "foreign", [], [scorer])
    (tmp_path / "crl.pem").write_bytes(revocation_list(tmp_path))
    more = CLIENTS + ', client-crl = "crl.pem"'
    text = FILE.replace('[listener.local]\naddress = "127.0.0.1:{port}"', TLS.replace("MORE", more)) + CERTIFICATE
    gateway = of(text)
    assert call(gateway, tmp_path, "client-scorer") == 200
    assert upstream.seen[-1]["headers"]["x-garrison-client"] == "scorer"
    assert call(gateway, tmp_path, "client-other") == 401
    assert call(gateway, tmp_path) == 401
    assert call(gateway, tmp_path, key=SCIENTIST) == 200
    for name in ("pem", "key"):
        (tmp_path / "foreign" / f"client-scorer.{name}").rename(tmp_path / f"foreign.{name}")
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
        call(gateway, tmp_path, "foreign")
    lines = gateway.log(4)
    assert lines[0]["certificate"]


def test_a_wildcard_stands_for_one_segment(of: Of, upstream: Upstream, tmp_path: Path) -> None:
    names = [
        "spiffe://acme/ml/scorer",
        "spiffe://acme/ml/a/deep",
        "spiffe://other/ml/stranger",
        "one.batch.acme.example",
    ]
    make(tmp_path, [], names)
    rules = """
[[identity.certificate]]
san = "spiffe://acme/ml/*"
role = "service"

[[identity.certificate]]
san = "*.batch.acme.example"
role = "service"
"""
    gateway = of(FILE.replace('[listener.local]\naddress = "127.0.0.1:{port}"', TLS.replace("MORE", CLIENTS)) + rules)
    found = [
        call(gateway, tmp_path, f"client-{name}") for name in ("scorer", "deep", "stranger", "one.batch.acme.example")
    ]
    assert found == [200, 401, 401, 200]
    clients = [asked["headers"]["x-garrison-client"] for asked in upstream.seen[-2:]]
    assert clients == ["spiffe://acme/ml/scorer", "one.batch.acme.example"]


def test_a_revoked_certificate_is_none(of: Of, tmp_path: Path) -> None:
    make(tmp_path, [], ["spiffe://acme/ml/scorer"])
    (tmp_path / "crl.pem").write_bytes(revocation_list(tmp_path, ["client-scorer"]))
    more = CLIENTS + ', client-crl = "crl.pem"'
    gateway = of(
        FILE.replace('[listener.local]\naddress = "127.0.0.1:{port}"', TLS.replace("MORE", more)) + CERTIFICATE
    )
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
        call(gateway, tmp_path, "client-scorer")


def test_a_certificate_can_be_demanded(of: Of, tmp_path: Path) -> None:
    make(tmp_path, [], ["spiffe://acme/ml/scorer"])
    more = CLIENTS + ", client-required = true"
    gateway = of(
        FILE.replace('[listener.local]\naddress = "127.0.0.1:{port}"', TLS.replace("MORE", more)) + CERTIFICATE
    )
    assert call(gateway, tmp_path, "client-scorer") == 200
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
        call(gateway, tmp_path, key=SCIENTIST)
