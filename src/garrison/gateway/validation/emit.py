"""Nodes of a schema as tables of Lua, which schema.lua holds values against.

The tables stand in the list N and name each other there, so that schemas can lead back to themselves. A schema that allows
anything is `true`; one that only names another is that other. All that can be decided ahead is: which schemas hold for each
property that is named, which of two bounds is the tighter, what a refusal says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from garrison.gateway.validation import decimals
from garrison.gateway.validation.decimals import Number
from garrison.gateway.validation.lua import fields, items, literal, named, table, text
from garrison.gateway.validation.patterns import Automaton
from garrison.gateway.validation.schema import TYPES, Node
from garrison.gateway.validation.values import canonical, common, kinds, listed, quoted

MAX_FLAGS = 31  # named properties whose presence fits into the bits of one number
_ENDLESS = 1 << 53
_MASKS = {"string": 1, "number": 2, "integer": 2, "object": 4, "array": 8, "boolean": 16, "null": 32}
_ALL = 63
_OF_OBJECTS = (
    *("properties", "patterns", "additional", "names", "required"),
    *("dependent_required", "dependent_schemas", "min_properties", "max_properties"),
)
_OF_ARRAYS = ("prefix", "items", "contains", "unique", "min_items", "max_items")
_NOTHING = Node(pointer="")
_WORDS = {"object": "an object", "array": "an array", "integer": "an integer", "null": "null"}


def emit(nodes: Mapping[str, Node]) -> str:
    """Lua statements that leave the whole schema in `root`."""
    emitter = _Emitter(nodes)
    root = emitter.reference("")
    return "\n".join(
        (
            "local S, automaton = garrison.schema, garrison.json.automaton",
            f"local N = S.nodes({len(emitter.numbers)})",
            *emitter.done,
            f"local root = {root}",
        )
    )


def bound(number: Number, *, low: bool, exclusive: bool = False, expected: str = "") -> str:
    """A bound as `below` and `above` of json.lua take it."""
    digits = decimals.decimals(number)
    margin = decimals.margin(number)
    return "garrison.json.bound" + fields(
        value=literal(decimals.double(number)),
        inner=literal(decimals.double(number) + (margin if low else -margin)),
        exact=decimals.exact(number),
        exclusive=exclusive,
        sign=text(digits.sign),
        digits=text(digits.digits),
        exponent=str(digits.exponent),
        expected=text(expected) if expected else None,
    )


class _Emitter:
    """Writes tables as they are asked for; `done` are those written, `numbers` their places in N."""

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self.nodes = nodes
        self.done: list[str] = []
        self.numbers: dict[tuple[str, ...], int] = {}  # of what holds a value against all of these schemas

    def reference(self, *pointers: str) -> str:
        """The Lua expression of a node that allows what every one of some schemas does."""
        wanted = tuple(dict.fromkeys(p for p in map(self._target, pointers) if not _anything(self.nodes[p])))
        if not wanted:
            return "true"
        if wanted not in self.numbers:
            number = self.numbers[wanted] = len(self.numbers) + 1
            node = self.nodes[wanted[0]] if len(wanted) == 1 else Node(pointer=wanted[0], all_of=list(wanted))
            self.done.append(f"S.node({self._node(node)}, N[{number}])")
        return f"N[{self.numbers[wanted]}]"

    def optional(self, pointer: str | None) -> str | None:
        return None if pointer is None else self.reference(pointer)

    def _target(self, pointer: str) -> str:
        """What a schema that only names another stands for."""
        while (node := self.nodes[pointer]) == Node(pointer=pointer, all_of=node.all_of) and len(node.all_of) == 1:
            pointer = node.all_of[0]
        return pointer

    def _node(self, node: Node) -> str:
        """The fields of a node."""
        types = _types(node)
        alternatives = bool(node.all_of or node.any_of or node.one_of)
        limits = {
            "string": _string(node),
            "number": _number(node, types),
            "object": self._object(node),
            "array": self._array(node),
        }
        own = {kind: said for kind, said in limits.items() if said and _MASKS[kind] & _mask(types)}
        return fields(
            types=str(_mask(types)),
            expected=text(_expected(node, types)),
            **own,
            allowed=table(map(_identity, common(node.allowed))) if node.allowed else None,
            bare=alternatives and not own and not node.allowed and _mask(types) == _ALL,
            in_place=alternatives or node.not_ is not None or node.if_ is not None,
            all_of=self._list(node.all_of),
            any_of=self._list(node.any_of),
            one_of=self._list(node.one_of),
            negated=self.optional(node.not_),
            condition=self.optional(node.if_),
            consequence=self.optional(node.then),
            otherwise=self.optional(node.else_),
        )

    def _list(self, pointers: Iterable[str]) -> str | None:
        found = [self.reference(pointer) for pointer in pointers]
        return items(found) if found else None

    def _object(self, node: Node) -> str | None:
        if not _says(node, _OF_OBJECTS):
            return None
        ids = {name: number for number, name in enumerate(_known(node), 1)}
        many = len(ids) > MAX_FLAGS
        dependent = self._dependent(node, ids)
        patterns = (fields(pattern=_automaton(p), node=self.reference(inner)) for p, inner in node.patterns.values())
        flags = sum(1 << ids[name] - 1 for name in node.required)
        return "S.object" + fields(
            ids=named((name, str(number)) for name, number in ids.items()),
            nodes=items(self._of_property(node, name) for name in ids),
            keys=items(map(text, ids)) if many else None,
            many=many,
            names=self.optional(node.names),
            patterns=items(patterns) if node.patterns else None,
            additional=self.optional(node.additional) or "true",
            closed=node.additional is not None and not _types(self.nodes[node.additional]),
            least=str(node.min_properties),
            most=str(_ENDLESS if node.max_properties is None else node.max_properties),
            too_few=text(f"expected at least {node.min_properties} properties"),
            too_many=text(f"expected at most {node.max_properties} properties"),
            demands=bool(node.required or dependent or node.min_properties),
            plain=None if many or dependent or node.min_properties else str(flags),
            required=items(_demand(name, ids) for name in node.required),
            dependent=items(dependent),
        )

    def _dependent(self, node: Node, ids: Mapping[str, int]) -> list[str]:
        """What follows from a property being there."""
        return [
            fields(
                id=str(ids[name]),
                required=items(_demand(other, ids) for other in node.dependent_required.get(name, ())),
                node=self.optional(node.dependent_schemas.get(name)),
            )
            for name in dict.fromkeys((*node.dependent_required, *node.dependent_schemas))
        ]

    def _of_property(self, node: Node, name: str) -> str:
        """What the value of a property that the schema names is held against."""
        wanted = [inner for pattern, inner in node.patterns.values() if pattern.matches(name)]
        if name in node.properties:
            wanted.insert(0, node.properties[name])
        elif not wanted and node.additional is not None:
            wanted.append(node.additional)
        return self.reference(*wanted)

    def _array(self, node: Node) -> str | None:
        if not _says(node, _OF_ARRAYS):
            return None
        return "S.array" + fields(
            numbers=self._numbers(node),
            prefix=self._list(node.prefix),
            items=self.optional(node.items) or "true",
            contains=self.optional(node.contains),
            unique=node.unique,
            least=str(node.min_items),
            most=str(_ENDLESS if node.max_items is None else node.max_items),
            too_few=text(f"expected at least {node.min_items} items"),
            too_many=text(f"expected at most {node.max_items} items"),
            least_hits=str(node.min_contains),
            most_hits=str(_ENDLESS if node.max_contains is None else node.max_contains),
            too_few_hits=text(f"expected at least {node.min_contains} items that fit contains"),
            too_many_hits=text(f"expected at most {node.max_contains} items that fit contains"),
        )

    def _numbers(self, node: Node) -> bool:
        """Whether the items are numbers, and nothing else is asked of them."""
        if node.items is None or node.prefix or node.contains is not None or node.unique:
            return False
        inner = self.nodes[self._target(node.items)]
        alone = not any(True for _ in inner.in_place())
        return alone and not inner.allowed and _mask(_types(inner)) == _MASKS["number"]


def _known(node: Node) -> list[str]:
    """The properties that a schema names, in any of its keywords."""
    others = (name for names in node.dependent_required.values() for name in names)
    said = (*node.properties, *node.required, *node.dependent_required, *others, *node.dependent_schemas)
    return list(dict.fromkeys(said))


def _demand(name: str, ids: Mapping[str, int]) -> str:
    return fields(id=str(ids[name]), expected=text(f"expected the property {quoted(name)}"))


def _says(node: Node, names: Iterable[str]) -> bool:
    """Whether a node says anything by these fields."""
    return any(getattr(node, name) != getattr(_NOTHING, name) for name in names)


def _anything(node: Node) -> bool:
    """Whether a schema says nothing."""
    return not _says(node, (name for name in Node.__struct_fields__ if name != "pointer"))


def _types(node: Node) -> set[str]:
    """The types that a value may have, `integer` only where `number` is not."""
    types = set(node.types)
    if node.allowed:
        types &= {kind for value in common(node.allowed) for kind in kinds(value)}
    return types - {"integer"} if "number" in types else types


def _mask(types: Iterable[str]) -> int:
    return sum({_MASKS[kind] for kind in types})


def _expected(node: Node, types: set[str]) -> str:
    """What a value of another type is told."""
    if not types:
        return "expected nothing here"
    if node.allowed:
        return f"expected {listed(common(node.allowed)) or 'one of the values that the schema lists'}"
    if _mask(types) == _ALL:
        return "expected a value of JSON"
    return f"expected {' or '.join(_WORDS.get(kind, f'a {kind}') for kind in TYPES if kind in types)}"


def _identity(value: object) -> str:
    """What a value is in a set, as `identity` of json.lua says it of its bytes."""
    if isinstance(value, str):
        return text(value)
    if decimals.is_number(value) and decimals.exact(value):
        return literal(decimals.double(value))
    return text(b"\xff" + canonical(value).encode())


def _string(node: Node) -> str | None:
    if not _says(node, ("min_length", "max_length", "pattern")):
        return None
    return "S.string" + fields(
        least=str(node.min_length) if node.min_length else None,
        most=None if node.max_length is None else str(node.max_length),
        too_short=text(f"expected at least {node.min_length} characters"),
        too_long=text(f"expected at most {node.max_length} characters"),
        pattern=None if node.pattern is None else _automaton(node.pattern),
    )


def _number(node: Node, types: set[str]) -> str | None:
    whole = "integer" in types
    if not whole and not _says(node, ("bounds", "multiple_of")):
        return None
    divisor = None
    if node.multiple_of is not None:
        digits = decimals.decimals(node.multiple_of)
        said = text(f"expected a multiple of {node.multiple_of}")
        exponent = digits.exponent - len(digits.digits)
        divisor = fields(digits=digits.digits, exponent=str(exponent), expected=said)
    return "S.number" + fields(
        whole=text("expected an integer") if whole else None,
        low=_tighter(node, "minimum", "exclusiveMinimum", low=True),
        high=_tighter(node, "maximum", "exclusiveMaximum", low=False),
        divisor=divisor,
    )


def _tighter(node: Node, inclusive: str, exclusive: str, *, low: bool) -> str | None:
    """The one of two bounds that the other follows from."""
    ends = [(node.bounds[name], name == exclusive) for name in (inclusive, exclusive) if name in node.bounds]
    if not ends:
        return None
    number, strict = (max if low else min)(ends, key=lambda end: (decimals.exactly(end[0]), end[1] is low))
    words = ("more than" if low else "less than") if strict else ("at least" if low else "at most")
    return bound(number, low=low, exclusive=strict, expected=f"expected {words} {number}")


def _automaton(pattern: Automaton) -> str:
    """An automaton as `automaton` of json.lua takes it: state by state, 16 bits a move, low byte first."""
    moves = b"".join(to.to_bytes(2, "little") for state in pattern.moves for to in state)
    kinds_of_bytes = len(pattern.moves[0])
    return f"automaton({text(pattern.kind)}, {text(moves)}, {text(bytes(pattern.accept))}, {kinds_of_bytes}, {pattern.start})"
