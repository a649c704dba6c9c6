"""What a value answers, known, unknown and absent."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.estate.values import (
    Body,
    Place,
    Source,
    State,
    Truth,
    Value,
    absent,
    dig,
    known,
    referred,
    unknown,
)

SOURCE = Source("a.tf", 'büro = "x"\nzwei = "yy"\n'.encode(), byte_columns=True)


def partial(*parts: str | None) -> Value:
    """An unknown text: None stands for a hole."""
    return unknown("a hole", parts=tuple(unknown("a hole") if p is None else known(p) for p in parts))


def test_a_value_is_no_bool() -> None:
    with pytest.raises(TypeError, match="not a bool"):
        bool(known(True))


QUESTIONS: list[Callable[[Value], Truth]] = [
    lambda v: v.equals("a"),
    lambda v: v.one_of(["a"]),
    lambda v: v.matches("a"),
    lambda v: v.starts_with("a"),
    lambda v: v.contains("a"),
    lambda v: v.at_least(1),
    lambda v: v.given(),
]


@pytest.mark.parametrize("ask", QUESTIONS)
def test_absent_answers_no_and_unknown_answers_unknown(ask: Callable[[Value], Truth]) -> None:
    assert ask(absent()).answer is False
    assert ask(unknown("why")).answer is None


@pytest.mark.parametrize(
    ("content", "expected", "answer"),
    [(1, True, False), (True, 1, False), ("true", True, False), (0, False, False), (2.0, 2, True)],
)
def test_equality_minds_the_type(content: object, expected: object, answer: bool) -> None:
    assert known(content).equals(expected).answer is answer


@pytest.mark.parametrize(
    ("parts", "expected", "answer"),
    [
        (("arn:aws:s3:::", None), "*", False),
        ((None, "/*"), "*", False),
        ((None, "*"), "*", None),
        (("a", None, "b"), "ab", None),
        (("a", None, "b"), "axb", None),
        (("ab", None, "bc"), "abc", False),
        ((None,), "anything", None),
    ],
)
def test_known_parts_decide_what_they_can(parts: tuple[str | None, ...], expected: str, answer: bool | None) -> None:
    assert partial(*parts).equals(expected).answer is answer


@given(
    st.lists(st.text("ab", max_size=3) | st.none(), min_size=1, max_size=4),
    st.text("ab", max_size=6),
    st.lists(st.text("ab", max_size=3), min_size=4, max_size=4),
)
def test_a_decided_answer_holds_for_every_filling(parts: list[str | None], expected: str, fills: list[str]) -> None:
    """Whatever the holes turn out to be, an answer that was not unknown stays right."""
    text = "".join(f if p is None else p for p, f in zip(parts, fills, strict=False))
    value = partial(*parts)
    for asked, truth in (
        (value.equals(expected), text == expected),
        (value.starts_with(expected), text.startswith(expected)),
        (value.contains(expected), expected in text),
    ):
        assert asked.answer in (None, truth)


def test_a_reference_is_given_though_unknown() -> None:
    assert referred("r:aws_kms_key.a", "arn", None).given().answer is True
    assert unknown("no default").given().answer is None


def test_an_open_collection_is_decided_only_by_what_is_there() -> None:
    value = Value(State.KNOWN, (known("10.0.0.0/8"),), rest=unknown("var.more"))
    assert value.any(lambda v: v.equals("0.0.0.0/0")).answer is None
    assert value.any(lambda v: v.equals("10.0.0.0/8")).answer is True
    assert value.all(lambda v: v.equals("10.0.0.0/8")).answer is None
    assert value.all(lambda v: v.equals("::/0")).answer is False


def test_an_unknown_item_does_not_hide_a_known_one() -> None:
    value = known((unknown("var.office"), known("0.0.0.0/0")))
    assert value.any(lambda v: v.equals("0.0.0.0/0")).answer is True


def test_dig_enters_single_blocks_and_flattens_stars() -> None:
    def rule(port: int) -> Value:
        return known(Body.of({"port": known(port), "cidrs": known((known(f"10.0.0.{port}/32"),))}))

    one = known(Body.of({"rule": known((rule(1),))}))
    assert dig(one, ("rule", "port")).content == 1
    two = known(Body.of({"rule": known((rule(1), rule(2)))}))
    assert dig(two, ("rule", "port")).state is State.UNKNOWN
    assert [v.content for v in dig(two, ("rule", "*", "port")).items()] == [1, 2]
    assert [v.content for v in dig(two, ("rule", "*", "cidrs", "*")).items()] == ["10.0.0.1/32", "10.0.0.2/32"]
    assert dig(one, ("rule", "*", "nothing")).state is State.ABSENT
    assert dig(one, ("nothing", "at", "all")).state is State.ABSENT


def test_a_missing_entry_of_an_open_mapping_is_unknown() -> None:
    value = Value(State.KNOWN, Body.of({"a": known(1)}), rest=unknown("var.tags"))
    assert value.child("a").content == 1
    assert value.child("b").state is State.UNKNOWN


def test_a_body_that_refers_to_itself_is_unknown() -> None:
    def make(name: str) -> Value:
        return body.child(name)

    body = Body(make, lambda: ("a",))
    assert body.child("a").state is State.UNKNOWN


def test_places_count_characters_and_cut_their_text() -> None:
    place = Place.at(SOURCE, (0, 8), (1, 11))
    assert (place.line, place.column, place.end_line, place.end_column) == (1, 8, 2, 12)
    assert place.text == '"x"\nzwei = "yy"'
    assert str(place) == "a.tf:1:8"


def test_nothing_prints_the_file() -> None:
    value = known("hidden", Place.at(Source("s.tf", b'password = "geheim"'), (0, 11), (0, 19)))
    assert "geheim" not in repr(value) + repr(value.place) + repr(Truth(True, (value,)))
