"""Taking the newest checkpoint to the witnesses and the sinks, and saying how far each of them is.

Appending does not wait for any of this. What the witnesses signed is kept beside the ledger's own checkpoint, which moves on:

    checkpoint.witnessed    the last one that was taken to the witnesses, with their cosignatures
    witnesses.json          what each of them knows
    evidence/               checkpoints that contradict each other
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from garrison.errors import ExitCode, LedgerError, TamperedError, UnreachedError
from garrison.ledger import durable, opening, outbox
from garrison.ledger.checkpoint import SignedCheckpoint, parse_checkpoint
from garrison.ledger.cosignature import cosigned_s
from garrison.ledger.log import Ledger
from garrison.ledger.note import Ed25519Verifier, Signature
from garrison.ledger.settings import Settings
from garrison.ledger.sinks import Sink
from garrison.ledger.witness_client import Asked, Asking, cosignature_of, with_cosignatures

WITNESSED = "checkpoint.witnessed"
EVIDENCE = "evidence"
_KNOWN = "witnesses.json"
_LOCK = "publishing.lock"


class Seen(msgspec.Struct, frozen=True):
    """What is remembered of a witness."""

    name: str
    size: int = 0  # entries of the newest checkpoint that it cosigned
    time_s: int = 0  # when it says it did
    trouble: str = ""
    hint: str = ""
    tampered: bool = False  # the trouble is that it knows another history

    @property
    def exit_code(self) -> ExitCode:
        if self.tampered:
            return ExitCode.FINDINGS
        return ExitCode.INCOMPLETE if self.trouble else ExitCode.CLEAN


class Report(msgspec.Struct, frozen=True):
    """A checkpoint, and how far everybody is with it."""

    signed: SignedCheckpoint
    witnesses: tuple[Seen, ...]
    sinks: tuple[outbox.Lag, ...]

    @property
    def exit_code(self) -> ExitCode:
        """1 where somebody knows another history, else 3 where somebody is behind."""
        codes = {seen.exit_code for seen in self.witnesses} | {lag.exit_code for lag in self.sinks}
        return next((code for code in (ExitCode.FINDINGS, ExitCode.INCOMPLETE) if code in codes), ExitCode.CLEAN)


def publish(ledger: Ledger, settings: Settings, keys: Sequence[Ed25519Verifier]) -> Report:
    """Take the newest checkpoint everywhere; `keys` are those of the ledger. One process at a time does this.

    Who cannot be reached, or refuses, is told in the report. Where nothing was appended since the
    last time, the witnesses are asked for a fresh cosignature, and the sinks are given nothing new. Raises LedgerError.
    """
    folder = ledger.path
    with _alone(folder):
        signed = ledger.checkpoint()
        known = _known(folder)
        seen, cosignatures = [], []
        for witness in opening.witnesses(folder, settings, signed.checkpoint.origin, keys):
            asking = Asking(signed, keys, ledger.consistency, folder / EVIDENCE)
            state, cosignature = _ask(witness, asking, known)
            seen.append(state)
            cosignatures += [cosignature] if cosignature else []
        if seen:
            durable.keep(folder / _KNOWN, msgspec.json.encode({**known, **{s.name: s for s in seen}}))
        note = with_cosignatures(signed.note, cosignatures)
        signed = SignedCheckpoint(signed.checkpoint, note)
        if cosignatures:
            durable.keep(folder / WITNESSED, bytes(note))
        sinks: list[Sink] = list(opening.sinks(folder, settings))
        outbox.put(folder, [sink for sink in sinks if outbox.newest(folder, sink) != signed.checkpoint.size], signed)
        return Report(signed, tuple(seen), tuple(outbox.deliver(folder, sink) for sink in sinks))


def standing(folder: Path, signed: SignedCheckpoint, settings: Settings) -> Report:
    """How far everybody was when last asked, without asking. Raises UnreachedError."""
    known = _known(folder)
    names = [at.name for at in settings.witness]
    seen = tuple(
        known.get(name, Seen(name, trouble="it was never asked", hint="garrison ledger checkpoint")) for name in names
    )
    return Report(signed, seen, tuple(outbox.lag(folder, sink) for sink in opening.sinks(folder, settings)))


def witnessed(folder: Path) -> SignedCheckpoint | None:
    """The last checkpoint that witnesses cosigned; nothing is verified. Raises TamperedError, UnreachedError."""
    data = durable.read(folder / WITNESSED)
    return None if data is None else parse_checkpoint(data)


def _ask(witness: Asked, asking: Asking, known: dict[str, Seen]) -> tuple[Seen, Signature | None]:
    before = known.get(witness.verifier.name, Seen(witness.verifier.name))
    try:
        cosignature = cosignature_of(witness, asking, before.size)
    except LedgerError as error:
        tampered = isinstance(error, TamperedError)
        return msgspec.structs.replace(before, trouble=error.message, hint=error.hint, tampered=tampered), None
    return Seen(before.name, asking.signed.checkpoint.size, cosigned_s(cosignature)), cosignature


def _known(folder: Path) -> dict[str, Seen]:
    """A file that is damaged is none: a witness tells what it knows when it is asked."""
    try:
        return msgspec.json.decode(durable.read(folder / _KNOWN) or b"{}", type=dict[str, Seen])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    try:
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        hint = "publish as a user who may write here"
        raise UnreachedError(f"nothing can be kept: {error.strerror}", hint=hint, path=str(folder)) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
