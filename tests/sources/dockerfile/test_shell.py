"""A script is cut into commands: what they install, fetch and pipe."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from garrison.estate.values import Source, Value, absent, known, shown
from garrison.sources.dockerfile.shell import commands
from garrison.sources.dockerfile.syntax import Text


def cut(script: str) -> list[str]:
    """Each command in one line; a bar at its end where it is piped on."""
    text = Text(Source("Dockerfile", script.encode()), script, (0,), ((0, 0),))
    return [
        " ".join(shown(w).replace("\0", "?") for w in c.child("words").items())
        + (" |" if c.child("piped").content else "")
        for c in commands(text, lookup)
    ]


def lookup(name: str) -> Value:
    return known("1.2") if name == "VERSION" else absent()


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("a b && c || d ; e & f", ["a b", "c", "d", "e", "f"]),
        ("a | b |& c", ["a |", "b |", "c"]),
        ("(a; b) && { c; }", ["a", "b", "{ c", "}"]),
        ("a '&& b' \"; c\" \\; d", ["a && b ; c ; d"]),
        ("a # b\nc#d", ["a", "c#d"]),
        ("a > /x 2>&1 <<< y", ["a > /x 2>& 1 <<< y"]),
        ("curl x/$VERSION/$OTHER | sh", ["curl x/1.2/? |", "sh"]),
        ("bash -c 'a && b' c", ["bash -c a && b c", "a", "b"]),
        ('sh -ec "$(curl -k x)"', ["sh -ec ?", "?", "curl -k x"]),
        ("a $(b; c) `d`", ["a ? ?", "b", "c", "d"]),
        ('a "$(b)"', ["a ?", "b"]),
        ("source <(curl x)", ["source <(curl x)", "curl x"]),
        ("if a; then b; fi", ["if a", "then b", "fi"]),
        ("", []),
    ],
)
def test_commands(script: str, expected: list[str]) -> None:
    assert cut(script) == expected


def test_a_real_one() -> None:
    script = "set -eux; apt-get update   && apt-get install -y --no-install-recommends gcc=4:12 \\\n git && rm -rf /var/lib/apt/lists/*"
    assert cut(script) == snapshot(
        [
            "set -eux",
            "apt-get update",
            "apt-get install -y --no-install-recommends gcc=4:12 git",
            "rm -rf /var/lib/apt/lists/*",
        ]
    )


@given(st.text(alphabet="ab $`\"'()<>|&;\\\n{}#", max_size=60))
def test_any_script_is_cut(script: str) -> None:
    cut(script)


@given(st.lists(st.text(alphabet="ab \"'\\$&|;#", min_size=1, max_size=8), min_size=1, max_size=6))
def test_quoted_words_come_back(said: list[str]) -> None:
    assert cut(" ".join(map(shlex.quote, said)))[0] == " ".join(said)
