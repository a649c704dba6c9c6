"""JSON Schema 2020-12 as nodes: every keyword is understood, or refused by its name and place.

Core and Validation, https://json-schema.org/draft/2020-12/json-schema-core and -validation. `nullable` is OpenAPI's (3.0.3,
Schema Object). Outside are: what needs the results of other keywords (unevaluated*), what depends on how a schema was
reached ($dynamicRef), other documents, and what the standard only annotates with (format, content*).
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Never

import msgspec

from garrison.errors import ConfigError, nearest
from garrison.gateway.validation.decimals import Number, decimals, is_number
from garrison.gateway.validation.patterns import Automaton, PatternError, automaton

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TYPES = ("string", "number", "integer", "object", "array", "boolean", "null")
BOUNDS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
MAX_DEPTH = 100  # of a schema; hand-written ones stay below 20
MAX_DIVISOR = 1 << 49  # ten times a remainder is below 2^53
_ANNOTATIONS = frozenset(
    {"title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "$comment"}
)
_INSTEAD = {  # what to write instead of a keyword that is not supported
    "format": "formats are notes to JSON Schema, not rules; write a pattern, or minimum and maximum",
    "unevaluatedProperties": "write additionalProperties beside all the properties",
    "unevaluatedItems": "write items beside prefixItems",
    "$dynamicRef": "write $ref",
    "$dynamicAnchor": "write $defs and $ref",
    "$recursiveRef": "write $ref",
    "$recursiveAnchor": "write $defs and $ref",
    "$vocabulary": "it is for descriptions of JSON Schema itself",
    "dependencies": "write dependentRequired or dependentSchemas",
    "additionalItems": "write items beside prefixItems",
    "divisibleBy": "write multipleOf",
    "contentEncoding": "write a pattern",
    "contentMediaType": "describe it in a description",
    "contentSchema": "describe it in a description",
}


class Where(msgspec.Struct, frozen=True):
    """The file a schema stands in as the user named it, the line of each JSON pointer in it, from 1, and where it stands."""

    path: str = ""
    lines: Mapping[str, int] = {}  # of a frozen Struct
    prefix: str = ""

    def wrong(self, pointer: str, message: str, hint: str) -> Never:
        """Refuse what stands at a pointer. Raises ConfigError."""
        pointer = self.prefix + pointer
        raise ConfigError(f"{pointer or '/'}: {message}", hint=hint, path=self.path, line=self._line(pointer))

    def told(self, pointer: str, message: str) -> str:
        """What is to be said of what stands at a pointer, with its place."""
        pointer = self.prefix + pointer
        return f"{self.path}:{self._line(pointer)}: {pointer or '/'}: {message}"

    def _line(self, pointer: str) -> int:
        while not (line := self.lines.get(pointer, 0)) and pointer:
            pointer = pointer.rpartition("/")[0]
        return line


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One schema. Other schemas are named by their pointers, so that they can lead back here."""

    pointer: str
    types: frozenset[str] = frozenset(TYPES)
    allowed: list[list[Any]] = []  # enum, const: the value is in every one
    bounds: dict[str, Number] = {}  # by keyword
    multiple_of: Number | None = None
    min_length: int = 0
    max_length: int | None = None
    pattern: Automaton | None = None
    properties: dict[str, str] = {}
    patterns: dict[str, tuple[Automaton, str]] = {}
    additional: str | None = None
    names: str | None = None
    required: list[str] = []
    dependent_required: dict[str, list[str]] = {}
    dependent_schemas: dict[str, str] = {}
    min_properties: int = 0
    max_properties: int | None = None
    prefix: list[str] = []
    items: str | None = None
    contains: str | None = None
    min_contains: int = 1
    max_contains: int | None = None
    unique: bool = False
    min_items: int = 0
    max_items: int | None = None
    all_of: list[str] = []
    any_of: list[str] = []
    one_of: list[str] = []
    not_: str | None = None
    if_: str | None = None
    then: str | None = None
    else_: str | None = None

    def in_place(self) -> Iterator[str]:
        """The schemas that the same value is held against."""
        yield from (*self.all_of, *self.any_of, *self.one_of, *self.dependent_schemas.values())
        yield from (pointer for pointer in (self.not_, self.if_, self.then, self.else_) if pointer is not None)


