"""A witness: remembers the newest checkpoint it saw of each log, and cosigns only what continues it.

The rules and the answers are those of C2SP tlog-witness, https://c2sp.org/tlog-witness, section "add-checkpoint". What it
remembers is a folder per log, named by the SHA-256 of its origin:

    <origin hash>/checkpoint      the newest one, with the log's signature and the cosignature
    <origin hash>/evidence/       what a log signed and should not have
"""

from __future__ import annotations

import enum
import fcntl
import hashlib
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import msgspec

from garrison.errors import LedgerError, TamperedError
from garrison.ledger import durable
from garrison.ledger.checkpoint import SignedCheckpoint, open_checkpoint, parse_checkpoint
from garrison.ledger.cosignature import CosignatureVerifier, Cosigner
from garrison.ledger.merkle import EMPTY, HASH_BYTES, verify_consistency
from garrison.ledger.note import Note, Signature, Verifier, VerifierKey, decode64, encode64
from garrison.ledger.split import SplitViewError, check_split, keep

CHECKPOINT = "checkpoint"
_OLD = re.compile(rb"old (0|[1-9][0-9]{0,18})")
_MOST_HASHES = 63
MOST_BYTES = 256 * 1024  # of a request

Logs: TypeAlias = Mapping[str, Sequence[Verifier]]
"""The keys of each log, by its origin."""


class Answer(enum.IntEnum):
    """What a witness says to what it does not cosign; the numbers are those of HTTP."""

    MALFORMED = 400
    NOT_SIGNED = 403
    UNKNOWN_LOG = 404
    OTHER_SIZE = 409
    INCONSISTENT = 422


