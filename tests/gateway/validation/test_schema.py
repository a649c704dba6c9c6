"""Schemas are read whole or refused: by keyword, pointer and line, and with what to write instead."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from garrison.errors import ConfigError
from garrison.gateway.validation import lua
from garrison.gateway.validation.contract import load
from garrison.gateway.validation.schema import Where, read


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"format": "email"}, "/format: the keyword 'format' is not supported\n  formats are notes to JSON Schema"),
        ({"properties": {"a": {"unevaluatedItems": False}}}, "/properties/a/unevaluatedItems: the keyword 'unevaluatedItems'"),
        ({"$defs": {"x": {"contentEncoding": "base64"}}}, "/$defs/x/contentEncoding: the keyword 'contentEncoding'"),
        ({"items": [{}]}, "/items: this is no schema"),
        ({"requried": ["a"]}, "/requried: the keyword 'requried' is not supported\n  did you mean required?"),
        ({"not": {"$dynamicRef": "#x"}}, "/not/$dynamicRef: the keyword '$dynamicRef'"),
        ({"properties": {"a/b": {"type": "int"}}}, "/properties/a~1b/type: 'int' is no type\n  did you mean integer?"),
        ({"type": 3}, "/type: 3 is no type"),
        ({"minimum": "3"}, "/minimum: expected a number"),
        ({"maxLength": -1}, "/maxLength: expected a whole number"),
        ({"maxItems": True}, "/maxItems: expected a whole number"),
        ({"multipleOf": 0}, "/multipleOf: expected a number above 0"),
        ({"multipleOf": 123456789012345678}, "/multipleOf: expected a number above 0 of at most 14 digits"),
        ({"required": ["a", "a"]}, "/required: expected a list of different strings"),
        ({"enum": 3}, "/enum: expected a list of values"),
        ({"anyOf": []}, "/anyOf: expected a list of schemas"),
        ({"properties": []}, "/properties: expected an object of schemas"),
        ({"dependentRequired": {"a": "b"}}, "/dependentRequired/a: expected a list of different strings"),
        ({"uniqueItems": 1}, "/uniqueItems: expected true or false"),
        ({"nullable": True}, "/nullable: nullable says nothing without type"),
        ({"pattern": "(?=a)"}, "/pattern: the pattern cannot be used, character 1: a lookahead is not supported"),
        ({"patternProperties": {"(a)\\1": {}}}, "/patternProperties/(a)\\1: the pattern cannot be used, character 5: a reference"),
        ({"$ref": "#/$defs/x"}, "/$ref: nothing stands at #/$defs/x"),
        ({"$ref": "#nowhere"}, "/$ref: the keyword '$ref' names an $anchor that is not there, 'nowhere'"),
        ({"$ref": "https://example.com/a"}, "/$ref: the keyword '$ref' names another document"),
        ({"$ref": "#/enum/0", "enum": [3]}, "/enum/0: this is no schema"),
        ({"$ref": "#"}, "/: the schema leads back to itself for the same value"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"not": {"$ref": "#/$defs/a"}}]}}}, "the schema leads back to itself"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "/$schema: the keyword '$schema' can only name"),
        ({"items": {"$id": "x"}}, "/items/$id: the keyword '$id' is supported at the top only"),
        ({"const": "\ud800"}, "/const: a text holds half a surrogate pair"),
        ({"properties": {"\udc00": {}}}, "/properties: a text holds half a surrogate pair"),
        ({"maximum": 10**400}, "/maximum: this is no value of JSON that a double can hold"),
        ({"enum": [Decimal("1e999999999")]}, "/enum/0: this is no value of JSON that a double can hold"),
        ({"const": math.inf}, "/const: this is no value of JSON"),
        ({"const": {"day": dt.date(2026, 11, 25)}}, "/const/day: this is no value of JSON"),
        (3, "/: this is no schema"),
        (None, "/: this is no schema"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_by_name_and_place(schema: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        lua(schema)
    assert message in str(caught.value)


def test_notes_to_readers_are_allowed() -> None:
    assert lua(
        {
            "title": "t",
            "description": "d",
            "default": 1,
            "examples": [1],
            "deprecated": True,
            "$comment": "c",
            "readOnly": True,
        }
    )


def test_a_schema_that_never_ends_is_refused() -> None:
    deep: Any = {}
    for _ in range(150):
        deep = {"items": deep}
    with pytest.raises(ConfigError, match="nested deeper"):
        lua(deep)


def test_a_refusal_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "fraud.json"
    path.write_text(
        '{\n  "type": "object",\n  "properties": {\n    "age": {\n      "type": "integer",\n      "minimun": 0\n    }\n  }\n}\n'
    )
    found = load(path, "schemas/fraud.json")
    with pytest.raises(ConfigError) as caught:
        read(found.schema, found.where)
    assert (caught.value.where, caught.value.hint) == ("schemas/fraud.json:6", "did you mean minimum?")


def test_a_missing_line_is_that_of_what_is_around() -> None:
    with pytest.raises(ConfigError) as caught:
        Where("a.json", {"": 1, "/properties": 3}).wrong("/properties/x/type", "wrong", "right")
    assert caught.value.where == "a.json:3"
