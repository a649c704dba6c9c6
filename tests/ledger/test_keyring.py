"""The keys of a ledger, one after the other."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from garrison.errors import LedgerError, TamperedError, UnreachedError
from garrison.ledger import Ledger, keyring
from garrison.ledger.checkpoint import open_checkpoint
from garrison.ledger.note import Ed25519Signer, Ed25519Verifier

NAME = "example.com/ledger"
KEYS = [Ed25519Signer.generate(NAME) for _ in range(4)]
VERIFIERS = [Ed25519Verifier.parse(k.vkey) for k in KEYS]


def rotate(folder: Path, old: int, new: int) -> int:
    with Ledger.open(folder, KEYS[old]) as ledger:
        index = keyring.rotate(ledger, KEYS[new], actor="service:ci", reason="yearly")
        assert len(signatures(folder)) == 2
        ledger.append("note", actor="service:ci", reason="between")
    return index


def signatures(folder: Path) -> list[str]:
    return [s.by for s in open_checkpoint((folder / "checkpoint").read_bytes(), VERIFIERS).note.verified]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "ledger"
    with Ledger.create(path, KEYS[0]) as ledger:
        ledger.append("note", actor="service:ci", reason="first")
    keyring.start(path, KEYS[0].vkey)
    return path


def test_the_chain_is_followed_from_any_of_its_keys(folder: Path) -> None:
    assert keyring.first_key(folder) == VERIFIERS[0]
    assert keyring.keys_of(folder, VERIFIERS[0]) == VERIFIERS[:1]
    assert [rotate(folder, 0, 1), rotate(folder, 1, 2)] == [1, 3]
    for first in range(3):
        assert keyring.keys_of(folder, VERIFIERS[first]) == VERIFIERS[first:3]
    assert keyring.keys_of(folder, VERIFIERS[3]) == [VERIFIERS[3]]


def test_the_old_key_signs_along_for_a_while(folder: Path) -> None:
    rotate(folder, 0, 1)
    assert signatures(folder) == [keyring.identity(VERIFIERS[1].key)]
    with Ledger.open(folder, KEYS[1], also=[KEYS[0]]) as ledger:
        ledger.append("note", actor="service:ci", reason="for those who do not know the new key")
    assert signatures(folder) == [keyring.identity(VERIFIERS[n].key) for n in (0, 1)]


def test_a_hand_over_that_broke_off_is_taken_up(folder: Path) -> None:
    """The entry is there, and the new key has not signed yet: the old one beside it opens the ledger."""
    with Ledger.open(folder, KEYS[0]) as ledger:
        ledger.append("note", actor="service:ci", reason="the old key signs this")
    with pytest.raises(TamperedError):
        Ledger.open(folder, KEYS[1])
    with Ledger.open(folder, KEYS[1], also=[KEYS[0]]) as ledger:
        ledger.append("note", actor="service:ci", reason="and both this")
    assert len(signatures(folder)) == 2


def test_entries_that_are_no_hand_over_lead_nowhere(folder: Path) -> None:
    index = rotate(folder, 0, 1)
    whole = Ledger.open(folder).entry(index)
    assert keyring.follow(VERIFIERS[0], NAME, [whole]) == VERIFIERS[:2]
    assert keyring.follow(VERIFIERS[0], "example.com/other", [whole]) == VERIFIERS[:1]
    for old, new in ((b'"note"', b'"nota"'), (b"hand-over\\n", b"hand-ovex\\n"), (b"+A", b"+B")):
        assert old in whole
        assert keyring.follow(VERIFIERS[0], NAME, [whole.replace(old, new)]) == VERIFIERS[:1]


@pytest.mark.parametrize("text", [b"x", b"-1", b"1 2 3\n" * 400, b"9" * 50, b"\xd9\xa1"])
def test_a_damaged_list(folder: Path, text: bytes) -> None:
    (folder / "hand-overs").write_bytes(text)
    with pytest.raises(TamperedError, match="no indexes"):
        keyring.keys_of(folder, VERIFIERS[0])
    (folder / "hand-overs").write_bytes(b"7\n")
    with pytest.raises(TamperedError, match="entry 7 is not there"):
        keyring.keys_of(folder, VERIFIERS[0])


def test_a_ledger_that_tells_no_key(folder: Path) -> None:
    (folder / "vkey").unlink()
    with pytest.raises(LedgerError, match="not told"):
        keyring.first_key(folder)
    (folder / "vkey").write_bytes(b"\xff")
    with pytest.raises(LedgerError, match="no verifier key"):
        keyring.first_key(folder)


def test_waiting_for_another_writer(folder: Path) -> None:
    first = Ledger.open(folder, KEYS[0])
    with pytest.raises(UnreachedError, match="appends to this ledger"):
        Ledger.open(folder, KEYS[0], wait_s=0.05)
    closing = threading.Timer(0.1, first.close)
    closing.start()
    started = time.monotonic()
    with Ledger.open(folder, KEYS[0], wait_s=30) as second:
        second.append("note", actor="service:ci", reason="my turn")
    assert time.monotonic() - started < 20
    closing.join()
