"""A ledger as its users see it."""

from __future__ import annotations

from pathlib import Path

from garrison.ledger import Ledger
from garrison.ledger.entry import Fields, parse
from garrison.ledger.merkle import leaf_hash, verify_consistency, verify_inclusion
from garrison.ledger.note import Ed25519Signer, Ed25519Verifier

SIGNER = Ed25519Signer.generate("example.com/ledger")
VERIFIERS = [Ed25519Verifier.parse(SIGNER.vkey)]
NOTE = Fields(actor="service:ci", reason="a note")


def test_what_is_appended_can_be_read_proved_and_verified(tmp_path: Path) -> None:
    with Ledger.create(tmp_path / "ledger", SIGNER) as ledger:
        assert [ledger.append("note", **NOTE) for _ in range(300)] == list(range(300))
        newest = ledger.checkpoint().checkpoint
        assert newest.size == 300
        for index in (0, 255, 256, 299):
            entry, proof = ledger.entry(index), ledger.prove(index)
            assert verify_inclusion(leaf_hash(entry), index, 300, proof.hashes, newest.root)
        for old in (1, 255, 256, 300):
            assert verify_consistency(old, 300, ledger.consistency(old), ledger.root(old), newest.root)
    reader = Ledger.open(tmp_path / "ledger", verifiers=VERIFIERS)
    assert parse(reader.entry(7)).reason == "a note"
    assert len(list(reader.entries())) == 300
    assert reader.verify() == []