def read(schema: object, where: Where = Where()) -> dict[str, Node]:  # noqa: B008  # frozen
    """All nodes of a schema by their pointers, the whole under "". Raises ConfigError."""
    _hold_values(schema, where)
    reader = _Reader(schema, where)
    reader.at("", schema)
    while reader.todo:
        pointer, said_at = reader.todo.pop()
        if pointer not in reader.nodes:
            reader.at(pointer, reader.target(pointer, said_at))
    _no_loops(reader.nodes, where)
    return reader.nodes


def _hold_values(schema: object, where: Where) -> None:
    """Refuse what a file can say and JSON cannot: halves of surrogate pairs, numbers beyond all doubles, dates."""
    todo = [("", schema)]
    while todo:
        pointer, value = todo.pop()
        if isinstance(value, dict):
            todo.extend((pointer, key) for key in value)
            todo.extend((step(pointer, str(key)), inner) for key, inner in value.items())
        elif isinstance(value, list):
            todo.extend((step(pointer, n), inner) for n, inner in enumerate(value))
        elif isinstance(value, str) and not value.isascii() and any(0xD800 <= ord(char) <= 0xDFFF for char in value):  # noqa: PLR2004  # surrogates
            where.wrong(pointer, "a text holds half a surrogate pair", "write both halves, or the character itself")
        elif not (value is None or isinstance(value, bool | str) or is_number(value)):
            where.wrong(
                pointer,
                "this is no value of JSON that a double can hold",
                "write a number between 1e-308 and 1e308, or a text in quotes",
            )


