"""What is said of what is not known: never more than will be true, whatever it turns out to be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garrison.checks.cel import operations as op
from garrison.checks.cel.types import MAX_STEPS
from garrison.estate.truth import Truth
from garrison.estate.values import State, Value, absent, known, unknown

from .conftest import PLACE, truth, value

Judge = Callable[..., Truth]
OPEN = unknown("var.x has no default", PLACE, decided_by="var.x")
texts = st.text(alphabet="ab", max_size=3)


def partly(*parts: str | None) -> Value:
    """A text of which only some parts are known; None is one that is not."""
    return unknown("var.x has no default", PLACE, tuple(OPEN if p is None else known(p, PLACE) for p in parts))


TEXT_TESTS: list[tuple[Callable[[Value, str], Truth], Callable[[str, str], bool]]] = [
    (op.starts_with, str.startswith),
    (op.ends_with, str.endswith),
    (op.contains, lambda text, part: part in text),
    (lambda text, said: op.equal(text, known(said)), lambda text, said: text == said),
    (lambda text, said: op.equal(known(said), text), lambda text, said: text == said),
]


@pytest.mark.parametrize(("ours", "python"), TEXT_TESTS)
@settings(deadline=None)
@given(pieces=st.tuples(texts, texts, texts), asked=texts)
def test_a_partly_known_text(
    ours: Callable[[Value, str], Truth], python: Callable[[str, str], bool], pieces: tuple[str, str, str], asked: str
) -> None:
    head, hole, tail = pieces
    whole = head + hole + tail
    assert ours(value(whole), asked).answer is python(whole, asked)
    answer = ours(partly(*filter(None, (head,)), None, *filter(None, (tail,))), asked).answer
    assert answer in (None, python(whole, asked))


@settings(deadline=None)
@given(st.lists(texts, max_size=3), st.lists(texts, max_size=3), texts)
def test_a_list_that_may_have_more_items(said: list[str], more: list[str], asked: str) -> None:
    open_ = msgspec.structs.replace(value(list(said)), rest=OPEN)
    whole = [*said, *more]

    def begins(item: Value) -> Truth:
        return op.starts_with(item, asked)

    def answers(listed: Value) -> list[bool | None]:
        found = op.members(listed)
        size = op.equal(op.count(found), known(len(whole)))
        some = op.any_member(found, begins)
        one = op.one_member(found, begins)
        return [op.is_in(known(asked), listed).answer, some.answer, one.answer, size.answer]

    matching = [w for w in whole if w.startswith(asked)]
    expected = [asked in whole, bool(matching), len(matching) == 1, True]
    assert answers(value(list(whole))) == expected
    for answer, right in zip(answers(open_), expected, strict=True):
        assert answer in (None, right)


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("bucket.acl == 'a'", False),
        ("bucket.acl != 'a'", True),
        ("bucket.acl in ['a', 'b']", False),
        ("bucket.acl == bucket.encryption", None),
        ("bucket.acl == null", True),
        ("has(bucket.acl)", False),
        ("bucket.acl < 1", None),
        ("!(bucket.acl < 1)", None),
        ("has(bucket.acl) && bucket.acl < 1", False),
        ("bucket.acl == true", False),
        ("bucket.acl.startsWith('a')", False),
        ("bucket.acl.matches('a')", False),
        ("size(bucket.acl) == 0", True),
        ("bucket.acl.exists(x, true)", False),
        ("bucket.acl.all(x, false)", True),
        ("'a' in bucket.acl", False),
        ("has(bucket.acl.inner)", False),
    ],
)
def test_of_an_absent_value(judge: Judge, expression: str, answer: bool | None) -> None:
    assert judge(expression, acl=absent(PLACE), encryption=absent(PLACE)).answer is answer


@pytest.mark.parametrize(
    "expression",
    [
        "bucket.acl == 'a'", "bucket.acl != 'a'", "bucket.acl in ['a']", "bucket.acl == bucket.acl", "bucket.acl < 1", "bucket.acl == true",
        "bucket.acl.startsWith('a')", "bucket.acl.matches('a')", "size(bucket.acl) == 1", "bucket.acl.exists(x, x == 1)",
        "bucket.acl.all(x, x == 1)", "bucket.acl.exists_one(x, x == 1)", "'a' in bucket.acl", "bucket.acl.inner == 1", "has(bucket.acl.inner)",
        "has(bucket.acl)", "bucket.acl == null", "size(bucket.acl.filter(x, true)) == 0", "bucket.acl.map(x, size(x)).exists(n, n > 1)",
        "['a'].exists(x, bucket.acl.contains(x))", "'ab'.contains(bucket.acl)", "(bucket.versioned ? 1 : 2) == 1", "bucket.versioned",
        "bucket.versioned == bucket.versioned", "bucket.versioned != true", "bucket.acl == bucket.versioned",
    ],
)  # fmt: skip
def test_of_an_unknown_value(judge: Judge, expression: str) -> None:
    found = judge(expression, acl=OPEN, versioned=truth(None))
    assert found.answer is None
    assert {v.reason for v in found.because} == {"var.x has no default"}


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("bucket.acl == 22", True),
        ("22 == bucket.acl", True),
        ("bucket.acl in [22, 3389]", True),
        ("bucket.acl != 22", False),
        ("bucket.acl == '22'", True),
        ("bucket.acl <= 22", True),
        ("bucket.acl == 23", False),
        ("bucket.encryption == true", True),
        ("bucket.encryption == false", False),
        ("bucket.encryption == bucket.versioned", True),
    ],
)
def test_a_text_is_the_number_or_truth_it_spells(judge: Judge, expression: str, answer: bool) -> None:
    assert judge(expression, acl="22", encryption="True", versioned=truth(True)).answer is answer


@pytest.mark.parametrize("said", [1, 2, 2.0, "2", "2.5", 3])
def test_numbers_are_put_in_order(judge: Judge, said: Any) -> None:
    asked = {"<": float(said) < 2, "<=": float(said) <= 2, ">": float(said) > 2, ">=": float(said) >= 2}
    assert {sign: judge(f"bucket.acl {sign} 2", acl=said).answer for sign in asked} == asked


def test_a_partly_known_text_may_spell_a_number() -> None:
    assert op.equal(partly(None, "2"), known(22)).answer is None
    assert op.equal(partly("a", None), known("b")).answer is False


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("bucket.acl < 1", "it is no number"),
        ("bucket.acl.startsWith('a') || bucket.policy.startsWith('a')", "it is no text"),
        ("'a'.startsWith(bucket.policy)", "it is no text"),
        ("bucket.policy == bucket.policy", "lists and maps are not compared as a whole"),
        ("size(bucket.encryption) == 1", "it has no size"),
        ("bucket.log_target < 1", "nothing is said: has() asks for that"),
    ],
)
def test_what_makes_no_sense_for_one_asset_is_unknown_and_says_why(judge: Judge, expression: str, why: str) -> None:
    found = judge(expression, acl="b", policy=["a", "b"], encryption=7, log_target=absent(PLACE))
    assert found.answer is None
    assert why in {v.reason for v in found.because}


def test_the_evidence_is_what_was_said_and_not_the_expression(judge: Judge) -> None:
    found = judge('bucket.provider == "aws" && bucket.acl in ["a", "b"] && bucket.tags.n > 1', acl="b", tags={"n": 3})
    assert found.yes
    assert {v.content for v in found.because} == {"b", 3}
    assert all(v.place is PLACE for v in found.because)


def test_an_entry_of_an_unknown_text_has_nothing_of_its_parts(judge: Judge) -> None:
    assert judge("bucket.policy.Version == 'x'", policy=partly("{", None)).answer is None


def test_a_list_of_one_block_is_entered(judge: Judge) -> None:
    assert judge("bucket.policy.rule.days == 3", policy=[{"rule": [{"days": 3}]}]).yes
    assert judge('bucket.policy["*"] == 1', policy={"*": 1}).yes


def test_a_choice_that_is_open_says_what_both_ends_have_in_common(judge: Judge) -> None:
    def of(expression: str) -> Any:
        return judge(expression, versioned=truth(None), acl="a", encryption="a", locked=truth(True)).answer

    assert of("bucket.versioned ? bucket.locked : true") is True
    assert of("bucket.versioned ? bucket.locked : false") is None
    assert of("(bucket.versioned ? bucket.acl : bucket.encryption) == 'a'") is True
    assert of("(bucket.versioned ? [1] : [2]).exists(x, x == 1)") is None


def test_what_is_filtered_may_be_there(judge: Judge) -> None:
    policy = known((value("a"), partly("a", None), value("b")), PLACE)
    assert judge('bucket.policy.filter(x, x.contains("a")).size() == 2', policy=policy).yes
    assert judge('bucket.policy.filter(x, x == "a").size() == 1', policy=policy).answer is None
    assert judge('bucket.policy.filter(x, x == "a").exists(x, x == "a")', policy=policy).yes
    assert judge('bucket.policy.exists_one(x, x.startsWith("a"))', policy=policy).no


def test_lists_that_would_take_too_long_are_unknown(judge: Judge) -> None:
    many = value(["a"] * 1000)
    assert judge("bucket.policy.exists(x, x == 'b')", policy=many).no
    found = judge("bucket.policy.exists(x, bucket.policy.exists(y, bucket.policy.exists(z, z == 'b')))", policy=many)
    assert found.answer is None
    assert f"{MAX_STEPS:,}" in found.because[0].reason
    long = value("a" * 1_000_000)
    found = judge("bucket.policy.exists(x, bucket.acl.contains('b'))", policy=many, acl=long)
    assert found.answer is None


def test_a_pattern_takes_linear_time(judge: Judge) -> None:
    assert judge('bucket.acl.matches("^(a+)+$")', acl="a" * 50_000 + "!").no


def test_a_text_that_is_no_unicode_is_searched(judge: Judge) -> None:
    assert judge('bucket.acl.matches("b$")', acl="\ud800b").yes


def test_members_that_need_not_be_there() -> None:
    there = [(value("a"), truth(None)), (value("b"), truth(True))]
    found = op.Members(tuple(there))
    assert op.count(found).state is State.UNKNOWN
    assert op.any_member(found, lambda i: op.equal(i, known("a"))).answer is None
    assert op.any_member(found, lambda i: op.equal(i, known("b"))).yes
    assert op.any_member(found, lambda i: op.equal(i, known("c"))).no
