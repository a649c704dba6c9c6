"""Ledgers held against what was seen of them elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from garrison.errors import ExitCode, LedgerError
from garrison.ledger import Ledger, keyring, keys, publishing
from garrison.ledger.audit import Audit, audit, policy_of
from garrison.ledger.checkpoint import parse_checkpoint
from garrison.ledger.cosignature import Cosigner
from garrison.ledger.note import Ed25519Verifier
from garrison.ledger.opening import open_ledger
from garrison.ledger.settings import load
from garrison.ledger.trust import Policy, trusting

NAME = "example.com/ledger"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A ledger with five entries, a witness beside it, and a git repository that cannot be written."""
    path = tmp_path / "ledger"
    with Ledger.create(path, keys.create(tmp_path / "ledger.key", NAME)) as ledger:
        keyring.start(path, keys.load(str(tmp_path / "ledger.key"), NAME).vkey)
        fill(ledger, 5)
    witness = keys.create(tmp_path / "witness.key", "witness.example/w1")
    (path / "ledger.toml").write_text(
        f"[key]\nlocation = '../ledger.key'\n[[witness]]\nvkey = '{Cosigner(witness).vkey}'\nstate = '../witness'\nkey = '../witness.key'\n"
    )
    return path


def fill(ledger: Ledger, count: int, words: str = "entry") -> None:
    for number in range(count):
        ledger.append("note", actor="service:ci", reason=f"{words} {number}")


def grow(folder: Path, count: int) -> None:
    with open_ledger(folder) as ledger:
        fill(ledger, count)


def publish(folder: Path) -> publishing.Report:
    ledger = Ledger.open(folder)
    return publishing.publish(ledger, load(folder), [keyring.first_key(folder)])


def audited(folder: Path, *since: Path, policy: Policy | None = None) -> Audit:
    vkeys = [at.vkey for at in load(folder).witness]
    return audit(folder, keyring.first_key(folder), policy or policy_of(vkeys), since)


def rewritten(folder: Path, size: int, words: str = "forged") -> None:
    """The same key, the same folder, another history."""
    signer = keys.load(str(folder.parent / "ledger.key"), NAME)
    for part in ("tile", "journal"):
        shutil.rmtree(folder / part, ignore_errors=True)
    (folder / "checkpoint").unlink()
    with Ledger.create(folder, signer) as ledger:
        fill(ledger, size, words)


def kept(folder: Path) -> Path:
    path = folder.parent / "kept"
    shutil.copy(folder / "checkpoint", path)
    return path


def whys(found: Audit) -> Sequence[str]:
    return [f"{fault.part.value} {fault.path}: {fault.why}" for fault in found.faults]


def test_a_ledger_in_order(folder: Path) -> None:
    since = kept(folder)
    assert publish(folder).exit_code is ExitCode.CLEAN
    grow(folder, 300)
    found = audited(folder, since)
    assert found.faults == ()
    assert found.checkpoint is not None
    assert found.checkpoint.size == 305
    assert found.key == keyring.identity(keyring.first_key(folder).key)
    assert [(c.name, c.size) for c in found.cosigned] == [("witness.example/w1", 5)]


def test_a_ledger_that_was_cut_off_and_signed_again(folder: Path) -> None:
    """Its own files are in order: the checkpoint that was kept tells, and so does the witness."""
    since = kept(folder)
    rewritten(folder, 3, "entry")
    assert audited(folder).faults == ()
    assert whys(audited(folder, since)) == [
        f"checkpoint {since}: 5 entries were signed, 3 are here: the ledger was cut off"
    ]


def test_a_ledger_that_was_written_anew(folder: Path) -> None:
    since = kept(folder)
    rewritten(folder, 9)
    assert whys(audited(folder, since)) == [
        f"checkpoint {since}: the first 5 entries are others than those that were signed"
    ]


def test_a_split_view(folder: Path) -> None:
    since = kept(folder)
    rewritten(folder, 5)
    assert "split view: example.com/ledger signed two histories of 5 entries" in whys(audited(folder, since))[0]
    evidence = [parse_checkpoint(p.read_bytes()).checkpoint for p in (folder / "evidence").iterdir()]
    assert [c.size for c in evidence] == [5, 5]


