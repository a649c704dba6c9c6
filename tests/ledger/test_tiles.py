"""The layout of tlog-tiles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.ledger.merkle import leaf_hash, root
from garrison.ledger.tiles import (
    MAX_ENTRY_BYTES,
    WIDTH,
    Edge,
    Tile,
    chop,
    frame,
    grow,
    leaf_hashes,
    right_edge,
    tile_of,
    unframe,
)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 999), "tile/0/999"),
        (Tile(0, 1000), "tile/0/x001/000"),
        (Tile(3, 1234067), "tile/3/x001/x234/067"),  # the example of the specification
        (Tile(1, 4, 17), "tile/1/004.p/17"),
        (Tile(None, 1234067), "tile/entries/x001/x234/067"),
        (Tile(None, 1234, 1), "tile/entries/x001/234.p/1"),
    ],
)
def test_paths(tile: Tile, path: str) -> None:
    assert tile.path == path


def test_the_partial_tiles_of_the_example_in_the_specification() -> None:
    assert right_edge(70_000) == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert right_edge(256) == [None, Tile(1, 0, 1)]
    assert right_edge(0) == []
    assert tile_of(0, 272, 70_000).width == WIDTH
    assert tile_of(None, 273, 70_000) == Tile(None, 273, 112)


@given(st.lists(st.integers(1, 700), min_size=1, max_size=6))
def test_a_log_grows_the_same_in_whatever_steps(steps: list[int]) -> None:
    entries = [b"%d" % n for n in range(sum(steps))]
    framed = [frame(entry) for entry in entries]
    edge, files = Edge(), dict[Tile, bytes]()
    for step in steps:
        edge, new = grow(edge, framed[edge.size : edge.size + step])
        files.update(new)
    assert edge.size == len(entries)
    assert edge.root == root([leaf_hash(entry) for entry in entries])
    at_once, in_one = grow(Edge(), framed)
    assert edge == at_once
    assert dict(in_one).items() <= files.items()
    assert [files[tile] for tile in right_edge(edge.size) if tile] == [row for row in edge.rows if row]
    bundles = [files[tile_of(None, n, edge.size)] for n in range(-(-edge.size // WIDTH))]
    assert [entry for bundle in bundles for entry in unframe(bundle)] == entries


def test_a_tree_of_three_levels() -> None:
    framed = [frame(b"")] * 70_000
    edge, files = grow(Edge(), framed)
    tiles = dict(files)
    assert [len(row) // 32 for row in edge.rows] == [112, 17, 1]
    assert len(tiles) == 2 * 274 + 2 + 1
    assert tiles[Tile(0, 0)] == leaf_hash(b"") * WIDTH


def test_the_longest_entry_fits_and_a_longer_one_does_not() -> None:
    assert unframe(frame(b"x" * MAX_ENTRY_BYTES)) == [b"x" * MAX_ENTRY_BYTES]
    with pytest.raises(OverflowError):
        frame(b"x" * (MAX_ENTRY_BYTES + 1))


@given(st.binary(max_size=300))
def test_a_bundle_is_taken_apart_or_refused(data: bytes) -> None:
    framed, rest = chop(data)
    assert b"".join(framed) + rest == data
    assert leaf_hashes(framed) == b"".join(leaf_hash(entry[2:]) for entry in framed)
    if rest:
        with pytest.raises(ValueError, match=f"entry {len(framed)} of the bundle is cut off"):
            unframe(data)
    else:
        assert b"".join(map(frame, unframe(data))) == data
