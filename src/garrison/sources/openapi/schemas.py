"""What a schema says of the fields of a message: one entry for each text, number, list, object.

JSON Schema, Draft 2020-12, sections 10 and 11 of Core, section 6 of Validation, and the subset of it that Swagger 2.0 and
OpenAPI 3.0 have. Schemas refer to one another in circles: each is looked at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from garrison.estate.values import Body, Place, State, Value, absent, known, unknown

MAX_SCHEMAS = 100_000  # looked at for one description; real ones have a few thousand
MAX_FIELDS = 300_000  # told of one description, those of a schema each time it is asked for
_MAX_DEPTH = 60
_MAX_CHOICES = 20  # anyOf inside anyOf
_BY_KEYWORD = {
    "object": ("properties", "additionalProperties", "required", "patternProperties"),
    "array": ("items", "prefixItems", "maxItems", "minItems"),
    "string": ("maxLength", "minLength", "pattern", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "one of": ("enum", "const"),
}
Parts = tuple[Value, ...]  # schemas that hold together: one, what it refers to, what its `allOf` names


class Schemas:
    """Looks at the schemas of one description."""

    def __init__(self) -> None:
        self._left, self._fields_left = MAX_SCHEMAS, MAX_FIELDS
        self._memo: dict[tuple[str, int] | int, Value] = {}

    def fields(self, schema: Value) -> Value:
        """The fields of what a schema describes, the whole first: bodies of `name`, `type` and the schema's keywords.

        `type` is `any` where nothing is said of what may stand there. Incomplete where something referred to is not read.
        """
        key = _key(schema)
        if key not in self._memo:
            self._memo[key] = self._walk(schema)
        found = self._memo[key]
        self._fields_left -= len(found.items())
        return (
            found if self._fields_left > 0 else unknown("there are too many fields in this description", schema.place)
        )

    def _walk(self, schema: Value) -> Value:
        found: list[Value] = []
        rest: Value | None = None
        seen: set[tuple[tuple[str, int] | int, int]] = set()
        waiting: list[tuple[Value, str, Parts, int, int]] = [(schema, "", (), 0, 0)]
        while waiting:
            said, name, inherited, depth, choices = waiting.pop()
            if said.state is State.UNKNOWN:
                rest = said if rest is None else rest
                continue
            mark = (_key(said), len(inherited))
            if mark in seen or said.content is False:
                continue
            seen.add(mark)
            if self._left <= 0 or depth > _MAX_DEPTH:
                rest = unknown("its schema is too large to be looked at", said.place)
                break
            own = self._together(said)
            parts = own + inherited
            self._left -= len(parts)
            options = [o for part in own for key in ("anyOf", "oneOf") for o in part.child(key).items()]
            if options and choices < _MAX_CHOICES:
                waiting += [(o, name, parts, depth + 1, choices + 1) for o in reversed(options)]
                continue
            inner: list[tuple[Value, str]] = []
            for type_ in _types(parts):
                found.append(_field(name, type_, parts, said.place))
                inner += _inner(name, type_, parts)
            waiting += [(field, path, (), depth + 1, 0) for field, path in reversed(inner)]
            if rest is None:
                rest = next((p for p in parts if p.state is State.UNKNOWN), None)
        return Value(State.KNOWN, tuple(found), schema.place, rest=rest)

    def _together(self, said: Value) -> Parts:
        """A schema and all that its `allOf` names, each once."""
        found: list[Value] = []
        seen = set()
        waiting = [said]
        while waiting and self._left > 0:
            one = waiting.pop()
            if _key(one) not in seen:
                seen.add(_key(one))
                found.append(one)
                named = one.child("allOf").items()
                self._left -= len(named)
                waiting += reversed(named)
        return tuple(found)


def _key(said: Value) -> tuple[str, int] | int:
    return id(said) if said.place is None else (said.place.source.path, said.place.start)


def _first(parts: Parts, keyword: str) -> Value:
    """What the first part that speaks of a keyword says."""
    said = (p.child(keyword) for p in parts if isinstance(p.content, Body))
    return next((s for s in said if s.state is not State.ABSENT), absent(parts[0].place))


def _types(parts: Parts) -> Sequence[str]:
    """The types it may have; `null` is left out, as it carries nothing."""
    said = [t.text() for t in _first(parts, "type").items()]
    if said:
        return [t for t in dict.fromkeys(said) if t and t != "null"]
    telling = (t for t, words in _BY_KEYWORD.items() for w in words if _first(parts, w).state is not State.ABSENT)
    return [next(telling, "any")]


def _field(name: str, type_: str, parts: Parts, place: Place | None) -> Value:
    own = {"name": known(name, place), "type": known(type_, place)}
    body = Body(lambda key: own[key] if key in own else _first(parts, key), lambda: tuple(own))
    return Value(State.KNOWN, body, place, name or "the whole message")


def _inner(name: str, type_: str, parts: Parts) -> list[tuple[Value, str]]:
    """The schemas of what lies in it."""
    found: list[tuple[Value, str]] = []
    if type_ == "object":
        for part in parts:
            properties = part.child("properties")
            if properties.state is State.KNOWN and isinstance(properties.content, Body):
                prefix = f"{name}." if name else ""
                found += [(s, prefix + n) for n, s in properties.content.items() if not s.child("readOnly").content]
        found += [
            (s, f"{name}.*") for s in _first(parts, "additionalProperties").items() if isinstance(s.content, Body)
        ]
    elif type_ == "array":
        for key in ("prefixItems", "items"):
            found += [(s, f"{name}[]") for s in _first(parts, key).items()]
    return found
