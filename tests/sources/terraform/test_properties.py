"""Properties: the evaluator against what Python makes of the same, and against itself with less known."""

from __future__ import annotations

import contextlib
import json
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from garrison.estate.values import Body, State, Value
from garrison.sources import terraform
from garrison.sources.interface import File, Tree
from garrison.sources.terraform.conversion import plain
from garrison.sources.terraform.evaluation import Undecided
from garrison.sources.terraform.functions import FUNCTIONS
from garrison.sources.terraform.functions.patterns import open_ended

quickly = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read_one(folder: Path, text: str) -> Value:
    (folder / "main.tf").write_text(text, encoding="utf8")
    file = File("main.tf", folder / "main.tf")
    tree = Tree(folder, [file])
    found = list(terraform.read([file], tree))
    assert not tree.problems
    return found[0].at(("v",))


def evaluate(folder: Path, expression: str, around: str = "") -> Value:
    return read_one(folder, f'resource "t" "x" {{\n  v = {expression}\n}}\n{around}')


texts = st.text(st.characters(codec="utf8", exclude_categories=["Cs", "Cc"]), max_size=12)
numbers = st.integers(-(10**9), 10**9)
names = st.text(string.ascii_lowercase, min_size=1, max_size=4)
scalars = st.none() | st.booleans() | numbers | texts
data = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=10
)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "$${").replace("%{", "%%{")
    return f'"{escaped}"'


