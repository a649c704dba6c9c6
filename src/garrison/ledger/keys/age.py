"""Keys in files sealed with age (https://age-encryption.org/v1), by the extra `age`.

What opens them comes from an identity file (of age, or an SSH key), or as a passphrase from a variable or a file; never from the
command line, which other users of a machine can read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from garrison.errors import LedgerError
from garrison.ledger.keys.file import read_secret

if TYPE_CHECKING:
    from garrison.ledger.keys import Unlocking

_BINARY, _ARMOURED = b"age-encryption.org/v1\n", b"-----BEGIN AGE ENCRYPTED FILE-----"
_WITH_PASSPHRASE = b"-> scrypt "


def is_sealed(data: bytes) -> bool:
    """Whether a file is age's, from how it begins."""
    return data.startswith((_BINARY, _ARMOURED))


def seal(secret: bytes, recipients: Sequence[str], unlocking: Unlocking) -> bytes:
    """For these recipients (`age1...`, `ssh-...`), or with the passphrase where there are none. Raises LedgerError."""
    pyrage = _pyrage()
    if recipients:
        return bytes(pyrage.encrypt(secret, [_recipient(pyrage, r) for r in recipients], armored=True))
    return bytes(pyrage.passphrase.encrypt(secret, _passphrase(unlocking)))


def unseal(data: bytes, unlocking: Unlocking, path: Path) -> bytes:
    """Raises LedgerError where nothing that was given opens it."""
    pyrage = _pyrage()
    try:
        if unlocking.identity is not None:
            return bytes(pyrage.decrypt(data, _identities(pyrage, unlocking.identity)))
        return bytes(pyrage.passphrase.decrypt(data, _passphrase(unlocking)))
    except pyrage.DecryptError as error:
        with_identity = unlocking.identity is not None
        hint = "it is sealed with another passphrase, or to an identity: give one under [key] in ledger.toml"
        if with_identity:
            hint = "give the identity of a recipient that it was sealed to"
        raise LedgerError(f"the key cannot be unsealed: {error}", hint=hint, path=str(path)) from None


def _identities(pyrage: Any, path: Path) -> list[Any]:
    """Those in a file of age's, one a line between comments, or the one of an SSH key."""
    data = read_secret(path)
    if b"PRIVATE KEY-----" in data:
        return [_made(lambda: pyrage.ssh.Identity.from_buffer(data), pyrage, path)]
    lines = [line.strip() for line in data.decode("utf8", "replace").splitlines()]
    found = [line for line in lines if line and not line.startswith("#")]
    return [_made(lambda line=line: pyrage.x25519.Identity.from_str(line), pyrage, path) for line in found]  # type: ignore[misc]


def _made(make: Callable[[], Any], pyrage: Any, path: Path) -> Any:
    try:
        return make()
    except pyrage.IdentityError:
        hint = "it has a line AGE-SECRET-KEY-1..., or is an SSH key without a passphrase"
        raise LedgerError("this is no identity of age", hint=hint, path=str(path)) from None


def _recipient(pyrage: Any, text: str) -> Any:
    kind = pyrage.ssh if text.startswith("ssh-") else pyrage.x25519
    try:
        return kind.Recipient.from_str(text)
    except pyrage.RecipientError as error:
        raise LedgerError(
            f"{text[:80]} is no recipient of age: {error}", hint="write age1... or ssh-ed25519 ..."
        ) from None


def _passphrase(unlocking: Unlocking) -> str:
    if unlocking.passphrase_file is not None:
        found = read_secret(unlocking.passphrase_file).decode("utf8", "replace").rstrip("\r\n")
    else:
        found = os.environ.get(unlocking.passphrase_env, "")
    if not found:
        raise LedgerError(
            "the key is sealed, and nothing is given that opens it",
            hint=f"set {unlocking.passphrase_env}, or passphrase-file or identity under [key] in ledger.toml",
        )
    return found


def _pyrage() -> Any:
    try:
        import pyrage
    except ImportError as error:
        raise LedgerError("files sealed with age are read by pyrage", hint="pip install 'garrison[age]'") from error
    return pyrage
