"""Whether a ledger is what was signed, and where it is not.

The signed root vouches for the partial tiles of hashes, these for the full tiles below them, and so on down to the entries.
Where a tile does not fit what stands above it, it is made once more from what stands below: if that fits, the tile alone was
changed; if not, both are named.
"""

from __future__ import annotations

import contextlib
import enum
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from garrison.errors import TamperedError, UnreachedError
from garrison.ledger import journal
from garrison.ledger.checkpoint import parse_checkpoint
from garrison.ledger.durable import read_bounded
from garrison.ledger.handover import is_hand_over, successors
from garrison.ledger.merkle import HASH_BYTES
from garrison.ledger.note import MAX_BYTES, Verifier, open_note
from garrison.ledger.reader import read_bundle, read_file, read_tile
from garrison.ledger.tiles import (
    BUNDLE_BYTES,
    CHECKPOINT,
    LENGTH_BYTES,
    WIDTH,
    Tile,
    chop,
    frame,
    leaf_hashes,
    right_edge,
    root_of,
    tile_root,
)

_TRIES = 3  # at a journal that is being written
_MOST_NAMED = 8  # entries of one bundle


class Part(enum.StrEnum):
    """What of a ledger is not as it was signed."""

    CHECKPOINT = "checkpoint"
    SIGNATURE = "signature"
    TILE = "tile"
    ENTRY = "entry"
    JOURNAL = "journal"


class Fault(msgspec.Struct, frozen=True):
    """One place that was changed, or that nothing vouches for any more."""

    part: Part
    path: str  # of the file, from the folder of the ledger
    why: str
    index: int | None = None  # of the entry

    def __str__(self) -> str:
        what = self.part.value if self.index is None else f"{self.part.value} {self.index}"
        return f"{what}  {self.path}  {self.why}"


def verify(folder: Path, verifiers: Sequence[Verifier]) -> list[Fault]:
    """Every fault of a ledger that belongs to these keys, or to those it was handed over to since.

    Raises UnreachedError where it cannot be read.
    """
    try:
        return _faults(folder, verifiers)
    except OSError as error:
        path = str(error.filename or folder)
        raise UnreachedError(f"cannot be read: {error.strerror}", hint="see who may read it", path=path) from error


def _faults(folder: Path, verifiers: Sequence[Verifier]) -> list[Fault]:
    try:
        data = read_bounded(folder / CHECKPOINT, MAX_BYTES)
        checkpoint = parse_checkpoint(data).checkpoint
    except FileNotFoundError:
        return [Fault(Part.CHECKPOINT, CHECKPOINT, "it is missing")]
    except TamperedError as error:
        return [Fault(Part.CHECKPOINT, CHECKPOINT, error.message)]
    walk = _Walk(folder, checkpoint.size)
    walk.tree(checkpoint.root)
    walk.signature(data, successors(checkpoint.origin, verifiers, walk.hand_overs))
    walk.journal()
    return walk.faults