def test_a_witness_remembers(folder: Path) -> None:
    publish(folder)
    for size, words in ((3, "cut off"), (5, "split view"), (9, "refuses with 422")):
        rewritten(folder, size)
        report = publish(folder)
        assert report.exit_code is ExitCode.FINDINGS
        assert words in f"{report.witnesses[0].trouble} {report.witnesses[0].hint}"
        assert audited(folder).faults


def test_cosignatures_that_are_asked_for(folder: Path) -> None:
    vkey = load(folder).witness[0].vkey
    other = Cosigner(keys.create(folder.parent / "other.key", "witness.example/w2")).vkey
    first = str(keyring.first_key(folder).key)
    assert "no witness ever cosigned" in whys(audited(folder, policy=trusting([first], [vkey])))[0]
    publish(folder)
    assert not whys(audited(folder, policy=trusting([first], [vkey])))
    assert whys(audited(folder, policy=trusting([first], [vkey, other]))) == [
        "signature checkpoint.witnessed: not enough witnesses cosigned it: witness.example/w2 did not"
    ]
    path = folder / "checkpoint.witnessed"
    path.write_bytes(path.read_bytes().replace(b"\n5\n", b"\n6\n"))
    assert "is not valid" in whys(audited(folder))[0]


def test_another_key(folder: Path) -> None:
    stranger = Ed25519Verifier.parse(keys.create(folder.parent / "stranger.key", NAME).vkey)
    found = audit(folder, stranger, policy_of([]))
    assert [fault.part.value for fault in found.faults] == ["signature"]
    assert "no known key signed it" in found.faults[0].why


def test_the_key_of_another_ledger(folder: Path, tmp_path: Path) -> None:
    """It signed this checkpoint, but under its own name this ledger is another one."""
    signer = keys.create(tmp_path / "second.key", "example.com/second")
    with Ledger.create(tmp_path / "second", signer, origin=NAME):
        pass
    found = audit(tmp_path / "second", Ed25519Verifier.parse(signer.vkey), policy_of([]))
    assert "it is of example.com/ledger, and the key of example.com/second" in whys(found)[0]


def test_changed_files_are_named(folder: Path) -> None:
    path = next((folder / "tile/entries").rglob("000.p/*"))
    path.write_bytes(path.read_bytes().replace(b"entry 3", b"entry 4"))
    found = audited(folder)
    assert [(fault.part.value, fault.index) for fault in found.faults] == [("entry", 3)]


def test_a_hand_over_that_was_cut_off(folder: Path) -> None:
    (folder / "hand-overs").write_bytes(b"5\n")
    assert whys(audited(folder)) == ["checkpoint hand-overs: the hand-over in entry 5 is not there"]


def test_a_checkpoint_that_is_none_is_told_once(folder: Path) -> None:
    (folder / "checkpoint").write_bytes(b"nonsense")
    assert len(whys(audited(folder))) == 1


def test_what_was_kept_and_is_none(folder: Path) -> None:
    with pytest.raises(LedgerError, match="no such checkpoint"):
        audited(folder, folder / "none")
    (folder.parent / "kept").write_text("nonsense")
    assert "no signed note" in whys(audited(folder, folder.parent / "kept"))[0]


def test_a_second_ledger_as_witness(folder: Path, tmp_path: Path) -> None:
    """Two ledgers witness each other: what one signs becomes an entry of the other before it is cosigned."""
    second = tmp_path / "second"
    signer = keys.create(tmp_path / "second.key", "example.com/second")
    with Ledger.create(second, signer):
        keyring.start(second, signer.vkey)
    witnesses = {
        name: Cosigner(keys.create(tmp_path / f"by-{name}.key", f"witness.example/{name}")).vkey
        for name in ("ledger", "second")
    }
    for name, other in (("ledger", "second"), ("second", "ledger")):
        (tmp_path / name / "ledger.toml").write_text(
            f"[key]\nlocation = '../{name}.key'\n[[witness]]\nvkey = '{witnesses[other]}'\nstate = '../by-{other}'\n"
            f"key = '../by-{other}.key'\nrecord = '../{other}'\n"
        )
    for _ in range(2):
        for path in (folder, second):
            assert publish(path).exit_code is ExitCode.CLEAN
            assert not audited(path).faults
    seen = [entry for entry in Ledger.open(second).entries() if b'"ledger.witness"' in entry]
    assert b'"size":5' in seen[0]
    rewritten(folder, 9)
    assert publish(folder).exit_code is ExitCode.FINDINGS
