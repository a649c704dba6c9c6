"""`.tf.json` and `.tfvars.json`: the same blocks, said in JSON.

"JSON Configuration Syntax" in Terraform's language documentation: every text is a template, an object may stand where a
list of objects does, and what begins with `//` is a comment.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from garrison.estate.values import Body, Place, Source, State, Value, absent, known, unknown
from garrison.sources.json_nodes import compose_json
from garrison.sources.nodes import Mapping, Node, Scalar, Sequence, Style
from garrison.sources.terraform.conversion import as_number, as_text
from garrison.sources.terraform.evaluation import TOO_DEEP, Env, Expr, guarded, undecided
from garrison.sources.terraform.expressions import constant
from garrison.sources.terraform.syntax import Block, Syntax, parse_constraint, parse_template

if TYPE_CHECKING:
    from garrison.sources.terraform.expressions import Report

_LABELS = {"resource": 2, "data": 2, "variable": 1, "module": 1, "output": 1, "provider": 1, "locals": 0}
_BYTE_ORDER_MARK = "\ufeff"


class JsonExpression:
    """A value of JSON; its texts are compiled when first asked for."""

    __slots__ = ("_node", "_run", "_source")

    def __init__(self, source: Source, node: Node) -> None:
        self._source, self._node = source, node
        self._run: Expr | None = None

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self._source, self._node.start, self._node.end)

    @property
    def text(self) -> str:
        """What it says; of a text, what is in its quotes."""
        if isinstance(self._node, Scalar):
            said = self._node.text
            return said[2:-1] if said.startswith("${") and said.endswith("}") else said
        return self.place.text

    def syntax(self) -> Syntax | None:
        """For type constraints, which are texts here."""
        return parse_constraint(self.text, self._source)

    def value(self, env: Env) -> Value:
        """Its value; unknown where it is nested too deeply."""
        try:
            if self._run is None:
                self._run = _compiled(self._source, self._node)
            return self._run(env)
        except RecursionError:
            return unknown(TOO_DEEP, self.place)


def parse_json(source: Source, report: Report, *, values: bool = False) -> Iterator[Block]:
    """The blocks of a file; of a file of `values`, one of type "" that holds them."""
    text = source.data.decode("utf8", "replace").removeprefix(_BYTE_ORDER_MARK)
    composed = next(compose_json(text), None)
    if composed is None:
        return
    for complaint in composed.complaints:
        report(complaint.line, complaint.message)
    if composed.node is None:
        return
    if not isinstance(composed.node, Mapping):
        report(1, "it is no object of JSON")
        return
    if values:
        yield _block(source, "", (), composed.node)
        return
    for key, node in _pairs(composed.node):
        depth = _LABELS.get(key)
        if depth is not None:
            for labels, body in _labelled(node, depth):
                yield _block(source, key, labels, body)


def _pairs(node: Mapping) -> Iterator[tuple[str, Node]]:
    for key, value in zip(node.pairs[::2], node.pairs[1::2], strict=True):
        if isinstance(key, Scalar) and not key.text.startswith("//"):
            yield key.text, value


def _labelled(node: Node, depth: int) -> Iterator[tuple[tuple[str, ...], Mapping]]:
    """The objects below as many labels; lists of objects are opened on the way."""
    stack: list[tuple[tuple[str, ...], Node]] = [((), node)]
    while stack:
        labels, found = stack.pop()
        if isinstance(found, Sequence):
            stack += [(labels, item) for item in reversed(found.items)]
        elif isinstance(found, Mapping) and len(labels) == depth:
            yield labels, found
        elif isinstance(found, Mapping):
            stack += [((*labels, key), value) for key, value in reversed(list(_pairs(found)))]


def _block(source: Source, kind: str, labels: tuple[str, ...], node: Mapping) -> Block:
    block = Block(kind, labels, Place(source, node.start, node.end))
    for key, value in _pairs(node):
        if key == "dynamic" and kind:
            for made, body in _labelled(value, 1):
                block.blocks.setdefault(made[0], []).append(_dynamic(source, made, body))
        else:
            block.attributes[key] = JsonExpression(source, value)
    return block


def _dynamic(source: Source, labels: tuple[str, ...], node: Mapping) -> Block:
    block = Block("dynamic", labels, Place(source, node.start, node.end))
    for key, value in _pairs(node):
        if key == "content":
            block.blocks["content"] = [_block(source, key, (), body) for _, body in _labelled(value, 0)]
        else:
            block.attributes[key] = JsonExpression(source, value)
    return block


def _compiled(source: Source, node: Node) -> Expr:
    place = Place(source, node.start, node.end)
    if isinstance(node, Scalar):
        return _scalar(node, place)
    if isinstance(node, Sequence):
        items = [_compiled(source, item) for item in node.items]
        return lambda env: known(tuple([item(env) for item in items]), place)
    pairs = [
        (_text(key.text, Place(source, key.start, key.end)), _compiled(source, value))
        for key, value in zip(node.pairs[::2], node.pairs[1::2], strict=True)
        if isinstance(key, Scalar) and not key.text.startswith("//")
    ]
    return lambda env: _object(env, pairs, place)


def _object(env: Env, pairs: list[tuple[Expr, Expr]], place: Place) -> Value:
    items: dict[str, Expr] = {}
    rest: Value | None = None
    for key, value in pairs:
        name = key(env)
        text = as_text(name.content) if name.state is State.KNOWN else None
        if text is None:
            rest = undecided(name, place) if rest is None else rest
        else:
            items[text] = value

    def make(name: str) -> Value:
        return items[name](env) if name in items else absent(place)

    return Value(State.KNOWN, Body(guarded(make, place), lambda: tuple(items)), place, rest=rest)


def _scalar(node: Scalar, place: Place) -> Expr:
    if node.style is Style.TEXT:
        return _text(node.text, place)
    if node.text == "null":
        return constant(absent(place))
    if node.text in ("true", "false"):
        return constant(known(node.text == "true", place))
    number = as_number(node.text)
    return constant(unknown("the number is too large", place) if number is None else known(number, place))


def _text(text: str, place: Place) -> Expr:
    return parse_template(text.encode("utf8", "replace"), place)
