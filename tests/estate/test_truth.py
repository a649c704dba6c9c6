"""Kleene's three-valued logic, and that every answer carries what decided it."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.estate.truth import NO, YES, Truth, all_of, any_of
from garrison.estate.values import known

ORDER = {False: 0, None: 1, True: 2}  # in K3 "and" is the minimum, "or" the maximum, "not" turns the order round
truths = st.sampled_from([True, False, None]).map(lambda answer: Truth(answer, (known(answer),)))


@given(truths, truths)
def test_and_is_the_minimum(a: Truth, b: Truth) -> None:
    assert (a & b).answer is min(a.answer, b.answer, key=ORDER.__getitem__)


@given(truths, truths)
def test_or_is_the_maximum(a: Truth, b: Truth) -> None:
    assert (a | b).answer is max(a.answer, b.answer, key=ORDER.__getitem__)


@given(truths, truths)
def test_de_morgan(a: Truth, b: Truth) -> None:
    assert (~(a & b)).answer is (~a | ~b).answer
    assert (~(a | b)).answer is (~a & ~b).answer


@given(st.lists(truths))
def test_quantifiers_fold(items: list[Truth]) -> None:
    answers = [t.answer for t in items]
    assert any_of(items).answer is max([False, *answers], key=ORDER.__getitem__)
    assert all_of(items).answer is min([True, *answers], key=ORDER.__getitem__)


@given(st.lists(truths))
def test_quantifiers_keep_the_evidence_of_a_fold(items: list[Truth]) -> None:
    for quantifier, join, start in ((any_of, operator.or_, NO), (all_of, operator.and_, YES)):
        assert quantifier(items).because == reduce(join, items, start).because


@given(truths, truths, st.sampled_from([operator.and_, operator.or_]))
def test_evidence_is_what_decided(a: Truth, b: Truth, join: Callable[[Truth, Truth], Truth]) -> None:
    joined = join(a, b)
    assert {v.content for v in joined.because} <= {a.answer, b.answer}
    if joined.answer is not None and a.answer is not b.answer:
        assert all(v.content is joined.answer for v in joined.because)
    if joined.answer is None:
        assert all(v.content is None for v in joined.because)


def test_a_truth_is_no_bool() -> None:
    with pytest.raises(TypeError, match="may be unknown"):
        bool(YES)
    with pytest.raises(TypeError, match="may be unknown"):
        assert NO or YES
