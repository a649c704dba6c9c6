"""Reading a log from its files: tiles, entries, proofs. It needs no key, and any number of readers may run beside the writer.

`size` is that of a checkpoint that is published: the files of that size are there. Nothing in them changes any more, except that
a partial tile gives way to the full one, which begins with the same bytes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

from garrison.errors import TamperedError, UnreachedError
from garrison.ledger.durable import read_bounded
from garrison.ledger.merkle import HASH_BYTES, Range, consistency_path, inclusion_path, pair, range_hash
from garrison.ledger.tiles import (
    BUNDLE_BYTES,
    HEIGHT,
    TILE_BYTES,
    WIDTH,
    Edge,
    Tile,
    frame,
    leaf_hashes,
    right_edge,
    tile_of,
    unframe,
)

_KEPT_TILES = 1024  # with the rows above them, 16 KiB each
_KEPT_BUNDLES = 16
_RESTORE = "restore it from a backup or a mirror, and find out who changed it: garrison ledger verify"


class Reader:
    """The tiles and bundles of one folder, the last used of them in memory. Threads may share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows = functools.lru_cache(_KEPT_TILES)(self._read_rows)
        self._bundle = functools.lru_cache(_KEPT_BUNDLES)(self._read_bundle)

    def entries(self, start: int, end: int, size: int) -> Iterator[bytes]:
        """The entries from `start` up to, and without, `end`, in a log of `size`. Raises TamperedError and UnreachedError."""
        for n in range(start // WIDTH, -(-end // WIDTH)):
            yield from self._bundle(tile_of(None, n, size))[max(start - n * WIDTH, 0) : end - n * WIDTH]

    def inclusion(self, index: int, within: int, size: int) -> list[bytes]:
        """The proof of an entry in the tree of the first `within` (RFC 6962, section 2.1.1). Raises as `entries`, and IndexError."""
        return self._hashes(inclusion_path(index, within), size)

    def consistency(self, old: int, new: int, size: int) -> list[bytes]:
        """The proof between two sizes (RFC 6962, section 2.1.2). Raises as `entries`, and IndexError."""
        return self._hashes(consistency_path(old, new), size)

    def root(self, within: int, size: int) -> bytes:
        """The root of the tree of the first `within` entries. Raises as `entries`."""
        return range_hash(0, within, self._subtree(size))

    def _hashes(self, ranges: list[Range], size: int) -> list[bytes]:
        subtree = self._subtree(size)
        return [range_hash(start, end, subtree) for start, end in ranges]

    def _subtree(self, size: int) -> Callable[[int, int], bytes]:
        def subtree(height: int, n: int) -> bytes:
            """Of the leaves n·2^height and on: one of the hashes in a tile, or in the rows above it."""
            level, above = divmod(height, HEIGHT)
            first = n << above  # of the hashes that the tile itself has
            row = self._rows(tile_of(level, first // WIDTH, size))[above]
            at = (first % WIDTH >> above) * HASH_BYTES
            return row[at : at + HASH_BYTES]

        return subtree

    def _read_rows(self, tile: Tile) -> tuple[bytes, ...]:
        rows = [read_tile(self._folder, tile)]
        for _ in range(HEIGHT - 1):
            rows.append(pair(rows[-1]))
        return tuple(rows)

    def _read_bundle(self, tile: Tile) -> list[bytes]:
        return read_bundle(self._folder, tile)


def read_file(folder: Path, tile: Tile) -> tuple[Tile, bytes]:
    """A file of tiles or entries, and which one it is: of a partial one that is gone the full one is read.

    Raises TamperedError where it is missing, UnreachedError where it cannot be read now.
    """
    for found in (tile, tile.full):
        path = folder / found.path
        try:
            return found, read_bounded(path, TILE_BYTES if found.level is not None else BUNDLE_BYTES)
        except FileNotFoundError:
            continue
        except OSError as error:
            hint = "see who may read it"
            raise UnreachedError(f"cannot be read: {error.strerror}", hint=hint, path=str(path)) from error
    raise TamperedError("this part of the ledger is missing", hint=_RESTORE, path=str(folder / tile.path))


def read_tile(folder: Path, tile: Tile) -> bytes:
    """The hashes of a tile. Raises as `read_file`, and TamperedError where there are more or fewer."""
    found, data = read_file(folder, tile)
    if len(data) != found.width * HASH_BYTES:
        why = f"{len(data):,} bytes are not {found.width} hashes"
        raise TamperedError(why, hint=_RESTORE, path=str(folder / found.path))
    return data[: tile.width * HASH_BYTES]


def read_bundle(folder: Path, tile: Tile) -> list[bytes]:
    """The entries of a bundle. Raises as `read_file`, and TamperedError where there are more or fewer."""
    found, data = read_file(folder, tile)
    path = str(folder / found.path)
    try:
        entries = unframe(data)
    except ValueError as error:
        raise TamperedError(str(error), hint=_RESTORE, path=path) from error
    if len(entries) != found.width:
        raise TamperedError(f"{len(entries)} entries are not {found.width}", hint=_RESTORE, path=path)
    return entries[: tile.width]


def read_edge(folder: Path, size: int) -> Edge:
    """The growing side of a log of this size: at the most one file a level. Raises TamperedError and UnreachedError."""
    rows = tuple(read_tile(folder, tile) if tile else b"" for tile in right_edge(size))
    bundle = b""
    if size % WIDTH:
        tile = tile_of(None, size // WIDTH, size)
        framed = [frame(entry) for entry in read_bundle(folder, tile)]
        if leaf_hashes(framed) != rows[0]:
            raise TamperedError("its entries are not those in the tree", hint=_RESTORE, path=str(folder / tile.path))
        bundle = b"".join(framed)
    return Edge(size, rows, bundle)
