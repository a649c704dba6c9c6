"""Who may send: keys, as a file of their hashes, and certificates of clients. Files are read again when they change.

A key is made and kept as the gateway's are (`gateway/keys/secret.py` says why one SHA-256 is enough). The file has a line for each, `NAME ID
sha256:DIGEST`; `#` begins a comment. What is taken out of a file no longer counts, and a file that cannot be read lets nobody in.

TLS is 1.2 or newer, with forward secrecy and authenticated encryption only (RFC 9325, section 4.2).
"""

from __future__ import annotations

import hmac
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from garrison.errors import ConfigError
from garrison.gateway.keys.secret import digest_of, id_of, is_key, make_key
from garrison.ledger.durable import read_bounded

_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
_LINE = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,127})\s+(?P<id>\S+)\s+sha256:(?P<digest>[0-9a-f]{64})")
_MOST_BYTES = 10_000_000
_Stamp = tuple[tuple[int, int, int], ...]
Value = TypeVar("Value")


class Tls(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """What a listener shows, and whom it asks for a certificate. Files are in PEM."""

    certificate: str
    key: str
    client_ca: str = ""  # who signs the certificates of senders
    client_crl: str = ""  # those that are revoked
    client_names: tuple[str, ...] = ()  # subject alternative names of which a sender must have one; any if empty
    client_required: bool = False  # besides a key; without keys it always is


class Key(msgspec.Struct, frozen=True):
    """What is kept of a key."""

    name: str  # of its sender
    id: str
    digest: str


def new_key(name: str) -> tuple[str, str]:
    """A new key, which is nowhere kept, and the line of it for the file of keys. Raises ConfigError for a name that is none."""
    key = make_key()
    line = f"{name} {id_of(key)} sha256:{digest_of(key)}"
    if not _LINE.fullmatch(line):
        raise ConfigError(f"{name!r} is no name of a sender", hint="letters, digits, dots, - and _")
    return key, line


def read_keys(path: Path) -> dict[str, Key]:
    """The keys of a file, by their ids. Raises ConfigError."""
    found = {}
    for number, line in enumerate(_read(path).decode(errors="replace").splitlines(), start=1):
        if said := line.partition("#")[0].strip():
            matched = _LINE.fullmatch(said)
            if matched is None:
                hint = "write NAME ID sha256:DIGEST, as garrison watch key prints it"
                raise ConfigError("this is no key", hint=hint, path=str(path), line=number)
            found[matched["id"]] = Key(**matched.groupdict())
    return found


def match(keys: Mapping[str, Key], said: str) -> Key | None:
    """The key that a sender shows; its id alone is looked up, its digest compared in constant time."""
    known = keys.get(id_of(said)) if is_key(said) else None
    return known if known is not None and hmac.compare_digest(known.digest, digest_of(said)) else None


def context(tls: Tls, beside: Callable[[str], Path], *, required: bool) -> ssl.SSLContext:
    """For connections from now on. Raises ConfigError for files that cannot be used."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers(_CIPHERS)
    made.options |= ssl.OP_NO_RENEGOTIATION
    for name in (tls.certificate, tls.key, tls.client_ca, tls.client_crl):
        if name:
            _read(beside(name))
    try:
        made.load_cert_chain(beside(tls.certificate), beside(tls.key), password="")
    except (ssl.SSLError, ValueError) as error:
        hint = "name a certificate in PEM, and its private key, not encrypted"
        raise ConfigError(
            f"with {tls.key} it is no certificate", hint=hint, path=str(beside(tls.certificate))
        ) from error
    for name in (tls.client_ca, tls.client_crl):
        try:
            if name:
                made.load_verify_locations(beside(name))
        except ssl.SSLError as error:
            hint = "name a file in PEM (-----BEGIN ...-----)"
            raise ConfigError("it holds nothing to verify with", hint=hint, path=str(beside(name))) from error
    if tls.client_ca:
        made.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
    if tls.client_crl:
        made.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return made


def names_of(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    """The subject alternative names of a certificate that was verified, as `ssl` tells it."""
    return tuple(str(name) for _, name in certificate.get("subjectAltName", ()))


class Fresh(Generic[Value]):
    """What is made of files, and made anew when one of them is another."""

    def __init__(self, paths: Sequence[Path], make: Callable[[], Value]) -> None:
        self._paths, self._make = paths, make
        self._held: tuple[_Stamp, Value] | None = None

    def now(self) -> Value:
        """As the files say now. Raises ConfigError as long as they cannot be used: what stood there before is no answer."""
        stamp = tuple(_stamp(path) for path in self._paths)
        if self._held is None or self._held[0] != stamp:
            self._held = None
            self._held = (stamp, self._make())
        return self._held[1]


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)  # whoever reads it says what is wrong
    return (found.st_ino, found.st_mtime_ns, found.st_size)


def _read(path: Path) -> bytes:
    try:
        data = read_bounded(path, _MOST_BYTES)
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        raise ConfigError(reason, hint="paths are from the folder of the watch file", path=str(path)) from error
    if len(data) > _MOST_BYTES:
        raise ConfigError(f"more than {_MOST_BYTES:,} bytes", hint="this is another file", path=str(path))
    return data
