"""Hashes and proofs. The cases of the public vectors (transparency-dev/merkle, testdata) are the tables below, in our own numbers."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence

import pytest

from garrison.ledger.merkle import (
    EMPTY,
    consistency_path,
    consistency_proof,
    inclusion_path,
    inclusion_proof,
    leaf_hash,
    node_hash,
    range_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

# The leaves that implementations of RFC 6962 test with, and the roots of the trees over the first 1 to 8 of them.
LEAVES = [
    leaf_hash(bytes.fromhex(data))
    for data in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
GARBAGE = hashlib.sha256(b"garbage").digest()
SIZES = range(1, 301)
SMALL = 20  # sizes at which every byte of every proof is changed
LEAF = [leaf_hash(b"%d" % n) for n in SIZES]


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


class Inclusion:
    """One proof, with all that a verifier is told."""

    def __init__(self, index: int, size: int) -> None:
        self.leaf, self.index, self.size = LEAVES[index], index, size
        self.proof, self.root = inclusion_proof(LEAVES[:size], index), root(LEAVES[:size])

    def valid(self) -> bool:
        return verify_inclusion(self.leaf, self.index, self.size, self.proof, self.root)


INCLUSION: dict[str, Callable[[Inclusion], None]] = {
    "index plus 1": lambda p: setattr(p, "index", p.index + 1),
    "index less 1": lambda p: setattr(p, "index", p.index - 1),
    "index xor 2": lambda p: setattr(p, "index", p.index ^ 2),
    "size doubled": lambda p: setattr(p, "size", p.size * 2),
    "size halved": lambda p: setattr(p, "size", p.size // 2),
    "wrong leaf": lambda p: setattr(p, "leaf", GARBAGE),
    "short leaf": lambda p: setattr(p, "leaf", b"wrong leaf"),
    "no leaf": lambda p: setattr(p, "leaf", b""),
    "root of an empty tree": lambda p: setattr(p, "root", EMPTY),
    "no root": lambda p: setattr(p, "root", b""),
    "random root": lambda p: setattr(p, "root", GARBAGE),
    "garbage behind": lambda p: p.proof.append(GARBAGE),
    "garbage before": lambda p: p.proof.insert(0, GARBAGE),
    "root behind": lambda p: p.proof.append(p.root),
    "root before": lambda p: p.proof.insert(0, p.root),
    "an empty hash behind": lambda p: p.proof.append(b""),
}
INCLUSION_OF_SEVERAL: dict[str, Callable[[Inclusion], None]] = {
    "a hash too few": lambda p: setattr(p, "proof", p.proof[:-1]),
    "a hash in between": lambda p: p.proof.insert(1, GARBAGE),
    "bit 3 of the first hash": lambda p: p.proof.__setitem__(0, flipped(p.proof[0], 3)),
    "bit 3 of the last hash": lambda p: p.proof.__setitem__(-1, flipped(p.proof[-1], 3)),
    "turned round": lambda p: setattr(p, "proof", [*p.proof[::-1], GARBAGE][: max(len(p.proof), 2)]),
}


class Consistency:
    """One proof, with all that a verifier is told."""

    def __init__(self, old: int, size: int) -> None:
        self.old, self.size = old, size
        self.proof = consistency_proof(LEAVES[:size], old)
        self.old_root, self.root = root(LEAVES[:old]), root(LEAVES[:size])

    def valid(self) -> bool:
        return verify_consistency(self.old, self.size, self.proof, self.old_root, self.root)

    def swap(self) -> None:
        self.old_root, self.root = self.root, self.old_root


CONSISTENCY: dict[str, Callable[[Consistency], None]] = {
    "old plus 1": lambda p: setattr(p, "old", p.old + 1),
    "old less 1": lambda p: setattr(p, "old", p.old - 1),
    "old xor 2": lambda p: setattr(p, "old", p.old ^ 2),
    "size doubled": lambda p: setattr(p, "size", p.size * 2),
    "size halved": lambda p: setattr(p, "size", p.size // 2),
    "wrong old root": lambda p: setattr(p, "old_root", GARBAGE),
    "wrong root": lambda p: setattr(p, "root", GARBAGE),
    "short root": lambda p: setattr(p, "root", b"wrong root"),
    "roots swapped": Consistency.swap,
    "no proof": lambda p: p.proof.clear(),
    "a hash too few": lambda p: setattr(p, "proof", p.proof[:-1]),
    "garbage behind": lambda p: p.proof.append(GARBAGE),
    "garbage before": lambda p: p.proof.insert(0, GARBAGE),
    "root behind": lambda p: p.proof.append(p.root),
    "root before": lambda p: p.proof.insert(0, p.root),
    "old root behind": lambda p: p.proof.append(p.old_root),
    "old root before": lambda p: p.proof.insert(0, p.old_root),
    "the first hash twice": lambda p: p.proof.insert(0, p.proof[0]),
    "bit 4 of the first hash": lambda p: p.proof.__setitem__(0, flipped(p.proof[0], 4)),
    "bit 4 of the last hash": lambda p: p.proof.__setitem__(-1, flipped(p.proof[-1], 4)),
}


def test_the_roots_that_everybody_has() -> None:
    assert root([]) == EMPTY == hashlib.sha256().digest()
    assert [root(LEAVES[:size]).hex() for size in range(1, 9)] == list(ROOTS)


@pytest.mark.parametrize("place", [(0, 1), (0, 8), (5, 8), (2, 3), (1, 5)])
@pytest.mark.parametrize("case", [*INCLUSION, *INCLUSION_OF_SEVERAL])
def test_a_proof_of_inclusion_holds_only_as_it_is(place: tuple[int, int], case: str) -> None:
    proof = Inclusion(*place)
    assert proof.valid()
    if case in INCLUSION_OF_SEVERAL and not proof.proof:
        assert place == (0, 1)
        return
    {**INCLUSION, **INCLUSION_OF_SEVERAL}[case](proof)
    assert not proof.valid()


@pytest.mark.parametrize("place", [(1, 8), (6, 8), (2, 5), (6, 7)])
@pytest.mark.parametrize("case", CONSISTENCY)
def test_a_proof_of_consistency_holds_only_as_it_is(place: tuple[int, int], case: str) -> None:
    proof = Consistency(*place)
    assert proof.valid()
    CONSISTENCY[case](proof)
    assert not proof.valid()


BORDERS: list[tuple[int, int, list[bytes], str, str, bool]] = [
    (1, 1, [], ROOTS[0], ROOTS[0], True),
    (8, 8, [], ROOTS[7], ROOTS[7], True),
    (1, 1, [], ROOTS[0], ROOTS[1], False),
    (1, 1, [GARBAGE], ROOTS[0], ROOTS[0], False),
    (1, 2, [], ROOTS[0], ROOTS[1], False),
    (2, 1, [], ROOTS[1], ROOTS[0], False),
    (1, 0, [], ROOTS[0], EMPTY.hex(), False),
    (0, 0, [], EMPTY.hex(), EMPTY.hex(), False),
    (0, 0, [GARBAGE], EMPTY.hex(), EMPTY.hex(), False),
    (0, 1, [], EMPTY.hex(), ROOTS[0], False),
    (0, 1, [EMPTY], EMPTY.hex(), EMPTY.hex(), False),
    (-1, 1, [], EMPTY.hex(), ROOTS[0], False),
    (1, 1, [], "", "", False),
]


@pytest.mark.parametrize("case", BORDERS)
def test_consistency_at_the_borders(case: tuple[int, int, list[bytes], str, str, bool]) -> None:
    old, size, proof, old_root, new_root, holds = case
    assert verify_consistency(old, size, proof, bytes.fromhex(old_root), bytes.fromhex(new_root)) is holds


@pytest.mark.parametrize(
    ("index", "size", "leaf", "of"), [(0, 0, EMPTY, EMPTY), (0, 0, GARBAGE, EMPTY), (0, 1, b"", b"")]
)
def test_nothing_is_in_an_empty_tree(index: int, size: int, leaf: bytes, of: bytes) -> None:
    assert not verify_inclusion(leaf, index, size, [], of)
    with pytest.raises(IndexError):
        inclusion_path(index, 0)
    for old in (0, 2):
        with pytest.raises(IndexError):
            consistency_path(old, 1)


def roots_by_definition() -> list[bytes]:
    """MTH as RFC 6962 writes it, for each size, by a stack of complete subtrees."""
    made, stack = [EMPTY], list[tuple[int, bytes]]()
    for leaf in LEAF:
        height, node = 0, leaf
        while stack and stack[-1][0] == height:
            height, node = height + 1, node_hash(stack.pop()[1], node)
        stack.append((height, node))
        whole = stack[-1][1]
        for _, left in stack[-2::-1]:
            whole = node_hash(left, whole)
        made.append(whole)
    return made


@functools.cache
def subtree(height: int, n: int) -> bytes:
    return LEAF[n] if height == 0 else node_hash(subtree(height - 1, 2 * n), subtree(height - 1, 2 * n + 1))


@pytest.mark.slow
def test_every_proof_of_inclusion_of_every_size_holds_and_no_changed_one() -> None:
    roots = roots_by_definition()
    for size in SIZES:
        for index in range(size):
            proof = [range_hash(start, end, subtree) for start, end in inclusion_path(index, size)]
            told = [LEAF[index], roots[size], *proof]
            assert verify_inclusion(told[0], index, size, told[2:], told[1])
            for at in changed_bytes(size, index, told):
                with_fault = [*told]
                with_fault[at // 32] = flipped(told[at // 32], at % 32 * 8 + at % 8)
                assert not verify_inclusion(with_fault[0], index, size, with_fault[2:], with_fault[1])


@pytest.mark.slow
def test_every_proof_of_consistency_of_every_size_holds_and_no_changed_one() -> None:
    roots = roots_by_definition()
    for size in SIZES:
        for old in range(1, size + 1):
            proof = [range_hash(start, end, subtree) for start, end in consistency_path(old, size)]
            told = [roots[old], roots[size], *proof]
            assert verify_consistency(old, size, told[2:], told[0], told[1])
            for at in changed_bytes(size, old, told):
                with_fault = [*told]
                with_fault[at // 32] = flipped(told[at // 32], at % 32 * 8 + at % 8)
                assert not verify_consistency(old, size, with_fault[2:], with_fault[0], with_fault[1])


def changed_bytes(size: int, number: int, told: Sequence[bytes]) -> Sequence[int]:
    """All bytes of what is told, while it is little; then another one each time."""
    count = 32 * len(told)
    return range(count) if size <= SMALL else [(number * 7 + size) % count]


def test_the_proofs_of_lists_are_those_of_subtrees() -> None:
    for size in (1, 2, 3, 7, 8, 9, 100):
        for number in range(1, size + 1):
            inclusion = [range_hash(start, end, subtree) for start, end in inclusion_path(number - 1, size)]
            assert inclusion_proof(LEAF[:size], number - 1) == inclusion
            consistency = [range_hash(start, end, subtree) for start, end in consistency_path(number, size)]
            assert consistency_proof(LEAF[:size], number) == consistency
