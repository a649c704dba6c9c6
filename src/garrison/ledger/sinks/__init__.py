"""Where checkpoints are published, so that no one who holds the ledger's folder and key can take them back.

A sink is a module here: a struct of its settings, as they stand under `[[sink]]` in `ledger.toml`, that can publish.
"""

from __future__ import annotations

import re
from typing import Protocol

from garrison.ledger.checkpoint import SignedCheckpoint

_ODD = re.compile(r"[^A-Za-z0-9._-]|^\.")


class Sink(Protocol):
    """A place of publication."""

    @property
    def name(self) -> str: ...

    def publish(self, signed: SignedCheckpoint) -> str:
        """Where it stands from now on; publishing the same one again does no harm.

        Raises UnreachedError where it may work later, LedgerError where somebody has to mend something first,
        TamperedError where another history is published there.
        """
        ...


def folder_of(origin: str) -> str:
    """A relative path that looks like the name of a ledger, and cannot lead elsewhere."""
    return "/".join(_ODD.sub("_", part) for part in origin.split("/") if part)
