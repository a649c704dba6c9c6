"""Commands are cut out of scripts as a shell would, and nothing is guessed."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.estate.values import Source, State, Value
from garrison.sources.launch.commands import Lexer, locator


def lexer(text: str) -> Lexer:
    return Lexer(text, locator(Source("start.sh", text.encode()), text))


def said(value: Value) -> str:
    return value.text() if value.state is State.KNOWN else f"?{value.decided_by}"


def commands(text: str) -> list[list[str]]:
    return [[said(w) for w in c.words] for c in lexer(text).commands()]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a b 'c d' \"e f\"", [["a", "b", "c d", "e f"]]),
        ("a && b || c; d & e | f", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"]]),
        ("serve \\\n  --port 1 \\\n  --host=x # why\nnext", [["serve", "--port", "1", "--host=x"], ["next"]]),
        ("a > log 2>&1 < in b", [["a", "b"]]),
        ("cat <<EOF\nray start --head\nEOF\nb", [["cat"], ["b"]]),
        ("cat <<-'END' > x\n\tray start\n\tEND\nb", [["cat"], ["b"]]),
        ("if [ -n x ]; then a; else b; fi", [["[", "-n", "x", "]"], ["a"], ["b"]]),
        ("for h in a b; do run $h; done", [["run", "?$h"]]),
        ("f() { a 1; }\nf", [["f"], ["a", "1"], ["f"]]),
        ("case $1 in\n  x) a ;;\n  *) b ;;\nesac", [["?$1", "in"], ["x"], ["a"], ["*"], ["b"]]),
        ("a 'it'\"'\"'s' \\$x $'q\\'z'", [["a", "it's", "$x", "q\\'z"]]),
        ("a '#' b#c", [["a", "#", "b#c"]]),
        ("X=1 Y=2 a", [["a"]]),
        ("A=(a b 'c d')\nX+=(e) b", [["b"]]),
    ],
)
def test_words(text: str, found: list[list[str]]) -> None:
    assert commands(text) == found


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("P=80\na $P", "80"),
        ("P=80\na --port=${P}", "--port=80"),
        ("P=80\nP=81\na $P", "?$P"),
        ("if x; then P=80; fi\na $P", "?$P"),
        ("(P=80)\na $P", "?$P"),
        ("a ${P:-80}", "80"),
        ("P=${P:-80}\na $P", "80"),
        ("a ${P:-$Q}", "?$P"),
        ("a $P", "?$P"),
        ('a "$@"', "?$@"),
        ("a $(hostname -I)", "?$(...)"),
        ("a `hostname`", "?$(...)"),
        ("a ${P#x}", "?$P"),
        ("a $(echo $(echo ')'))", "?$(...)"),
    ],
)
def test_variables(text: str, word: str) -> None:
    assert commands(text)[-1][-1] == word


def test_a_default_says_whose_it_is() -> None:
    (command,) = lexer("a ${HOST:-0.0.0.0}").commands()
    assert command.words[1].reason == "the default of $HOST"
    assert command.words[1].decided_by == "$HOST"


def test_an_unknown_word_keeps_its_known_parts() -> None:
    (command,) = lexer('a "--token=$TOKEN"').commands()
    assert command.words[1].state is State.UNKNOWN
    assert command.words[1].starts_with("--token=").yes


def test_places() -> None:
    *_, last = lexer("x\n  serve \\\n    --host 'a b'\n").commands()
    places = [w.place for w in last.words if w.place is not None]
    assert [(p.line, p.column, p.end_column) for p in places] == [(2, 3, 8), (3, 5, 11), (3, 12, 17)]


WORDS = st.text(st.characters(codec="ascii", exclude_characters="\n\r\0"), min_size=1, max_size=8)


@given(st.lists(WORDS, min_size=1, max_size=5))
def test_quoted_words_are_read_as_they_are(words: list[str]) -> None:
    assert commands("run " + shlex.join(words)) == [["run", *words]]


@given(st.text(alphabet="ab $(){}`'\"\\\n;&|<>#=-EOF[]", max_size=80))
def test_any_text_ends(text: str) -> None:
    for found in commands(text):
        assert found


@pytest.mark.parametrize("piece", ["$(", "${", "`", '"', "'", "(", "<<E\n", "$((", "a=$(b ", "{ ", "if x; then "])
def test_what_is_never_closed_costs_little(piece: str) -> None:
    assert len(commands(piece * 20_000)) <= 20_001