class _Walk:
    """One pass over a ledger, from its root down."""

    def __init__(self, folder: Path, size: int) -> None:
        self._folder, self._size = folder, size
        self.faults: list[Fault] = []
        self.hand_overs: list[bytes] = []

    def fault(self, part: Part, path: str, why: str, index: int | None = None) -> None:
        self.faults.append(Fault(part, path, why, index))

    def tree(self, root: bytes) -> None:
        """The partial tiles first: as they are, or as what stands below makes them, whichever gives the root."""
        edge = right_edge(self._size)
        stored = [b"" if tile is None else self._stored(tile) for tile in edge]
        rows = [row or b"" for row in stored]
        if None in stored or root_of(rows) != root:
            made = [b"" if tile is None else self._made(tile) for tile in edge]
            choices = [[row for row in {a, b} if row is not None] or [b""] for a, b in zip(stored, made, strict=True)]
            fits = next((list(some) for some in itertools.product(*choices) if root_of(some) == root), None)
            if fits is None:
                self.fault(
                    Part.CHECKPOINT, CHECKPOINT, "its root is not that of the tree, or the tree was changed twice"
                )
            rows = fits or rows
        for tile, row, was in zip(edge, rows, stored, strict=True):
            if tile is not None and row:
                self._compare(tile, was, row)
                self._below(tile, row)

    def signature(self, checkpoint: bytes, verifiers: Sequence[Verifier]) -> None:
        try:
            open_note(checkpoint, verifiers)
        except TamperedError as error:
            self.fault(Part.SIGNATURE, CHECKPOINT, error.message)

    def journal(self) -> None:
        """Acknowledged entries that are under no checkpoint yet. A writer may be at it, so that one look is not enough."""
        for attempt in range(_TRIES):
            try:
                size = parse_checkpoint(read_bounded(self._folder / CHECKPOINT, MAX_BYTES)).checkpoint.size
                journal.replay(self._folder / journal.FOLDER, size)
            except TamperedError as error:
                if attempt == _TRIES - 1:
                    self.fault(Part.JOURNAL, str(Path(error.path).relative_to(self._folder)), error.message)
            except FileNotFoundError:
                continue
            else:
                return

    def _stored(self, tile: Tile) -> bytes | None:
        try:
            return read_tile(self._folder, tile)
        except TamperedError as error:
            self.fault(Part.TILE, tile.path, error.message)
            return None

    def _made(self, tile: Tile) -> bytes | None:
        """The hashes of a tile, from what stands below it; None where that cannot be read."""
        try:
            if not tile.level:
                return leaf_hashes(frame(entry) for entry in read_bundle(self._folder, Tile(None, tile.n, tile.width)))
            below = range(tile.n * WIDTH, tile.n * WIDTH + tile.width)
            return b"".join([tile_root(read_tile(self._folder, Tile(tile.level - 1, n))) for n in below])
        except TamperedError:
            return None  # found and named on the way down

    def _tile(self, tile: Tile, expected: bytes) -> None:
        row = stored = self._stored(tile)
        if stored is None or tile_root(stored) != expected:
            made = self._made(tile)
            if made is not None and tile_root(made) == expected:
                row = made
                self._compare(tile, stored, made)
            elif stored is not None:
                self.fault(Part.TILE, tile.path, "neither it nor what stands below it is what was signed")
        if row is not None:
            self._below(tile, row)

    def _compare(self, tile: Tile, stored: bytes | None, row: bytes) -> None:
        wrong = [] if stored is None else differing(stored, row)
        if wrong:
            self.fault(
                Part.TILE, tile.path, f"hash {wrong[0]} was changed" + f", and {len(wrong) - 1} more" * (len(wrong) > 1)
            )

    def _below(self, tile: Tile, row: bytes) -> None:
        """What a tile that is vouched for vouches for."""
        for path, width, data in self._older(tile):
            if data != row[: width * HASH_BYTES]:
                self.fault(
                    Part.TILE,
                    path,
                    "it is not the beginning of the tile that came after",
                )
        if not tile.level:
            self._entries(Tile(None, tile.n, tile.width), row)
            return
        for at, n in enumerate(range(tile.n * WIDTH, tile.n * WIDTH + tile.width)):
            self._tile(Tile(tile.level - 1, n), row[at * HASH_BYTES : (at + 1) * HASH_BYTES])

    def _entries(self, bundle: Tile, row: bytes) -> None:
        try:
            found, data = read_file(self._folder, bundle)
        except TamperedError as error:
            self.fault(Part.ENTRY, bundle.path, error.message, bundle.n * WIDTH)
            return
        framed = self._bundle(found, data, row)
        self.hand_overs += [entry[LENGTH_BYTES:] for entry in framed if is_hand_over(entry)]
        for _, width, older in self._older(bundle):
            self._bundle(Tile(None, bundle.n, width), older, row)

    def _bundle(self, bundle: Tile, data: bytes, row: bytes) -> list[bytes]:
        """The entries of a file of them that are as these hashes say; the others are faults."""
        first = bundle.n * WIDTH
        framed, rest = chop(data)
        whole = not rest and len(framed) == bundle.width
        row = row[: bundle.width * HASH_BYTES]
        del framed[len(row) // HASH_BYTES :]
        wrong = differing(leaf_hashes(framed), row)
        if not whole and not wrong:
            self.fault(Part.ENTRY, bundle.path, "bytes were added behind this entry", first + len(framed) - 1)
        elif not whole or len(wrong) > _MOST_NAMED:
            why = f"{len(wrong)} entries of the bundle, this one first, are not those that were signed"
            self.fault(Part.ENTRY, bundle.path, why, first + wrong[0])
        else:
            for at in wrong:
                self.fault(Part.ENTRY, bundle.path, "it is not the entry that was signed", first + at)
        return [entry for at, entry in enumerate(framed) if at not in wrong] if wrong else framed

    def _older(self, tile: Tile) -> Iterator[tuple[str, int, bytes]]:
        """Narrower files of a tile, by which older checkpoints may still be read; a writer may be removing them."""
        folder = f"{tile.folder}.p"
        if (self._folder / folder).is_dir():
            for width in range(1, tile.width):
                with contextlib.suppress(FileNotFoundError, IsADirectoryError):
                    yield f"{folder}/{width}", width, read_bounded(self._folder / folder / str(width), BUNDLE_BYTES)


def differing(one: bytes, other: bytes) -> list[int]:
    """Which hashes of two rows are not the same."""
    if one == other:
        return []
    rows = itertools.zip_longest(*(hashes(row) for row in (one, other)))
    return [at for at, (a, b) in enumerate(rows) if a != b]


def hashes(row: bytes) -> list[bytes]:
    """A row, taken apart."""
    return [row[at : at + HASH_BYTES] for at in range(0, len(row), HASH_BYTES)]
