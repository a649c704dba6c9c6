"""Split views: one log that shows two histories. Two checkpoints that it signed are the proof, and are kept."""

from __future__ import annotations

import hashlib
from pathlib import Path

from garrison.errors import TamperedError
from garrison.ledger import durable
from garrison.ledger.checkpoint import SignedCheckpoint
from garrison.ledger.note import encode64

_MOST = 100  # pieces of evidence in one folder: whoever signs false histories may sign many


class SplitViewError(TamperedError):
    """Two checkpoints of one size have different roots: whoever holds the key signed two histories."""


def check_split(one: SignedCheckpoint, other: SignedCheckpoint, evidence: Path | None = None) -> None:
    """Both verified, of one log. Raises SplitViewError where they contradict each other, once both are kept in `evidence`."""
    a, b = one.checkpoint, other.checkpoint
    if a.size != b.size or a.root == b.root:
        return
    kept = [] if evidence is None else [keep(evidence, signed) for signed in (one, other)]
    where = f"both are kept: {', '.join(str(p) for p in kept)}" if all(kept) and kept else "keep both checkpoints"
    raise SplitViewError(
        f"split view: {a.origin} signed two histories of {a.size:,} entries, {encode64(a.root)} and {encode64(b.root)}",
        hint=f"its key is with somebody who rewrites it; {where}",
    )


def keep(evidence: Path, signed: SignedCheckpoint) -> Path | None:
    """Where a checkpoint is kept from now on; None where the folder is full, or cannot be written."""
    data = bytes(signed)
    path = evidence / f"{signed.checkpoint.size}-{hashlib.sha256(data).hexdigest()[:16]}.checkpoint"
    try:
        durable.make_folder(evidence)
        if path.exists():
            return path
        if sum(1 for _ in evidence.iterdir()) >= _MOST:
            return None
        durable.replace(path, data)
    except OSError:  # that there is a split view is told all the same
        return None
    return path
