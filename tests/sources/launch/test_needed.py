"""A script is passed over only where it lacks a word of every command that is recognised."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garrison.estate.servers import components
from garrison.sources.launch.needed import may_start, needed

PATTERNS = sorted({pattern for c in components() for pattern in c.commands})


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_whatever_is_recognised_has_the_words_that_are_looked_for(data: st.DataObject) -> None:
    pattern = data.draw(st.sampled_from(PATTERNS))
    line = data.draw(st.from_regex(pattern, alphabet=st.characters(codec="ascii", exclude_characters="\0")))
    assert re.search(pattern, line)
    assert may_start(line.encode())


def test_every_way_to_start_a_server_has_a_word_of_its_own() -> None:
    common = {b"server", b"start", b"run", b"serve", b"launch", b"m", b"py", b"sh"}
    assert [words for words in needed() if words <= common] == []


@pytest.mark.parametrize(
    "script",
    [
        b"#!/bin/sh\nset -eu\nkubectl apply -f .\necho done\n",
        b"array=(1 2)\nstart=1\nhead -1 x\necho claim | grep up\n",
        b"docker build .\nrun it\n",
    ],
)
def test_other_scripts_are_passed_over(script: bytes) -> None:
    assert not may_start(script)


@pytest.mark.parametrize(
    "script",
    [b'CMD="ray"\n$CMD start\n', b"docker \\\n  ps; docker run x\n", b"exec 'mlflow' \"server\"", b"prometheus --web"],
)
def test_what_starts_a_server_is_not(script: bytes) -> None:
    assert may_start(script)
