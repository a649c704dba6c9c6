"""Keys in files that only their owner can read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from garrison.errors import LedgerError
from garrison.ledger import durable
from garrison.ledger.note import Ed25519Signer

_MAX_BYTES = 64 * 1024
_OTHERS = 0o077


def create(path: Path, name: str) -> Ed25519Signer:
    """A new key in a new file. Raises LedgerError where there is a file already."""
    signer = Ed25519Signer.generate(name)
    write_secret(path, f"{signer.secret}\n".encode())
    return signer


def load(path: Path) -> Ed25519Signer:
    """Raises LedgerError where the file is not there, is open to others, or holds no key."""
    return parse(read_secret(path), path)


def parse(secret: bytes, path: Path) -> Ed25519Signer:
    """The key in what was read from, or unsealed out of, `path`. Raises LedgerError."""
    try:
        return Ed25519Signer.parse(secret.decode("utf8", "replace").strip())
    except LedgerError as error:
        raise LedgerError(error.message, hint=error.hint, path=str(path)) from None


def write_secret(path: Path, secret: bytes) -> None:
    """Write a file of mode 0600 that was not there, and have it on the disk before returning. Raises LedgerError."""
    try:
        durable.create(path, secret, mode=0o600)
    except FileExistsError:
        hint = "name another: a key that is lost cannot be made again"
        raise LedgerError("this file exists and is not overwritten", hint=hint, path=str(path)) from None
    except OSError as error:
        hint = "name a file in a folder that exists and can be written"
        raise LedgerError(f"the key cannot be written: {error.strerror}", hint=hint, path=str(path)) from error


def read_secret(path: Path) -> bytes:
    """What such a file holds. Raises LedgerError where anybody but its owner can read or write it."""
    try:
        file = open(path, "rb", opener=durable.at_once)  # noqa: SIM115 - Path.open takes no opener
    except OSError as error:
        hint = "name the file of the ledger's key: --sign-with FILE, or location under [key] in ledger.toml"
        raise LedgerError(f"the key cannot be read: {error.strerror}", hint=hint, path=str(path)) from error
    with file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise LedgerError("the key is not in a plain file", hint="name a file", path=str(path))
        if status.st_mode & _OTHERS:
            mode = f"{stat.S_IMODE(status.st_mode):04o}"
            hint = f"chmod 600 {path}; if others could have read it, rotate the key: garrison ledger rotate"
            raise LedgerError(f"others than its owner can use this key (mode {mode})", hint=hint, path=str(path))
        if status.st_uid not in (0, os.geteuid()):
            hint = f"chown it to the user that runs this: {os.geteuid()}"
            raise LedgerError(f"this key belongs to another user ({status.st_uid})", hint=hint, path=str(path))
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise LedgerError(
            f"a key is no larger than {_MAX_BYTES:,} bytes", hint="name the file of the key", path=str(path)
        )
    return data
