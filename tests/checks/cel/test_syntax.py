"""What is no part of the language is refused by name, with its place; whatever is written, nothing else happens."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garrison.checks.cel.syntax import (
    MAX_CHARACTERS,
    MAX_DEPTH,
    Call,
    ExpressionError,
    Items,
    Literal,
    Name,
    Select,
    begin,
    parse,
)


@pytest.mark.parametrize(
    ("text", "message", "at"),
    [
        ("", "the expression breaks off", 0),
        ("a &&", "the expression breaks off", 4),
        ("a = b", "= means nothing", 2),
        ("a & b", "& means nothing", 2),
        ("a + 1", "checks do not calculate: +", 2),
        ("-a", "checks do not calculate: -", 0),
        ("a == b == c", "two comparisons in a row: ==", 7),
        ("{'a': 1}", "checks need no maps", 0),
        ("b'a'", "checks need no bytes", 0),
        ("1u", "checks need no unsigned numbers", 0),
        (f"{'9' * 50} == a", "the number is too long", 0),
        ("'abc", "the text has no end", 0),
        ("'a\nb'", "the text has no end", 0),
        (r"'\d'", r"\d is no escape", 0),
        (r"'\ud800'", r"\ud800 is no character", 0),
        ("function.name", "function is a reserved word of CEL", 0),
        ("a.", "a name is missing after the dot", 2),
        ("f(a", ") is missing", 3),
        ("a ? b", ": is missing", 5),
        ("a b", "b cannot stand here", 2),
        ("a # b", "'#' means nothing here", 2),
    ],
)
def test_what_is_refused(text: str, message: str, at: int) -> None:
    with pytest.raises(ExpressionError) as raised:
        parse(text)
    assert (raised.value.message, raised.value.at) == (message, at)


def test_the_tree() -> None:
    assert parse('a.b == "x" || !c.all(i, i in [1, -2,])') == Call(
        "||",
        (
            Call("==", (Select(Name("a", 0), "b", 2), Literal("x", 7)), 4),
            Call(
                "!",
                (
                    Call(
                        "all",
                        (
                            Name("c", 15),
                            Name("i", 21),
                            Call("in", (Name("i", 24), Items((Literal(1, 30), Literal(-2, 33)), 29)), 26),
                        ),
                        17,
                        method=True,
                    ),
                ),
                14,
            ),
        ),
        11,
    )


def test_and_binds_before_or_and_both_before_a_choice() -> None:
    node = parse("a || b && c ? d : e ? f : g")
    assert isinstance(node, Call)
    assert node.name == "?:"
    condition, _, otherwise = node.args
    assert isinstance(condition, Call)
    assert [condition.name, condition.args[1].name] == ["||", "&&"]  # type: ignore[union-attr]
    assert isinstance(otherwise, Call)
    assert otherwise.name == "?:"


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1000 + "a" + ")" * 1000,
        "!" * 1000 + "a",
        "[" * 1000,
        "a" + ".b" * 1000,
        "a" + "[0]" * 1000,
        "a ? b : " * 300 + "c",
        "f(" * 500,
        "a.exists(x, " * 200,
        "a" * (MAX_CHARACTERS + 1),
    ],
)
def test_what_is_too_much_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError, match=r"nested deeper|steps in a row|longer than"):
        parse(text)


def test_long_chains_are_not_deep() -> None:
    node = parse(" && ".join(["a"] * 500))
    assert isinstance(node, Call)
    assert len(node.args) == 500
    parse("!" * (MAX_DEPTH - 2) + "a")


@settings(deadline=None)
@given(st.text(max_size=200) | st.text(alphabet="ab.()[]{}'\"\\!&|=<>?:,-+/ \n1uxr", max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    at = 0
    try:
        parse(text)
    except ExpressionError as error:
        at = error.at
    assert 0 <= at <= len(text)


@pytest.mark.parametrize(
    "text", ["  a.b.c == d", "  a.exists(x, x)", "  a && b", "  !a", "  size(a) > 1", "  a ? b : c"]
)
def test_where_a_part_begins(text: str) -> None:
    assert begin(parse(text)) == 2
