"""The public keys of a ledger, from the one it began with on.

    vkey          the first key, for users to keep elsewhere
    hand-overs    the indexes of the entries that lead on from it

Both only say where to look: that each key was named by the one before is verified (`garrison.ledger.handover`).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from garrison.errors import LedgerError, TamperedError
from garrison.ledger import durable
from garrison.ledger.handover import successors
from garrison.ledger.log import Ledger, how_to_make
from garrison.ledger.note import Ed25519Verifier, Signer, VerifierKey
from garrison.ledger.tiles import CHECKPOINT

VKEY, HAND_OVERS = "vkey", "hand-overs"
_MOST = 1000


def start(folder: Path, vkey: str) -> None:
    """Keep the key that a new ledger begins with. Raises UnreachedError."""
    durable.keep(folder / VKEY, f"{vkey}\n".encode())


def first_key(folder: Path) -> Ed25519Verifier:
    """The key that a ledger says it began with. Raises LedgerError."""
    path = folder / VKEY
    data = durable.read(path)
    if data is None:
        if not (folder / CHECKPOINT).exists():
            raise LedgerError("there is no ledger here", hint=how_to_make(folder), path=str(folder))
        hint = "give the key of the ledger: --key VKEY"
        raise LedgerError("the key of this ledger is not told", hint=hint, path=str(path))
    return Ed25519Verifier.parse(data.decode("utf8", "replace").strip())


def rotate(ledger: Ledger, new: Signer, *, actor: str, reason: str) -> int:
    """Hand a ledger over to another key; the index of the entry that says so. Raises LedgerError."""
    index = ledger.hand_over(new, actor=actor, reason=reason)
    lines = "".join(f"{n}\n" for n in [*hand_overs(ledger.path), index])
    durable.keep(ledger.path / HAND_OVERS, lines.encode())
    return index


def hand_overs(folder: Path) -> list[int]:
    """The indexes of the entries that hand a ledger over. Raises TamperedError, UnreachedError."""
    path = folder / HAND_OVERS
    lines = (durable.read(path) or b"").split()
    if len(lines) > _MOST or not all(line.isdigit() and len(line) < 20 for line in lines):  # noqa: PLR2004 - below 2^63
        raise TamperedError(
            "these are no indexes of entries", hint="write those of kind ledger.hand-over", path=str(path)
        )
    return [int(line) for line in lines]


def keys_of(folder: Path, first: Ed25519Verifier) -> list[Ed25519Verifier]:
    """The keys of a ledger from `first` on, each vouched for by the one before. Raises LedgerError.

    What was handed over before `first` is passed over. Whether the entries are in the ledger is for its verification to say.
    """
    ledger, indexes = Ledger.open(folder), hand_overs(folder)
    checkpoint = ledger.checkpoint().checkpoint
    if max(indexes, default=-1) >= checkpoint.size:
        hint = "the ledger was cut off; find the copy that was not"
        raise TamperedError(
            f"the hand-over in entry {max(indexes)} is not there", hint=hint, path=str(folder / HAND_OVERS)
        )
    return follow(first, checkpoint.origin, (ledger.entry(n) for n in indexes))


def follow(first: Ed25519Verifier, origin: str, entries: Iterable[bytes]) -> list[Ed25519Verifier]:
    """The keys that entries lead to, each named by the one before."""
    keys = [first]
    for entry in entries:
        (named,) = successors(origin, keys[-1:], [entry])
        if isinstance(named, Ed25519Verifier) and named != keys[-1]:
            keys.append(named)
    return keys


def identity(key: VerifierKey) -> str:
    """A key by its name and id, as it stands under notes."""
    return f"{key.name}+{key.key_id.hex()}"
