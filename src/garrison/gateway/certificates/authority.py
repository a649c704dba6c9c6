"""An authority for development: a CA of one's own, a certificate for the gateway, and some for clients.

Not for production: its key lies on the disk of a developer. Profiles follow RFC 5280.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from garrison.errors import UsageError
from garrison.gateway.file.urls import address_of

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DNS = rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*"  # RFC 1123, section 2.1
# SPIFFE-ID, section 2: https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md
_SPIFFE = r"(?=.{1,2048}$)spiffe://[a-z0-9._-]+(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._-]+)+"
_CA_DAYS, _LEAF_DAYS = 365, 90
_HOSTS = ("localhost", "127.0.0.1")


def make(folder: Path, hosts: Sequence[str], clients: Sequence[str]) -> list[Path]:
    """Make `ca.pem`, `server.pem` for the hosts, and a certificate per client (a SPIFFE ID or a DNS name), with keys.

    An authority that is there is used on; so is the gateway's certificate where no hosts are given. Returns what was
    written; raises UsageError where an authority is only half there, and for what is no host or client.
    """
    for host in hosts:
        _hold_host(host)
    named = {_name_of(client): [client] for client in clients}
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    written: list[Path] = []
    key, certificate = _authority(folder, written)
    wanted = {} if not hosts and (folder / "server.pem").exists() else {"server": list(hosts or _HOSTS)}
    for name, subjects in (wanted | named).items():
        leaf_key, leaf = _leaf(key, certificate, name, subjects, server=name == "server")
        written += _write(folder, name, leaf_key, leaf)
    return written


def _hold_host(host: str) -> None:
    if not (address_of(host) or re.fullmatch(rf"(\*\.)?{_DNS}", host)):
        raise UsageError(f"{host!r} is no host", hint="write a DNS name, as models.example.com, or an address")


def _name_of(client: str) -> str:
    """The name of a client's files: what its SPIFFE ID ends in, or its DNS name."""
    if not (re.fullmatch(_SPIFFE, client) or (re.fullmatch(_DNS, client) and "." in client)):
        hint = "write spiffe://DOMAIN/NAME, or a DNS name as scorer.example.com"
        raise UsageError(f"{client!r} names no client", hint=hint)
    return f"client-{client.rpartition('/')[2]}"


def _authority(folder: Path, written: list[Path]) -> tuple[EllipticCurvePrivateKey, x509.Certificate]:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key_file, file = folder / "ca.key", folder / "ca.pem"
    if key_file.exists() != file.exists():
        raise UsageError(f"of ca.pem and ca.key only one is in {folder}", hint="remove it, or name an empty folder")
    if file.exists():
        known = load_pem_private_key(key_file.read_bytes(), password=None)
        if not isinstance(known, EllipticCurvePrivateKey):
            raise UsageError(f"{key_file} is not a key of ours", hint="name an empty folder")
        return known, x509.load_pem_x509_certificate(file.read_bytes())
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Garrison development CA")])
    usage = _usage(key_cert_sign=True, crl_sign=True)
    certificate = (
        _begun(name, name, key, _CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, _sha256())
    )
    written += _write(folder, "ca", key, certificate)
    return key, certificate


def _leaf(
    authority_key: EllipticCurvePrivateKey, authority: x509.Certificate, name: str, subjects: list[str], *, server: bool
) -> tuple[EllipticCurvePrivateKey, x509.Certificate]:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.x509.oid import ExtendedKeyUsageOID

    key = generate_private_key(SECP256R1())
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    made = (
        _begun(subject, authority.subject, key, _LEAF_DAYS)
        .add_extension(x509.SubjectAlternativeName([_general(s) for s in subjects]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(issuer_key, critical=False)
    )
    return key, made.sign(authority_key, _sha256())


def _begun(subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, days: int) -> x509.CertificateBuilder:
    from cryptography import x509

    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _general(name: str) -> x509.GeneralName:
    from cryptography import x509

    if "://" in name:
        return x509.UniformResourceIdentifier(name)
    return x509.IPAddress(found) if (found := address_of(name)) else x509.DNSName(name)


def _usage(**said: bool) -> x509.KeyUsage:
    from cryptography import x509

    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: said.get(name, False) for name in names})


def _sha256() -> Any:
    from cryptography.hazmat.primitives.hashes import SHA256

    return SHA256()


def _write(folder: Path, name: str, key: EllipticCurvePrivateKey, certificate: x509.Certificate) -> list[Path]:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    from garrison.gateway.run.publish import replace

    replace(folder / f"{name}.key", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    replace(folder / f"{name}.pem", certificate.public_bytes(Encoding.PEM))
    return [folder / f"{name}.key", folder / f"{name}.pem"]
