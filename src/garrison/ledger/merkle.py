"""Merkle trees as of RFC 6962, section 2.1 (RFC 9162, section 2.1, says the same): hashes, proofs, and how they are checked.

A proof is the hashes of some ranges of leaves. Which ranges depends on numbers only (`inclusion_path`, `consistency_path`), so
that their hashes may come from leaves in memory as well as from tiles on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from struct import Struct
from typing import TypeAlias

HASH_BYTES = 32
EMPTY = sha256(b"").digest()  # the root of a tree without leaves
_NODE = sha256(b"\1")
_BOTH = Struct(f"{2 * HASH_BYTES}s")

Range: TypeAlias = tuple[int, int]
"""Leaves from the first up to, and without, the second."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of an entry."""
    return sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees that stand side by side."""
    return sha256(b"\1" + left + right).digest()


def pair(row: bytes) -> bytes:
    """The row above a row of hashes; one that is left over at its end has no parent yet."""
    whole = len(row) - len(row) % _BOTH.size
    made = []
    for (both,) in _BOTH.iter_unpack(row[:whole]):
        node = _NODE.copy()  # faster than a new one, here where a tree spends its time
        node.update(both)
        made.append(node.digest())
    return b"".join(made)


def split(start: int, end: int) -> int:
    """Where the left subtree of these leaves ends: their largest power of two that is less than all of them."""
    return start + (1 << (end - start - 1).bit_length() - 1)


def range_hash(start: int, end: int, subtree: Callable[[int, int], bytes]) -> bytes:
    """The hash of a range, from those of its complete subtrees: `subtree(height, n)` is of the leaves n·2^height and on."""
    count = end - start
    if count == 0:
        return EMPTY
    if count & (count - 1) == 0:
        height = count.bit_length() - 1
        return subtree(height, start >> height)
    middle = split(start, end)
    return node_hash(range_hash(start, middle, subtree), range_hash(middle, end, subtree))


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over hashes of leaves."""
    return range_hash(0, len(leaves), lambda height, n: _complete(leaves, height, n))


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """That a leaf is in the tree over these hashes (RFC 6962, section 2.1.1). Raises IndexError."""
    return [root(leaves[start:end]) for start, end in inclusion_path(index, len(leaves))]


def consistency_proof(leaves: Sequence[bytes], old: int) -> list[bytes]:
    """That the tree over the first `old` leaves is the beginning of this one (RFC 6962, section 2.1.2). Raises IndexError."""
    return [root(leaves[start:end]) for start, end in consistency_path(old, len(leaves))]


def inclusion_path(index: int, size: int) -> list[Range]:
    """The ranges whose hashes are the proof of a leaf, the leaf's sibling first. Raises IndexError."""
    if not 0 <= index < size:
        raise IndexError(f"entry {index} is not in a tree of {size}")
    start, end, path = 0, size, list[Range]()
    while end - start > 1:
        middle = split(start, end)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return path[::-1]


def consistency_path(old: int, size: int) -> list[Range]:
    """The ranges whose hashes are the proof between two sizes. Raises IndexError."""
    if not 0 < old <= size:
        raise IndexError(f"a tree of {old} is no beginning of one of {size}")
    start, end, path = 0, size, list[Range]()
    while old != end:
        middle = split(start, end)
        if old <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    if start:  # else the range is the old tree, whose root the verifier has
        path.append((start, end))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a proof leads from a leaf's hash to the root (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size or not _hashes((leaf, root, *proof)):
        return False
    at, last, made = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            made = node_hash(sibling, made)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            made = node_hash(made, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and made == root


def verify_consistency(old: int, size: int, proof: Sequence[bytes], old_root: bytes, root: bytes) -> bool:
    """Whether a proof leads from the root of a smaller tree to that of a larger one (RFC 9162, section 2.1.4.2).

    Nothing is proved from an empty tree, since every tree begins with it: such a proof is never valid.
    """
    if not 0 < old <= size or not _hashes((old_root, root, *proof)):
        return False
    if old == size:
        return not proof and old_root == root
    nodes = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    if not nodes:
        return False
    old_made = made = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old_made, made = node_hash(node, old_made), node_hash(node, made)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            made = node_hash(made, node)
        at, last = at >> 1, last >> 1
    return last == 0 and old_made == old_root and made == root


def _complete(leaves: Sequence[bytes], height: int, n: int) -> bytes:
    row = b"".join(leaves[n << height : n + 1 << height])
    while len(row) > HASH_BYTES:
        row = pair(row)
    return row


def _hashes(nodes: Iterable[bytes]) -> bool:
    return all(len(node) == HASH_BYTES for node in nodes)
