"""Words of instructions: quotes, escapes and variables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.estate.values import HOLE, Place, Source, State, Value, absent, known, shown, unknown
from garrison.sources.dockerfile.syntax import Text
from garrison.sources.dockerfile.words import MAX_WORD, evaluate, json_words, words

SOURCE = Source("Dockerfile", b"")
HERE = Place(SOURCE, 0, 0)
SAID = {"a": known("A"), "e": known(""), "u": unknown("given later", decided_by="the build argument u")}


def lookup(name: str) -> Value:
    return SAID.get(name, absent())


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("plain", "plain"), ("'a $a'", "a $a"), ('"a $a"', "a A"), (r"\$a", "$a"), (r'"\$a\n"', r"$a\n"), (r"a\ b", "a b"), ("$", "$"), ("$.", "$."),
        ("$a", "A"), ("${a}b", "Ab"), ("x$missing.y", "x.y"), ("${missing:-d}", "d"), ("${e:-d}", "d"), ("${e-d}", ""), ("${a:-d}", "A"),
        ("${a:+x}", "x"), ("${e:+x}", ""), ("${missing+x}", ""), ("${missing:-${a}}", "A"), ("${missing:-${gone:-z}}", "z"),
        ('${missing:-"q r"}', "q r"), ("pre${u}post", f"pre{HOLE}post"), ("${u:-d}", HOLE), ("", ""),
    ],
)  # fmt: skip
def test_a_word(word: str, text: str) -> None:
    assert shown(evaluate(word, "\\", lookup, HERE)) == text


@pytest.mark.parametrize("word", ["${", "${}", "${a", "${.}", "${a!b}", "${a#x}", "${" * 30 + "}" * 30])
def test_what_cannot_be_evaluated_is_unknown(word: str) -> None:
    assert evaluate(word, "\\", lookup, HERE).state is State.UNKNOWN


def test_a_default_says_so_and_what_is_demanded_is_there() -> None:
    assert evaluate("${missing:-d}", "\\", lookup, HERE).reason == "the default of missing"
    demanded = evaluate("${missing:?}", "\\", lookup, HERE)
    assert (demanded.given().yes, demanded.decided_by) == (True, "missing")


def test_in_a_script_the_shell_decides() -> None:
    value = evaluate("a$(b)`c`$d$a", "\\", lookup, HERE, in_shell=True)
    assert shown(value) == f"a{HOLE}{HOLE}{HOLE}A"


def test_a_word_does_not_grow_beyond_measure() -> None:
    SAID["long"] = known("x" * MAX_WORD)
    assert evaluate("$long$long", "\\", lookup, HERE).state is State.UNKNOWN


def text(content: str) -> Text:
    return Text(Source("Dockerfile", content.encode()), content, (0,), ((0, 0),))


def test_words_of_an_instruction() -> None:
    found = words(text("a 'b c' d\\ e $a"), "\\", lookup)
    assert [shown(w) for w in found] == ["a", "b c", "d e", "A"]
    assert [w.place.column for w in found if w.place] == [1, 3, 9, 14]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('["a", "b c"]', ["a", "b c"]), ("[ ]", []), (r'["\"a\u00e9"]', ['"aé']), ("['a']", None), ('["a"', None), ('["a",]', None),
        ("[ -f x ] && y", None), ('["a", 1]', None),
    ],
)  # fmt: skip
def test_words_in_json(content: str, expected: list[str] | None) -> None:
    found = json_words(text(content))
    assert (None if found is None else [shown(w) for w in found]) == expected


@given(st.text(alphabet="ab$ {}:-+?'\"\\`()", max_size=40), st.booleans())
def test_any_word_is_evaluated(word: str, in_shell: bool) -> None:
    assert evaluate(word, "\\", lookup, HERE, in_shell=in_shell).place is not None
