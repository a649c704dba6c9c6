"""Expressions: what they mean where all is known, and what stays known where something is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Give = Callable[..., Any]
UNKNOWN = 'variable "u" {}\n'


def test_case(case: tuple[str, Any], give: Give) -> None:
    expression, expected = case
    found = give(expression)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("false && var.u", False),
        ("true || var.u", True),
        ("var.u && false", False),
        ("var.u || true", True),
        ('var.u ? "a" : "a"', "a"),
        ("[var.u, 1][1]", 1),
        ("{ a = var.u, b = 2 }.b", 2),
        ("length([var.u, var.u])", 2),
        ('"x-${var.u}" == "y"', False),
        ('"x-${var.u}" == null', False),
        ('contains(["a", var.u], "a")', True),
        ('startswith("logs-${var.u}", "logs")', True),
        ('endswith("${var.u}.zip", ".zip")', True),
        ('try({ a = 1 }.b, "d")', "d"),
        ("coalesce(null, 1)", 1),
        ('merge(var.u, { a = 1 })["a"]', 1),
        ("can(1 + [])", False),
    ],
)
def test_what_the_unknown_does_not_decide(expression: str, expected: Any, give: Give) -> None:
    assert give(expression, UNKNOWN) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "var.u",
        "!var.u",
        "-var.u",
        "var.u + 1",
        "var.u == 1",
        "true && var.u",
        'var.u ? "a" : "b"',
        "[1, 2][var.u]",
        "{ a = 1 }[var.u]",
        "var.u.a.b[0]",
        "var.u[*].a",
        "[for x in var.u : x]",
        "{ for x in var.u : x => x }",
        "length(var.u)",
        "try(var.u.a, 1)",
        "coalesce(var.u, 1)",
        'merge({ a = 1 }, var.u)["a"]',
        "lookup(var.u, 1, 2)",
        "tostring(var.u)",
        "jsondecode(var.u)",
        "concat(var.u, [1])[0]",
        "upper(var.u)",
        'format("%d", var.u)',
        "max(1, var.u)",
        "can(var.u.a)",
        'contains(["a", var.u], "b")',
        '"${var.u}" == "y"',
    ],
)
def test_what_the_unknown_decides(expression: str, evaluate: Give) -> None:
    value = evaluate(expression, UNKNOWN)
    assert value.state.name == "UNKNOWN"
    assert value.decided_by == "var.u"
    assert value.reason == "var.u has no default"


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        ('"a-${var.u}-b"', ["a-", "?", "-b"]),
        ('format("%s/%s", var.u, "x")', ["?", "/x"]),
        ('join("-", ["a", var.u])', ["a-", "?"]),
        ('upper("a-${var.u}")', ["A-", "?"]),
        ('"${"x${var.u}"}${1}"', ["x", "?", "1"]),
        ('trimspace(" a${var.u} ")', ["a", "?"]),
        ('"%{ if true }a${var.u}%{ endif }"', ["a", "?"]),
        ('"a%{ for x in var.u }${x}%{ endfor }b"', ["a", "?", "b"]),
    ],
)
def test_parts_of_an_unknown_text_stay_known(expression: str, parts: list[str], evaluate: Give) -> None:
    value = evaluate(expression, UNKNOWN)
    assert [p.content if p.state.name == "KNOWN" else "?" for p in value.content] == parts
    assert value.decided_by == "var.u"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("concat([1], var.u, [2])", [1, 2, "..."]),
        ("flatten([[1], var.u])", [1, "..."]),
        ("merge({ a = 1 }, var.u, { b = 2 })", {"b": 2, "...": "..."}),
        ("[for x in [1, 2] : x if x == 1 || var.u]", [1, "..."]),
        ("{ (var.u) = 1, b = 2 }", {"b": 2, "...": "..."}),
        ('{ for x in ["a", var.u] : x => 1 }', {"a": 1, "...": "..."}),
        ('compact(["a", var.u])', ["a", "..."]),
    ],
)
def test_collections_say_that_there_may_be_more(expression: str, expected: Any, give: Give) -> None:
    assert give(expression, UNKNOWN) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "1 + []", '1 + "a"', "1 / 0", "!3", "{}.a", "[][0]", "[1][-1]", "null.a", "null + 1", '"${[]}"[0]',
        'tonumber("x")', "one([1, 2])", "element([], 0)", 'regex("a", "b")', "range(2000)", 'lookup({}, "a")',
        'cidrsubnet("10.0.0.0/30", 8, 1)', "local.nowhere", "[for x in null : x]", 'base64decode("%")',
    ],
)  # fmt: skip
def test_what_terraform_refuses_is_unknown_and_passed_over(expression: str, give: Give, evaluate: Give) -> None:
    assert evaluate(expression).state.name == "UNKNOWN"
    assert give(f"try({expression}, 7)") == 7
    assert give(f"can({expression})") is False


def test_an_unknown_function_is_unknown(evaluate: Give) -> None:
    assert evaluate("frobnicate(1)").reason == "frobnicate() is not evaluated"
    assert evaluate("try(frobnicate(1), 2)").state.name == "UNKNOWN"
    assert evaluate('provider::aws::arn_parse("x")').state.name == "UNKNOWN"


def test_heredocs(give: Give) -> None:
    assert give("<<E\n  a\n\tb ${1}\nE") == "  a\n\tb 1\n"
    assert give("<<-E\n    a\n      b ${1}\n    c\n  E") == "a\n  b 1\nc\n"
    assert give("<<-E\n    ${1}\n      b\n  E") == "1\n  b\n"
    assert give('<<E\n"q" \\n $${x}\nE') == '"q" \\n ${x}\n'
    assert give("<<E\n%{ for x in [1, 2] ~}\n- ${x}\n%{ endfor ~}\nE") == "- 1\n- 2\n"
    assert give("<<E\nE") == ""


def test_conditional_agrees_on_a_reference(evaluate: Give) -> None:
    around = UNKNOWN + 'resource "aws_kms_key" "k" {}'
    value = evaluate('var.u ? aws_kms_key.k.arn : "arn:x"', around)
    assert (value.ref.address, value.given().answer) == (".:aws_kms_key.k", True)
    assert evaluate("var.u ? aws_kms_key.k.arn : null", around).given().answer is None


def test_places_are_those_of_the_use(evaluate: Give) -> None:
    value = evaluate("var.d", 'variable "d" { default = "x" }')
    assert (value.place.line, value.place.column, value.place.text) == (2, 7, "var.d")
    inner = evaluate('{ a = ["é", "ü"] }').content.child("a")
    assert [(i.place.column, i.place.text) for i in inner.content] == [(14, '"é"'), (19, '"ü"')]


def test_comments_stand_anywhere(give: Give) -> None:
    assert give("[ # one\n 1, /* two */ 2 // three\n]") == [1, 2]
    assert give("true ? /* a */ 1 : 2") == 1
    assert give("{\n # c\n a = 1 # d\n}") == {"a": 1}
