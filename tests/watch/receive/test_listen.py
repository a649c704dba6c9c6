"""Who is let in: by TLS, certificates and keys; and nobody from the network without them."""

from __future__ import annotations

import datetime as dt
import shutil
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.watch.receive.conftest import Kept, serving
from tests.watch.receive.inputs.test_http import curl, lines

from garrison.errors import BusyError, ConfigError
from garrison.gateway.certificates.authority import make
from garrison.watch.receive.credentials import new_key
from garrison.watch.receive.input import Count
from garrison.watch.receive.inputs import http
from garrison.watch.receive.listen import bind

LOG = "garrison-gateway"
TLS: dict[str, Any] = {"certificate": "server.pem", "key": "server.key"}


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("authority")
    make(folder, ["127.0.0.1", "localhost"], ["spiffe://example.com/collector", "spiffe://example.com/other"])
    make(folder / "strange", ["127.0.0.1"], ["spiffe://example.com/collector"])
    return folder


@pytest.fixture
def here(kept: Kept, authority: Path, tmp_path: Path) -> Kept:
    shutil.copytree(authority, tmp_path, dirs_exist_ok=True)
    return kept


def send(port: int, folder: Path, *more: str) -> int:
    """The status; 0 where there is no connection."""
    try:
        return curl(port, lines(1), "--cacert", str(folder / "ca.pem"), *more, scheme="https")[0]
    except subprocess.CalledProcessError:
        return 0


def shows(folder: Path, name: str) -> tuple[str, ...]:
    return ("--cert", str(folder / f"client-{name}.pem"), "--key", str(folder / f"client-{name}.key"))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"address": "0.0.0.0:0"}, "plaintext"),
        ({"address": "[::]:0", "keys-file": "keys"}, "plaintext"),
        ({"address": "0.0.0.0:0", "tls": TLS}, "anybody"),
        ({"address": "localhost:0"}, "no address"),
        ({"address": "127.0.0.1:70000"}, "no port"),
        ({"tls": {**TLS, "client-names": ["a"]}}, "client-ca"),
        ({"tls": {**TLS, "certificate": "absent.pem"}}, "no such file"),
        ({"tls": {**TLS, "key": "ca.key"}}, "no certificate"),
        ({"tls": {**TLS, "client-ca": "server.key"}}, "nothing to verify"),
        ({"keys-file": "server.pem"}, "no key"),
        ({"keys-file": "absent"}, "no such file"),
    ],
)
def test_what_is_unsafe_does_not_begin(here: Kept, said: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why), serving(http, here.around, log=LOG, **said):
        pass


def test_an_address_that_is_taken() -> None:
    with bind("127.0.0.1:0") as first, pytest.raises(BusyError, match="in use"):
        bind(f"127.0.0.1:{first.getsockname()[1]}")


def test_keys(here: Kept, tmp_path: Path) -> None:
    key, line = new_key("collector")
    other, _ = new_key("other")
    keys = tmp_path / "keys"
    keys.write_text(f"# senders\n\n{line}  # the first\n")
    with serving(http, here.around, log=LOG, tls=TLS, **{"keys-file": "keys"}) as port:
        assert send(port, tmp_path) == 401
        assert send(port, tmp_path, "-H", f"Authorization: Bearer {other}") == 401
        assert send(port, tmp_path, "-H", f"Authorization: Bearer {key[:-1]}") == 401
        assert send(port, tmp_path, "-H", f"Authorization: Bearer {key}") == 200
        assert send(port, tmp_path, "-H", f"X-Api-Key: {key}") == 200
        keys.write_text("# nobody\n")
        assert send(port, tmp_path, "-H", f"X-Api-Key: {key}") == 401
        keys.unlink()
        assert send(port, tmp_path, "-H", f"X-Api-Key: {key}") == 401
    assert here.intake.counts["here", Count.DENIED] == 5
    assert key not in line


def test_the_same_line_of_two_senders_is_two_events(here: Kept, tmp_path: Path) -> None:
    made = [new_key(name) for name in ("one", "other")]
    (tmp_path / "keys").write_text("\n".join(line for _, line in made))
    with serving(http, here.around, log="syslog", **{"keys-file": "keys"}) as port:
        for key, _ in (*made, made[0]):
            curl(port, b"<13>Nov 24 10:11:12 gpu-1 a: b", "-H", f"X-Api-Key: {key}")
    first, other, again = (event.uid for event in here.events())
    assert first == again != other


