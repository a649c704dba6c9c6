"""References to variables, as Compose files and Dockerfiles write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.sources.substitution import BrokenReferenceError, reference


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$a", ("a", "", "", 2)), ("$a_1-b", ("a_1", "", "", 4)), ("${a}b", ("a", "", "", 4)), ("${a:-b}", ("a", ":-", "b", 7)),
        ("${a-}", ("a", "-", "", 5)), ("${a:?x y}", ("a", ":?", "x y", 9)), ("${a:+${b:-c}}d", ("a", ":+", "${b:-c}", 13)),
        ("${a##x}", ("a", "##", "x", 7)), ("${a//b/c}", ("a", "//", "b/c", 9)), ("$", None), ("$1", None), ("$$", None), ("$é", None),
    ],
)  # fmt: skip
def test_a_reference(text: str, expected: tuple[str, str, str, int] | None) -> None:
    found = reference(text, 0)
    assert (found and (found.name, found.operator, found.word, found.end)) == expected


@pytest.mark.parametrize("text", ["${", "${}", "${1}", "${a", "${a ", "${a b}", "${a:-${b}", "${:-a}"])
def test_a_broken_one(text: str) -> None:
    with pytest.raises(BrokenReferenceError):
        reference(text, 0)


@given(st.text(alphabet="${}ab:-+?#", max_size=30))
def test_any_text_is_answered(text: str) -> None:
    try:
        found = reference(f"${text}", 0)
    except BrokenReferenceError:
        return
    assert found is None or 1 < found.end <= len(text) + 1