class RefusedError(TamperedError):
    """A witness does not cosign. `size` is what it knows of, where the answer is OTHER_SIZE."""

    def __init__(self, answer: Answer, message: str, *, hint: str = "", size: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.answer, self.size = answer, size


class Request(msgspec.Struct, frozen=True):
    """What is asked of a witness: to go from the old size it knows to this checkpoint."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: bytes

    def __bytes__(self) -> bytes:
        hashes = "".join(f"{encode64(h)}\n" for h in self.proof)
        return f"old {self.old}\n{hashes}\n".encode() + self.checkpoint


def parse_request(body: bytes) -> Request:
    """Raises RefusedError where it is malformed."""
    head, blank, checkpoint = body.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    old = _OLD.fullmatch(first)
    if not blank or old is None or len(lines) > _MOST_HASHES or len(body) > MOST_BYTES:
        raise RefusedError(
            Answer.MALFORMED, "this is no request to a witness", hint="see https://c2sp.org/tlog-witness"
        )
    hashes = [decode64(line.decode("ascii", "replace")) for line in lines]
    proof = tuple(h for h in hashes if h is not None and len(h) == HASH_BYTES)
    if len(proof) < len(hashes):
        raise RefusedError(Answer.MALFORMED, "a line of the proof is no hash", hint="32 bytes in base64 each")
    return Request(int(old[1]), proof, checkpoint)


class Witness:
    """Several threads and several processes may ask one state folder at once: they take turns."""

    def __init__(
        self, state: Path, cosigner: Cosigner, logs: Logs, *, record: Callable[[SignedCheckpoint], None] | None = None
    ) -> None:
        """`record`, where given, keeps each checkpoint elsewhere too (a ledger) before the cosignature leaves."""
        self._state, self._cosigner, self._logs, self._record = state, cosigner, logs, record
        self._turn = threading.Lock()
        key = VerifierKey.parse(cosigner.vkey)
        self._verifier = CosignatureVerifier(key)

    @property
    def vkey(self) -> str:
        return self._cosigner.vkey

    def folder(self, origin: str) -> Path:
        return self._state / hashlib.sha256(origin.encode()).hexdigest()

    def add_checkpoint(self, body: bytes) -> Signature:
        """Judge a request; the cosignature, once it is remembered on the disk.

        Raises RefusedError with the answer, LedgerError where the state or the key cannot be used: then nothing is cosigned.
        """
        request = parse_request(body)
        signed = self._opened(request.checkpoint)
        folder = self.folder(signed.checkpoint.origin)
        with self._taking_turns(folder):
            held = self._held(folder, self._logs[signed.checkpoint.origin])
            self._judge(request, signed, held, folder / "evidence")
            text = signed.note.text
            cosignature = Signature(self._verifier.name, self._verifier.key_id, self._cosigner.sign(text.encode()))
            if self._record is not None and (held is None or held.checkpoint != signed.checkpoint):
                self._record(signed)
            durable.keep(folder / CHECKPOINT, bytes(Note(text, (*signed.note.verified, cosignature))))
        return cosignature

    def checkpoint(self, origin_hash: str) -> bytes | None:
        """The newest cosigned checkpoint of a log, for monitors; None where there is none."""
        known = {hashlib.sha256(origin.encode()).hexdigest() for origin in self._logs}
        return durable.read(self._state / origin_hash / CHECKPOINT) if origin_hash in known else None

    def _opened(self, data: bytes) -> SignedCheckpoint:
        try:
            origin = parse_checkpoint(data).checkpoint.origin
        except TamperedError as error:
            raise RefusedError(Answer.MALFORMED, error.message) from error
        if origin not in self._logs:
            raise RefusedError(
                Answer.UNKNOWN_LOG, f"the ledger {origin} is not known here", hint="add its key: --log VKEY"
            )
        try:
            return open_checkpoint(data, self._logs[origin], origin=origin)
        except TamperedError as error:
            raise RefusedError(Answer.NOT_SIGNED, error.message) from error

    def _held(self, folder: Path, log: Sequence[Verifier]) -> SignedCheckpoint | None:
        path = folder / CHECKPOINT
        data = durable.read(path)
        try:
            return None if data is None else open_checkpoint(data, [self._verifier, *log])
        except TamperedError as error:
            hint = "restore it from a copy: without it this witness cannot tell one history from another"
            raise LedgerError(f"what was remembered is damaged: {error.message}", path=str(path), hint=hint) from error

    def _judge(self, request: Request, new: SignedCheckpoint, held: SignedCheckpoint | None, evidence: Path) -> None:
        """In the order of the specification. A split view is kept as evidence whatever the answer is."""
        size, known = new.checkpoint.size, 0 if held is None else held.checkpoint.size
        if request.old > size:
            raise RefusedError(Answer.MALFORMED, f"the old size {request.old} is larger than the new one, {size}")
        split = _split(held, new, evidence)
        if request.old != known:
            words = f"{known:,} entries are known here, not {request.old:,}" if split is None else split.message
            raise RefusedError(Answer.OTHER_SIZE, words, size=known)
        if split is not None:
            raise RefusedError(Answer.INCONSISTENT, split.message, hint=split.hint) from split
        if not _continues(held, request.proof, new):
            kept = keep(evidence, new) if known else None
            raise RefusedError(
                Answer.INCONSISTENT,
                f"{size:,} entries of {new.checkpoint.origin} do not continue the {known:,} that are known here",
                hint="the history was rewritten, or the proof is wrong"
                + (f"; it is kept: {kept.name}" if kept else ""),
            )

    @contextmanager
    def _taking_turns(self, folder: Path) -> Iterator[None]:
        try:
            durable.make_folder(folder)
            descriptor = os.open(self._state / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise LedgerError(
                f"the state cannot be used: {error.strerror}",
                path=str(self._state),
                hint="name a folder that can be written",
            ) from error
        try:
            with self._turn:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield
        finally:
            os.close(descriptor)


def _continues(held: SignedCheckpoint | None, proof: Sequence[bytes], new: SignedCheckpoint) -> bool:
    """Whether the new checkpoint is of the same history; every tree begins with the empty one, without a proof."""
    checkpoint = new.checkpoint
    if held is None or held.checkpoint.size == 0:
        return not proof and (checkpoint.size > 0 or checkpoint.root == EMPTY)
    return verify_consistency(held.checkpoint.size, checkpoint.size, proof, held.checkpoint.root, checkpoint.root)


def _split(held: SignedCheckpoint | None, new: SignedCheckpoint, evidence: Path) -> SplitViewError | None:
    try:
        if held is not None:
            check_split(held, new, evidence)
    except SplitViewError as error:
        return error
    return None
