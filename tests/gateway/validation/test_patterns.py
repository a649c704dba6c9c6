"""Patterns as automata, held against Python's own regular expressions where both mean the same."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garrison.gateway.validation import lua
from garrison.gateway.validation.patterns import PatternError, automaton

from .conftest import Run

LETTERS = st.sampled_from(
    ["a", "b", "0", "\\d", "[ab]", "[^b]", ".", "\\w", "é", "[à-ü]", "\\u00e9", "(?:b|0)", "\\S", "😀"]
)
PATTERNS = st.recursive(
    LETTERS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        inner.map(lambda one: f"^{one}"),
        inner.map(lambda one: f"(?:{one})$"),
    ),
    max_leaves=6,
)


@given(PATTERNS, st.lists(st.text("ab0é😀\n ", max_size=8), max_size=8))
def test_a_match_is_a_match_for_python_too(pattern: str, texts: list[str]) -> None:
    found = automaton(pattern)
    theirs = re.compile(pattern.replace("$", r"\Z").replace(".", r"[^\n\r\u2028\u2029]"), re.ASCII)
    for text in texts:
        assert found.matches(text) is bool(theirs.search(text))


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(PATTERNS, st.text('ab0é😀\n\\"', max_size=8))
def test_lua_runs_the_same_automaton(pattern: str, text: str) -> None:
    from lupa import luajit21

    state = luajit21.LuaRuntime(encoding=None, unpack_returned_tuples=True)
    validate = state.execute(lua({"pattern": pattern}).encode())[b"validate"]
    escaped = "".join(f"\\u{unit:04x}" for unit in memoryview(text.encode("utf-16-le")).cast("H"))
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    for body in (f'"{plain}"', f'"{escaped}"'):
        assert (validate(body.encode()) is True) is automaton(pattern).matches(text)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pattern", "fits", "does_not"),
    [
        (r"^\p{L}+$", ["Zoë", "Ж"], ["a1", ""]),
        (r"^\p{Lu}\P{Lu}*$", ["Abc1"], ["abc", "AbC"]),
        (r"^\p{Decimal_Number}$", ["5", "५"], ["x"]),
    ],
)
def test_general_categories_are_those_of_unicode(pattern: str, fits: list[str], does_not: list[str]) -> None:
    found = automaton(pattern)
    assert [text for text in fits if not found.matches(text)] == []
    assert [text for text in does_not if found.matches(text)] == []


@pytest.mark.parametrize(
    ("pattern", "fits", "does_not"),
    [
        (r"^[^\d\s]$", ["a", "é", "-"], ["5", " ", "\u00a0", "\ufeff"]),
        (r"^\u{1F600}\ud83d\ude00$", ["😀😀"], ["😀"]),
        (r"^\cA\x41\t\0$", ["\x01A\t\0"], ["A"]),
        (r"^[\b\-\]\\]+$", ["\b-]\\"], ["a"]),
        (r"^(?<year>\d{4})-\d\d$", ["2026-11"], ["26-11"]),
        ("^$|x", ["", "axb"], ["a"]),
        ("a|", ["", "b"], []),
        ("a^b", [], ["ab", "a^b"]),
        ("^[]$", [], ["", "a"]),
        ("^[^]$", ["a", "\n", "😀"], ["", "ab"]),
    ],
)
def test_ecma_262_is_followed(pattern: str, fits: list[str], does_not: list[str]) -> None:
    found = automaton(pattern)
    assert [text for text in fits if not found.matches(text)] == []
    assert [text for text in does_not if found.matches(text)] == []


@pytest.mark.parametrize(
    ("pattern", "at", "message"),
    [
        ("a(?=b)", 1, "a lookahead is not supported"),
        ("(?<!b)", 0, "a lookbehind is not supported"),
        (r"(a)\1", 4, "a reference to a group"),
        (r"\k<a>", 1, "a reference to a group"),
        (r"\bx", 1, "a word boundary"),
        (r"\p{Script=Greek}", 3, "only general categories"),
        ("(?i)a", 2, "flags"),
        ("*a", 0, "nothing to repeat"),
        ("a**", 2, "nothing to repeat"),
        ("a{2,1}", 6, "out of order"),
        ("a{x}", 4, "expected {n}"),
        ("a{1001}", 7, "use maxLength"),
        ("[b-a]", 4, "out of order"),
        (r"[\d-z]", 5, "no end of a range"),
        ("[a", 2, "not closed"),
        ("(a", 2, "not closed"),
        ("a)", 1, "closes nothing"),
        ("{", 0, "write \\{"),
        (r"\a", 1, "no escape of ECMA-262"),
        (r"\u12", 2, "hexadecimal"),
        (r"\ud800\u0041", 12, "the other half"),
        ("\\", 1, "no escape"),
        ("[ab].*[ab].{20}x", 0, "too large; use maxLength"),
        ("((a{100}){100}){100}", 0, "too large"),
        ("(" * 60 + ")" * 60, 50, "nested too deeply"),
    ],
)
def test_what_no_automaton_can_do_is_refused(pattern: str, at: int, message: str) -> None:
    with pytest.raises(PatternError, match=re.escape(message)) as caught:
        automaton(pattern)
    assert caught.value.at == at


def test_a_pattern_that_stalls_others_reads_each_byte_once(run: Run) -> None:
    validate = run(lua({"pattern": "^(a+)+$"}))[b"validate"]
    started = time.process_time()
    assert validate(b'"' + b"a" * 100_000 + b'b"')[0] is False
    assert time.process_time() - started < 1
