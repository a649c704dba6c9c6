"""Sealed keys, and keys in a key service."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from garrison.errors import LedgerError, UnreachedError
from garrison.ledger import keys
from garrison.ledger.keys import Sealing, Unlocking, file
from garrison.ledger.note import Ed25519Verifier, open_note, sign_note

NAME = "example.com/ledger"
VARIABLE = "GARRISON_LEDGER_PASSPHRASE"


def test_a_plain_file(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    made = keys.create(path, NAME)
    assert keys.load(str(path), NAME).vkey == made.vkey
    with pytest.raises(LedgerError, match=r"the key of example\.com/ledger, not of example\.com/other"):
        keys.load(str(path), "example.com/other")


def test_sealed_to_an_identity(tmp_path: Path) -> None:
    from pyrage import x25519

    path, identity = tmp_path / "a.key", x25519.Identity.generate()
    file.write_secret(tmp_path / "identity", f"# created: today\n{identity}\n".encode())
    file.write_secret(tmp_path / "other", f"{x25519.Identity.generate()}\n".encode())
    file.write_secret(tmp_path / "none", b"AGE-SECRET-KEY-1\n")
    made = keys.create(path, NAME, Sealing([str(identity.to_public())]))
    assert b"PRIVATE+KEY" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    signer = keys.load(str(path), NAME, Unlocking(identity=tmp_path / "identity"))
    assert open_note(sign_note("a\n", [signer]), [Ed25519Verifier.parse(made.vkey)])
    with pytest.raises(LedgerError, match="cannot be unsealed"):
        keys.load(str(path), NAME, Unlocking(identity=tmp_path / "other"))
    with pytest.raises(LedgerError, match="no identity of age"):
        keys.load(str(path), NAME, Unlocking(identity=tmp_path / "none"))
    (tmp_path / "identity").chmod(0o644)
    with pytest.raises(LedgerError, match="mode 0644"):
        keys.load(str(path), NAME, Unlocking(identity=tmp_path / "identity"))


def test_sealed_to_an_ssh_key(tmp_path: Path) -> None:
    private = Ed25519PrivateKey.generate()
    file.write_secret(
        tmp_path / "id", private.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.OpenSSH, ser.NoEncryption())
    )
    public = private.public_key().public_bytes(ser.Encoding.OpenSSH, ser.PublicFormat.OpenSSH).decode()
    made = keys.create(tmp_path / "a.key", NAME, Sealing([public]))
    assert keys.load(str(tmp_path / "a.key"), NAME, Unlocking(identity=tmp_path / "id")).vkey == made.vkey


@pytest.mark.slow
def test_sealed_with_a_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.key"
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(LedgerError, match="nothing is given that opens it") as raised:
        keys.create(path, NAME, Sealing(passphrase=True))
    assert VARIABLE in raised.value.hint
    monkeypatch.setenv(VARIABLE, "correct horse")
    made = keys.create(path, NAME, Sealing(passphrase=True))
    monkeypatch.delenv(VARIABLE)
    file.write_secret(tmp_path / "passphrase", b"correct horse\n")
    assert keys.load(str(path), NAME, Unlocking(passphrase_file=tmp_path / "passphrase")).vkey == made.vkey
    monkeypatch.setenv(VARIABLE, "wrong horse")
    with pytest.raises(LedgerError, match="cannot be unsealed") as raised:
        keys.load(str(path), NAME)
    assert "wrong horse" not in str(raised.value)


@pytest.mark.parametrize("recipient", ["age1", "ssh-ed25519 AAAA", "pgp"])
def test_recipients_that_are_none(tmp_path: Path, recipient: str) -> None:
    with pytest.raises(LedgerError, match="no recipient of age"):
        keys.create(tmp_path / "a.key", NAME, Sealing([recipient]))
    assert not (tmp_path / "a.key").exists()


def test_services_that_are_not_known() -> None:
    with pytest.raises(LedgerError, match="gcpkms is no key service") as raised:
        keys.load("gcpkms://projects/x", NAME)
    assert raised.value.hint == "one of: awskms"


# AWS KMS: moto has its symmetric keys


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ACCESS_KEY_ID", "a"), ("SECRET_ACCESS_KEY", "b"), ("DEFAULT_REGION", "eu-central-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)


@pytest.fixture
def kms(aws: None) -> Iterator[str]:
    """The ARN of a symmetric key."""
    import boto3
    from moto import mock_aws

    with mock_aws():
        client = boto3.client("kms")
        key = client.create_key()["KeyMetadata"]
        client.create_alias(AliasName="alias/ledger", TargetKeyId=key["KeyId"])
        yield key["Arn"]


@pytest.mark.slow
def test_sealed_by_kms(tmp_path: Path, kms: str) -> None:
    for number, uri in enumerate(("awskms:///alias/ledger", f"awskms:///{kms}")):
        path = tmp_path / f"{number}.key"
        made = keys.create(path, NAME, Sealing([uri]))
        assert "PRIVATE" not in path.read_text()
        assert json.loads(path.read_text())["kms"] == uri
        assert keys.load(str(path), NAME).vkey == made.vkey


@pytest.mark.slow
def test_what_kms_does_not_unseal(tmp_path: Path, kms: str) -> None:
    path = tmp_path / "a.key"
    uri = f"awskms:///{kms}"
    keys.create(path, NAME, Sealing([uri]))
    kept = json.loads(path.read_text())
    other = keys.create(tmp_path / "other.key", "example.com/other")
    for changed in ({"vkey": other.vkey}, {"sealed": base64.b64encode(b"x" * 90).decode()}, {"more": 1}, {"sealed": 5}):
        path.write_text(json.dumps({**kept, **changed}))
        with pytest.raises(LedgerError):
            keys.load(str(path), NAME)
    path.write_text(json.dumps(kept))
    assert keys.load(str(path), NAME).vkey == kept["vkey"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("awskms:///", "names no key"),
        ("awskms://alias/ledger", "names no key"),
        ("awskms:///alias/none", "KMS answers NotFoundException"),
        ("awskms:///alias/ledger", "KMS answers|is of the spec"),
    ],
)
def test_keys_that_do_not_sign(kms: str, uri: str, why: str) -> None:
    with pytest.raises(LedgerError, match=why):
        keys.load(uri, NAME)


# Keys of the spec ECC_NIST_EDWARDS25519 moto has not: a server that speaks that much of KMS's protocol stands in


class _Kms(BaseHTTPRequestHandler):
    """GetPublicKey and Sign, as the service model of botocore has them."""

    private = Ed25519PrivateKey.generate()
    spec = "ECC_NIST_EDWARDS25519"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["X-Amz-Target"] == "TrentService.GetPublicKey":
            der = self.private.public_key().public_bytes(ser.Encoding.DER, ser.PublicFormat.SubjectPublicKeyInfo)
            answer = {"PublicKey": base64.b64encode(der).decode(), "KeySpec": self.spec}
        else:
            assert (asked["MessageType"], asked["SigningAlgorithm"]) == ("RAW", "ED25519_SHA_512")
            signature = self.private.sign(base64.b64decode(asked["Message"]))
            answer = {"Signature": base64.b64encode(signature).decode(), "KeyId": asked["KeyId"]}
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        """Tests are quiet."""


@pytest.fixture
def signing_kms(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = HTTPServer(("127.0.0.1", 0), _Kms)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", f"http://127.0.0.1:{server.server_port}")
    yield
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.slow
def test_a_key_that_signs_in_kms(signing_kms: None) -> None:
    signer = keys.load("awskms:///alias/ledger", NAME)
    note = open_note(sign_note("example.com/ledger\n1\n", [signer]), [Ed25519Verifier.parse(signer.vkey)])
    assert note.verified[0].name == NAME
    with pytest.raises(LedgerError, match="at most 4,096 bytes"):
        signer.sign(bytes(4097))


@pytest.mark.slow
def test_a_key_of_another_spec(signing_kms: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Kms, "spec", "ECC_NIST_P256")
    with pytest.raises(LedgerError, match="spec ECC_NIST_P256") as raised:
        keys.load("awskms:///alias/ledger", NAME)
    assert "--seal-to awskms:///alias/ledger" in raised.value.hint


@pytest.mark.slow
def test_kms_that_is_not_there(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1")
    with pytest.raises(UnreachedError, match="KMS is not reached"):
        keys.load("awskms:///alias/ledger", NAME)
