"""Expressions to functions of an environment. Each is compiled once, when its value is first asked for.

What is not understood is unknown, with its reason; nothing raises but RecursionError.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from garrison.estate.values import Body, Place, Source, State, Value, absent, known, pack, unknown
from garrison.sources.terraform import loops, operators, templates
from garrison.sources.terraform.conversion import as_bool, as_number, as_text
from garrison.sources.terraform.evaluation import Env, Expr, Failed, failed, guarded, placed, undecided
from garrison.sources.terraform.functions import SETS, call
from garrison.sources.terraform.steps import Step, attribute_step, follow, item_step, splat_step

if TYPE_CHECKING:
    import tree_sitter

# How many names say what is meant; the rest are steps into its value. All else is a resource: two names.
_HEADS = {"data": 3, "ephemeral": 3, "each": 1, "count": 1, "self": 1}
_BREAK = re.compile(rb"\n")
_SIMPLE = re.compile(
    rb'(?P<text>"[^"\\$%\n]*")|(?P<number>\d{1,15})|(?P<word>true|false|null)'
    rb"|(?P<names>[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)+)"
)
_WRAPPERS = frozenset({"expression", "operation", "literal_value", "collection_value", "template_expr", "for_expr"})


Report = Callable[[int, str], None]  # line from 1, what is wrong


class Code:
    """The text expressions are cut from; `shift` lines lie above it that the shown source does not have."""

    __slots__ = ("_breaks", "data", "report", "shift", "source")

    def __init__(self, data: bytes, source: Source, shift: int = 0, report: Report | None = None) -> None:
        self.data, self.source, self.shift, self.report = data, source, shift, report
        self._breaks: array[int] | None = None

    def place(self, node: tree_sitter.Node) -> Place:
        """Where a node stands."""
        (line, column), (end_line, end_column) = node.start_point, node.end_point
        shift = self.shift
        return Place(self.source, pack(max(line - shift, 0), column), pack(max(end_line - shift, 0), end_column))

    def span(self, start: int, end: int) -> Place:
        """Where the text between two offsets stands."""
        shift = self.shift
        (line, column), (end_line, end_column) = self.point(start), self.point(end)
        return Place(self.source, pack(max(line - shift, 0), column), pack(max(end_line - shift, 0), end_column))

    def point(self, at: int) -> tuple[int, int]:
        """The line and the column of an offset, from 0."""
        breaks = self._breaks
        if breaks is None:
            breaks = self._breaks = array("L", [m.start() for m in _BREAK.finditer(self.data)])
        line = bisect_left(breaks, at)
        return line, at - (breaks[line - 1] + 1 if line else 0)

    def text(self, node: tree_sitter.Node) -> str:
        """What a node says."""
        return self.data[node.start_byte : node.end_byte].decode("utf8", "replace")


class CodeAt(Code):
    """Text that is cut from one place: whatever is in it stands there."""

    __slots__ = ("_place",)

    def __init__(self, data: bytes, place: Place) -> None:
        super().__init__(data, place.source)
        self._place = place

    def place(self, node: tree_sitter.Node) -> Place:  # noqa: ARG002 - see Code
        """The place of the whole."""
        return self._place

    def span(self, start: int, end: int) -> Place:  # noqa: ARG002 - see Code
        """The place of the whole."""
        return self._place


def compile_simple(code: Code, start: int, end: int) -> Expr | None:
    """What most expressions are, without a parser: a plain text, a number, a word, a reference."""
    match = _SIMPLE.fullmatch(code.data, start, end)
    if match is None:
        return None
    place = code.span(start, end)
    kind, said = match.lastgroup, match[0].decode("utf8", "replace")
    if kind == "text":
        return constant(known(said[1:-1], place))
    if kind == "names":
        names = said.split(".")
        return _reference(names, [attribute_step(name) for name in names[1:]], place)
    if kind == "number":
        number = as_number(said)
        return None if number is None else constant(known(number, place))
    return constant(absent(place) if said == "null" else known(said == "true", place))


def compile_expression(code: Code, node: tree_sitter.Node) -> Expr:
    """The function that evaluates a node."""
    return _term(code, [node], node)


def constant(value: Value) -> Expr:
    """The same in every environment."""
    return lambda _: value


def _said(nodes: Sequence[tree_sitter.Node]) -> list[tree_sitter.Node]:
    return [n for n in nodes if n.type != "comment"]


def _term(code: Code, nodes: list[tree_sitter.Node], whole_: tree_sitter.Node) -> Expr:
    """The grammar writes a term and its `.a[0].*` as siblings, so a term is a list of nodes."""
    while len(nodes) == 1 and nodes[0].type in _WRAPPERS:
        nodes = _said(nodes[0].children)
    if not nodes:
        return constant(failed("nothing is said", code.place(whole_)))
    first, rest = nodes[0], nodes[1:]
    if first.type == "variable_expr":
        return _named(code, first, rest, whole_)
    if first.type == "(":
        inner = compile_expression(code, nodes[1])
        rest = nodes[3:]
    elif first.type in _WRAPPERS:
        inner = _term(code, [first], first)
    else:
        make = _MAKERS.get(first.type)
        inner = make(code, first) if make else _not_understood(code, first)
    if not rest:
        return inner
    steps, place = _steps(code, rest), code.place(whole_)
    return lambda env: placed(follow(env, inner(env), steps), place)


def _not_understood(code: Code, node: tree_sitter.Node) -> Expr:
    return constant(unknown(f"{node.type} is not understood", code.place(node)))


def _steps(code: Code, nodes: Sequence[tree_sitter.Node]) -> list[Step]:
    steps: list[Step] = []
    for node in nodes:
        if node.type == "get_attr":
            steps.append(attribute_step(code.text(node.named_children[-1])))
        elif node.type == "index":
            steps.append(item_step(_key(code, node.children[0])))
        elif node.type == "splat":
            kind = node.children[0]
            inner = _said(kind.named_children)
            # `a.*.b[0]` is the first of all b, `a[*].b[0]` the first b of each
            count = len(inner)
            if kind.type == "attr_splat":
                count = next((n for n, i in enumerate(inner) if i.type != "get_attr"), count)
            steps.append(splat_step(_steps(code, inner[:count])))
            steps += _steps(code, inner[count:])
    return steps


def _key(code: Code, node: tree_sitter.Node) -> Expr:
    inner = _said(node.named_children)
    if node.type == "legacy_index" or not inner:
        return constant(known(as_number(code.text(node).lstrip(".").strip()), code.place(node)))
    return compile_expression(code, inner[0])


def _named(code: Code, first: tree_sitter.Node, rest: list[tree_sitter.Node], whole_: tree_sitter.Node) -> Expr:
    names = [code.text(first)]
    for node in rest:
        if node.type != "get_attr":
            break
        names.append(code.text(node.named_children[-1]))
    return _reference(names, _steps(code, rest), code.place(whole_))


def _reference(names: list[str], steps: list[Step], place: Place) -> Expr:
    """A name that holds here, else one of the module: dictionary look-ups only."""
    name = names[0]
    skipped = 1 if name == "resource" else 0
    length = _HEADS.get(names[skipped] if skipped < len(names) else name, 2) + skipped
    head, after = ".".join(names[skipped:length]), steps[length - 1 :]
    complete = len(names) >= length

    def run(env: Env) -> Value:
        local = env.names.get(name)
        if local is not None:
            return placed(follow(env, local, steps), place)
        if not complete:
            return unknown(f"{head} is not understood", place)
        value = env.scope.name(head)
        return placed(follow(env, value, after) if after else value, place)

    return run


# One function per node type of the grammar.


def _number(code: Code, node: tree_sitter.Node) -> Expr:
    number = as_number(code.text(node))
    place = code.place(node)
    return constant(failed("not a number", place) if number is None else known(number, place))


def _bool(code: Code, node: tree_sitter.Node) -> Expr:
    return constant(known(code.data[node.start_byte : node.end_byte] == b"true", code.place(node)))


def _null(code: Code, node: tree_sitter.Node) -> Expr:
    return constant(absent(code.place(node)))


def _string(code: Code, node: tree_sitter.Node) -> Expr:
    text = code.data[node.start_byte + 1 : node.end_byte - 1].decode("utf8", "replace")
    return constant(known(templates.unquoted(text), code.place(node)))


def _quoted(code: Code, node: tree_sitter.Node) -> Expr:
    inner = node.children[1:-1]
    if not any(c.type in ("template_interpolation", "template_directive") for c in inner):
        return _string(code, node)
    return template(code, inner, (node.start_byte + 1, node.end_byte - 1), code.place(node), quoted=True)


def _heredoc(code: Code, node: tree_sitter.Node) -> Expr:
    children = node.children
    # its text begins on the line after the marker, and ends where the line of the closing marker begins
    start = code.data.find(b"\n", children[1].end_byte) + 1
    end = code.data.rfind(b"\n", start - 1, children[-1].start_byte) + 1
    flush = code.data[node.start_byte : node.start_byte + 3] == b"<<-"
    return template(code, children[2:-1], (start, max(start, end)), code.place(node), flush=flush)


def template(
    code: Code,
    nodes: Sequence[tree_sitter.Node],
    span: tuple[int, int],
    place: Place,
    *,
    quoted: bool = False,
    flush: bool = False,
) -> Expr:
    """The template that stands between two offsets."""
    tokens = templates.tokens_of(nodes, code.data, *span, lambda n: compile_expression(code, n))
    if not quoted:
        tokens = templates.by_line(tokens)
    templates.stripped(tokens)
    if flush:
        templates.dedented(tokens)
    templates.escaped(tokens, quoted=quoted)
    try:
        return templates.compiled(templates.tree_of(tokens), place)
    except ValueError as error:
        return constant(unknown(str(error), place))


def _tuple(code: Code, node: tree_sitter.Node) -> Expr:
    items = [compile_expression(code, c) for c in node.named_children if c.type == "expression"]
    place = code.place(node)
    return lambda env: Value(State.KNOWN, tuple([i(env) for i in items]), place)


def _object(code: Code, node: tree_sitter.Node) -> Expr:
    place = code.place(node)
    fixed: dict[str, Expr] = {}
    computed: list[tuple[Expr, Expr]] = []
    for element in node.named_children:
        if element.type != "object_elem":
            continue
        sides = [c for c in element.named_children if c.type == "expression"]
        if len(sides) != 2:  # noqa: PLR2004 - a key and a value
            continue
        name, value = _fixed_key(code, sides[0]), compile_expression(code, sides[1])
        if name is not None:
            fixed[name] = value
        else:
            computed.append((compile_expression(code, sides[0]), value))
    if computed:
        return lambda env: _computed_object(env, fixed, computed, place)
    names = tuple(fixed)
    return lambda env: _object_of(env, fixed, names, place, None)


def _fixed_key(code: Code, node: tree_sitter.Node) -> str | None:
    """A key that is a bare name or a plain text."""
    inner = node.children[0]
    if len(node.children) != 1:
        return None
    if inner.type == "variable_expr":
        return code.text(inner)
    if inner.type == "literal_value" and inner.children[0].type in ("string_lit", "numeric_lit", "bool_lit"):
        value = compile_expression(code, inner)(Env(_NOWHERE, {}))
        return as_text(value.content)
    return None


def _computed_object(env: Env, fixed: dict[str, Expr], computed: list[tuple[Expr, Expr]], place: Place) -> Value:
    items, rest = dict(fixed), None
    for key, value in computed:
        name = key(env)
        text = as_text(name.content)
        if name.state is State.UNKNOWN:
            rest = undecided(name, place) if rest is None else rest
        elif text is None:
            return failed("a key is no text", place)
        else:
            items[text] = value
    return _object_of(env, items, tuple(items), place, rest)


def _object_of(env: Env, items: dict[str, Expr], names: tuple[str, ...], place: Place, rest: Value | None) -> Value:
    def make(name: str) -> Value:
        run = items.get(name)
        return absent(place) if run is None else run(env)

    return Value(State.KNOWN, Body(guarded(make, place), lambda: names), place, rest=rest)


def _for(code: Code, node: tree_sitter.Node) -> Expr:
    intro = next(c for c in node.children if c.type == "for_intro")
    names = tuple(code.text(c) for c in intro.named_children if c.type == "identifier")
    over = next(c for c in intro.named_children if c.type == "expression")
    sides = [compile_expression(code, c) for c in node.named_children if c.type == "expression"]
    condition = next((c for c in node.named_children if c.type == "for_cond"), None)
    test = next((c for c in condition.named_children if c.type == "expression"), None) if condition else None
    loop = loops.For(
        names,
        compile_expression(code, over),
        sides[0] if node.type == "for_object_expr" else None,
        sides[-1],
        compile_expression(code, test) if test else None,
        any(c.type == "ellipsis" for c in node.children),
        code.text(over).partition("(")[0].strip() in SETS,
        code.place(node),
    )
    return lambda env: loops.run(loop, env)


def _conditional(code: Code, node: tree_sitter.Node) -> Expr:
    test, yes, no = (compile_expression(code, c) for c in node.named_children if c.type == "expression")
    place = code.place(node)

    def run(env: Env) -> Value:
        value = test(env)
        if value.state is State.UNKNOWN:
            return failed(value.reason, place) if type(value) is Failed else _either(yes(env), no(env), value, place)
        answer = as_bool(value.content)
        if answer is None:
            return failed("a condition is neither true nor false", place)
        return yes(env) if answer else no(env)

    return run


def _either(yes: Value, no: Value, test: Value, place: Place) -> Value:
    """One of two, not known which: what both agree on is known, and that both name something."""
    if yes.state is not State.UNKNOWN and operators.equal(yes, no).yes:
        return yes
    found = undecided(test, place)
    if yes.given().yes and no.given().yes:
        ref = yes.ref or no.ref
        return Value(State.UNKNOWN, None, place, found.reason, ref, found.decided_by)
    return found


def _binary(code: Code, node: tree_sitter.Node) -> Expr:
    # a chain `a + b + c` nests to the left: walked, not recursed into
    chain: list[tuple[str, Expr, Place]] = []
    nodes, whole_ = _said(node.children), node
    while True:
        at = next(n for n, c in enumerate(nodes) if c.type in operators.BINARY)
        right = _term(code, nodes[at + 1 :], whole_)
        chain.append((nodes[at].type, right, code.place(whole_)))
        left = nodes[:at]
        while len(left) == 1 and left[0].type in _WRAPPERS:
            left = _said(left[0].children)
        if len(left) != 1 or left[0].type != "binary_operation":
            break
        whole_ = left[0]
        nodes = _said(whole_.children)
    first = _term(code, left, whole_)
    chain.reverse()

    def run(env: Env) -> Value:
        value = first(env)
        for sign, other, place in chain:
            value = operators.binary(sign, value, other(env), place)
        return value

    return run


def _unary(code: Code, node: tree_sitter.Node) -> Expr:
    children = _said(node.children)
    inner, sign, place = _term(code, children[1:], node), children[0].type, code.place(node)
    return lambda env: operators.unary(sign, inner(env), place)


def _call(code: Code, node: tree_sitter.Node) -> Expr:
    name, place = code.text(node.children[0]), code.place(node)
    holder = next((c for c in node.named_children if c.type == "function_arguments"), None)
    said = holder.named_children if holder else []
    arguments = [compile_expression(code, c) for c in said if c.type == "expression"]
    expanded = any(c.type == "ellipsis" for c in said)
    return lambda env: call(name, arguments, expanded, env, place)


class _Nowhere:
    """For what needs no scope."""

    def name(self, head: str) -> Value:
        return unknown(f"{head} is not known here")

    def text_of(self, _path: str, /) -> Source | None:
        return None

    def template_of(self, _path: str, _place: Place, /) -> Expr | None:
        return None

    def spend(self, turns: int) -> bool:
        return turns < 0


_NOWHERE = _Nowhere()
_MAKERS: dict[str, Callable[[Code, tree_sitter.Node], Expr]] = {
    "numeric_lit": _number,
    "bool_lit": _bool,
    "null_lit": _null,
    "string_lit": _string,
    "quoted_template": _quoted,
    "heredoc_template": _heredoc,
    "tuple": _tuple,
    "object": _object,
    "for_tuple_expr": _for,
    "for_object_expr": _for,
    "conditional": _conditional,
    "binary_operation": _binary,
    "unary_operation": _unary,
    "function_call": _call,
}
