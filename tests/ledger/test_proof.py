"""Proofs in files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.errors import TamperedError
from garrison.ledger import merkle
from garrison.ledger.cosignature import Cosigner
from garrison.ledger.note import Ed25519Signer, parse_note, sign_note
from garrison.ledger.proof import Proof, verify_proof
from garrison.ledger.trust import trusting

from .logs import MemoryLog

# https://c2sp.org/tlog-proof, the example but for its signatures, which are not whole there.
EXAMPLE = """\
c2sp.org/tlog-proof@v1
extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=

example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

"""
LOG = MemoryLog().grow(11)
WITNESS = Cosigner(Ed25519Signer.generate("witness.example/w1"))


def proof_of(index: int, *, cosigned: bool = False) -> Proof:
    note = LOG.checkpoint()
    if cosigned:
        text = parse_note(note).text
        note = sign_note(text, [LOG.signer, WITNESS])
    return Proof(index, tuple(merkle.inclusion_proof(LOG.leaves, index)), note)


def test_the_example_of_the_specification() -> None:
    proof = Proof.parse(EXAMPLE.encode())
    assert proof.index == 73894
    assert proof.extra is not None
    assert proof.extra.startswith(b"age-v1.2.1-darwin-arm64.tar.gz")
    assert [h[:2].hex() for h in proof.hashes] == ["8122", "07de"]
    assert proof.checkpoint.startswith(b"example.com/fancylog\n109482\n")
    assert bytes(proof) == EXAMPLE.encode()


@pytest.mark.parametrize("index", range(11))
def test_every_entry(index: int) -> None:
    proof = Proof.parse(bytes(proof_of(index)))
    assert verify_proof(f"entry {index}".encode(), proof, trusting([LOG.signer.vkey])).checkpoint.size == 11
    with pytest.raises(TamperedError, match=f"this is not entry {index} of example.com/ledger at 11 entries"):
        verify_proof(f"entry {index} ".encode(), proof, trusting([LOG.signer.vkey]))


def test_with_witnesses() -> None:
    policy = trusting([LOG.signer.vkey], [WITNESS.vkey])
    assert verify_proof(b"entry 4", proof_of(4, cosigned=True), policy)
    with pytest.raises(TamperedError, match="not enough witnesses"):
        verify_proof(b"entry 4", proof_of(4), policy)


def test_every_changed_byte_fails() -> None:
    data = bytes(proof_of(6))
    policy = trusting([LOG.signer.vkey])
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 1 << position % 7
        with pytest.raises(TamperedError):
            verify_proof(b"entry 6", Proof.parse(bytes(changed)), policy)


HEAD, CHECKPOINT = "c2sp.org/tlog-proof@v1", "a\n1\n"
HASH = "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ="


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no empty line"),
        (f"{HEAD}\nindex 0\n", "no empty line"),
        (f"{HEAD}\n\n{CHECKPOINT}", "no index"),
        ("index 0\n\n", "first line"),
        (f"{HEAD}\nindex 00\n\n", "no index"),
        (f"{HEAD}\nindex -1\n\n", "no index"),
        (f"{HEAD}\nindex ١\n\n", "no index"),
        (f"{HEAD}\nindex {'9' * 5000}\n\n", "no index"),
        (f"{HEAD}\nindex 0\nextra AA==\n\n", "no SHA-256"),
        (f"{HEAD}\nextra !\nindex 0\n\n", "not base64"),
        (f"{HEAD}\nindex 0\nAAAA\n\n", "no SHA-256"),
        (f"{HEAD}\nindex 0\n{HASH[:-2]}R=\n\n", "no SHA-256"),
        (f"{HEAD}\nindex 0\n" + f"{HASH}\n" * 64 + "\n", "more than 63"),
        (f"{HEAD}\r\nindex 0\r\n\r\n", "no empty line"),
        (f"{HEAD}\nindex 0\n\n{'a' * 1_000_000}", "too large"),
    ],
)
def test_malformed(text: str, why: str) -> None:
    with pytest.raises(TamperedError, match=why):
        Proof.parse(text.encode())


@given(
    st.integers(0, 2**62), st.lists(st.binary(min_size=32, max_size=32), max_size=5), st.binary(max_size=60), st.none() | st.binary(max_size=9)
)  # fmt: skip
def test_any_comes_back(index: int, hashes: list[bytes], checkpoint: bytes, extra: bytes | None) -> None:
    proof = Proof(index, tuple(hashes), checkpoint, extra)
    assert Proof.parse(bytes(proof)) == proof


@given(st.binary(max_size=200) | st.binary(max_size=80).map(lambda b: f"{HEAD}\nindex 1\n".encode() + b))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        proof = Proof.parse(data)
    except TamperedError:
        return
    assert bytes(proof) == data
