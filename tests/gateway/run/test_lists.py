"""Revocation lists while the gateway runs: one that cannot be used lets nobody in who was revoked, and is told."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.gateway.certificates.conftest import revocation_list
from tests.gateway.run.conftest import FILE, Running

from garrison.errors import ExitCode
from garrison.gateway.certificates.authority import make

pytestmark = pytest.mark.slow
Run = Callable[..., Running]

SCORER, OTHER = "spiffe://acme/ml/scorer", "spiffe://acme/ml/other"
TLS = """address = "127.0.0.1:{port}"
tls = {{ certificate = "server.pem", key = "server.key", client-ca = "ca.pem", client-crl = "crl.pem" }}

[[identity.certificate]]
san = "spiffe://acme/ml/*"
role = "data-scientist"
"""
TEXT = FILE.replace('address = "127.0.0.1:{port}"\n', TLS)


def status(gateway: Running, client: str) -> int:
    """What a client with a certificate is answered; 0 where it is refused."""
    context = ssl.create_default_context(cafile=str(gateway.folder / "ca.pem"))
    context.load_cert_chain(gateway.folder / f"client-{client}.pem", gateway.folder / f"client-{client}.key")
    connection = http.client.HTTPSConnection("localhost", gateway.port, context=context, timeout=10)
    try:
        connection.request("GET", "/v2/models/iris")
        return connection.getresponse().status
    except (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected):
        return 0
    finally:
        connection.close()


def test_one_that_cannot_be_used_changes_nothing(run: Run, tmp_path: Path) -> None:
    make(tmp_path, [], [SCORER, OTHER])
    crl = tmp_path / "crl.pem"
    crl.write_bytes(revocation_list(tmp_path, ["client-scorer"]))
    gateway = run(TEXT).ready()
    assert (status(gateway, "scorer"), status(gateway, "other")) == (0, 200)
    for number, wrong in enumerate((b"", b"junk", (tmp_path / "ca.pem").read_bytes()), 1):
        crl.write_bytes(wrong)
        gateway.until(lambda: gateway.words().count("nothing has been changed") >= number, 10)  # noqa: B023 - at once
        assert (status(gateway, "scorer"), status(gateway, "other")) == (0, 200)
    assert "listener.local.tls.client-crl: crl.pem holds no revocation list" in gateway.words()
    crl.write_bytes(revocation_list(tmp_path, ["client-other"]))
    gateway.until(lambda: (status(gateway, "scorer"), status(gateway, "other")) == (200, 0), 10)


def test_without_one_nothing_is_started(run: Run, tmp_path: Path) -> None:
    make(tmp_path, [], [SCORER])
    (tmp_path / "crl.pem").write_bytes(b"")
    gateway = run(TEXT)
    assert gateway.process.wait(20) == ExitCode.USAGE
    assert "crl.pem holds no revocation list" in gateway.words()
