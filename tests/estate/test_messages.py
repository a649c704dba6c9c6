"""What bounds the fields of a message."""

from __future__ import annotations

from typing import Any

import pytest

from garrison.estate.messages import Message
from garrison.estate.values import Body, Value, known, unknown


def value(said: Any) -> Value:
    if isinstance(said, dict):
        return known(Body.of({k: value(v) for k, v in said.items()}))
    if isinstance(said, list):
        return known(tuple(value(v) for v in said))
    return known(said)


def message(*fields: dict[str, Any], media: str = "application/json", **more: Any) -> Message:
    return Message(value([{"media": media, "fields": [{"name": "x", **f} for f in fields], **more}]))


@pytest.mark.parametrize(
    ("field", "answer"),
    [
        ({"type": "string"}, True),
        ({"type": "string", "maxLength": 5}, False),
        ({"type": "string", "enum": ["a"]}, False),
        ({"type": "string", "format": "date-time"}, False),
        ({"type": "string", "format": "uri"}, True),
        ({"type": "string", "pattern": "^[A-Z]{3}$"}, False),
        ({"type": "string", "pattern": "^[*+]{1,3}\\.$"}, False),
        ({"type": "string", "pattern": "^[a-z]+$"}, True),
        ({"type": "string", "pattern": "^a{2,}$"}, True),
        ({"type": "string", "pattern": "[A-Z]{3}"}, True),
        ({"type": "array"}, True),
        ({"type": "array", "maxItems": 3}, False),
        ({"type": "number"}, False),
        ({"type": "string", "format": "binary"}, False),
    ],
)
def test_texts_and_lists_of_any_length(field: dict[str, Any], answer: bool) -> None:
    assert message(field).unbounded.answer is answer


@pytest.mark.parametrize(
    ("field", "answer"),
    [
        ({"type": "number"}, True),
        ({"type": "integer", "minimum": 0}, True),
        ({"type": "integer", "exclusiveMinimum": 0, "maximum": 5}, False),
        ({"type": "integer", "const": 5}, False),
        ({"type": "string"}, False),
    ],
)
def test_numbers_of_any_size(field: dict[str, Any], answer: bool) -> None:
    assert message(field).free_number.answer is answer


@pytest.mark.parametrize(
    ("field", "anything", "more"),
    [
        ({"name": "", "type": "any"}, True, False),
        ({"name": "", "type": "object"}, True, False),
        ({"name": "instances[]", "type": "object"}, True, False),
        ({"name": "metadata", "type": "object"}, False, False),
        ({"name": "", "type": "object", "additionalProperties": False}, False, False),
        ({"name": "", "type": "object", "additionalProperties": {"type": "string"}}, False, False),
        ({"name": "", "type": "object", "properties": {"a": {}}}, False, True),
        ({"name": "", "type": "object", "properties": {"a": {}}, "additionalProperties": True}, False, True),
        ({"name": "", "type": "object", "properties": {"a": {}}, "unevaluatedProperties": False}, False, False),
    ],
)
def test_what_may_be_anything(field: dict[str, Any], anything: bool, more: bool) -> None:
    said = message(field)
    assert (said.anything.answer, said.more_than_named.answer) == (anything, more)


def test_files_and_what_is_said_of_them() -> None:
    upload = {"type": "string", "format": "binary"}
    said = message(upload, media="multipart/form-data").files
    assert [(t.answer, s.answer) for _, t, s in said] == [(False, False)]
    said = message(
        {**upload, "maxLength": 9}, media="multipart/form-data", encoding={"x": {"contentType": "audio/wav"}}
    ).files
    assert [(t.answer, s.answer) for _, t, s in said] == [(True, True)]
    assert [(t.answer, s.answer) for _, t, s in message(upload, media="image/png").files] == [(True, False)]
    assert [(t.answer, s.answer) for _, t, s in message(upload, media="image/*").files] == [(False, False)]
    assert message({"type": "string"}).files == ()


def test_what_is_not_read_leaves_it_open() -> None:
    content = Body.of(
        {"media": known("application/json"), "fields": Value(known(1).state, (), rest=unknown("elsewhere"))}
    )
    assert Message(known((known(content),))).unbounded.answer is None
