"""Nodes of a schema as Lua: one function for each, which reads a value in place and answers where it ends, or -1.

The functions stand in the table N and find each other there, so that schemas can lead back to themselves and Lua's limits
on local names do not bind. What they call is json.lua. A function that answers an end has read the whole value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from garrison.gateway.validation import decimals
from garrison.gateway.validation.decimals import Number
from garrison.gateway.validation.lua import literal, table, text
from garrison.gateway.validation.patterns import Automaton
from garrison.gateway.validation.schema import TYPES, Node
from garrison.gateway.validation.values import canonical, common, kinds, listed, quoted

ANY = "any"
MAX_FLAGS = 31  # known properties of an object whose presence fits into the bits of one number
_CALLED = [
    "fail",
    "up",
    "foreign",
    "spend",
    "ws",
    "str",
    "text",
    "length",
    "num",
    "spelled",
    "compare",
    "integral",
    "multiple",
    "member",
    "any",
    "array",
    "object",
    "canonical",
    "unexpected",
    "found",
    "matches",
    "automaton",
    "ONCE",
    "DEEP",
    "MORE_KEYS",
    "MORE_ITEMS",
]
_FIRST = {  # what the first byte of a value of each type is
    "string": "c == 34",
    "number": "(c == 45 or c >= 48 and c <= 57)",
    "object": "c == 123",
    "array": "c == 91",
    "boolean": "(c == 116 or c == 102)",
    "null": "c == 110",
}
_WORDS = {"object": "an object", "array": "an array", "integer": "an integer", "null": "null"}


def emit(nodes: Mapping[str, Node], max_depth: int) -> str:
    """Lua statements that leave the reader of the whole schema in `root`; `J` is json.lua."""
    emitter = _Emitter(nodes, max_depth)
    root = emitter.function("")
    called = ", ".join(_CALLED)
    return "\n".join(
        (
            f"local {called} = {', '.join(f'J.{name}' for name in _CALLED)}",
            "local band, bor, lshift = bit.band, bit.bor, bit.lshift",
            "local N = {[0] = any}",
            *emitter.done,
            f"local root = {root}",
        )
    )


class _Emitter:
    """Writes functions as they are asked for; `done` are those written."""

    def __init__(self, nodes: Mapping[str, Node], max_depth: int) -> None:
        self.nodes, self.max_depth = nodes, max_depth
        self.done: list[str] = []
        self.numbers: dict[tuple[str, ...], int] = {}  # of the function that holds a value against all these schemas

    def function(self, *pointers: str) -> str:
        """The Lua expression of a reader of values that fit every one of some schemas."""
        wanted = tuple(pointer for pointer in pointers if not _anything(self.nodes[pointer]))
        if not wanted:
            return ANY
        if wanted not in self.numbers:
            number = self.numbers[wanted] = len(self.numbers) + 1
            node = self.nodes[wanted[0]] if len(wanted) == 1 else Node(pointer=wanted[0], all_of=list(wanted))
            constants: list[str] = []
            body = "\n".join(f"    {line}" for line in self.body(node, constants))
            start = f"do -- {text(node.pointer)}"
            self.done.append(
                "\n".join(
                    [
                        start,
                        *(f"  local {c}" for c in constants),
                        f"  N[{number}] = function(p, i, d)",
                        body,
                        "  end",
                        "end",
                    ]
                )
            )
        return f"N[{self.numbers[wanted]}]"

    def body(self, node: Node, constants: list[str]) -> Iterator[str]:
        """Statements of a function of p, i and d."""
        types = _types(node)
        if not types:
            yield f"return unexpected(p, i, {text('expected nothing here')})"
            return
        yield "local e"
        if types != set(TYPES) - {"integer"} or node.allowed or self._has_own(node):
            yield from self._by_type(node, types, constants)
        elif not (node.all_of or node.any_of or node.one_of):
            yield "e = any(p, i, d)"
            yield "if e < 0 then return -1 end"
        yield from self._in_place(node)
        yield "return e"

    def _has_own(self, node: Node) -> bool:
        return any(limits(node) for limits in _LIMITS.values())

    def _by_type(self, node: Node, types: set[str], constants: list[str]) -> Iterator[str]:
        """Read the value by what its first byte makes it."""
        expected = text(_expected(node, types))
        yield "local c = p[i]"
        word = "if"
        for kind, first in _FIRST.items():
            numeric = kind == "number" and "integer" in types
            if kind not in types and not numeric:
                continue
            yield f"{word} {first} then"
            if kind in _LIMITS and (_LIMITS[kind](node) or (numeric and "number" not in types)):
                yield from _indented(getattr(self, f"_{kind}")(node, types, constants))
            else:
                yield "  e = any(p, i, d)"
                yield "  if e < 0 then return -1 end"
            word = "elseif"
        yield f"else return unexpected(p, i, {expected}) end"
        if node.allowed:
            yield from self._allowed(node, expected, constants)

    def _allowed(self, node: Node, expected: str, constants: list[str]) -> Iterator[str]:
        """Enum and const. Strings are looked up as they are, numbers as doubles where those are exact, others by form."""
        values = common(node.allowed)
        exact = [literal(decimals.double(v)) for v in values if decimals.is_number(v) and decimals.exact(v)]
        constants.append(f"strings = {table(text(v) for v in values if isinstance(v, str))}")
        constants.append(f"numbers = {table(exact)}")
        constants.append(f"others = {table(text(canonical(v)) for v in values if not isinstance(v, str))}")
        yield "local known"
        yield "if c == 34 then"
        yield "  local _, escaped = str(p, i)"
        yield "  known = strings[text(p, i, e, escaped)]"
        yield f"elseif {_FIRST['number']} then"
        yield "  local _, v, exact = num(p, i)"
        yield "  if exact then known = numbers[v] else known = others[spelled(p, i, e)] end"
        yield "else"
        yield "  local _, form = canonical(p, i)"
        yield "  known = others[form]"
        yield "end"
        yield f"if not known then return fail(i, {expected}) end"

    def _string(self, node: Node, _types: set[str], constants: list[str]) -> Iterator[str]:
        yield "local escaped"
        yield "e, escaped = str(p, i)"
        yield "if e < 0 then return -1 end"
        if node.max_length is not None:  # there are never more characters than bytes
            said = text(f"expected at most {node.max_length} characters")
            yield f"if e - i - 2 > {node.max_length} and length(p, i, e) > {node.max_length} then return fail(i, {said}) end"
        if node.min_length:
            said = text(f"expected at least {node.min_length} characters")
            yield f"if (escaped or e - i - 2 < {4 * node.min_length}) and length(p, i, e) < {node.min_length} then return fail(i, {said}) end"
        if node.pattern:
            said = text("expected a string that the pattern of the schema is found in")
            constants.append(f"pattern = {_table_of(node.pattern)}")
            yield f"if not matches(pattern, p, i, e, escaped) then return fail(i, {said}) end"

    def _number(self, node: Node, types: set[str], _constants: list[str]) -> Iterator[str]:
        whole = "number" not in types
        yield "local v, exact"
        yield "e, v, exact = num(p, i)"
        yield "if e < 0 then return -1 end"
        if whole:
            yield f"if exact and v % 1 ~= 0 or not exact and not integral(p, i, e) then return fail(i, {text('expected an integer')}) end"
        for keyword, bound in node.bounds.items():
            yield _bound(keyword, bound)
        if node.multiple_of is not None:
            d = decimals.decimals(node.multiple_of)
            said = text(f"expected a multiple of {node.multiple_of}")
            yield f"if not multiple(p, i, e, {d.digits}, {d.exponent - len(d.digits)}) then return fail(i, {said}) end"

    def _object(self, node: Node, _types: set[str], constants: list[str]) -> Iterator[str]:
        known = list(
            dict.fromkeys((*node.properties, *node.required, *_names(node.dependent_required), *node.dependent_schemas))
        )
        flags = len(known) <= MAX_FLAGS
        constants.append(f"ids = {{{', '.join(f'[{text(name)}] = {n + 1}' for n, name in enumerate(known))}}}")
        constants.append(f"readers = {{{', '.join(self._lazy(self._of_property(node, name)) for name in known)}}}")
        yield f"if d >= {self.max_depth} then return fail(i, DEEP) end"
        yield "local n, seen = 0, " + ("0" if flags else "{}")
        yield "local first, others"
        yield "e = ws(p, i + 1)"
        yield "if p[e] == 125 then e = e + 1 else while true do"
        if node.max_properties is not None:
            said = text(f"expected at most {node.max_properties} properties")
            yield f"  if n >= {node.max_properties} then return fail(i, {said}) end"
        yield "  local key"
        if node.names is not None:
            yield "  local k = e"
        yield "  e, key = member(p, e)"
        yield "  if e < 0 then return -1 end"
        if node.names is not None and not _anything(self.nodes[node.names]):
            yield f"  if {self.function(node.names)}(p, k, d + 1) < 0 then return foreign(key) end"
        yield "  n = n + 1"
        yield "  local id = ids[key]"
        yield "  if id then"
        if flags:
            yield "    local flag = lshift(1, id - 1)"
            yield "    if band(seen, flag) ~= 0 then fail(e, ONCE) return up(key) end"
            yield "    seen = bor(seen, flag)"
        else:
            yield "    if seen[id] then fail(e, ONCE) return up(key) end"
            yield "    seen[id] = true"
        yield "    e = N[readers[id]](p, e, d + 1)"
        yield "    if e < 0 then return up(key) end"
        yield "  else"
        yield from _indented(self._unknown_key(node, constants), 2)
        yield "  end"
        yield "  e = ws(p, e)"
        yield "  local s = p[e]"
        yield "  if s == 125 then e = e + 1 break elseif s ~= 44 then return fail(e, MORE_KEYS) end"
        yield "  e = ws(p, e + 1)"
        yield "end end"
        yield from self._presence(node, known, flags)

    def _lazy(self, function: str) -> str:
        """The place of a function in N, where `any` stands at 0."""
        return "0" if function == ANY else function[2:-1]

    def _of_property(self, node: Node, name: str) -> str:
        """What reads the value of a property that the schema names."""
        wanted = [inner for pattern, inner in node.patterns.values() if pattern.matches(name)]
        if name in node.properties:
            wanted.insert(0, node.properties[name])
        elif not wanted and node.additional is not None:
            wanted.append(node.additional)
        return self.function(*wanted)

    def _unknown_key(self, node: Node, constants: list[str]) -> Iterator[str]:
        """A property that the schema does not name: once only, held against the patterns, else additionalProperties."""
        closed = node.additional is not None and not _types(self.nodes[node.additional])
        refuse = f"fail(e, {text('expected no property of this name')}) return foreign(key)"
        if closed and not node.patterns:
            yield refuse
            return
        yield "if first == nil then first = key else"
        yield "  if others == nil then others = {[first] = true} end"
        yield "  if others[key] then fail(e, ONCE) return foreign(key) end"
        yield "  others[key] = true"
        yield "end"
        additional = ANY if node.additional is None else self.function(node.additional)
        if not node.patterns:
            yield f"e = {additional}(p, e, d + 1)"
        else:
            yield "local v = e"
            yield "e = nil"
            for n, (pattern, inner) in enumerate(node.patterns.values()):
                constants.append(f"pattern{n} = {_table_of(pattern)}")
                yield f"if e ~= -1 and found(pattern{n}, key) then"
                yield f"  e = {self.function(inner)}(p, v, d + 1)"
                yield "  spend(v, e)"
                yield "end"
            yield f"if e == nil then {f'e = v {refuse}' if closed else f'e = {additional}(p, v, d + 1)'} end"
        yield "if e < 0 then return foreign(key) end"

    def _presence(self, node: Node, known: list[str], flags: bool) -> Iterator[str]:
        """What is known of an object once all its keys are."""

        def present(name: str) -> str:
            id_ = known.index(name)
            return f"band(seen, {1 << id_}) ~= 0" if flags else f"seen[{id_ + 1}]"

        def demand(name: str) -> str:
            said = text(f"expected the property {quoted(name)}")
            return f"if not ({present(name)}) then return fail(i, {said}) end"

        if node.min_properties:
            said = text(f"expected at least {node.min_properties} properties")
            yield f"if n < {node.min_properties} then return fail(i, {said}) end"
        yield from (demand(name) for name in node.required)
        for name, others in node.dependent_required.items():
            if others:
                yield f"if {present(name)} then {' '.join(demand(other) for other in others)} end"
        for name, inner in node.dependent_schemas.items():
            yield f"if {present(name)} then"
            yield from _indented(self._hold(inner))
            yield "end"

    def _array(self, node: Node, _types: set[str], _constants: list[str]) -> Iterator[str]:
        yield f"if d >= {self.max_depth} then return fail(i, DEEP) end"
        yield "local n, hits, seen = 0, 0, " + ("{}" if node.unique else "nil")
        yield "e = ws(p, i + 1)"
        yield "if p[e] == 93 then e = e + 1 else while true do"
        if node.max_items is not None:
            said = text(f"expected at most {node.max_items} items")
            yield f"  if n >= {node.max_items} then return fail(i, {said}) end"
        yield "  local v = e"
        items = ANY if node.items is None else self.function(node.items)
        word = "if"
        for n, inner in enumerate(node.prefix):
            yield f"  {word} n == {n} then e = {self.function(inner)}(p, v, d + 1)"
            word = "elseif"
        yield f"  else e = {items}(p, v, d + 1) end" if node.prefix else f"  e = {items}(p, v, d + 1)"
        yield "  if e < 0 then return up(n) end"
        if node.contains is not None:
            yield f"  local hit = {self.function(node.contains)}(p, v, d + 1)"
            yield "  spend(v, hit)"
            yield "  if hit >= 0 then hits = hits + 1 end"
        if node.unique:
            yield "  local _, form = canonical(p, v)"
            yield f"  if seen[form] then fail(v, {text('expected items that all differ')}) return up(n) end"
            yield "  seen[form] = true"
        yield "  n = n + 1"
        yield "  e = ws(p, e)"
        yield "  local s = p[e]"
        yield "  if s == 93 then e = e + 1 break elseif s ~= 44 then return fail(e, MORE_ITEMS) end"
        yield "  e = ws(p, e + 1)"
        yield "end end"
        least, most = (node.min_contains, node.max_contains) if node.contains is not None else (0, None)
        for condition, said in (
            (f"n < {node.min_items}" if node.min_items else "", f"at least {node.min_items} items"),
            (f"hits < {least}" if least else "", f"at least {least} items that fit contains"),
            (f"hits > {most}" if most is not None else "", f"at most {most} items that fit contains"),
        ):
            if condition:
                yield f"if {condition} then return fail(i, {text(f'expected {said}')}) end"

    def _in_place(self, node: Node) -> Iterator[str]:
        """What holds the same value against other schemas. Each has read it whole where it answers an end."""
        for inner in node.all_of:
            yield from self._hold(inner, once=self._once(node))
        if node.any_of:
            yield "do"
            yield "  local x = -1"
            for inner in node.any_of:
                yield f"  if x < 0 then x = {self.function(inner)}(p, i, d) spend(i, x) end"
            yield f"  if x < 0 then return fail(i, {text('expected a value that fits one of the alternatives of anyOf')}) end"
            yield "  e = x"
            yield "end"
        if node.one_of:
            yield "do"
            yield "  local n, x = 0"
            for inner in node.one_of:
                yield f"  if n < 2 then x = {self.function(inner)}(p, i, d) spend(i, x) if x >= 0 then n, e = n + 1, x end end"
            yield f"  if n ~= 1 then return fail(i, {text('expected a value that fits exactly one of the alternatives of oneOf')}) end"
            yield "end"
        if node.not_ is not None:
            yield "do"
            yield f"  local x = {self.function(node.not_)}(p, i, d)"
            yield "  spend(i, x)"
            yield f"  if x >= 0 then return fail(i, {text('expected a value that does not fit the schema under not')}) end"
            yield "end"
        if node.if_ is not None:
            yield f"local x = {self.function(node.if_)}(p, i, d)"
            yield "spend(i, x)"
            yield "if x >= 0 then"
            yield from _indented(self._hold(node.then))
            yield "else"
            yield from _indented(self._hold(node.else_))
            yield "end"

    def _once(self, node: Node) -> bool:
        """Whether the only reader of the value is one other schema, as with a bare $ref."""
        return node == Node(pointer=node.pointer, all_of=node.all_of) and len(node.all_of) == 1

    def _hold(self, inner: str | None, *, once: bool = False) -> Iterator[str]:
        if inner is not None:
            yield f"e = {self.function(inner)}(p, i, d)"
            if not once:
                yield "spend(i, e)"
            yield "if e < 0 then return -1 end"


_LIMITS: dict[str, Any] = {  # whether a node says more of values of a type than that they may be
    "string": lambda n: n.min_length or n.max_length is not None or n.pattern,
    "number": lambda n: n.bounds or n.multiple_of is not None,
    "object": lambda n: (
        (
            *(n.properties, n.patterns, n.required, n.dependent_required, n.dependent_schemas),
            *(n.min_properties or n.max_properties is not None, n.additional is not None or n.names is not None),
        )
        != ({}, {}, [], {}, {}, False, False)
    ),
    "array": lambda n: (
        n.prefix or n.unique or n.min_items or n.max_items is not None or n.items is not None or n.contains is not None
    ),
}


def _anything(node: Node) -> bool:
    """Whether a schema says nothing."""
    return node == Node(pointer=node.pointer)


def _types(node: Node) -> set[str]:
    """The types that a value may have, `integer` only where `number` is not."""
    types = set(node.types)
    if node.allowed:
        types &= {kind for value in common(node.allowed) for kind in kinds(value)}
    return types - {"integer"} if "number" in types else types


def _expected(node: Node, types: set[str]) -> str:
    """What a value of another type is told."""
    if node.allowed:
        return f"expected {listed(common(node.allowed)) or 'one of the values that the schema lists'}"
    if types == set(_FIRST):
        return "expected a value of JSON"
    return f"expected {' or '.join(_WORDS.get(kind, f'a {kind}') for kind in TYPES if kind in types)}"


def _bound(keyword: str, bound: Number) -> str:
    """A comparison that doubles decide where they can; what lies next to the bound is compared digit by digit."""
    below = keyword in ("minimum", "exclusiveMinimum")
    exclusive = keyword.startswith("exclusive")
    sign = ("<" if below else ">") + ("=" if exclusive else "")
    value, margin = decimals.double(bound), decimals.margin(bound)
    near = f"v < {literal(value + margin)}" if below else f"v > {literal(value - margin)}"
    d = decimals.decimals(bound)
    digits = f"compare(p, i, e, {text(d.sign)}, {text(d.digits)}, {d.exponent}) {sign} 0"
    decided = f"(exact and v {sign} {literal(value)} or not exact and {digits})" if decimals.exact(bound) else digits
    relation = {
        "minimum": "at least",
        "maximum": "at most",
        "exclusiveMinimum": "more than",
        "exclusiveMaximum": "less than",
    }[keyword]
    return f"if {near} and {decided} then return fail(i, {text(f'expected {relation} {bound}')}) end"


def _names(dependent: Mapping[str, list[str]]) -> Iterator[str]:
    for name, others in dependent.items():
        yield from (name, *others)


def _table_of(automaton: Automaton) -> str:
    """An automaton as json.lua's `automaton` takes it: state by state, 16 bits a move, low byte first."""
    moves = b"".join(to.to_bytes(2, "little") for state in automaton.moves for to in state)
    kinds = len(automaton.moves[0])
    return (
        f"automaton({text(automaton.kind)}, {text(moves)}, {text(bytes(automaton.accept))}, {kinds}, {automaton.start})"
    )


def _indented(lines: Iterable[str], levels: int = 1) -> Iterator[str]:
    for line in lines:
        yield "  " * levels + line
