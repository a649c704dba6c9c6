"""Variables in Compose files and in the files that set them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.estate.values import Source, State, Value, absent, known, shown
from garrison.sources.compose.environment import variables_in
from garrison.sources.compose.interpolation import Variables, interpolate

VARIABLES = Variables({"A": known("1"), "EMPTY": known("")})


def filled(text: str) -> Value:
    return interpolate(text, VARIABLES.lookup, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"), ("$A", "1"), ("${A}b", "1b"), ("$$A", "$A"), ("a$$", "a$"), ("$", "$"), ("$1", "$1"), ("${B:-x}", "x"), ("${B-x}", "x"),
        ("${EMPTY:-x}", "x"), ("${EMPTY-x}", ""), ("${A:-x}", "1"), ("${A:+x}", "x"), ("${B:+x}", ""), ("${B:-${A}}", "1"),
        ("${B:-${C:-d}}", "d"), ("$B", "\0"), ("a${B}c", "a\0c"), ("${B:?no}", "\0"), ("${HOME}/.aws", "~/.aws"), ("${A:-", "\0"), ("", ""),
    ],
)  # fmt: skip
def test_a_text(text: str, expected: str) -> None:
    assert shown(filled(text)) == expected


def test_who_decides() -> None:
    assert filled("$B/$C").decided_by == "B, C"
    assert filled("${B:-x}").reason == "the default of B"
    assert (filled("${B}").given().answer, filled("${B:?}").given().answer) == (None, True)


def test_a_file_of_variables() -> None:
    text = "# c\nA=1\nexport B = 2 # c\nC='$A # x'\nD=\"$A\\n\"\nE=${A}${F:-f}\nG\nH: yaml\nbad line\nI=a#b\n"
    found = variables_in(Source(".env", text.encode()))
    assert {n: shown(v) for n, v in found.items()} == {
        "A": "1", "B": "2", "C": "$A # x", "D": "1\n", "E": "1f", "G": "", "H": "yaml", "I": "a#b",
    }  # fmt: skip
    assert (found["G"].state, found["B"].place and found["B"].place.line) == (State.ABSENT, 3)


@given(st.text(alphabet="${}AB:-+? ", max_size=40))
def test_any_text_is_filled_in(text: str) -> None:
    filled(text)


@given(st.text(max_size=200))
def test_any_file_is_read(text: str) -> None:
    variables_in(Source(".env", text.encode("utf8", "replace")))


def test_what_nothing_sets_is_absent() -> None:
    assert VARIABLES.lookup("B").state is absent().state
