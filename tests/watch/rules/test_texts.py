"""Many texts at once: which of them a value holds, and how much of what fields said is remembered."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.watch.rules.texts import Texts

SIGNS = st.text(st.sampled_from("aAb.*|\\\\ß\n\U0001f40d"), max_size=8)


@given(wanted=st.lists(SIGNS.filter(bool), min_size=1, unique=True), said=SIGNS | SIGNS.map(lambda text: text * 100))
def test_the_bits_are_those_of_the_texts_that_stand_in_a_value(wanted: list[str], said: str) -> None:
    texts = Texts(wanted)
    held = [text for text in wanted if text in said]
    assert texts.within(said) == texts.within(said) == texts.bits(held)
    for text in wanted:
        assert bool(texts.bits([text]) & texts.within(said)) is (text in said)


@pytest.mark.parametrize("end", ["", " - pacu"], ids=["that hold none", "that hold one"])
def test_values_that_never_come_again_take_a_bounded_memory(end: str) -> None:
    texts = Texts(["kali", "pacu"])
    taken = []
    for length in (230, 100_000):
        tracemalloc.start()
        for number in range(12_000 if length == 230 else 100):
            texts.within(f"{number:\U0001f40d>{length}}{end}")
        taken.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    assert taken[0] < 6_000_000  # of 12,000 values of 920 bytes not all
    assert taken[1] < 100_000  # of long values none


def test_so_many_texts_as_no_automaton_holds_at_its_usual_size() -> None:
    wanted = [f"{number:x}".rjust(60, "-") for number in range(20_000)]
    texts = Texts(wanted)
    assert texts.within(f"... {wanted[-1]} ...") == texts.bits([wanted[-1]])
    assert texts.within("nothing") == 0
