"""Checkpoints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.errors import LedgerError, TamperedError
from garrison.ledger.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint, sign_checkpoint
from garrison.ledger.note import Ed25519Signer, Ed25519Verifier

SIGNER = Ed25519Signer.generate("example.com/ledger")
KNOWN = [Ed25519Verifier.parse(SIGNER.vkey)]
ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="  # of the example in https://c2sp.org/tlog-checkpoint
EXAMPLE = f"example.com/behind-the-sofa\n20852163\n{ROOT}\n"


def test_the_example_of_the_specification() -> None:
    found = Checkpoint.parse(EXAMPLE)
    assert (found.origin, found.size, found.root[:3].hex()) == ("example.com/behind-the-sofa", 20852163, "0ac518")
    assert found.text == EXAMPLE


def test_signed_and_read() -> None:
    checkpoint = Checkpoint("example.com/ledger", 7, bytes(32), ("more",))
    data = sign_checkpoint(checkpoint, [SIGNER])
    found = open_checkpoint(data, KNOWN, origin="example.com/ledger")
    assert found.checkpoint == checkpoint == parse_checkpoint(data).checkpoint
    assert bytes(found) == data
    with pytest.raises(TamperedError, match=r"is of example\.com/ledger, not of example\.com/other"):
        open_checkpoint(data, KNOWN, origin="example.com/other")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "three lines"),
        (f"a\n1\n{ROOT}", "three lines"),
        ("a\n1\n", "three lines"),
        (f"\n1\n{ROOT}\n", "three lines"),
        (f"a\n1\n{ROOT}\n\nb\n", "three lines"),
        (f"a\n01\n{ROOT}\n", "second line"),
        (f"a\n-1\n{ROOT}\n", "second line"),
        (f"a\n+1\n{ROOT}\n", "second line"),
        (f"a\n 1\n{ROOT}\n", "second line"),
        (f"a\n1_0\n{ROOT}\n", "second line"),
        (f"a\n١\n{ROOT}\n", "second line"),
        (f"a\n{2**63}\n{ROOT}\n", "second line"),
        (f"a\n{'9' * 10_000}\n{ROOT}\n", "second line"),
        (f"a\n1\n{ROOT[:-4]}\n", "third line"),
        (f"a\n1\n{ROOT[:-2]}J=\n", "third line"),
        (f"a\n1\n {ROOT}\n", "third line"),
    ],
)
def test_malformed(text: str, why: str) -> None:
    with pytest.raises(TamperedError, match=why):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    "checkpoint", [Checkpoint("", 0, bytes(32)), Checkpoint("a\nb", 0, bytes(32)), Checkpoint("a", 0, bytes(32), ("",))]
)
def test_what_would_break_the_lines(checkpoint: Checkpoint) -> None:
    with pytest.raises(LedgerError, match="one line"):
        sign_checkpoint(checkpoint, [SIGNER])


LINE = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)


@given(LINE, st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32), st.lists(LINE, max_size=3))
def test_any_comes_back(origin: str, size: int, root: bytes, extensions: list[str]) -> None:
    checkpoint = Checkpoint(origin, size, root, tuple(extensions))
    assert Checkpoint.parse(checkpoint.text) == checkpoint


@given(st.text(max_size=100) | st.builds("{}\n{}\n{}\n".format, LINE, st.text(max_size=5), st.text(max_size=5)))
def test_nothing_but_one_is_read(text: str) -> None:
    with pytest.raises(TamperedError):
        Checkpoint.parse(text)
