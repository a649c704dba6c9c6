"""Whatever is changed in a ledger is found, and named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from garrison.errors import UnreachedError
from garrison.ledger import Fault, Ledger, journal, verify
from garrison.ledger.checkpoint import Checkpoint, sign_checkpoint
from garrison.ledger.entry import Fields
from garrison.ledger.note import Ed25519Signer, Ed25519Verifier
from garrison.ledger.tiles import WIDTH, Edge, Tile, frame, grow, leaf_hashes, tile_of, tile_root, unframe

from .disks import abandon

SIGNER = Ed25519Signer.generate("example.com/ledger")
VERIFIERS = [Ed25519Verifier.parse(SIGNER.vkey)]
SIZE = 600
TILES = ("tile/0/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2", "tile/0/002.p/38", "tile/1/000.p/1")
BUNDLES = ("tile/entries/000", "tile/entries/001", "tile/entries/002.p/88", "tile/entries/002.p/38")


def note(n: int) -> tuple[str, Fields]:
    return "note", Fields(actor="service:test", reason=f"note {n}")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with checkpoints at 400, 550 and 600 entries, so that narrower files of two tiles are there."""
    folder = tmp_path_factory.mktemp("ledger")
    with Ledger.create(folder, SIGNER) as ledger:
        for start, end in ((0, 400), (400, 550), (550, SIZE)):
            ledger.append_many(note(n) for n in range(start, end))
            ledger.checkpoint()
    (folder / "journal").rmdir()
    (folder / "lock").unlink()
    return folder


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def flip(at: Callable[[int], int]) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        changed = bytearray(data)
        changed[at(len(data))] ^= 0x20
        return bytes(changed)

    return change


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "first byte": flip(lambda _: 0),
    "second byte": flip(lambda _: 1),
    "third byte": flip(lambda _: 2),
    "a byte in the middle": flip(lambda length: length // 2),
    "last byte": flip(lambda length: length - 1),
    "a byte less": lambda data: data[:-1],
    "a byte more": lambda data: data + b"\0",
    "two bytes more": lambda data: data + b"\0\0",
    "half": lambda data: data[: len(data) // 2],
    "emptied": lambda _: b"",
    "twice": lambda data: data + data,
    "all zero": lambda data: bytes(len(data)),
}


def test_every_file_of_the_ledger_is_among_those_that_are_changed(whole: Path) -> None:
    found = {str(path.relative_to(whole)) for path in whole.rglob("*") if path.is_file()}
    assert found == {"checkpoint", *TILES, *BUNDLES}
    assert verify(whole, VERIFIERS) == []


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", TILES)
def test_a_changed_tile_is_named_and_nothing_else(copy: Path, name: str, change: str) -> None:
    path = copy / name
    path.write_bytes(CHANGES[change](path.read_bytes()))
    (fault,) = verify(copy, VERIFIERS)
    assert (fault.part, fault.path) == ("tile", name)
    assert name in str(fault)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", BUNDLES)
def test_a_changed_bundle_is_named_and_nothing_else(copy: Path, name: str, change: str) -> None:
    path = copy / name
    path.write_bytes(CHANGES[change](path.read_bytes()))
    faults = verify(copy, VERIFIERS)
    assert {(fault.part, fault.path) for fault in faults} == {("entry", name)}
    assert len(faults) == 1


@pytest.mark.parametrize("name", [*TILES[:4], *BUNDLES[:3]])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    (fault,) = verify(copy, VERIFIERS)
    assert fault.path == name
    assert "missing" in fault.why


@pytest.mark.parametrize("index", [0, 1, 255, 256, 511, 512, 599])
def test_a_changed_entry_is_named_by_its_index(copy: Path, index: int) -> None:
    tile = tile_of(None, index // WIDTH, SIZE)
    entries = unframe((copy / tile.path).read_bytes())
    entries[index % WIDTH] = entries[index % WIDTH].replace(b"note", b"vote", 1)
    (copy / tile.path).write_bytes(b"".join(map(frame, entries)))
    faults = verify(copy, VERIFIERS)
    assert faults == [Fault("entry", tile.path, "it is not the entry that was signed", index)]  # type: ignore[arg-type]
    assert str(faults[0]).startswith(f"entry {index}  {tile.path}")


def test_two_entries_that_changed_places_are_both_named(copy: Path) -> None:
    path = copy / "tile/entries/001"
    entries = unframe(path.read_bytes())
    entries[3], entries[200] = entries[200], entries[3]
    path.write_bytes(b"".join(map(frame, entries)))
    assert [fault.index for fault in verify(copy, VERIFIERS)] == [259, 456]


def test_a_longer_entry_is_named_where_the_bundle_breaks(copy: Path) -> None:
    path = copy / "tile/entries/000"
    framed = [frame(entry) for entry in unframe(path.read_bytes())]
    framed[100] = framed[100][:2] + b" " + framed[100][2:]
    path.write_bytes(b"".join(framed))
    (fault,) = verify(copy, VERIFIERS)
    assert (fault.part, fault.index) == ("entry", 100)


def test_an_entry_changed_together_with_its_tiles_is_found(copy: Path) -> None:
    """What stands above the changed tiles, up to the signed root, does not fit any more."""
    path = copy / "tile/entries/000"
    entries = unframe(path.read_bytes())
    entries[7] = entries[7].replace(b"note", b"vote", 1)
    path.write_bytes(b"".join(map(frame, entries)))
    leaves = leaf_hashes(map(frame, entries))
    (copy / "tile/0/000").write_bytes(leaves)
    faults = verify(copy, VERIFIERS)
    assert [(fault.part, fault.path) for fault in faults] == [("tile", "tile/0/000")]
    above = copy / "tile/1/000.p/2"
    above.write_bytes(tile_root(leaves) + above.read_bytes()[32:])
    assert ("checkpoint", "checkpoint") in {(fault.part, fault.path) for fault in verify(copy, VERIFIERS)}


def test_all_of_it_made_anew_by_somebody_without_the_key_is_found(copy: Path) -> None:
    entries = [frame(b"forged %d" % n) for n in range(SIZE)]
    edge, files = grow(Edge(), entries)
    shutil.rmtree(copy / "tile")
    for tile, data in files:
        (copy / tile.path).parent.mkdir(parents=True, exist_ok=True)
        (copy / tile.path).write_bytes(data)
    mallory = Ed25519Signer.generate("example.com/ledger")
    (copy / "checkpoint").write_bytes(sign_checkpoint(Checkpoint("example.com/ledger", SIZE, edge.root), [mallory]))
    (fault,) = verify(copy, VERIFIERS)
    assert (fault.part, fault.path) == ("signature", "checkpoint")


def test_every_changed_byte_of_the_checkpoint_is_found(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, SIGNER) as ledger:
        ledger.append_many(note(n) for n in range(3))
    path = tmp_path / "checkpoint"
    data = path.read_bytes()
    for at in range(len(data)):
        for bit in (0x01, 0x20):
            changed = bytearray(data)
            changed[at] ^= bit
            path.write_bytes(changed)
            assert "checkpoint" in {fault.path for fault in verify(tmp_path, VERIFIERS)}, at
    path.unlink()
    assert [fault.why for fault in verify(tmp_path, VERIFIERS)] == ["it is missing"]


def test_a_ledger_that_nobody_is_known_to_sign_is_not_sound(whole: Path) -> None:
    assert [fault.part for fault in verify(whole, [])] == ["signature"]


def test_a_damaged_journal_is_named(tmp_path: Path) -> None:
    ledger = Ledger.create(tmp_path, SIGNER)
    for n in range(3):
        ledger.append(note(n)[0], **note(n)[1])
    abandon(ledger)
    assert verify(tmp_path, VERIFIERS) == []
    (segment,) = journal.segments(tmp_path / "journal")
    data = bytearray(segment.read_bytes())
    data[30] ^= 1
    segment.write_bytes(data)
    (fault,) = verify(tmp_path, VERIFIERS)
    assert (fault.part, fault.path) == ("journal", f"journal/{segment.name}")


def test_what_cannot_be_read_is_no_fault_and_no_success(copy: Path) -> None:
    (copy / "tile/0/001").unlink()
    (copy / "tile/0/001").mkdir()
    with pytest.raises(UnreachedError, match="cannot be read"):
        verify(copy, VERIFIERS)


@pytest.mark.slow
def test_a_tree_of_three_levels(tmp_path: Path) -> None:
    size = WIDTH * WIDTH + 3 * WIDTH + 5
    with Ledger.create(tmp_path, SIGNER) as ledger:
        ledger.append_many(note(n) for n in range(size))
    assert verify(tmp_path, VERIFIERS) == []
    for tile in (Tile(2, 0, 1), Tile(1, 0), Tile(1, 1, 3), Tile(0, 100), Tile(0, 258), Tile(None, 257)):
        path = tmp_path / tile.path
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        assert {fault.path for fault in verify(tmp_path, VERIFIERS)} == {tile.path}
        path.write_bytes(data)
