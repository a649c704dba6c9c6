"""Type constraints of variables: what Terraform makes of a value before it is used.

"Type Constraints" in Terraform's language documentation. A conversion that Terraform would refuse fails; what is unknown
stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from garrison.estate.values import Body, State, Value, absent
from garrison.sources.terraform.conversion import as_bool, as_number, as_text
from garrison.sources.terraform.evaluation import Env, Expr, failed, guarded
from garrison.sources.terraform.expressions import Code, compile_expression

if TYPE_CHECKING:
    import tree_sitter

    from garrison.sources.terraform.syntax import Expression

Converter = Callable[[Value, Env], Value]
_PAIR = 2


class _Attribute(msgspec.Struct, frozen=True):
    """An attribute of an object type."""

    convert: Converter
    optional: bool
    default: Expr | None


def converter(constraint: Expression) -> Converter:
    """What a type constraint makes of a value."""
    syntax = constraint.syntax()
    try:
        return _same if syntax is None else _of(*syntax)
    except RecursionError:
        return _same


def _same(value: Value, _: Env) -> Value:
    return value


def _of(code: Code, node: tree_sitter.Node) -> Converter:
    while node.type == "expression" and node.named_child_count == 1:
        node = node.named_children[0]
    if node.type == "variable_expr":
        return _SIMPLE.get(code.text(node), _same)
    if node.type != "function_call":
        return _same
    kind = code.text(node.children[0])
    holder = next((c for c in node.named_children if c.type == "function_arguments"), None)
    arguments = [c for c in holder.named_children if c.type == "expression"] if holder is not None else []
    if not arguments:
        return _same
    if kind == "object":
        return _object(_attributes(code, arguments[0]))
    if kind == "optional":
        return _of(code, arguments[0])
    if kind == "tuple":
        return _same
    make = _COLLECTIONS.get(kind)
    return _same if make is None else make(_of(code, arguments[0]))


def _attributes(code: Code, node: tree_sitter.Node) -> dict[str, _Attribute]:
    found: dict[str, _Attribute] = {}
    while node.type in ("expression", "collection_value"):
        node = node.children[0]
    for element in node.named_children:
        sides = [c for c in element.named_children if c.type == "expression"]
        if element.type != "object_elem" or len(sides) != _PAIR:
            continue
        name, said = code.text(sides[0]).strip('"'), sides[1]
        call = said.children[0]
        optional = call.type == "function_call" and code.text(call.children[0]) == "optional"
        default = None
        if optional:
            holder = next((c for c in call.named_children if c.type == "function_arguments"), None)
            arguments = [c for c in holder.named_children if c.type == "expression"] if holder is not None else []
            default = compile_expression(code, arguments[1]) if len(arguments) == _PAIR else None
        found[name] = _Attribute(_of(code, said), optional, default)
    return found


def _scalar(cast: Callable[[object], object], kind: str) -> Converter:
    def convert(value: Value, _: Env) -> Value:
        if value.state is not State.KNOWN:
            return value
        if isinstance(value.content, Body) and cast is as_text:
            return value  # a policy document's `json` stays the document
        found = None if isinstance(value.content, tuple | Body) else cast(value.content)
        if found is None:
            return failed(f"it is no {kind}", value.place)
        return value if found is value.content else _with(value, found, value.rest)

    return convert


def _with(value: Value, content: object, rest: Value | None) -> Value:
    return Value(State.KNOWN, content, value.place, value.reason, value.ref, value.decided_by, rest)


def _list(inner: Converter) -> Converter:
    def convert(value: Value, env: Env) -> Value:
        if value.state is not State.KNOWN or inner is _same:
            return value
        if not isinstance(value.content, tuple):
            return failed("it is no list", value.place)
        return _with(value, tuple([inner(item, env) for item in value.content]), value.rest)

    return convert


def _map(inner: Converter) -> Converter:
    def convert(value: Value, env: Env) -> Value:
        if value.state is not State.KNOWN:
            return value
        body = value.content
        if not isinstance(body, Body):
            return failed("it is no map", value.place)
        if inner is _same:
            return value
        return _with(
            value, Body(guarded(lambda name: inner(body.child(name), env), value.place), body.keys), value.rest
        )

    return convert


def _object(attributes: dict[str, _Attribute]) -> Converter:
    def convert(value: Value, env: Env) -> Value:
        if value.state is not State.KNOWN:
            return value
        body = value.content
        if not isinstance(body, Body):
            return failed("it is no object", value.place)

        def make(name: str) -> Value:
            attribute = attributes.get(name)
            if attribute is None:
                return absent(value.place)
            said = body.child(name)
            if said.state is not State.ABSENT:
                return attribute.convert(said, env)
            if value.rest is not None and name not in body.keys():
                return value.rest
            if attribute.default is not None:
                return attribute.convert(attribute.default(env), env)
            return said if attribute.optional or name in body.keys() else failed(f"{name} is missing", value.place)

        return _with(value, Body(guarded(make, value.place), lambda: tuple(attributes)), None)

    return convert


_SIMPLE: dict[str, Converter] = {
    "string": _scalar(as_text, "text"),
    "number": _scalar(as_number, "number"),
    "bool": _scalar(as_bool, "bool"),
    "list": _list(_same),
    "set": _list(_same),
    "map": _map(_same),
}
_COLLECTIONS: dict[str, Callable[[Converter], Converter]] = {"list": _list, "set": _list, "map": _map}
