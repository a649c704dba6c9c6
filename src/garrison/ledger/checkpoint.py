"""Checkpoints: the size and the root of a log, as the text of a signed note (C2SP tlog-checkpoint).

https://c2sp.org/tlog-checkpoint@v1.0.0
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Self

import msgspec

from garrison.errors import LedgerError, TamperedError
from garrison.ledger.note import Note, Signer, Verifier, decode64, encode64, open_note, parse_note, sign_note

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_HASH_BYTES = 32
_LARGEST = 2**63 - 1  # what Go's tools hold a size in
_LINES = 3


class Checkpoint(msgspec.Struct, frozen=True):
    """What a log says it is at one moment."""

    origin: str
    size: int  # entries
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The text that is signed. Raises LedgerError for an origin or an extension that would break its lines."""
        for line in (self.origin, *self.extensions):
            if not line or "\n" in line:
                raise LedgerError(
                    "an origin or an extension is one line that is not empty", hint="take its newlines out"
                )
        return "".join(f"{line}\n" for line in (self.origin, self.size, encode64(self.root), *self.extensions))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a note. Raises TamperedError."""
        lines = text.split("\n")
        if len(lines) <= _LINES or lines.pop() or not all(lines):
            raise _malformed("it is not three lines or more, none of them empty")
        origin, size, root, *extensions = lines
        made = decode64(root)
        if not _SIZE.fullmatch(size) or int(size) > _LARGEST:
            raise _malformed("its second line is no size")
        if made is None or len(made) != _HASH_BYTES:
            raise _malformed("its third line is no SHA-256 hash in base64")
        return cls(origin, int(size), made, tuple(extensions))


class SignedCheckpoint(msgspec.Struct, frozen=True):
    """A checkpoint and the note that it came in."""

    checkpoint: Checkpoint
    note: Note

    def __bytes__(self) -> bytes:
        return bytes(self.note)


def sign_checkpoint(checkpoint: Checkpoint, signers: Iterable[Signer]) -> bytes:
    """The note of a checkpoint. Raises LedgerError."""
    return sign_note(checkpoint.text, signers)


def open_checkpoint(data: bytes, verifiers: Iterable[Verifier], *, origin: str | None = None) -> SignedCheckpoint:
    """Read a checkpoint that one of these keys signed. Raises TamperedError, also where it is of another log than `origin`."""
    return _read(open_note(data, verifiers), origin)


def parse_checkpoint(data: bytes, *, origin: str | None = None) -> SignedCheckpoint:
    """Read a checkpoint whoever signed it: nothing is verified. Raises TamperedError where it is malformed."""
    return _read(parse_note(data), origin)


def _read(note: Note, origin: str | None) -> SignedCheckpoint:
    checkpoint = Checkpoint.parse(note.text)
    if origin is not None and checkpoint.origin != origin:
        raise TamperedError(
            f"this checkpoint is of {checkpoint.origin}, not of {origin}", hint="give the checkpoint of the same ledger"
        )
    return SignedCheckpoint(checkpoint, note)


def _malformed(why: str) -> TamperedError:
    return TamperedError(f"this is no checkpoint: {why}", hint="take it once more from where it was published")
