"""Fn::ForEach: a mapping's entries written once for every item of a list.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from garrison.estate.values import State
from garrison.sources.documents import as_text
from garrison.sources.nodes import Mapping, Node, Scalar, Sequence, Style

if TYPE_CHECKING:
    from garrison.sources.cloudformation.template import Template

FOR_EACH = "Fn::ForEach::"
MAX_NODES = 100_000  # made by the loops of one template; CloudFormation takes 500 resources
_FREE_TEXT = 1_000  # characters of a text times those put into it, for which nothing is charged
_NOT_WORD = re.compile(r"[^A-Za-z0-9]")


def unrolled(template: Template, node: Mapping) -> tuple[Mapping, list[Mapping]]:
    """A mapping with its loops written out, and the bodies of those whose items are not known here."""
    pairs: list[Node] = []
    undecided: list[Mapping] = []
    for key, value in zip(node.pairs[::2], node.pairs[1::2], strict=True):
        if type(key) is Scalar and key.text.startswith(FOR_EACH):
            _unroll(template, value, pairs, undecided)
        else:
            pairs += (key, value)
    return Mapping(tuple(pairs), "", node.start, node.end), undecided


def _unroll(template: Template, loop: Node, pairs: list[Node], undecided: list[Mapping]) -> None:
    if type(loop) is not Sequence or len(loop.items) != 3:  # noqa: PLR2004 - a name, a list, a body
        return
    name, collection, body = loop.items
    if type(name) is not Scalar or type(body) is not Mapping:
        return
    items = template.value(collection)
    texts = [as_text(i.content) for i in items.items() if i.state is State.KNOWN and not isinstance(i.content, tuple)]
    if items.state is not State.KNOWN or items.rest is not None or len(texts) < len(items.items()):
        undecided.append(body)
        return
    for text in texts:
        made = _substituted(template, body, name.text, text)
        if type(made) is not Mapping or template.budget < 0:
            undecided.append(body)
            return
        inner, more = unrolled(template, made)
        pairs += inner.pairs
        undecided += more


def _substituted(template: Template, node: Node, name: str, text: str) -> Node:
    """A body with the loop's variable replaced."""
    template.budget -= 1
    if template.budget < 0:
        return node
    if type(node) is Scalar:
        if node.tag == "!Ref" and node.text == name:
            return Scalar(text, "", Style.TEXT, node.start, node.end)
        template.budget -= len(node.text) * len(text) // _FREE_TEXT
        if template.budget < 0:
            return node
        said = node.text.replace(f"${{{name}}}", text).replace(f"&{{{name}}}", _NOT_WORD.sub("", text))
        return node if said == node.text else Scalar(said, node.tag, node.style, node.start, node.end)
    if type(node) is Sequence:
        items = tuple([_substituted(template, item, name, text) for item in node.items])
        return Sequence(items, node.tag, node.start, node.end)
    pairs = node.pairs  # type: ignore[union-attr]  # only a mapping is left
    if len(pairs) == 2 and all(type(p) is Scalar for p in pairs):  # noqa: PLR2004 - {Ref: name}
        key, value = pairs
        if key.text == "Ref" and value.text == name:  # type: ignore[union-attr]
            return Scalar(text, "", Style.TEXT, node.start, node.end)
    made = tuple([_substituted(template, pair, name, text) for pair in pairs])
    return Mapping(made, node.tag, node.start, node.end)
