"""The layout of a log on disk, as a static file server publishes it (C2SP tlog-tiles, https://c2sp.org/tlog-tiles).

    checkpoint                    the signed size and root
    tile/0/x001/x234/067          256 hashes of leaves: of the entries from 1234067·256 on
    tile/1/004.p/17               17 hashes of full tiles of level 0, as far as the log reaches
    tile/entries/x001/x234/067    256 entries, each after its length in two bytes

Names and bytes only; nothing here touches a disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

import msgspec

from garrison.ledger.merkle import EMPTY, HASH_BYTES, node_hash, pair

WIDTH = 256
HEIGHT = 8  # a tile is a subtree of this height: 2 ** HEIGHT == WIDTH
TILE_BYTES = WIDTH * HASH_BYTES
LENGTH_BYTES = 2
MAX_ENTRY_BYTES = 2 ** (8 * LENGTH_BYTES) - 1
BUNDLE_BYTES = WIDTH * (LENGTH_BYTES + MAX_ENTRY_BYTES)  # of the largest bundle
ENTRIES = "entries"
CHECKPOINT = "checkpoint"


class Tile(msgspec.Struct, frozen=True):
    """One file: of hashes at a level, or of entries where the level is None. `width` below 256 is a partial one."""

    level: int | None
    n: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Its name under the folder of the ledger."""
        folder = self.folder
        return folder if self.width == WIDTH else f"{folder}.p/{self.width}"

    @property
    def folder(self) -> str:
        """The name of the full tile; with `.p` behind it, of the folder of the partial ones."""
        digits = f"{self.n:03}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        level = ENTRIES if self.level is None else self.level
        return f"tile/{level}/{'/'.join([f'x{part}' for part in parts[:-1]] + parts[-1:])}"

    @property
    def full(self) -> Tile:
        return Tile(self.level, self.n)


def tile_of(level: int | None, n: int, size: int) -> Tile:
    """The widest file that holds this tile in a log of `size` entries."""
    return Tile(level, n, min(WIDTH, (size >> HEIGHT * (level or 0)) - n * WIDTH))


def right_edge(size: int) -> list[Tile | None]:
    """Of each level, from the leaves up, the partial tile of hashes, if it has one: the root and the growth depend on no more."""
    levels = range(-(-size.bit_length() // HEIGHT))
    return [
        tile_of(level, size >> HEIGHT * (level + 1), size) if (size >> HEIGHT * level) % WIDTH else None
        for level in levels
    ]


def root_of(rows: Iterable[bytes]) -> bytes:
    """The root of a log, from the hashes of its partial tiles; the lowest comes first."""
    made = b""
    for row in rows:
        while row:
            if len(row) % (2 * HASH_BYTES):
                made = node_hash(row[-HASH_BYTES:], made) if made else row[-HASH_BYTES:]
            row = pair(row)  # noqa: PLW2901 - row after row, up to the tile's own root
    return made or EMPTY


def tile_root(row: bytes) -> bytes:
    """The hash of a full tile, which is what the level above holds of it."""
    while len(row) > HASH_BYTES:
        row = pair(row)
    return row


def leaf_hashes(framed: Iterable[bytes]) -> bytes:
    """The hashes of entries, each of which stands behind its length."""
    return b"".join([sha256(b"\0" + entry[LENGTH_BYTES:]).digest() for entry in framed])


def frame(entry: bytes) -> bytes:
    """An entry as it stands in a bundle. Raises OverflowError for one of more than MAX_ENTRY_BYTES."""
    return len(entry).to_bytes(LENGTH_BYTES, "big") + entry


def unframe(bundle: bytes) -> list[bytes]:
    """The entries of a bundle. Raises ValueError where the last one is cut off."""
    framed, rest = chop(bundle)
    if rest:
        raise ValueError(f"entry {len(framed)} of the bundle is cut off")
    return [entry[LENGTH_BYTES:] for entry in framed]


def chop(bundle: bytes) -> tuple[list[bytes], bytes]:
    """The whole entries of a bundle, each behind its length, and what is left over behind them."""
    framed = []
    at, end = 0, len(bundle)
    while at < end:
        after = at + LENGTH_BYTES + int.from_bytes(bundle[at : at + LENGTH_BYTES], "big")
        if after > end:
            break
        framed.append(bundle[at:after])
        at = after
    return framed, bundle[at:]


class Edge(msgspec.Struct, frozen=True):
    """The growing side of a log: what of it is not in full tiles yet."""

    size: int = 0  # entries
    rows: tuple[bytes, ...] = ()  # of each level, from the leaves up, the hashes of its partial tile: 0 to 255 of them
    bundle: bytes = b""  # the partial bundle of entries

    @property
    def root(self) -> bytes:
        return root_of(self.rows)


def grow(edge: Edge, framed: Sequence[bytes]) -> tuple[Edge, list[tuple[Tile, bytes]]]:
    """The edge of a log after more entries, and the files that are new."""
    size = edge.size + len(framed)
    started = edge.size % WIDTH  # entries of the bundle that is partial
    bundles = [b"".join(framed[max(at, 0) : at + WIDTH]) for at in range(-started, len(framed), WIDTH)]
    bundles[0] = edge.bundle + bundles[0]
    files = [(tile_of(None, n, size), bundle) for n, bundle in enumerate(bundles, start=edge.size // WIDTH)]
    rows: list[bytes] = []
    added = leaf_hashes(framed)
    while added or len(rows) < len(edge.rows):
        level = len(rows)
        row = (edge.rows[level] if level < len(edge.rows) else b"") + added
        tiles = [row[at : at + TILE_BYTES] for at in range(0, len(row), TILE_BYTES)]
        if added:
            first = edge.size >> HEIGHT * (level + 1)
            files += [(tile_of(level, n, size), tile) for n, tile in enumerate(tiles, start=first)]
        rows.append(tiles.pop() if len(row) % TILE_BYTES else b"")
        added = b"".join([tile_root(tile) for tile in tiles])
    return Edge(size, tuple(rows), bundles[-1] if size % WIDTH else b""), files
