"""The text of a key."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from garrison.estate.secrets import forms
from garrison.gateway.keys.secret import digest_of, id_of, is_key, make_key


def test_keys_are_found_by_our_own_scanner() -> None:
    form = next(f for f in forms() if "grs_" in f.pattern)
    for _ in range(50):
        key = make_key()
        assert is_key(key)
        assert form.is_genuine(key)
        assert len(key) == 63


def test_no_two_are_alike() -> None:
    keys = {make_key() for _ in range(1000)}
    assert len({id_of(key) for key in keys}) == 1000


def test_the_digest_is_that_of_the_whole_text() -> None:
    key = make_key()
    assert digest_of(key) == hashlib.sha256(key.encode()).hexdigest()
    assert key.startswith(id_of(key))
    assert len(id_of(key)) == 14


@given(at=st.integers(0, 62), other=st.characters(codec="ascii"))
def test_one_character_off_is_no_key(at: int, other: str) -> None:
    key = make_key()
    changed = key[:at] + other + key[at + 1 :]
    assert is_key(changed) is (changed == key)


@given(st.text())
def test_other_text_is_no_key(text: str) -> None:
    assert not is_key(text)
