"""Asking witnesses to cosign: over HTTP (C2SP tlog-witness), or one whose state is a folder of this machine."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from garrison.errors import LedgerError, TamperedError, UnreachedError
from garrison.ledger.checkpoint import SignedCheckpoint, open_checkpoint
from garrison.ledger.cosignature import CosignatureVerifier
from garrison.ledger.note import Note, Signature, Verifier, open_note
from garrison.ledger.split import check_split
from garrison.ledger.web import send
from garrison.ledger.witness import Answer, RefusedError, Request, Witness

_TRIES = 3  # the first with what is remembered, then with what the witness says it knows
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")


class Asked(Protocol):
    """A witness that can be asked."""

    @property
    def verifier(self) -> CosignatureVerifier: ...

    def add_checkpoint(self, body: bytes) -> bytes:
        """The signature lines it answers with. Raises RefusedError, UnreachedError."""
        ...

    def held(self, origin: str) -> bytes | None:
        """What it cosigned last of a log. Raises UnreachedError."""
        ...


class HttpWitness(msgspec.Struct, frozen=True):
    """A witness at an address, the submission and monitoring prefix in one."""

    verifier: CosignatureVerifier
    url: str
    timeout_s: float = 10

    def add_checkpoint(self, body: bytes) -> bytes:
        answer = send("POST", self._at("add-checkpoint"), body, timeout_s=self.timeout_s)
        if answer.status == 200:  # noqa: PLR2004
            return answer.body
        if answer.status not in set(Answer):
            raise UnreachedError(
                f"the witness {self.verifier.name} answers {answer.status}", hint="it is asked again later"
            )
        size = _SIZE.fullmatch(answer.body)
        if answer.status == Answer.OTHER_SIZE and size is None:
            raise UnreachedError(f"the witness {self.verifier.name} tells no size with 409", hint="tell its operator")
        said = answer.body[:200].decode("utf8", "replace").strip()
        raise RefusedError(Answer(answer.status), said, size=int(size[1]) if size else 0)

    def held(self, origin: str) -> bytes | None:
        answer = send(
            "GET", self._at(f"{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint"), timeout_s=self.timeout_s
        )
        return answer.body if answer.status == 200 else None  # noqa: PLR2004

    def _at(self, path: str) -> str:
        return f"{self.url.removesuffix('/')}/{path}"


class LocalWitness(msgspec.Struct, frozen=True):
    """A witness whose state is a folder: it guards against this ledger's folder being rewritten without that one."""

    witness: Witness

    @property
    def verifier(self) -> CosignatureVerifier:
        return CosignatureVerifier.parse(self.witness.vkey)

    def add_checkpoint(self, body: bytes) -> bytes:
        return str(self.witness.add_checkpoint(body)).encode()

    def held(self, origin: str) -> bytes | None:
        return self.witness.checkpoint(hashlib.sha256(origin.encode()).hexdigest())


class Asking(msgspec.Struct, frozen=True):
    """What a ledger brings along to a witness."""

    signed: SignedCheckpoint
    keys: Sequence[Verifier]  # its own
    prove: Callable[[int, int], Sequence[bytes]]  # consistency between two sizes
    evidence: Path  # where split views are kept


def cosignature_of(witness: Asked, asking: Asking, known: int = 0) -> Signature:
    """What a witness answers, verified. `known` is the size it cosigned last, as far as that is remembered.

    Raises TamperedError where the witness knows another history than this one or more of it, UnreachedError where it
    cannot be asked.
    """
    size, name = asking.signed.checkpoint.size, witness.verifier.name
    known = min(known, size)
    for _ in range(_TRIES):
        proof = tuple(asking.prove(known, size)) if 0 < known < size else ()
        try:
            lines = witness.add_checkpoint(bytes(Request(known, proof, bytes(asking.signed))))
            return _verified(witness.verifier, asking.signed, lines)
        except RefusedError as error:
            if error.answer is not Answer.OTHER_SIZE or error.size == known:
                _look_for_split(witness, asking)
                raise _worded(name, error) from error
            known = error.size
        if known > size:
            raise TamperedError(
                f"the witness {name} knows {known:,} entries of {asking.signed.checkpoint.origin}, here are {size:,}",
                hint="this ledger was cut off, or is an old copy: find the other one before anything is appended",
            )
    raise UnreachedError(f"the witness {name} is asked by others at the same time", hint="ask once more")


def _verified(verifier: CosignatureVerifier, signed: SignedCheckpoint, lines: bytes) -> Signature:
    """As the specification proposes: put under the text, and opened with the key of the witness."""
    text = signed.note.text
    try:
        found = open_note(f"{text}\n".encode() + lines, [verifier]).signed_by(verifier)
    except TamperedError as error:
        raise LedgerError(
            f"the witness {verifier.name} did not answer with its cosignature: {error.message}", hint="compare its vkey"
        ) from error
    if found is None:  # open_note has found the signature of its only key
        raise AssertionError
    return found


def _look_for_split(witness: Asked, asking: Asking) -> None:
    """Where the witness holds another checkpoint of this size, that one and ours are the evidence. Raises SplitViewError."""
    origin = asking.signed.checkpoint.origin
    try:
        held = witness.held(origin)
        other = None if held is None else open_checkpoint(held, asking.keys, origin=origin)
    except (UnreachedError, TamperedError):
        return  # it has nothing to show: that it refuses is told all the same
    if other is not None:
        check_split(other, asking.signed, asking.evidence)


def _worded(name: str, error: RefusedError) -> LedgerError:
    hints = {
        Answer.UNKNOWN_LOG: "its operator adds the vkey of this ledger",
        Answer.NOT_SIGNED: "its operator compares the vkey of this ledger; after a rotation it needs the new one",
        Answer.INCONSISTENT: "this ledger was rewritten: find the copy that the witness knows before anything is appended",
    }
    kind = TamperedError if error.answer is Answer.INCONSISTENT else LedgerError
    hint = hints.get(error.answer, "tell its operator")
    return kind(f"the witness {name} refuses with {error.answer.value}: {error.message}", hint=hint)


def with_cosignatures(note: Note, cosignatures: Sequence[Signature]) -> Note:
    """The note with these under it, the newest of each witness."""
    fresh = {(s.name, s.key_id) for s in cosignatures}
    kept = [s for s in (*note.verified, *note.others) if (s.name, s.key_id) not in fresh]
    return Note(note.text, others=(*kept, *cosignatures))
