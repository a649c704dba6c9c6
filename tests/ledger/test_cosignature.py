"""Cosignatures and policies."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from garrison.errors import ConfigError, LedgerError, TamperedError
from garrison.ledger.cosignature import CosignatureVerifier, Cosigner, cosigned_s
from garrison.ledger.note import Ed25519Signer, Note, VerifierKey, open_note, parse_note, sign_note
from garrison.ledger.trust import open_trusted, parse_policy, trusting

ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
TEXT = f"example.com/behind-the-sofa\n20852163\n{ROOT}\n"
# Keys that are the same in every process: the names of tests hold them.
LOG, KEY, *OTHERS = (
    Ed25519Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))
    for number, name in enumerate(("example.com/behind-the-sofa", *(f"witness.example.com/w{n}" for n in (1, 2, 3))))
)
W1 = Cosigner(KEY, lambda: 1679315147.9)
W2, W3 = map(Cosigner, OTHERS)


def test_the_message_of_the_specification() -> None:
    """What https://c2sp.org/tlog-cosignature, section "Ed25519 signed message", shows is what is signed."""
    signature = W1.sign(TEXT.encode())
    assert int.from_bytes(signature[:8], "big") == 1679315147
    message = f"cosignature/v1\ntime 1679315147\n{TEXT}".encode()
    KEY.private.public_key().verify(signature[8:], message)


def test_the_key_id_is_its_own() -> None:
    key = VerifierKey.parse(W1.vkey)
    public = KEY.private.public_key().public_bytes_raw()
    assert key.key_id == hashlib.sha256(b"witness.example.com/w1\n\x04" + public).digest()[:4]
    assert key.key_id != VerifierKey.parse(KEY.vkey).key_id


def test_the_form_of_the_line_of_the_specification() -> None:
    """The example there is of an unknown key: name, an id of 4 bytes, the time it tells, 64 bytes."""
    line = (
        "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe"
        "+mbIUBkBIfZ+qnA==\n"
    )
    signature = parse_note(f"{TEXT}\n{line}".encode()).others[0]
    assert cosigned_s(signature) == 1679315147
    assert len(signature.signature) == 72
    assert str(signature) == line


def test_every_flipped_bit_fails() -> None:
    known = [CosignatureVerifier.parse(W1.vkey)]
    data = sign_note(TEXT, [W1])
    assert open_note(data, known)
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 1 << position % 8
        with pytest.raises(TamperedError):
            open_note(bytes(changed), known)


def test_another_time_is_another_message() -> None:
    signature = W1.sign(TEXT.encode())
    verifier = CosignatureVerifier.parse(W1.vkey)
    assert verifier.verify(TEXT.encode(), signature)
    assert not verifier.verify(TEXT.encode(), (1679315148).to_bytes(8, "big") + signature[8:])
    assert not verifier.verify(TEXT.encode(), b"\xff" + signature[1:])
    assert not verifier.verify(TEXT.encode(), signature[8:])
    assert not verifier.verify(TEXT.encode(), KEY.sign(TEXT.encode()))


def test_a_clock_that_cannot_be() -> None:
    with pytest.raises(LedgerError, match="the clock says 0 seconds"):
        Cosigner(KEY, lambda: 0).sign(TEXT.encode())


def test_the_key_of_a_log_is_none_of_a_witness() -> None:
    with pytest.raises(LedgerError, match="is of type 1"):
        CosignatureVerifier.parse(KEY.vkey)


POLICY = f"""\
# whom we trust
log {LOG.vkey}  https://example.com/behind-the-sofa/

\twitness w1 {W1.vkey}
witness w2 {W2.vkey} https://w2.example/
witness w3 {W3.vkey}
group two-of-three 2 w1 w2 w3
quorum two-of-three
"""


@pytest.mark.parametrize(
    ("signers", "enough"),
    [((LOG, W1, W2), True), ((LOG, W3, W1, W2), True), ((LOG, W1), False), ((LOG,), False), ((W1, W2), False)],
)
def test_quorum(signers: tuple[Cosigner | Ed25519Signer, ...], enough: bool) -> None:
    data = sign_note(TEXT, signers)
    policy = parse_policy(POLICY)
    if enough:
        assert open_trusted(data, policy).checkpoint.size == 20852163
    else:
        with pytest.raises(TamperedError, match=r"not enough witnesses|did not sign"):
            open_trusted(data, policy)


