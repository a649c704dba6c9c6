"""API keys: shown once, kept as hashes, rotated with an overlap, every change of them in the ledger."""
