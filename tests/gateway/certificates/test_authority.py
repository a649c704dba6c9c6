"""The authority for development, as OpenSSL sees it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from garrison.errors import UsageError
from garrison.gateway.certificates.authority import make


def openssl(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(["openssl", *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_openssl_takes_them(tmp_path: Path) -> None:
    made = make(tmp_path, ["gateway.example.com", "127.0.0.1"], ["spiffe://acme/ml/scorer"])
    assert {path.name for path in made} == {
        "ca.key", "ca.pem", "server.key", "server.pem", "client-scorer.key", "client-scorer.pem",
    }  # fmt: skip
    assert all(path.stat().st_mode & 0o077 == 0 for path in made)
    assert (
        openssl("verify", "-purpose", "sslserver", "-CAfile", "ca.pem", "server.pem", cwd=tmp_path)
        == "server.pem: OK\n"
    )
    openssl("verify", "-purpose", "sslclient", "-x509_strict", "-CAfile", "ca.pem", "client-scorer.pem", cwd=tmp_path)
    shown = openssl("x509", "-in", "server.pem", "-noout", "-text", cwd=tmp_path)
    assert "DNS:gateway.example.com, IP Address:127.0.0.1" in shown
    assert "URI:spiffe://acme/ml/scorer" in openssl("x509", "-in", "client-scorer.pem", "-noout", "-text", cwd=tmp_path)


def test_an_authority_is_used_on(tmp_path: Path) -> None:
    make(tmp_path, [], [])
    before = (tmp_path / "ca.pem").read_bytes(), (tmp_path / "server.pem").read_bytes()
    made = make(tmp_path, [], ["spiffe://acme/ml/other"])
    assert {path.name for path in made} == {"client-other.key", "client-other.pem"}
    assert ((tmp_path / "ca.pem").read_bytes(), (tmp_path / "server.pem").read_bytes()) == before
    openssl("verify", "-CAfile", "ca.pem", "client-other.pem", cwd=tmp_path)


def test_half_an_authority_is_an_error(tmp_path: Path) -> None:
    make(tmp_path, [], [])
    (tmp_path / "ca.key").unlink()
    with pytest.raises(UsageError, match="only one"):
        make(tmp_path, [], [])


@pytest.mark.parametrize(
    "client",
    ["", "/", "spiffe://acme/../..", "a b", "spiffe://acme/ml/\n", "notspiffe", "spiffe://acme", "spiffe://acme/", "spiffe://acme/ml/",
     "spiffe://Acme/ml", "spiffe://acme//ml", "http://acme/ml", "spiffe://acme/ml?x", "*.example.com", "a..b", "spiffe://a/" + "x" * 2048],
)  # fmt: skip
def test_what_names_no_client(tmp_path: Path, client: str) -> None:
    with pytest.raises(UsageError, match="names no client"):
        make(tmp_path / "certs", [], [client])
    assert not (tmp_path / "certs").exists()


@pytest.mark.parametrize(
    "host", ["bad host!", "", "a..b", "-a.example.com", "a_b.example.com", "*", "a.*.example.com", "1.2.3.4/8", "x" * 64, "a\n", "a." * 127 + "a"]
)  # fmt: skip
def test_what_is_no_host(tmp_path: Path, host: str) -> None:
    with pytest.raises(UsageError, match="is no host"):
        make(tmp_path / "certs", ["localhost", host], [])
    assert not (tmp_path / "certs").exists()


def test_names_that_are_taken(tmp_path: Path) -> None:
    hosts, clients = (
        ["localhost", "*.example.com", "::1", "10.0.0.1", "xn--bcher-kva.example"],
        ["spiffe://a.b_c/x.y/z-1", "c.example.com"],
    )
    made = {path.name for path in make(tmp_path, hosts, clients) if path.suffix == ".pem"}
    assert made == {"ca.pem", "server.pem", "client-z-1.pem", "client-c.example.com.pem"}
