"""Proofs that an entry is in a ledger, to be kept beside what they are about and verified without the ledger.

C2SP tlog-proof, https://c2sp.org/tlog-proof; files of it end in `.tlog-proof`.

    c2sp.org/tlog-proof@v1
    index 73894
    gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
    ...

    example.com/ledger
    109482
    sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

    — example.com/ledger hI2DJw...
"""

from __future__ import annotations

import re
from typing import Self

import msgspec

from garrison.errors import TamperedError
from garrison.ledger.checkpoint import SignedCheckpoint
from garrison.ledger.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from garrison.ledger.note import MAX_BYTES, decode64, encode64
from garrison.ledger.trust import Policy, open_trusted

_HEADER = "c2sp.org/tlog-proof@v1"
_EXTRA = "extra "
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)
_MAX_HASHES = 63  # of a tree of 2^63 entries


class Proof(msgspec.Struct, frozen=True):
    """Where an entry stands, and the hashes that lead from it to the root of a signed checkpoint."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes  # the note, as it was published
    extra: bytes | None = None  # of the application; nothing vouches for it

    def __bytes__(self) -> bytes:
        extra = [] if self.extra is None else [f"{_EXTRA}{encode64(self.extra)}"]
        lines = [_HEADER, *extra, f"index {self.index}", *(encode64(h) for h in self.hashes), ""]
        return "".join(f"{line}\n" for line in lines).encode() + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a proof; nothing is verified. Raises TamperedError where it is malformed."""
        head, blank, checkpoint = data.partition(b"\n\n")
        if len(data) > MAX_BYTES or not blank:
            raise _malformed("it is too large, or has no empty line before its checkpoint")
        lines = head.decode("ascii", "replace").split("\n")
        if lines.pop(0) != _HEADER:
            raise _malformed(f"its first line is not {_HEADER}")
        extra = None
        if lines and lines[0].startswith(_EXTRA):
            extra = decode64(lines.pop(0).removeprefix(_EXTRA))
            if extra is None:
                raise _malformed("its extra data are not base64")
        index = _INDEX.fullmatch(lines.pop(0)) if lines else None
        if index is None:
            raise _malformed("it has no index")
        if len(lines) > _MAX_HASHES:
            raise _malformed(f"it has more than {_MAX_HASHES} hashes")
        hashes = [decode64(line) for line in lines]
        found = tuple(h for h in hashes if h is not None and len(h) == HASH_BYTES)
        if len(found) < len(hashes):
            raise _malformed("a line of it is no SHA-256 hash in base64")
        return cls(int(index[1]), found, checkpoint, extra)


def verify_proof(entry: bytes, proof: Proof, policy: Policy) -> SignedCheckpoint:
    """The checkpoint that holds this entry. Raises TamperedError where it does not, or is not signed as the policy asks."""
    signed = open_trusted(proof.checkpoint, policy)
    checkpoint = signed.checkpoint
    if not verify_inclusion(leaf_hash(entry), proof.index, checkpoint.size, proof.hashes, checkpoint.root):
        raise TamperedError(
            f"this is not entry {proof.index} of {checkpoint.origin} at {checkpoint.size:,} entries",
            hint="the entry or the proof was changed, or they do not belong together",
        )
    return signed


def _malformed(why: str) -> TamperedError:
    return TamperedError(f"this is no proof: {why}", hint="take it once more from where it was published")
