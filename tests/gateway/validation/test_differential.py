"""Held against jsonschema-rs on bodies made from schemas and then damaged: nothing may pass here that does not pass there.

GARRISON_FUZZ says how many bodies.
"""

from __future__ import annotations

import json
import math
import os
import random
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest

from garrison.gateway.validation import lua

from .conftest import Run

BODIES = int(os.environ.get("GARRISON_FUZZ", "30000"))
TREE = {"type": "object", "properties": {"v": {"type": "integer"}, "next": {"$ref": "#/$defs/node"}}, "required": ["v"]}
TENSOR = {"name": "in-0", "shape": [1, 3], "datatype": "FP32", "data": [1.5, -2, 3e0]}
SCHEMAS: list[tuple[dict[str, Any], list[Any]]] = [  # each with values that fit it
    (
        {
            "type": "object",
            "required": ["inputs"],
            "additionalProperties": False,
            "properties": {
                "id": {"type": "string", "maxLength": 8},
                "parameters": {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}},
                "inputs": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 3,
                    "items": {
                        "type": "object",
                        "required": ["name", "shape", "datatype", "data"],
                        "additionalProperties": False,
                        "properties": {
                            "name": {"type": "string", "pattern": "^[a-z][a-z0-9_-]{0,7}$"},
                            "shape": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 4}},
                            "datatype": {"enum": ["FP32", "INT64", "BYTES"]},
                            "data": {
                                "items": {"type": "number", "minimum": -10, "exclusiveMaximum": 10},
                                "type": "array",
                            },
                        },
                    },
                },
            },
        },
        [{"id": "r1", "parameters": {"a": 1, "b": "x"}, "inputs": [TENSOR, TENSOR]}, {"inputs": [TENSOR]}],
    ),
    (
        {
            "oneOf": [
                {"type": "integer", "multipleOf": 3},
                {"type": "integer", "multipleOf": 5},
                {"minLength": 2, "type": "string"},
            ]
        },
        [3, 5, -9, "ab", "éé"],
    ),
    (
        {"anyOf": [{"type": "array", "items": {"type": "integer"}, "uniqueItems": True}, {"const": {"a": [1, None]}}]},
        [[1, 2, 3], [], {"a": [1, None]}],
    ),
    (
        {
            "prefixItems": [{"type": "string"}, {"type": "boolean"}],
            "items": {"type": "number"},
            "minItems": 1,
            "type": "array",
        },
        [["a"], ["a", True, 1, 2.5], ["", False]],
    ),
    (
        {"contains": {"type": "integer", "minimum": 5}, "minContains": 2, "maxContains": 3, "type": "array"},
        [[5, 6], [7, "a", 8, 9]],
    ),
    (
        {
            "patternProperties": {"^x-": {"type": "string"}, "n$": {"type": "number"}},
            "additionalProperties": False,
            "type": "object",
        },
        [{"x-a": "b", "n": 1}, {}, {"an": 2, "x-": ""}],
    ),
    (
        {
            "propertyNames": {"maxLength": 3, "pattern": "^[a-z]+$"},
            "minProperties": 1,
            "maxProperties": 3,
            "type": "object",
        },
        [{"a": 1}, {"abc": {}, "x": [], "n": 1}],
    ),
    (
        {
            "type": "object",
            "dependentRequired": {"a": ["b"]},
            "dependentSchemas": {"c": {"required": ["d"]}},
            "properties": {"a": {"type": "integer"}, "b": {}, "c": {}, "d": {"type": "string"}},
        },
        [{"a": 1, "b": 2}, {"c": 1, "d": "x"}, {"b": 1}],
    ),
    (
        {
            "if": {"properties": {"k": {"const": 1}}, "required": ["k"]},
            "then": {"required": ["x"]},
            "else": {"maxProperties": 2},
            "type": "object",
        },
        [{"k": 1, "x": 2, "n": 3}, {"k": 2}, {}],
    ),
    ({"$defs": {"node": TREE}, "$ref": "#/$defs/node"}, [{"v": 1}, {"v": 1, "next": {"v": 2, "next": {"v": 3}}}]),
    (
        {"not": {"type": ["string", "object"]}, "enum": [1, 2.5, "a", None, [], {"a": 1}, True, [1, [2]]]},
        [1, 2.5, None, [], True, [1, [2]]],
    ),
    (
        {"allOf": [{"minimum": -3.5}, {"maximum": 9007199254740993}, {"multipleOf": 0.5}], "type": "number"},
        [-3.5, 0, 9007199254740993, 2.5],
    ),
    ({"type": "string", "minLength": 1, "maxLength": 4, "pattern": "[aeé]|^..$"}, ["a", "éb", "xy", "bcde"]),
]
ODD: list[Any] = [
    *(None, True, False, 0, -1, 1, 3, 5, 15, 2.5, 1.0, -0.0, 9.999999999999999, 10, 1e300, 1e-300, 9007199254740992),
    *(
        9007199254740993,
        9007199254740994,
        -3.5,
        "",
        "a",
        "ab",
        "é",
        "\u0000",
        "\U0001f600",
        "x" * 9,
        [],
        {},
        [1],
        [1, 1.0],
        {"a": 1},
    ),
]
RANDOM = 60  # schemas that are made up
BYTES = b'{}[],:"\\0123456789eE.+- \n\t\xc3\xa9\xff\xed\xa0\x80\xef\xbb\xbfnulltruefalseNaN/u'
TOKENS = [
    b"\\ud800",
    b"\\u0061",
    b"NaN",
    b"-Infinity",
    b"1e400",
    b"1e-400",
    b'"a":1,',
    b',"b":2',
    b"0",
    b"00",
    b"//",
    b"\xef\xbb\xbf",
]


