"""Descriptions that would take for ever or fill the memory: as the command meets them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Scan = Callable[..., Any]
HEAD = "openapi: 3.1.0\ninfo: {title: Predictions}\n"
FOUND = ("model-api-without-authentication", "a/m.yaml:api")


def description(schema: str, schemas: str = "", more: str = "") -> str:
    """An open interface to a model with something hostile in what it takes."""
    body = f"requestBody: {{content: {{application/json: {{schema: {schema}}}}}}}"
    return f"{HEAD}paths:\n  /predict:\n    post:\n      {body}\n{more}components:\n  schemas:\n    Z: {{}}\n{schemas}"


def ref(name: object) -> str:
    return f"{{$ref: '#/components/schemas/{name}'}}"


def chain(length: int, each: str) -> str:
    """Schemas of which each is made of the next one, @."""
    return "".join(f"    A{n}: {each.replace('@', ref(f'A{n + 1}'))}\n" for n in range(length))


DESCRIPTIONS: dict[str, Callable[[], str]] = {
    "a schema in itself": lambda: description(ref("A"), "    A: {properties: {a: {$ref: '#/components/schemas/A'}}}\n"),
    "a schema that is all of itself": lambda: description(ref("A"), "    A: {allOf: [{$ref: '#/components/schemas/A'}]}\n"),
    "a schema that is one of itself": lambda: description(ref("A"), "    A: {anyOf: [{$ref: '#/components/schemas/A'}, {$ref: '#/components/schemas/A'}]}\n"),
    "references in a circle": lambda: description(ref("A"), f"    A: {ref('B')}\n    B: {ref('A')}\n"),
    "a long chain of references": lambda: description(ref("A0"), chain(20_000, "@")),
    "fields that double": lambda: description(ref("A0"), chain(200, "{properties: {a: @, b: @}}")),
    "choices that double": lambda: description(ref("A0"), chain(200, "{anyOf: [@, @]}")),
    "parts that double": lambda: description(ref("A0"), chain(200, "{allOf: [@, @]}")),
    "a deep chain of fields": lambda: description(ref("A0"), chain(20_000, "{properties: {a: @}}")),
    "many fields, many choices": lambda: description("{anyOf: [" + ", ".join(f"{{minimum: {n}}}" for n in range(20_000)) + "], allOf: [" + ", ".join(f"{{maximum: {n}}}" for n in range(20_000)) + "]}"),
    "parts of each other": lambda: description(ref("A0"), "".join(f"    A{n}: {{allOf: [{', '.join(ref(f'A{m}') for m in range(300))}], properties: {{a: {ref(f'A{n + 1}')}}}}}\n" for n in range(300))),
    "a reference to the whole": lambda: description("{$ref: '#'}"),
    "a reference to itself": lambda: description("{$ref: '#/paths/~1predict/post/requestBody/content/application~1json/schema'}"),
    "a reference up the tree": lambda: description("{$ref: '../../../../../../../etc/passwd#/root'}"),
    "a reference to many": lambda: description("{$ref: '" + "a/" * 100_000 + "'}"),
    "a reference into a list": lambda: description("{$ref: '#/paths/99999999999999999999/²/-1'}"),
    "lists of references": lambda: description("{anyOf: {$ref: '#/x-a'}}", more="x-a: [{$ref: '#/x-a'}, {$ref: '#/x-a'}]\n"),
    "wrong shapes": lambda: description("[1]", more="security: 5\nservers: {url: [1]}\ntags: [[1], 2]\n").replace("title: Predictions", "title: [Predictions]"),
    "variables that grow": lambda: description("{}", more="servers: [{url: '" + "{a}" * 50 + "', variables: {a: {default: '" + "{a}{a}" * 1000 + "'}}}]\n"),
    "a long pattern": lambda: description("{type: string, pattern: '^" + "[" * 50_000 + "$'}"),
}  # fmt: skip


@pytest.mark.parametrize("kind", DESCRIPTIONS)
def test_what_would_take_for_ever_is_unknown(kind: str, scan_with: Scan) -> None:
    answer = scan_with({"a/m.yaml": DESCRIPTIONS[kind]()})
    seen = answer.failed() | {(f["check"], f["asset"]["address"]) for f in answer.report["undecided"]}
    assert answer.code == 1
    assert FOUND in seen


def test_many_operations(scan_with: Scan) -> None:
    operation = {
        "post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}}
    }
    schema = {"properties": {f"f{n}": {"type": "string"} for n in range(3_000)}}
    paths = {f"/predict/p{n}": operation for n in range(20_000)} | {f"/{'aA{b}' * 500_000}": operation}
    said = {"openapi": "3.1.0", "paths": paths, "components": {"schemas": {"A": schema}}}
    answer = scan_with({"a/m.json": json.dumps(said)})
    problem = answer.problem("a/m.json")
    assert "more than 5,000 operations" in problem["message"]


def test_many_examples_and_a_broken_one(scan_with: Scan) -> None:
    examples = ", ".join(["sk-proj-" + "x" * 40] * 150_000)
    answer = scan_with(
        {"a/m.yaml": f"{HEAD}paths: {{}}\nx-a: {{example: [{examples}]}}\n", "b/m.yaml": f"{HEAD}paths: [\n"}
    )
    assert ("api-example-key", "a/m.yaml:api") in {
        (f["check"], f["asset"]["address"]) for f in answer.report["undecided"]
    }
    assert "not valid YAML" in answer.problem("b/m.yaml")["message"]


def test_documents_that_are_too_many(scan_with: Scan) -> None:
    large = f"{HEAD}paths: {{}}\nx-a: |\n" + "  text\n" * 1_200_000
    answer = scan_with({f"a/{n}.yaml": large for n in range(6)})
    assert "more than 40 MB" in answer.problem("a/5.yaml")["message"]