def step(pointer: str, key: str | int) -> str:
    """A pointer one step further (RFC 6901)."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


Fields = dict[str, Any]  # of a Node that is being read


class _Reader:
    """Reads schemas into nodes; `todo` are places that $ref points at, and who points there."""

    def __init__(self, schema: object, where: Where) -> None:
        self.whole, self.where = schema, where
        self.nodes: dict[str, Node] = {}
        self.todo: list[tuple[str, str]] = []
        self.identity = schema.get("$id", "") if isinstance(schema, dict) else ""
        self.anchors: dict[str, str] = {}
        self._find_anchors(schema, "")

    def at(self, pointer: str, schema: object) -> str:
        """Read the schema at a pointer, and all inside; answers the pointer."""
        if pointer.count("/") > MAX_DEPTH:
            self.where.wrong(pointer, f"the schema is nested deeper than {MAX_DEPTH} steps", "use $defs and $ref")
        if isinstance(schema, bool):
            self.nodes[pointer] = Node(pointer=pointer, types=frozenset(TYPES if schema else ()))
            return pointer
        if not isinstance(schema, dict):
            self.where.wrong(pointer, "this is no schema", "write an object of keywords, true or false")
        fields: Fields = {"pointer": pointer}
        for keyword, value in schema.items():
            if keyword in _ANNOTATIONS:
                continue
            if keyword not in _KEYWORDS:
                hint = _INSTEAD.get(keyword) or nearest(keyword, _KEYWORDS, "remove it, or say it in $comment")
                self.where.wrong(step(pointer, keyword), f"the keyword {keyword!r} is not supported", hint)
            _KEYWORDS[keyword](self, fields, step(pointer, keyword), value)
        if schema.get("nullable") is True:
            if "type" not in schema:
                self.where.wrong(
                    step(pointer, "nullable"), "nullable says nothing without type", "write type beside it"
                )
            fields["types"] |= {"null"}
        self.nodes[pointer] = Node(**fields)
        return pointer

    def target(self, pointer: str, said_at: str) -> object:
        """What a $ref points at."""
        found = self.whole
        for part in pointer.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict) and key in found:
                found = found[key]
            elif isinstance(found, list) and key.isascii() and key.isdigit() and int(key) < len(found):
                found = found[int(key)]
            else:
                self.where.wrong(
                    said_at, f"nothing stands at #{pointer}", "point at a schema of this file, as in #/$defs/NAME"
                )
        return found

    def _find_anchors(self, value: object, pointer: str) -> None:
        """Anchors of every object; those that are only data are found too, and do no harm: nothing points at them."""
        if isinstance(value, dict):
            name = value.get("$anchor")
            if isinstance(name, str):
                self.anchors.setdefault(name, pointer)
            for key, inner in value.items():
                if key not in ("const", "enum", "default", "examples", "example"):
                    self._find_anchors(inner, step(pointer, key))
        elif isinstance(value, list) and pointer.count("/") <= MAX_DEPTH:
            for n, inner in enumerate(value):
                self._find_anchors(inner, step(pointer, n))

    def reference(self, fields: Fields, pointer: str, value: object) -> None:
        uri, _, fragment = self.text(pointer, value).partition("#")
        if uri and uri != self.identity.rstrip("#"):
            self.where.wrong(
                pointer,
                f"the keyword '$ref' names another document, {uri!r}",
                "copy what it names into $defs of this file",
            )
        fragment = urllib.parse.unquote(fragment)
        if fragment and not fragment.startswith("/"):
            if fragment not in self.anchors:
                self.where.wrong(
                    pointer,
                    f"the keyword '$ref' names an $anchor that is not there, {fragment!r}",
                    "point at a schema, as in #/$defs/NAME",
                )
            fragment = self.anchors[fragment]
        fields.setdefault("all_of", []).append(fragment)
        self.todo.append((fragment, pointer))

    def identify(self, fields: Fields, pointer: str, value: object) -> None:
        self.text(pointer, value)
        if fields["pointer"]:
            self.where.wrong(pointer, "the keyword '$id' is supported at the top only", "use $defs and $ref")

    def dialect(self, fields: Fields, pointer: str, value: object) -> None:
        if self.text(pointer, value).rstrip("#") != DIALECT or fields["pointer"]:
            self.where.wrong(
                pointer,
                f"the keyword '$schema' can only name {DIALECT}, at the top",
                "write the schema in that dialect",
            )

    def text(self, pointer: str, value: object) -> str:
        if not isinstance(value, str):
            self.where.wrong(pointer, "expected a string", "see the keyword in JSON Schema 2020-12")
        return value

    def texts(self, pointer: str, value: object) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value) or len(set(value)) < len(value):
            self.where.wrong(pointer, "expected a list of different strings", 'as in ["name", "shape"]')
        return value

    def count(self, pointer: str, value: object) -> int:
        if not is_number(value) or value < 0 or value != int(value) or value > 1 << 53:
            self.where.wrong(pointer, "expected a whole number from 0 on", "see the keyword in JSON Schema 2020-12")
        return int(value)

    def number(self, pointer: str, value: object) -> Number:
        if not is_number(value):
            self.where.wrong(pointer, "expected a number", "write it without quotes")
        return value

    def divisor(self, pointer: str, value: object) -> Number:
        number = self.number(pointer, value)
        if number <= 0 or int(decimals(number).digits) >= MAX_DIVISOR:
            self.where.wrong(pointer, "expected a number above 0 of at most 14 digits", "round it")
        return number

    def types(self, pointer: str, value: object) -> frozenset[str]:
        names = value if isinstance(value, list) else [value]
        for name in names:
            if name not in TYPES:
                self.where.wrong(
                    pointer, f"{name!r} is no type", nearest(str(name), TYPES, f"one of {', '.join(TYPES)}")
                )
        return frozenset(names)

    def regex(self, pointer: str, value: object) -> Automaton:
        pattern = self.text(pointer, value)
        try:
            return automaton(pattern)
        except PatternError as error:
            self.where.wrong(
                pointer,
                f"the pattern cannot be used, character {error.at + 1}: {error.message}",
                "what is there: characters, classes, groups, alternatives, repetitions, ^ and $",
            )

    def flag(self, pointer: str, value: object) -> bool:
        if not isinstance(value, bool):
            self.where.wrong(pointer, "expected true or false", "write it without quotes")
        return value

    def values(self, pointer: str, value: object) -> list[Any]:
        if not isinstance(value, list):
            self.where.wrong(pointer, "expected a list of values", "write const for a single one")
        return value

    def schemas(self, pointer: str, value: object) -> list[str]:
        if not isinstance(value, list) or not value:
            self.where.wrong(pointer, "expected a list of schemas", "write at least one")
        return [self.at(step(pointer, n), schema) for n, schema in enumerate(value)]

    def named(self, pointer: str, value: object) -> dict[str, str]:
        if not isinstance(value, dict):
            self.where.wrong(pointer, "expected an object of schemas by name", "write {} for none")
        return {name: self.at(step(pointer, name), schema) for name, schema in value.items()}

    def patterned(self, pointer: str, value: object) -> dict[str, tuple[Automaton, str]]:
        named = self.named(pointer, value)
        return {pattern: (self.regex(step(pointer, pattern), pattern), inner) for pattern, inner in named.items()}

    def dependent(self, pointer: str, value: object) -> dict[str, list[str]]:
        if not isinstance(value, dict):
            self.where.wrong(pointer, "expected an object of lists of names", 'as in {"card": ["address"]}')
        return {name: self.texts(step(pointer, name), names) for name, names in value.items()}

    def allow(self, fields: Fields, pointer: str, value: object) -> None:
        values = [value] if pointer.endswith("/const") else self.values(pointer, value)
        fields.setdefault("allowed", []).append(values)

    def bound(self, fields: Fields, pointer: str, value: object) -> None:
        fields.setdefault("bounds", {})[pointer.rpartition("/")[2]] = self.number(pointer, value)

    def all_of(self, fields: Fields, pointer: str, value: object) -> None:
        fields.setdefault("all_of", []).extend(self.schemas(pointer, value))


Keyword = Callable[[_Reader, Fields, str, Any], None]


def _into(field: str, reads: Callable[[_Reader, str, Any], object]) -> Keyword:
    """A keyword whose value becomes a field of the node."""

    def keyword(reader: _Reader, fields: Fields, pointer: str, value: object) -> None:
        fields[field] = reads(reader, pointer, value)

    return keyword


def _only(reads: Callable[[_Reader, str, Any], object]) -> Keyword:
    """A keyword that has no say of its own."""

    def keyword(reader: _Reader, fields: Fields, pointer: str, value: object) -> None:  # noqa: ARG001  # as all keywords
        reads(reader, pointer, value)

    return keyword


_KEYWORDS: dict[str, Keyword] = {
    "$schema": _Reader.dialect,
    "$id": _Reader.identify,
    "$anchor": _only(_Reader.text),
    "$defs": _only(_Reader.named),
    "definitions": _only(_Reader.named),
    "$ref": _Reader.reference,
    "type": _into("types", _Reader.types),
    "nullable": _only(_Reader.flag),
    "enum": _Reader.allow,
    "const": _Reader.allow,
    **dict.fromkeys(BOUNDS, _Reader.bound),
    "multipleOf": _into("multiple_of", _Reader.divisor),
    "minLength": _into("min_length", _Reader.count),
    "maxLength": _into("max_length", _Reader.count),
    "pattern": _into("pattern", _Reader.regex),
    "properties": _into("properties", _Reader.named),
    "patternProperties": _into("patterns", _Reader.patterned),
    "additionalProperties": _into("additional", _Reader.at),
    "propertyNames": _into("names", _Reader.at),
    "required": _into("required", _Reader.texts),
    "dependentRequired": _into("dependent_required", _Reader.dependent),
    "dependentSchemas": _into("dependent_schemas", _Reader.named),
    "minProperties": _into("min_properties", _Reader.count),
    "maxProperties": _into("max_properties", _Reader.count),
    "prefixItems": _into("prefix", _Reader.schemas),
    "items": _into("items", _Reader.at),
    "contains": _into("contains", _Reader.at),
    "minContains": _into("min_contains", _Reader.count),
    "maxContains": _into("max_contains", _Reader.count),
    "uniqueItems": _into("unique", _Reader.flag),
    "minItems": _into("min_items", _Reader.count),
    "maxItems": _into("max_items", _Reader.count),
    "allOf": _Reader.all_of,
    "anyOf": _into("any_of", _Reader.schemas),
    "oneOf": _into("one_of", _Reader.schemas),
    "not": _into("not_", _Reader.at),
    "if": _into("if_", _Reader.at),
    "then": _into("then", _Reader.at),
    "else": _into("else_", _Reader.at),
}


def _no_loops(nodes: Mapping[str, Node], where: Where) -> None:
    """A schema that leads back to itself for the same value would never end."""
    done: set[str] = set()
    for start in nodes:
        chain: list[str] = []
        todo = [(start, False)]
        while todo:
            pointer, leaving = todo.pop()
            if leaving:
                done.add(chain.pop())
            elif pointer in chain:
                where.wrong(pointer, "the schema leads back to itself for the same value", "remove one of the $refs")
            elif pointer not in done:
                chain.append(pointer)
                todo.append((pointer, True))
                todo.extend((inner, False) for inner in nodes[pointer].in_place())