def schema_of(chance: random.Random, depth: int) -> dict[str, Any]:
    """A schema that no one would write."""

    def inner() -> Any:
        return chance.choice([True, schema_of(chance, depth - 1), schema_of(chance, depth - 1)]) if depth else True

    def few() -> int:
        return chance.randint(0, 3)

    keywords: dict[str, Any] = {
        "type": lambda: chance.sample(
            ["string", "number", "integer", "object", "array", "boolean", "null"], chance.randint(1, 4)
        ),
        "enum": lambda: chance.sample(ODD, 4),
        "const": lambda: chance.choice(ODD),
        "minimum": lambda: chance.choice([-1, 0, 2.5, 9007199254740993]),
        "exclusiveMaximum": lambda: chance.choice([1, 10, 9007199254740993]),
        "multipleOf": lambda: chance.choice([1, 0.5, 3, 0.01]),
        "minLength": few,
        "maxLength": few,
        "pattern": lambda: chance.choice(["a", "^x+$", "^[^a]*$", "é|b"]),
        "properties": lambda: {key: inner() for key in chance.sample("abcdkx", 2)},
        "required": lambda: chance.sample("abcdkx", 2),
        "additionalProperties": inner,
        "patternProperties": lambda: {chance.choice(["^a", "[b-k]"]): inner()},
        "minProperties": few,
        "maxProperties": few,
        "items": inner,
        "prefixItems": lambda: [inner(), inner()],
        "contains": inner,
        "uniqueItems": lambda: chance.random() < 0.7,
        "minItems": few,
        "maxItems": few,
        "allOf": lambda: [inner(), inner()],
        "anyOf": lambda: [inner(), inner()],
        "oneOf": lambda: [inner(), inner()],
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
    }
    return {keyword: keywords[keyword]() for keyword in chance.sample(sorted(keywords), chance.randint(1, 4))}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterable[tuple[Any, ...]]:
    """The way to everything inside a value."""
    if path:
        yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from places(inner, (*path, key))


def odd(chance: random.Random) -> Any:
    """Something that is often out of place."""
    return json.loads(json.dumps(chance.choice(ODD)))


def damaged(value: Any, chance: random.Random) -> Any:
    """A value with one to three changes inside."""
    whole = [json.loads(json.dumps(value))]
    for _ in range(chance.randint(0, 3)):
        *outer, last = chance.choice(list(places(whole)))
        at: Any = whole
        for key in outer:
            at = at[key]
        what = chance.random()
        if what < 0.6:
            at[last] = odd(chance)
        elif what < 0.8 and at is not whole:
            del at[last]
        elif isinstance(at, dict):
            at[chance.choice(["a", "b", "c", "d", "k", "x", "x-1", "n", "id", "name", "data", "v", "next"])] = odd(
                chance
            )
        elif at is not whole:
            at.append(odd(chance))
    return whole[0]


def spelled(value: Any, chance: random.Random) -> bytes:
    """A value as bytes, one time in three with some of them changed."""
    text = json.dumps(value, ensure_ascii=chance.random() < 0.5, separators=chance.choice([(",", ":"), (" , ", " : ")]))
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    if chance.random() < 0.35:
        for _ in range(chance.randint(1, 2)):
            at, byte = chance.randrange(len(data) + 1), chance.choice(BYTES)
            if (what := chance.random()) < 0.4 and at < len(data):
                data[at] = byte
            elif what < 0.7 and at < len(data):
                del data[at]
            elif what < 0.85:
                data[at:at] = chance.choice(TOKENS)
            else:
                data.insert(at, byte)
    return bytes(data)


def strictly(body: bytes) -> Any:
    """What a body says. Raises ValueError where it says it twice, or in a way that is no JSON."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a key stands twice")
        return dict(pairs)

    def finite(text: str) -> Decimal:
        number = Decimal(text)
        if math.isinf(float(number)) or (number != 0 and float(number) == 0):
            raise ValueError("no double holds it")
        return number

    def refuse(text: str) -> float:
        raise ValueError(text)

    text = body.decode("utf-8")
    value = json.loads(text, object_pairs_hook=once, parse_float=finite, parse_constant=refuse)
    json.dumps(value, ensure_ascii=False, default=str).encode("utf-8")  # no half of a surrogate pair
    return value


@pytest.mark.slow
def test_nothing_passes_that_the_reference_refuses(run: Run) -> None:
    chance, seen = random.Random(20261125), Counter[str]()
    each = math.ceil(BODIES / (len(SCHEMAS) + RANDOM))
    for schema, fitting in [*SCHEMAS, *((schema_of(chance, 3), ODD) for _ in range(RANDOM))]:
        reference = jsonschema_rs.Draft202012Validator(json.loads(json.dumps(schema), parse_float=Decimal))
        validate = run(lua(schema))[b"validate"]
        for _ in range(each):
            body = spelled(damaged(chance.choice(fitting), chance), chance)
            try:
                expected = reference.is_valid(strictly(body))
            except (ValueError, ArithmeticError):
                expected = False
            passed = validate(body) is True
            seen["passed" if passed else "refused"] += 1
            assert passed == expected, (schema, body, expected)
    assert seen["passed"] > BODIES // 6, seen
    assert seen["refused"] > BODIES // 6, seen
