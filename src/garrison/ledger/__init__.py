"""The ledger: an append-only Merkle log with signed checkpoints that outside tools verify. Depends on nothing else here."""
