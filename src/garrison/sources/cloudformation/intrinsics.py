"""CloudFormation's functions, each from its argument to a value.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from garrison.estate.values import Body, Place, State, Value, absent, known, same, unknown
from garrison.sources.documents import as_text, joined
from garrison.sources.nodes import Mapping, Node, Scalar
from garrison.sources.nodes import Sequence as SequenceNode

if TYPE_CHECKING:
    from garrison.sources.cloudformation.template import Template

_HOLE = re.compile(r"\$\{([^${}]*)\}")
_MAX_CIDRS = 256  # Fn::Cidr gives no more


def function_of(node: Node, *, condition: bool = False) -> tuple[str, Node]:
    """The name of the function that a node calls and its argument; "" where it calls none.

    A lone `Condition` is a call only among conditions: elsewhere it is an ordinary key.
    """
    tag = node.tag
    if tag[:1] == "!" and len(tag) > 1:
        return tag[1:], _untagged(node)
    if type(node) is Mapping and len(node.pairs) == 2:  # noqa: PLR2004 - a key and a value
        key = node.pairs[0]
        if type(key) is Scalar:
            name = key.text
            if name.startswith("Fn::") and not name.startswith("Fn::ForEach"):
                return name[4:], node.pairs[1]
            if name == "Ref" or (condition and name == "Condition"):
                return name, node.pairs[1]
    return "", node


def _untagged(node: Node) -> Node:
    if type(node) is Mapping:
        return Mapping(node.pairs, "", node.start, node.end)
    if type(node) is SequenceNode:
        return SequenceNode(node.items, "", node.start, node.end)
    return Scalar(node.text, "", node.style, node.start, node.end)  # type: ignore[union-attr]  # only a scalar is left


def surely_given(reason: str, place: Place | None, decided_by: str) -> Value:
    """Something is said for certain; only what it is shows at deploy time."""
    return unknown(reason, place, (unknown(reason, place, None, decided_by),), decided_by)


def either(yes: Value, no: Value, undecided: Value, place: Place) -> Value:
    """One of two values: known as far as both agree."""
    if yes.state is State.KNOWN and no.state is State.KNOWN:
        a, b = yes.content, no.content
        if isinstance(a, Body) and isinstance(b, Body):
            names = tuple(dict.fromkeys((*a.keys(), *b.keys())))
            body = Body(lambda name: either(a.child(name), b.child(name), undecided, place), lambda: names)
            return Value(State.KNOWN, body, place, rest=no.rest if yes.rest is None else yes.rest)
        if isinstance(a, tuple) and isinstance(b, tuple):
            if len(a) == len(b):
                items = tuple(either(x, y, undecided, place) for x, y in zip(a, b, strict=True))
                return Value(State.KNOWN, items, place, rest=no.rest if yes.rest is None else yes.rest)
        elif not isinstance(a, tuple | Body) and same(a, b):
            return Value(State.KNOWN, a, place, yes.reason, None, yes.decided_by)
    if yes.state is State.ABSENT and no.state is State.ABSENT:
        return absent(place)
    said = yes.given() & no.given()
    parts = tuple(Value(State.UNKNOWN, None, v.place, undecided.reason, v.ref) for v in (yes, no)) if said.yes else None
    return unknown(undecided.reason, place, parts, undecided.decided_by)


# The functions. Each takes the template, its argument's node and the place of the call.


def _ref(template: Template, argument: Node, place: Place) -> Value:
    if type(argument) is not Scalar:
        return _wrong("Ref", place)
    return template.named(argument.text, place)


def _get_att(template: Template, argument: Node, place: Place) -> Value:
    if type(argument) is Scalar:
        name, _, attribute = argument.text.partition(".")
    elif type(argument) is SequenceNode and len(argument.items) > 1:
        texts = [template.value(item) for item in argument.items]
        name = texts[0].text()
        attribute = ".".join(t.text("?") for t in texts[1:])
    else:
        return _wrong("GetAtt", place)
    return template.attribute(name, attribute, place)


def _sub(template: Template, argument: Node, place: Place) -> Value:
    variables: Value = absent()
    if type(argument) is SequenceNode and len(argument.items) == 2:  # noqa: PLR2004 - a text and its variables
        variables, argument = template.value(argument.items[1]), argument.items[0]
    if type(argument) is not Scalar:
        return _wrong("Sub", place)
    parts: list[Value] = []
    at = 0
    for hole in _HOLE.finditer(argument.text):
        parts.append(template.scalar(argument.text[at : hole.start()], place))
        at = hole.end()
        parts.append(_variable(template, hole[1].strip(), variables, place))
    parts.append(template.scalar(argument.text[at:], place))
    return joined(parts, place)


def _variable(template: Template, name: str, variables: Value, place: Place) -> Value:
    if name.startswith("!"):  # ${!Literal} is ${Literal}
        return known(f"${{{name[1:]}}}", place)
    if isinstance(variables.content, Body) and name in variables.content.keys():
        return variables.content.child(name)
    if "." in name:
        owner, _, attribute = name.partition(".")
        return template.attribute(owner, attribute, place)
    return template.named(name, place)


def _join(template: Template, argument: Node, place: Place) -> Value:
    arguments = _arguments(template, argument)
    if len(arguments) != 2:  # noqa: PLR2004 - a delimiter and a list
        return _wrong("Join", place)
    delimiter, items = arguments
    if items.state is not State.KNOWN or delimiter.state is not State.KNOWN:
        hidden = items if items.state is not State.KNOWN else delimiter
        return Value(State.UNKNOWN, hidden.content, place, hidden.reason, hidden.ref, hidden.decided_by)
    parts: list[Value] = []
    for number, item in enumerate(items.items()):
        if number:
            parts.append(delimiter)
        parts.append(item)
    return joined(parts, place)


def _select(template: Template, argument: Node, place: Place) -> Value:
    arguments = _arguments(template, argument)
    if len(arguments) != 2:  # noqa: PLR2004 - an index and a list
        return _wrong("Select", place)
    index, items = arguments
    if index.state is State.KNOWN and items.state is State.KNOWN:
        position = as_text(index.content)
        if position.isdecimal() and len(position) < 6 and int(position) < len(items.items()):  # noqa: PLR2004 - digits
            return items.items()[int(position)]
        return unknown(f"the list has no item {position}", place)
    hidden = items if items.state is not State.KNOWN else index
    return unknown(hidden.reason, place, decided_by=hidden.decided_by)


def _split(template: Template, argument: Node, place: Place) -> Value:
    arguments = _arguments(template, argument)
    if len(arguments) != 2:  # noqa: PLR2004 - a delimiter and a text
        return _wrong("Split", place)
    delimiter, text = arguments
    if delimiter.text() and text.state is State.KNOWN:
        pieces = as_text(text.content).split(delimiter.text())
        items = tuple(Value(State.KNOWN, p, place, text.reason, None, text.decided_by) for p in pieces)
        return Value(State.KNOWN, items, place, text.reason, None, text.decided_by)
    return unknown(text.reason or "it cannot be split", place, decided_by=text.decided_by)


def _find_in_map(template: Template, argument: Node, place: Place) -> Value:
    nodes = argument.items if type(argument) is SequenceNode else ()
    if len(nodes) < 3:  # noqa: PLR2004 - a map and two keys
        return _wrong("FindInMap", place)
    name, first, second = (template.value(node) for node in nodes[:3])
    undecided = next((v for v in (name, first, second) if v.state is not State.KNOWN), None)
    keys = [None if v.state is not State.KNOWN else as_text(v.content) for v in (first, second)]
    found = [] if name.state is not State.KNOWN else template.mapped(as_text(name.content), keys[0], keys[1])
    values = [template.value(node) for node in found]
    if values and all(v.state is State.KNOWN and same(v.content, values[0].content) for v in values):
        return values[0]
    if undecided is not None:
        return surely_given(undecided.reason, place, undecided.decided_by)
    if len(values) == 1:
        return values[0]
    default = template.value(nodes[3]).child("DefaultValue") if len(nodes) > 3 else absent()  # noqa: PLR2004
    return default if default.state is not State.ABSENT else unknown("the mapping has no such key", place)


def _if(template: Template, argument: Node, place: Place) -> Value:
    nodes = argument.items if type(argument) is SequenceNode else ()
    if len(nodes) != 3 or type(nodes[0]) is not Scalar:  # noqa: PLR2004 - a condition and two values
        return _wrong("If", place)
    name = nodes[0].text
    truth = template.condition(name)
    if truth.answer is not None:
        return template.value(nodes[1] if truth.answer else nodes[2])
    deciders = dict.fromkeys(v.decided_by for v in truth.because if v.decided_by and v.state is State.UNKNOWN)
    undecided = unknown(f"condition {name} is not decided", place, decided_by=", ".join(deciders))
    return either(template.value(nodes[1]), template.value(nodes[2]), undecided, place)


def _condition_value(template: Template, argument: Node, place: Place) -> Value:
    if type(argument) is not Scalar:
        return _wrong("Condition", place)
    truth = template.condition(argument.text)
    if truth.answer is None:
        return unknown(f"condition {argument.text} is not decided", place)
    return known(truth.answer, place)


def _transparent(template: Template, argument: Node, _place: Place) -> Value:
    """Base64 and ToJsonString: what is inside is what matters, and nothing reads the encoded form."""
    return template.value(argument)


def _import_value(template: Template, argument: Node, place: Place) -> Value:
    name = template.value(argument).text()
    return surely_given("it is exported by another stack", place, f"export {name}" if name else "another stack")


def _get_azs(_template: Template, _argument: Node, place: Place) -> Value:
    return surely_given("the zones of a region are known only at deploy time", place, "AWS::Region")


def _length(template: Template, argument: Node, place: Place) -> Value:
    items = template.value(argument)
    if items.state is State.KNOWN and isinstance(items.content, tuple):
        return known(len(items.content), place)
    return unknown(items.reason or "it is no list", place, decided_by=items.decided_by)


def _cidr(template: Template, argument: Node, place: Place) -> Value:
    arguments = _arguments(template, argument)
    texts = [as_text(a.content) if a.state is State.KNOWN else None for a in arguments]
    if len(texts) not in (2, 3) or None in texts:
        hidden = next((a for a in arguments if a.state is not State.KNOWN), None)
        return _wrong("Cidr", place) if hidden is None else surely_given(hidden.reason, place, hidden.decided_by)
    try:
        network = ipaddress.ip_network(str(texts[0]), strict=False)
        bits = int(texts[2] or 0) if len(texts) > 2 else 8  # noqa: PLR2004 - host bits are the third
        subnets = network.subnets(new_prefix=network.max_prefixlen - bits)
        found = [str(s) for s in islice(subnets, min(int(texts[1] or 0), _MAX_CIDRS))]
    except ValueError:
        return _wrong("Cidr", place)
    return known(tuple(known(text, place) for text in found), place)


def _transform(_template: Template, _argument: Node, place: Place) -> Value:
    return unknown("a macro makes it at deploy time", place, decided_by="Fn::Transform")


def _arguments(template: Template, argument: Node) -> Sequence[Value]:
    return [template.value(node) for node in argument.items] if type(argument) is SequenceNode else ()


def _wrong(name: str, place: Place) -> Value:
    return unknown(f"{name} has arguments it does not take", place)


FUNCTIONS: dict[str, Callable[[Template, Node, Place], Value]] = {
    "Base64": _transparent,
    "Cidr": _cidr,
    "Condition": _condition_value,
    "FindInMap": _find_in_map,
    "GetAZs": _get_azs,
    "GetAtt": _get_att,
    "If": _if,
    "ImportValue": _import_value,
    "Join": _join,
    "Length": _length,
    "Ref": _ref,
    "Select": _select,
    "Split": _split,
    "Sub": _sub,
    "ToJsonString": _transparent,
    "Transform": _transform,
}