def test_certificates_of_senders(here: Kept, tmp_path: Path) -> None:
    tls = {**TLS, "client-ca": "ca.pem", "client-names": ["spiffe://example.com/collector"]}
    with serving(http, here.around, log=LOG, tls=tls) as port:
        assert send(port, tmp_path) == 0
        assert send(port, tmp_path, *shows(tmp_path / "strange", "collector")) == 0
        assert send(port, tmp_path, *shows(tmp_path, "other")) == 403
        assert send(port, tmp_path, *shows(tmp_path, "collector")) == 200


def test_a_certificate_or_a_key_or_both(here: Kept, tmp_path: Path) -> None:
    key, line = new_key("collector")
    (tmp_path / "keys").write_text(line)
    header, shown = ("-H", f"X-Api-Key: {key}"), shows(tmp_path, "collector")
    tls = {**TLS, "client-ca": "ca.pem"}
    with serving(http, here.around, log=LOG, tls=tls, **{"keys-file": "keys"}) as port:
        assert [send(port, tmp_path, *more) for more in ((), header, shown)] == [401, 200, 200]
    both = {**tls, "client-required": True}
    with serving(http, here.around, log=LOG, tls=both, **{"keys-file": "keys"}) as port:
        assert [send(port, tmp_path, *more) for more in (header, shown, header + shown)] == [0, 401, 200]


def test_a_certificate_that_is_revoked(here: Kept, tmp_path: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

    ca = x509.load_pem_x509_certificate((tmp_path / "ca.pem").read_bytes())
    key: Any = load_pem_private_key((tmp_path / "ca.key").read_bytes(), None)
    revoked = x509.load_pem_x509_certificate((tmp_path / "client-other.pem").read_bytes())
    now = dt.datetime.now(dt.UTC)
    entry = x509.RevokedCertificateBuilder().serial_number(revoked.serial_number).revocation_date(now).build()
    crl = x509.CertificateRevocationListBuilder().issuer_name(ca.subject).last_update(now - dt.timedelta(hours=1))
    made = crl.next_update(now + dt.timedelta(days=1)).add_revoked_certificate(entry).sign(key, SHA256())
    (tmp_path / "crl.pem").write_bytes(made.public_bytes(Encoding.PEM))
    tls = {**TLS, "client-ca": "ca.pem", "client-crl": "crl.pem"}
    with serving(http, here.around, log=LOG, tls=tls) as port:
        assert send(port, tmp_path, *shows(tmp_path, "other")) == 0
        assert send(port, tmp_path, *shows(tmp_path, "collector")) == 200


def test_files_of_tls_are_read_again_when_they_change(here: Kept, tmp_path: Path) -> None:
    strange = tmp_path / "strange"
    with serving(http, here.around, log=LOG, tls=TLS) as port:
        assert [send(port, folder) for folder in (tmp_path, strange)] == [200, 0]
        (tmp_path / "server.key").write_text("no key")
        assert send(port, tmp_path) == 0
        for name in ("server.pem", "server.key"):
            shutil.copy(strange / name, tmp_path / name)
        assert [send(port, folder) for folder in (tmp_path, strange)] == [0, 200]


def handshake(port: int, folder: Path, version: str) -> str:
    """The cipher that was agreed on."""
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    shown.load_verify_locations(folder / "ca.pem")
    shown.set_ciphers("ALL:@SECLEVEL=0")
    shown.minimum_version, shown.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.TLSVersion[version]
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        shown.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped,
    ):
        found = wrapped.cipher()
        assert found is not None
        return found[0]


def test_old_tls_is_refused(here: Kept, tmp_path: Path) -> None:
    with serving(http, here.around, log=LOG, tls=TLS) as port:
        assert handshake(port, tmp_path, "TLSv1_3").startswith("TLS_")
        assert handshake(port, tmp_path, "TLSv1_2").startswith("ECDHE-")
        with pytest.warns(DeprecationWarning, match="TLSv1_1"), pytest.raises(ssl.SSLError):
            handshake(port, tmp_path, "TLSv1_1")
        assert send(port, tmp_path) == 200


def test_more_connections_than_may_be_are_closed(kept: Kept) -> None:
    with serving(http, kept.around, log=LOG, connections=2) as port:
        first, second = (socket.create_connection(("127.0.0.1", port), 10) for _ in range(2))
        with first, second, socket.create_connection(("127.0.0.1", port), 10) as third:
            assert third.recv(1) == b""
        assert kept.intake.counts["here", Count.DENIED] == 1
        assert curl(port, lines(1), "--retry", "5", "--retry-all-errors")[0] == 200
