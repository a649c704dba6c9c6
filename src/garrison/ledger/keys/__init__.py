"""The keys that sign: in a file, in a file sealed with age or by a key service, or in the key service itself.

A location is a path, or a URI whose scheme names the service: a module of this package that is called so. What a file is sealed
with is seen from how it begins.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

import msgspec

from garrison.errors import LedgerError
from garrison.ledger.keys import file
from garrison.ledger.note import Ed25519Signer, Signer, VerifierKey

_URI = re.compile(r"([a-z][a-z0-9]*)://")
_SERVICE = "kms"  # what the modules of key services end in


class Unlocking(msgspec.Struct, frozen=True):
    """Where that lies which opens a file sealed with age: an identity, or a passphrase."""

    identity: Path | None = None
    passphrase_env: str = "GARRISON_LEDGER_PASSPHRASE"  # the name of a variable  # noqa: S105
    passphrase_file: Path | None = None


class Sealing(msgspec.Struct, frozen=True):
    """How a new key's file is sealed: to recipients of age or one key of a service, with a passphrase, or not at all."""

    to: Sequence[str] = ()
    passphrase: bool = False


class KeyService(Protocol):
    """What a module of a key service offers. Each call raises LedgerError, or UnreachedError where the service is not there."""

    def load(self, uri: str, name: str) -> Signer:
        """A key that signs in the service and never leaves it."""
        ...

    def seal(self, uri: str, secret: bytes, name: str) -> bytes:
        """Encrypt a key so that the service alone can open it, and only as the key of this name."""
        ...

    def unseal(self, uri: str, sealed: bytes, name: str) -> bytes: ...


class Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file of a key that is sealed by a key service."""

    kms: str
    vkey: str
    sealed: bytes


def load(location: str, name: str, unlocking: Unlocking | None = None) -> Signer:
    """The key at a location, for the ledger or witness of this name. Raises LedgerError, and UnreachedError for its service."""
    found = _URI.match(location)
    signer = service(location).load(location, name) if found else _from_file(Path(location), unlocking or Unlocking())
    if signer.name != name:
        raise LedgerError(f"this is the key of {signer.name}, not of {name}", hint="name the other", path=location)
    return signer


def create(path: Path, name: str, sealing: Sealing | None = None, unlocking: Unlocking | None = None) -> Ed25519Signer:
    """A new key in a new file. Raises LedgerError, and UnreachedError where the service that is to seal it is not there."""
    signer = Ed25519Signer.generate(name)
    secret = f"{signer.secret}\n".encode()
    if sealing is not None and any(_URI.match(to) for to in sealing.to):
        if len(sealing.to) > 1:
            raise LedgerError("a key is sealed to one key of a service", hint="give one, or recipients of age")
        uri = sealing.to[0]
        made = Sealed(uri, signer.vkey, service(uri).seal(uri, secret, name))
        secret = msgspec.json.format(msgspec.json.encode(made)) + b"\n"
    elif sealing is not None and (sealing.to or sealing.passphrase):
        from garrison.ledger.keys import age

        secret = age.seal(secret, sealing.to, unlocking or Unlocking())
    file.write_secret(path, secret)
    return signer


def service(uri: str) -> KeyService:
    """The module of the service that a URI names. Raises LedgerError."""
    scheme = uri.partition("://")[0]
    known = sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name.endswith(_SERVICE))
    if scheme not in known:
        raise LedgerError(f"{scheme} is no key service that is known", hint=f"one of: {', '.join(known)}", path=uri)
    return cast("KeyService", importlib.import_module(f"{__name__}.{scheme}"))


def _from_file(path: Path, unlocking: Unlocking) -> Signer:
    from garrison.ledger.keys import age

    data = file.read_secret(path)
    if age.is_sealed(data):
        return file.parse(age.unseal(data, unlocking, path), path)
    if not data.startswith(b"{"):
        return file.parse(data, path)
    try:
        sealed = msgspec.json.decode(data, type=Sealed)
    except msgspec.DecodeError as error:
        raise LedgerError(f"this is no sealed key: {error}", hint="restore its file", path=str(path)) from error
    name = VerifierKey.parse(sealed.vkey).name
    signer = file.parse(service(sealed.kms).unseal(sealed.kms, sealed.sealed, name), path)
    if signer.vkey != sealed.vkey:
        raise LedgerError("the sealed key is not the one its file names", hint="restore its file", path=str(path))
    return signer
