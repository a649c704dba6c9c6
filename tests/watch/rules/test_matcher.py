"""The fast way says what the plain meaning of the terms says, whatever the terms and the event."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
import re2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from garrison.watch.rules.matcher import Matcher
from garrison.watch.rules.narrow import simplified, where
from garrison.watch.rules.term import FIELDS as FIELD_OPS
from garrison.watch.rules.term import All, Any_, Not, Op, Predicate, Term, holds

FIELDS = st.sampled_from(["name", "who.type", "who.tags", "a.b", "n"])
TEXTS = st.sampled_from(["", "Get", "get", "GetObject", "object", "\0", "\0\0", "10.0.0.7", "true", "7", "ß", "SS"])
SCALARS = TEXTS | st.integers(-1, 8) | st.booleans() | st.none() | st.floats(0, 9, width=16)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["type", "tags", "b"]), inner, max_size=2), max_leaves=4)  # fmt: skip
RECORDS = st.dictionaries(st.sampled_from(["name", "who", "a", "a.b", "n", "who.type"]), VALUES, max_size=5)


@st.composite
def predicates(draw: st.DrawFn) -> Predicate:
    field, op, cased = draw(FIELDS), draw(st.sampled_from(Op)), draw(st.booleans())
    value: Any = draw(TEXTS)
    if op is Op.REGEX:
        value = re2.compile(draw(st.sampled_from(["^Get", "(?i)^get", "o.*t$", "7", ""])))
    elif op is Op.ANYWHERE and draw(st.booleans()):
        value = re2.compile("(?i)g.t")
    elif op is Op.NETWORK:
        value = ipaddress.ip_network("10.0.0.0/8")
    elif op in (Op.NUMBER, Op.LESS, Op.LESS_OR_EQUAL, Op.GREATER, Op.GREATER_OR_EQUAL):
        value = draw(st.integers(-1, 8))
    elif op in FIELD_OPS:
        value = draw(FIELDS)
    elif op is Op.PART:
        value = ("hour", 7)
    elif op in (Op.EXISTS, Op.PRESENT, Op.ABSENT):
        value, cased = None, False
    return Predicate(field, op, value, cased)


TERMS: st.SearchStrategy[Term] = st.recursive(
    predicates() | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda t: All(tuple(t)))
        | st.lists(inner, max_size=3).map(lambda t: Any_(tuple(t)))
        | inner.map(Not)
    ),
    max_leaves=8,
)


@settings(max_examples=1500)
@given(terms=st.lists(TERMS, max_size=5), records=st.lists(RECORDS, max_size=3))
@example(terms=[Predicate("name", Op.CONTAINS, "\0")], records=[{}, {"name": "\0\0"}, {"name": None}])
@example(terms=[Predicate("name", Op.ABSENT)], records=[{"name": "\0\0"}, {"name": None}, {}])
@example(
    terms=[All((Predicate("name", Op.EQUALS, "Get"), Not(Predicate("name", Op.EQUALS, "Get", cased=True))))],
    records=[{"name": "get"}],
)
def test_the_fast_way_and_the_plain_one_agree(terms: list[Term], records: list[dict[str, Any]]) -> None:
    matcher = Matcher(list(enumerate(terms)))
    for record in records:
        expected = [n for n, term in enumerate(terms) if holds(term, record)]
        assert matcher.match(record) == expected
        assert matcher.match(record) == expected  # once more, from what was made ready


@settings(max_examples=500)
@given(term=TERMS, record=RECORDS, said=TEXTS)
def test_what_is_left_where_a_field_is_known(term: Term, record: dict[str, Any], said: str) -> None:
    record = {**record, "name": said}
    assert holds(simplified(term, lambda t: t), record) == holds(term, record)
    assert holds(where(term, "name", said.lower()), record) == holds(term, record)


SIGNS = st.text(st.sampled_from("aAbB.*|\\ßé\n"), max_size=6)


@settings(max_examples=300)
@given(
    texts=st.lists(SIGNS.filter(bool).map(lambda text: text[:3]), min_size=8, max_size=12, unique=True),
    records=st.lists(
        st.fixed_dictionaries({"name": SIGNS | SIGNS.map(lambda text: text * 60) | st.lists(SIGNS, max_size=2)}),
        max_size=4,
    ),
    cased=st.booleans(),
)
def test_many_texts_are_looked_for_at_once(texts: list[str], records: list[dict[str, Any]], cased: bool) -> None:
    terms: list[Term] = [Predicate("name", Op.CONTAINS, text, cased) for text in texts]
    terms += [
        Any_(tuple(terms[:4])),
        Not(terms[0]),
        All((terms[1], terms[2])),
        Any_((terms[3], Predicate("n", Op.PRESENT))),
    ]
    matcher = Matcher(list(enumerate(terms)))
    for record in [*records, *records]:  # the second time from what is remembered
        assert matcher.match(record) == [n for n, term in enumerate(terms) if holds(term, record)]


def test_deep_terms() -> None:
    term: Term = Predicate("name", Op.EQUALS, "x")
    for number in range(25):
        term = All((Any_((term, Predicate("n", Op.NUMBER, -number - 1))), Predicate("name", Op.PRESENT)))
    assert Matcher(list(enumerate([term]))).match({"name": "x"}) == [0]
    assert Matcher(list(enumerate([term]))).match({"name": "y"}) == []


@pytest.mark.parametrize("value", ["x\ny", "');import os", '"""', "{0}", "\\", "%s"])
def test_what_a_rule_says_is_no_code(value: str) -> None:
    terms = [Predicate(value, op, value) for op in (Op.EQUALS, Op.STARTS, Op.ENDS, Op.CONTAINS)]
    assert Matcher(list(enumerate([*terms, Any_(tuple(terms))]))).match({value: value}) == [0, 1, 2, 3, 4]
