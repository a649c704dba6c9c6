"""Cosignatures: a witness's statement that, as of a time, it knows no larger and no other history of a log.

C2SP tlog-cosignature, https://c2sp.org/tlog-cosignature, of its two types the one over Ed25519 (type 4, `cosignature/v1`). The
other, ML-DSA-44, is not spoken here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Self

import msgspec

from garrison.errors import LedgerError
from garrison.ledger.note import Algorithm, Ed25519Verifier, Signature, Signer, VerifierKey, expect, verify_ed25519

_TIME_BYTES = 8
_BYTES = _TIME_BYTES + 64
_LATEST = 2**63 - 1


class CosignatureVerifier(msgspec.Struct, frozen=True):
    """The public key of a witness."""

    key: VerifierKey

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Raises LedgerError for a key that is none, or of another type."""
        return cls(expect(VerifierKey.parse(vkey), Algorithm.COSIGNATURE))

    @property
    def name(self) -> str:
        return self.key.name

    @property
    def key_id(self) -> bytes:
        return self.key.key_id

    def verify(self, text: bytes, signature: bytes) -> bool:
        """Whether this is a cosignature of a checkpoint's text, whatever its time."""
        if len(signature) != _BYTES:
            return False
        at = int.from_bytes(signature[:_TIME_BYTES], "big")
        return at <= _LATEST and verify_ed25519(self.key.public, _message(at, text), signature[_TIME_BYTES:])


class Cosigner(msgspec.Struct, frozen=True):
    """Signs as a witness, with a key that must sign nothing else: the message does not name who signs."""

    signer: Signer
    clock: Callable[[], float] = time.time

    @property
    def name(self) -> str:
        return self.signer.name

    @property
    def vkey(self) -> str:
        key = Ed25519Verifier.parse(self.signer.vkey).key
        return str(VerifierKey(key.name, Algorithm.COSIGNATURE, key.public))

    def sign(self, text: bytes) -> bytes:
        """The time and the signature. Raises LedgerError where the clock or the key cannot be used."""
        now = int(self.clock())
        if not 0 < now <= _LATEST:
            raise LedgerError(f"the clock says {now} seconds since 1970", hint="set the clock of this machine")
        return now.to_bytes(_TIME_BYTES, "big") + self.signer.sign(_message(now, text))


def cosigned_s(signature: Signature) -> int:
    """The time of a cosignature that was verified, in seconds since 1970."""
    return int.from_bytes(signature.signature[:_TIME_BYTES], "big")


def _message(seconds: int, text: bytes) -> bytes:
    return b"cosignature/v1\ntime %d\n%b" % (seconds, text)
