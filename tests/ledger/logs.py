"""Logs in memory for the tests: leaves, and checkpoints signed over them."""

from __future__ import annotations

from collections.abc import Sequence

from garrison.ledger import merkle
from garrison.ledger.checkpoint import Checkpoint, sign_checkpoint
from garrison.ledger.note import Ed25519Signer, Ed25519Verifier


class MemoryLog:
    """A log that can be made to lie."""

    def __init__(self, origin: str = "example.com/ledger", signer: Ed25519Signer | None = None) -> None:
        self.origin = origin
        self.signer = signer or Ed25519Signer.generate(origin)
        self.leaves: list[bytes] = []

    def grow(self, count: int, prefix: str = "entry") -> MemoryLog:
        start = len(self.leaves)
        self.leaves += [merkle.leaf_hash(f"{prefix} {n}".encode()) for n in range(start, start + count)]
        return self

    def fork(self, size: int) -> MemoryLog:
        """The same log and key, with the first entries only."""
        other = MemoryLog(self.origin, self.signer)
        other.leaves = self.leaves[:size]
        return other

    @property
    def verifiers(self) -> list[Ed25519Verifier]:
        return [Ed25519Verifier.parse(self.signer.vkey)]

    def checkpoint(self, size: int | None = None) -> bytes:
        leaves = self.leaves[: len(self.leaves) if size is None else size]
        return sign_checkpoint(Checkpoint(self.origin, len(leaves), merkle.root(leaves)), [self.signer])

    def prove(self, old: int, size: int) -> Sequence[bytes]:
        return merkle.consistency_proof(self.leaves[:size], old)
