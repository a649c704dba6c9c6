"""The ledger: an append-only Merkle log with signed checkpoints that outside tools verify. Depends on nothing else here.

    with Ledger.create(Path("ledger"), Ed25519Signer.generate("example.com/ledger")) as ledger:
        index = ledger.append(
            "model.deploy",
            actor="service:ci",
            object={"type": "model", "name": "fraud", "digest": "sha256:…"},
            reason="CHG-1234",
            details={"environment": "production"},
        )
        proof = ledger.prove(index)

What has been appended is on the disk. A folder has one writer at a time, and readers as many as there are; the files that they
read are those of C2SP tlog-tiles, so that a static file server over the folder is all that a reader far away needs.
"""

from __future__ import annotations

from garrison.ledger.log import Ledger
from garrison.ledger.verify import Fault, verify

__all__ = ["Fault", "Ledger", "verify"]
