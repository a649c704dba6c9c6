"""What an operation takes and gives: the fields of a message, and what bounds them.

A field is a mapping of its `name` ("instances[].text"), its `type` and the keywords of its schema (JSON Schema Validation,
Draft 2020-12, section 6); a content is one of `media`, `fields` and `encoding`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property

from garrison.estate.truth import NO, Truth, any_of
from garrison.estate.values import Body, State, Value

# Formats that bound a text by themselves (section 7.3).
_SHORT_FORMATS = ("date", "date-time", "time", "uuid", "ipv4", "ipv6")
_CLASS = re.compile(r"\[(?:\\.|[^\]\\])*\]|\\.")
_OPEN_ENDED = re.compile(r"[*+]|\{\d+,\}")
_STRUCTURED = r"(?i)json|yaml|x-www-form|^multipart/"
_FORM = r"(?i)^multipart/"
_RAW = r"(?i)^(application/octet-stream|\*/\*|(image|audio|video)/)"
_ANY_FILE = r"(?i)^(application/octet-stream|\*/\*|(image|audio|video)/\*)$"
_LONGEST_PATTERN = 500
_WHOLE = r"^$|^\w*\[\]$"


class Message:
    """What is sent: a body in one of several contents, and parameters beside it."""

    def __init__(self, contents: Value, parameters: tuple[Value, ...] = ()) -> None:
        self.contents, self._parameters = contents, parameters

    @cached_property
    def fields(self) -> Value:
        """Every field of what is sent in a structured form, files left out."""
        found: list[Value] = list(self._parameters)
        rest: Value | None = None
        for content in self.contents.items():
            if content.child("media").matches(_STRUCTURED).yes:
                said = content.child("fields")
                found += [field for field in said.items() if not _is_file(field).yes]
                hidden = said if said.state is State.UNKNOWN else said.rest
                rest = hidden if rest is None else rest
        return Value(State.KNOWN, tuple(found), self.contents.place, rest=rest)

    @cached_property
    def unbounded(self) -> Truth:
        """Whether a text or a list may be of any length."""
        return self.fields.any(lambda f: (_is(f, "string") & ~_is_short(f)) | (_is(f, "array") & ~_says(f, "maxItems")))

    @cached_property
    def free_number(self) -> Truth:
        """Whether a number has no smallest or no greatest value."""

        def free(field: Value) -> Truth:
            low, high = _says(field, "minimum", "exclusiveMinimum"), _says(field, "maximum", "exclusiveMaximum")
            return _is(field, "number", "integer") & ~_says(field, "enum", "const") & ~(low & high)

        return self.fields.any(free)

    @cached_property
    def anything(self) -> Truth:
        """Whether the whole, or an item of a list in it, may be whatever the sender likes."""

        def anything(field: Value) -> Truth:
            shapeless = _is(field, "object") & ~_says(field, "properties", "patternProperties") & ~_is_closed(field)
            return field.child("name").matches(_WHOLE) & (_is(field, "any") | (shapeless & ~_is_map(field)))

        return self.fields.any(anything)

    @cached_property
    def more_than_named(self) -> Truth:
        """Whether an object in it may have fields that are not named."""
        return self.fields.any(lambda f: _is(f, "object") & _says(f, "properties") & ~_is_closed(f) & ~_is_map(f))

    @cached_property
    def files(self) -> tuple[tuple[Value, Truth, Truth], ...]:
        """The files in it, each with whether its type is said, and whether its size is bounded."""
        found = []
        for content in self.contents.items():
            media = content.child("media")
            if media.matches(_RAW).yes:
                whole = content.child("fields").items()
                size = _says(whole[0], "maxLength") if whole else NO
                found.append((content, ~media.matches(_ANY_FILE), size))
            elif media.matches(_FORM).yes:
                for field in content.child("fields").items():
                    if _is_file(field).yes:
                        kind = content.child("encoding").child(field.child("name").text()).child("contentType").given()
                        found.append((field, kind | _says(field, "contentMediaType"), _says(field, "maxLength")))
        return tuple(found)

    def has(self, test: Callable[[str], bool]) -> Truth:
        """Whether a field's name passes `test`."""
        return self.fields.any(lambda f: _is_called(f, test))

    def free_text(self, test: Callable[[str], bool]) -> Truth:
        """Whether a field whose name passes `test` is a text that neither a list nor a pattern narrows."""
        return self.fields.any(lambda f: _is_called(f, test) & _is(f, "string") & ~_says(f, "enum", "const", "pattern"))


def field_of(parameter: Value) -> Value:
    """A parameter as a field: its schema says the type, in Swagger 2 the parameter itself."""
    schema = parameter.child("schema")
    said = parameter if schema.state is State.ABSENT else schema
    name = parameter.child("name")
    return Value(State.KNOWN, Body(lambda key: name if key == "name" else said.child(key), tuple), parameter.place)


def _is_called(field: Value, test: Callable[[str], bool]) -> Truth:
    return field.child("name").test(lambda name: isinstance(name, str) and test(name))


def _is(field: Value, *types: str) -> Truth:
    return Truth(field.child("type").one_of(types).answer, (field,))


def _says(field: Value, *keywords: str) -> Truth:
    return any_of(Truth(field.child(k).given().answer, (field,)) for k in keywords)


def _is_short(field: Value) -> Truth:
    """Whether a text has a greatest length, by whatever says so."""
    pattern = field.child("pattern").test(lambda said: isinstance(said, str) and _is_finite(said))
    return _says(field, "maxLength", "enum", "const") | field.child("format").one_of(_SHORT_FORMATS) | pattern


def _is_finite(pattern: str) -> bool:
    """Whether a regular expression matches whole texts of a bounded length only; a very long one is not looked at."""
    if len(pattern) > _LONGEST_PATTERN:
        return False
    inside = _CLASS.sub("x", pattern)
    return inside.startswith("^") and inside.endswith("$") and _OPEN_ENDED.search(inside) is None


def _is_closed(field: Value) -> Truth:
    closed = any_of(field.child(k).equals(False) for k in ("additionalProperties", "unevaluatedProperties"))
    return Truth(closed.answer, (field,))


def _is_map(field: Value) -> Truth:
    """Whether what stands under names of the sender's own has a schema."""
    schema = field.child("additionalProperties").content
    return Truth(isinstance(schema, Body) and bool(schema.keys()), (field,))


def _is_file(field: Value) -> Truth:
    binary = field.child("format").equals("binary") | field.child("contentMediaType").given()
    return _is(field, "file") | binary