def written(value: Any) -> str:
    """Data in HCL."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(k)} = {written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(written(v) for v in value) + "]"
    return json.dumps(value)


@quickly
@given(data)
def test_data_is_what_it_says(tmp_path: Path, value: Any) -> None:
    assert plain(evaluate(tmp_path, written(value))) == value


@quickly
@given(data)
def test_json_goes_there_and_back(tmp_path: Path, value: Any) -> None:
    text = evaluate(tmp_path, f'"${{jsonencode({written(value)})}}"')
    if isinstance(text.content, str):
        assert json.loads(text.content) == value
    assert plain(evaluate(tmp_path, f"jsondecode({quoted(json.dumps(value))})")) == value


@quickly
@given(texts, texts, texts)
def test_texts(tmp_path: Path, a: str, b: str, c: str) -> None:
    x, y, z = quoted(a), quoted(b), quoted(c)
    expected = {
        f"join({y}, [{x}, {z}])": b.join([a, c]),
        f"split({y}, {x})": a.split(b) if b else list(a),
        f"replace({x}, {y}, {z})": a.replace(b, c) if not (len(b) > 1 and b[0] == b[-1] == "/") else ...,
        f"startswith({x}, {y})": a.startswith(b),
        f"endswith({x}, {y})": a.endswith(b),
        f"strcontains({x}, {y})": b in a,
        f"trimprefix({x}, {y})": a.removeprefix(b),
        f"trimsuffix({x}, {y})": a.removesuffix(b),
        f"length([{x}, {y}])": 2,
        f"{x} == {y}": a == b,
        f"[{x}, {y}, {z}][1]": b,
        f"distinct([{x}, {y}, {x}])": list(dict.fromkeys([a, b])),
        f"contains([{x}, {z}], {y})": b in (a, c),
        f"base64decode(base64encode({x}))": a,
    }
    found = evaluate(tmp_path, "[" + ", ".join(expected) + "]")
    for item, (expression, wanted) in zip(found.content, expected.items(), strict=True):
        assert wanted is ... or plain(item) == wanted, expression


@quickly
@given(numbers, numbers, numbers)
def test_numbers(tmp_path: Path, a: int, b: int, c: int) -> None:
    expected = {
        f"({a} + {b}) * {c}": (a + b) * c,
        f"{a} + {b} * {c}": a + b * c,
        f"{a} - {b} - {c}": a - b - c,
        f"{a} < {b} && {b} < {c}": a < b < c,
        f"max({a}, {b}, {c})": max(a, b, c),
        f"sort([{a}, {b}])": sorted([str(a), str(b)]),
        f"sum([{a}, {b}])": a + b,
        f"abs({a})": abs(a),
        f'tonumber("{a}")': a,
        f'"{a}" + {b}': a + b,
        f"{a} == {b} ? 1 : 2": 1 if a == b else 2,
    }
    found = evaluate(tmp_path, "[" + ", ".join(expected) + "]")
    for item, (expression, wanted) in zip(found.content, expected.items(), strict=True):
        assert plain(item) == wanted, expression


@quickly
@given(st.lists(numbers, max_size=6), st.integers(-3, 8), st.integers(-3, 8))
def test_lists(tmp_path: Path, items: list[int], a: int, b: int) -> None:
    inside = 0 <= a <= b <= len(items)
    expected = {
        f"slice(local.l, {a}, {b})": items[a:b] if inside else ...,
        "reverse(local.l)": items[::-1],
        "[for x in local.l : x + 1 if x > 0]": [x + 1 for x in items if x > 0],
        "{ for i, x in local.l : i => x }": {str(i): x for i, x in enumerate(items)},
        f"try(local.l[{a}], null)": items[a] if 0 <= a < len(items) else None,
        "length(concat(local.l, local.l))": 2 * len(items),
        "flatten([local.l, [local.l]])": [*items, *items],
        "local.l.*": items,
        "local.l[*]": items,
    }
    found = evaluate(tmp_path, "[" + ", ".join(expected) + "]", f"locals {{\n  l = {written(items)}\n}}\n")
    for item, (expression, wanted) in zip(found.content, expected.items(), strict=True):
        assert wanted is ... or plain(item) == wanted, expression


# Expressions of two bools, each of which may not be known.
LOGIC = st.recursive(
    st.sampled_from(["var.a", "var.b", "true", "false"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||", "==", "!="]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda i: f"!{i}" if not i.startswith("!") else i),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} ? {t[1]} : {t[2]})"),
        inner.map(lambda i: f"try({i}, true)"),
        inner.map(lambda i: f"alltrue([{i}, var.a])"),
        inner.map(lambda i: f"contains([{i}], var.b)"),
        inner.map(lambda i: f"[{i}, var.b][0]"),
        inner.map(lambda i: f"merge({{ k = {i} }}, {{}}).k"),
    ),
    max_leaves=8,
)


@pytest.mark.slow
@quickly
@given(LOGIC)
def test_less_known_never_says_otherwise(tmp_path: Path, expression: str) -> None:
    """What is decided although something is unknown holds for whatever it turns out to be."""

    def answer(a: str | None, b: str | None) -> bool | None:
        around = "".join(
            f'variable "{name}" {{{"" if said is None else f" default = {said} "}}}\n'
            for name, said in (("a", a), ("b", b))
        )
        value = evaluate(tmp_path, expression, around)
        return value.content if value.state is State.KNOWN else None

    for a in (None, "true", "false"):
        for b in (None, "true", "false"):
            said = answer(a, b)
            full = {
                answer(x, y) for x in ((a,) if a else ("true", "false")) for y in ((b,) if b else ("true", "false"))
            }
            assert None not in full
            if said is not None:
                assert full == {said}


soup = st.lists(
    st.sampled_from(
        ['"', "${", "}", "%{", "if", "for", "endif", "endfor", "~", "<<E\n", "\nE\n", "[", "]", "{", "(", ")", ".", "*", "=", "=>", "..",
         "...", ",", ":", "?", "!", "&&", "==", "+", "-", "/", "\n", " ", "var.u", "a", "b", "1", "0", "null", "true", "x.y", "each.key",
         "module.m", "data.a.b", "local.a", "in", "length(", "try(", "merge(", "format(", "\\", "#", "//", "/*", "é", "resource", "dynamic",
         "count", "for_each", "jsonencode(", "concat(", "lookup(", "flatten(", "zipmap(", "keys("]
    ),
    max_size=40,
)  # fmt: skip


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(soup, soup)
def test_anything_is_read(tmp_path: Path, one: list[str], two: list[str]) -> None:
    """Nothing that can be written raises; what is not understood is a problem or unknown."""
    text = f'locals {{\n  a = {"".join(one)}\n}}\nresource "t" "x" {{\n  v = {"".join(two)}\n}}\nvariable "u" {{}}\n'
    (tmp_path / "main.tf").write_text(text, encoding="utf8")
    file = File("main.tf", tmp_path / "main.tf")
    tree = Tree(tmp_path, [file])
    for resource in terraform.read([file], tree):
        value = resource.at(())
        walk(value)
        assert resource.place.line > 0


ARGUMENTS = ["var.u", "t.y.id", "null", '"a"', '"${var.u}-b"', "1", "-1", "1.5", "true", "[]", '["a", "b"]', "[1, var.u]",
             "{}", '{ a = 1, b = "c" }', "[[1], [2, [3]]]", "t.m", "t.m[*].id", "concat(var.u, [1])", "merge(var.u, { a = 1 })",
             '"10.0.0.0/8"', '"(a)(b*)"', "jsonencode({ a = [1] })", "{}.gone"]  # fmt: skip


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_functions_take_anything(name: str, tmp_path: Path) -> None:
    """No function raises, and none makes a known value of an unknown argument by accident."""
    calls = [f"{name}()", *(f"{name}({a})" for a in ARGUMENTS)]
    calls += [f"{name}({a}, {b})" for a in ARGUMENTS for b in ARGUMENTS]
    calls += [f"{name}({a}, {b}, {c})" for a in ARGUMENTS[::3] for b in ARGUMENTS[::4] for c in ARGUMENTS[::5]]
    around = 'variable "u" {}\nresource "t" "y" {}\nresource "t" "m" { count = var.u }\n'
    value = evaluate(tmp_path, "[" + ",\n".join(calls) + "]", around)
    for item in value.content:
        walk(item)


def walk(value: Value, depth: int = 0) -> None:
    """Asks for everything that is in a value."""
    if depth > 30:
        return
    assert value.state is not State.UNKNOWN or value.reason
    if isinstance(value.content, tuple):
        for item in value.content:
            walk(item, depth + 1)
    elif isinstance(value.content, Body):
        for _, item in value.content.items():
            walk(item, depth + 1)
    with contextlib.suppress(Undecided):
        plain(value)


@pytest.mark.parametrize(
    ("pattern", "repeats"),
    [("abc", 0), ("a+b*", 2), ("[a+]?", 0), (r"\(a\+\)", 0), ("a{3}", 1), ("(ab)+", 1), ("(a|b)", 0), ("[^]*]*", 1)],
)
def test_repetitions_are_counted(pattern: str, repeats: int) -> None:
    assert open_ended(pattern)[0] == repeats


@pytest.mark.parametrize("pattern", ["(a+)+", "(a|b)*", "((a*)b)*", "(?:a+){2,}", "(x(y|z))*", "(a{2}){3}"])
def test_repeated_repetitions_are_refused(pattern: str) -> None:
    with pytest.raises(Exception, match="for ever"):
        open_ended(pattern)