def test_groups_of_groups() -> None:
    policy = parse_policy(
        f"log {LOG.vkey}\nwitness a {W1.vkey}\nwitness b {W2.vkey}\nwitness c {W3.vkey}\n"
        "group any-of any a b\ngroup both all any-of c\nquorum both"
    )
    assert open_trusted(sign_note(TEXT, [LOG, W2, W3]), policy)
    with pytest.raises(TamperedError, match="not enough witnesses") as raised:
        open_trusted(sign_note(TEXT, [LOG, W1, W2]), policy)
    assert W3.name in raised.value.hint


def test_keys_given_one_by_one() -> None:
    data = sign_note(TEXT, [LOG, W1])
    assert open_trusted(data, trusting([LOG.vkey]))
    assert open_trusted(data, trusting([LOG.vkey], [W1.vkey]))
    with pytest.raises(TamperedError, match="not enough witnesses"):
        open_trusted(data, trusting([LOG.vkey], [W1.vkey, W2.vkey]))


def test_a_ledger_that_is_not_known() -> None:
    with pytest.raises(TamperedError, match=r"no key is known for the ledger example\.com/behind-the-sofa"):
        open_trusted(sign_note(TEXT, [LOG]), trusting([KEY.vkey]))


def test_a_false_cosignature_spoils_the_checkpoint() -> None:
    note = parse_note(sign_note(TEXT, [LOG, W1]))
    other = parse_note(sign_note(TEXT.replace("20852163", "20852164"), [W2]))
    with pytest.raises(TamperedError, match=r"w2\+\w+ is not valid"):
        open_trusted(bytes(Note(TEXT, others=(*note.others, *other.others))), parse_policy(POLICY))


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", 0, "no quorum"),
        ("quorum x", 1, "x is not defined above"),
        ("quorum none\nquorum none", 2, "a second quorum"),
        ("lgo x", 1, "unknown word lgo"),
        ("log", 1, "too few"),
        ("log a b c", 1, "too few or too many"),
        ("log a", 1, "no verifier key"),
        (f"log {W1.vkey}", 1, "is of type 4"),
        (f"log {LOG.vkey}\nlog {LOG.vkey}", 2, "given twice"),
        (f"witness a {LOG.vkey}", 1, "is of type 1"),
        (f"witness none {W1.vkey}", 1, "none is taken"),
        (f"witness a {W1.vkey}\nwitness a {W2.vkey}", 2, "a is taken"),
        (f"witness a {W1.vkey}\nwitness b {W1.vkey}", 2, "given twice"),
        (f"witness a {W1.vkey}\ngroup g 2 a", 2, "no number of these"),
        (f"witness a {W1.vkey}\ngroup g 0 a", 2, "no number of these"),
        (f"witness a {W1.vkey}\ngroup g all a a", 2, "member twice"),
        (f"witness a {W1.vkey}\ngroup g all a\ngroup h all a", 3, "member twice"),
        ("group g all a", 1, "a is not defined above"),
        ("quorum none\r", 1, "a control character"),
        ("\n" * 1001, 0, "more than 1,000 lines"),
    ],
)
def test_what_is_wrong_in_a_policy_is_named(text: str, line: int, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as raised:
        parse_policy(text, "trust.policy")
    assert (raised.value.path, raised.value.line) == ("trust.policy", line)


WORD = st.sampled_from(
    ["log", "witness", "group", "quorum", "none", "a", "b", "any", "1", "#", LOG.vkey, W1.vkey, "\u3000"]
)


@given(st.lists(st.lists(WORD, max_size=5).map(" ".join), max_size=8).map("\n".join))
def test_any_policy_is_read_or_refused(text: str) -> None:
    try:
        policy = parse_policy(text)
    except ConfigError:
        return
    assert policy.quorum == "none" or policy.quorum in policy.members
