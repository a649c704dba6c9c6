"""Signed notes: what the specification's own examples say, and that no bit of one can change unseen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.errors import LedgerError, TamperedError
from garrison.ledger.note import (
    MAX_BYTES,
    MAX_SIGNATURES,
    Ed25519Signer,
    Ed25519Verifier,
    Note,
    Signature,
    VerifierKey,
    open_note,
    parse_note,
    sign_note,
)

# https://c2sp.org/signed-note, section "Verifier keys", "Example".
VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = (
    "This is an example message.\n"
    "\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)  # fmt: skip
SIGNER = Ed25519Signer.generate("example.com/ledger")
OTHER = Ed25519Signer.generate("example.com/other")


def verifiers(*signers: Ed25519Signer) -> list[Ed25519Verifier]:
    return [Ed25519Verifier.parse(s.vkey) for s in signers]


def test_the_example_of_the_specification() -> None:
    note = open_note(NOTE.encode(), [Ed25519Verifier.parse(VKEY)])
    assert note.text == "This is an example message.\n"
    assert [s.by for s in note.verified] == ["example.com/foo+530d903a"]
    assert bytes(note) == NOTE.encode()
    assert str(VerifierKey.parse(VKEY)) == VKEY


def test_what_is_signed_opens() -> None:
    data = sign_note("a\n\nb\n", [SIGNER, OTHER])
    assert open_note(data, verifiers(SIGNER, OTHER)).text == "a\n\nb\n"
    one = open_note(data, verifiers(OTHER))
    assert [s.name for s in one.verified] == [OTHER.name]
    assert [s.name for s in one.others] == [SIGNER.name]
    assert one.signed_by(verifiers(OTHER)[0])
    assert one.signed_by(verifiers(SIGNER)[0]) is None


def test_every_flipped_bit_fails() -> None:
    known = verifiers(SIGNER)
    data = sign_note("example.com/ledger\n2\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n", [SIGNER])
    for position in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[position] ^= 1 << bit
            with pytest.raises(TamperedError):
                open_note(bytes(changed), known)


def test_every_shortened_note_fails() -> None:
    data = sign_note("a\n", [SIGNER])
    for length in range(len(data)):
        with pytest.raises(TamperedError):
            open_note(data[:length], verifiers(SIGNER))


def test_a_known_name_with_another_key_is_unknown() -> None:
    double = Ed25519Signer.generate(SIGNER.name)
    with pytest.raises(TamperedError, match="no known key signed it") as raised:
        open_note(sign_note("a\n", [double]), verifiers(SIGNER))
    assert VerifierKey.parse(double.vkey).key_id.hex() in raised.value.hint
    both = open_note(sign_note("a\n", [double, SIGNER]), verifiers(SIGNER))
    assert len(both.verified) == len(both.others) == 1


def test_a_false_signature_of_a_known_key_spoils_the_note() -> None:
    key = VerifierKey.parse(OTHER.vkey)
    note = parse_note(sign_note("a\n", [SIGNER]))
    false = Note(note.text, others=(*note.others, Signature(key.name, key.key_id, bytes(64))))
    with pytest.raises(TamperedError, match=r"of example.com/other\+\w+ is not valid"):
        open_note(bytes(false), verifiers(SIGNER, OTHER))
    assert open_note(bytes(false), verifiers(SIGNER)).text == "a\n"


def line(name: str = "a", signature: str = "AAAAAQI=") -> str:
    return f"— {name} {signature}\n"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "no signature lines"),
        ("a\n", "no signature lines"),
        ("a\n\n", "no signature lines"),
        (line(), "no signature lines"),
        (f"a\n{line()}", "no signature lines"),
        (f"a\n\n{line()}"[:-1], "no signature lines"),
        (f"a\r\n\n{line()}", "control character, U+000D"),
        (f"a\x00\n\n{line()}", "control character, U+0000"),
        (f"a\n\n{line()}b\n", "signature line 2"),
        (f"a\n\n-{line()[1:]}", "signature line 1"),
        (f"a\n\n{line('')}", "signature line 1"),
        (f"a\n\n{line('a+b')}", "signature line 1"),
        (f"a\n\n{line('a' + chr(0xA0) + 'b')}", "signature line 1"),
        (f"a\n\n{line('a' + chr(0x2028) + 'b')}", "signature line 1"),
        (f"a\n\n{line(signature='')}", "signature line 1"),
        (f"a\n\n{line(signature='AAAAAQ==')}", "signature line 1"),  # an id and no signature
        (f"a\n\n{line(signature='AAAAAQI')}", "signature line 1"),  # no padding
        (f"a\n\n{line(signature='AAAAAQJ=')}", "signature line 1"),  # other bits in the padding
        (f"a\n\n{line(signature='AAAA AQI=')}", "signature line 1"),
        (f"a\n\n{line(signature='AAAA_QI=')}", "signature line 1"),
        (f"a\n\n{line() * (MAX_SIGNATURES + 1)}", "more than 100 signatures"),
        ("a" * MAX_BYTES + f"\n\n{line()}", "larger than 1,000,000 bytes"),
    ],
)
def test_malformed_notes(data: str, why: str) -> None:
    with pytest.raises(TamperedError, match=why.replace("+", r"\+")):
        parse_note(data.encode())


def test_what_is_no_utf8_is_malformed() -> None:
    with pytest.raises(TamperedError, match="byte 1 is not UTF-8"):
        parse_note(b"a\xff\n\n" + line().encode())


@pytest.mark.parametrize("text", ["", "a", "a\n\x01\n", "a\r\n", "\ud800\n"])
def test_texts_that_cannot_be_signed(text: str) -> None:
    with pytest.raises(LedgerError, match="ends in a newline"):
        sign_note(text, [SIGNER])


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u2003b", "a\x01", "\ud800"])
def test_names_that_no_key_has(name: str) -> None:
    with pytest.raises(LedgerError, match="cannot be the name"):
        Ed25519Signer.generate(name)


@pytest.mark.parametrize(
    ("vkey", "why"),
    [
        ("", "no verifier key"),
        ("example.com/foo", "no verifier key"),
        (VKEY[:-1], "no verifier key"),
        (VKEY.replace("530d903a", "530D903A"), "no verifier key"),
        (VKEY.replace("530d903a", "530d903b"), "does not match its id"),
        (VKEY.replace("foo", "bar"), "does not match its id"),
        (VKEY.replace("AekyeRrm", "AekyeRrn"), "does not match its id"),
        (str(VerifierKey("a", 4, bytes(32))), "is of type 4"),
        (str(VerifierKey("a", 1, bytes(31))), "is of type 1"),
        (f"{VKEY}{'A' * 4000}", "does not match its id"),
        ("a" * 5000, "no verifier key"),
    ],
)
def test_wrong_verifier_keys(vkey: str, why: str) -> None:
    with pytest.raises(LedgerError, match=why) as raised:
        Ed25519Verifier.parse(vkey)
    assert len(raised.value.message) < 200


def test_a_private_key_is_read_back_and_not_shown() -> None:
    again = Ed25519Signer.parse(SIGNER.secret)
    assert again.vkey == SIGNER.vkey
    assert again.sign(b"a") == SIGNER.sign(b"a")
    encoded = SIGNER.secret.split("+", 4)[4]  # base64 may hold a + of its own
    assert encoded not in repr(SIGNER)
    for changed in (SIGNER.secret.replace("ledger", "lodger"), SIGNER.secret[:-4], "PRIVATE+KEY+a", ""):
        with pytest.raises(LedgerError) as raised:
            Ed25519Signer.parse(changed)
        assert encoded[:20] not in str(raised.value)


LINES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20)


@given(st.lists(LINES, min_size=1, max_size=6))
def test_any_text_comes_back(lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"
    assert open_note(sign_note(text, [SIGNER]), verifiers(SIGNER)).text == text


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_nothing_but_a_note_is_read(data: bytes) -> None:
    try:
        note = parse_note(data)
    except TamperedError:
        return
    assert len({s.by for s in note.others}) > 0


@given(st.lists(LINES, min_size=1, max_size=3), st.lists(st.binary(min_size=5, max_size=90), min_size=1, max_size=4))
def test_what_is_parsed_is_written_alike(lines: list[str], signatures: list[bytes]) -> None:
    made = tuple(dict.fromkeys(Signature("k", s[:4], s[4:]) for s in signatures))
    data = bytes(Note("\n".join(lines) + "\n", others=made))
    assert bytes(parse_note(data)) == data


@given(st.text(max_size=80))
def test_any_text_as_a_key(text: str) -> None:
    with pytest.raises(LedgerError):
        VerifierKey.parse(text)
