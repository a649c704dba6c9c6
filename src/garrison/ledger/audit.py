"""Whether a ledger is what its users were shown before: its own files, its keys, its witnesses, checkpoints that were kept.

What the folder alone can show ends where whoever holds its key writes it anew from the beginning: only what lies elsewhere tells
then, a checkpoint that somebody kept (`since`), a pinned key, the cosignatures of witnesses.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from garrison.errors import LedgerError, TamperedError, UnreachedError
from garrison.ledger import durable, keyring, publishing
from garrison.ledger.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint
from garrison.ledger.cosignature import CosignatureVerifier, cosigned_s
from garrison.ledger.log import Ledger, read_checkpoint
from garrison.ledger.note import Ed25519Verifier, Verifier
from garrison.ledger.split import check_split
from garrison.ledger.tiles import CHECKPOINT
from garrison.ledger.trust import NONE, Policy, cosigned
from garrison.ledger.verify import Fault, Part, verify


class Cosigned(msgspec.Struct, frozen=True):
    """What a witness vouches for."""

    name: str
    size: int
    time_s: int


class Audit(msgspec.Struct, frozen=True):
    """What was found."""

    faults: tuple[Fault, ...]
    checkpoint: Checkpoint | None = None  # None where it cannot be read
    signed_s: float = 0  # when the newest checkpoint was written, by the clock of its disk
    key: str = ""  # that signed it, by name and id
    cosigned: tuple[Cosigned, ...] = ()


def audit(folder: Path, first: Ed25519Verifier, policy: Policy, since: Sequence[Path] = ()) -> Audit:
    """Look at all of it. `first` is the key that is pinned; the witnesses of the policy must have cosigned as it says.

    Raises LedgerError where there is no ledger or a file of `since` is none, UnreachedError where something cannot be read.
    """
    path = folder / CHECKPOINT
    try:
        checkpoint = read_checkpoint(folder, ()).checkpoint
        keys = keyring.keys_of(folder, first)
    except UnreachedError:
        raise
    except TamperedError as error:
        where = Path(error.path).name if error.path else CHECKPOINT
        return Audit(tuple(verify(folder, [first]) or [Fault(Part.CHECKPOINT, where, error.message)]))
    faults = verify(folder, keys[-1:])
    if checkpoint.origin != first.name:
        faults.append(Fault(Part.SIGNATURE, CHECKPOINT, f"it is of {checkpoint.origin}, and the key of {first.name}"))
    found: list[Cosigned] = []
    if not faults:
        seen = _Seen(Ledger.open(folder, verifiers=keys[-1:]), keys)
        found = seen.witnesses(policy)
        for kept in since:
            seen.since(kept)
        faults = seen.faults
    key = keyring.identity(keys[-1].key)
    return Audit(tuple(faults), checkpoint, path.stat().st_mtime, key, tuple(found))


class _Seen:
    """A ledger whose own files are in order, held against what was seen of it elsewhere."""

    def __init__(self, ledger: Ledger, keys: Sequence[Ed25519Verifier]) -> None:
        self._ledger, self._keys = ledger, keys
        self._newest = ledger.checkpoint()
        self.faults: list[Fault] = []

    def witnesses(self, policy: Policy) -> list[Cosigned]:
        """What witnesses cosigned last, of those whose keys are known."""
        path = self._ledger.path / publishing.WITNESSED
        data = durable.read(path)
        if data is None:
            if policy.quorum != NONE:
                self._fault(Part.SIGNATURE, publishing.WITNESSED, "it is missing: no witness ever cosigned")
            return []
        signed = self._opened(data, [*self._keys, *policy.witnesses], path.name)
        if signed is None:
            return []
        if policy.quorum != NONE and not cosigned(signed.note, policy.quorum, policy.members):
            missing = ", ".join(w.name for w in policy.witnesses if not signed.note.signed_by(w))
            self._fault(Part.SIGNATURE, path.name, f"not enough witnesses cosigned it: {missing} did not")
        self._hold(signed, path.name)
        signatures = [(w, signed.note.signed_by(w)) for w in policy.witnesses]
        return [Cosigned(w.name, signed.checkpoint.size, cosigned_s(s)) for w, s in signatures if s is not None]

    def since(self, path: Path) -> None:
        """A checkpoint that somebody kept: this ledger must continue it."""
        data = durable.read(path)
        if data is None:
            raise LedgerError("there is no such checkpoint", hint="name a file that was kept", path=str(path))
        signed = self._opened(data, self._keys, str(path))
        if signed is not None:
            self._hold(signed, str(path))

    def _opened(self, data: bytes, verifiers: Sequence[Verifier], name: str) -> SignedCheckpoint | None:
        try:
            return open_checkpoint(data, verifiers, origin=self._newest.checkpoint.origin)
        except TamperedError as error:
            self._fault(Part.SIGNATURE, name, error.message)
        return None

    def _hold(self, kept: SignedCheckpoint, name: str) -> None:
        size, now = kept.checkpoint.size, self._newest.checkpoint.size
        if size > now:
            self._fault(
                Part.CHECKPOINT, name, f"{size:,} entries were signed, {now:,} are here: the ledger was cut off"
            )
            return
        try:
            check_split(kept, self._newest, self._ledger.path / publishing.EVIDENCE)
        except TamperedError as error:
            self._fault(Part.CHECKPOINT, name, error.message)
            return
        if self._ledger.root(size) != kept.checkpoint.root:
            self._fault(Part.CHECKPOINT, name, f"the first {size:,} entries are others than those that were signed")

    def _fault(self, part: Part, path: str, why: str) -> None:
        self.faults.append(Fault(part, path, why))


def policy_of(vkeys: Sequence[str]) -> Policy:
    """Witnesses whose cosignatures are looked at, where there are any; none of them must have cosigned. Raises LedgerError."""
    return Policy((), {vkey: CosignatureVerifier.parse(vkey) for vkey in vkeys})
