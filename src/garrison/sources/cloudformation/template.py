"""One template: its sections, and what parameters, conditions and names in it stand for."""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingOf

from garrison.estate.truth import Truth, all_of, any_of
from garrison.estate.values import Place, Source, State, Value, absent, known, referred, unknown
from garrison.sources.cloudformation.intrinsics import FUNCTIONS, function_of, surely_given
from garrison.sources.cloudformation.loops import FOR_EACH, MAX_NODES, unrolled
from garrison.sources.documents import YAML_WORDS, NodeBody, Reader, as_text, entries, joined, pieces, plain
from garrison.sources.nodes import Mapping, Node, Scalar, Sequence, Style

_HOLE = re.compile(r"\{\{.*?(?:\}\}|\Z)", re.DOTALL)
_BOOLEANS = {"true": True, "false": False}
_MAX_NESTING = 40  # functions inside functions; each takes a few frames of Python's stack
_MAX_STEPS = 100_000  # functions applied in one template; few have a thousand
_TOO_MUCH = "there is too much in this template to evaluate"
_FALSE = frozenset({"", "0", "false"})

# Elsewhere the partition is aws-cn or aws-us-gov: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
_USUAL = {"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}


class Template(Reader):
    """The nodes of a template to values, its functions applied."""

    __slots__ = ("_deciding", "_defaults", "_nesting", "_returns", "_steps", "_truths", "budget", "expands", "sections")

    def __init__(self, source: Source, root: Mapping) -> None:
        super().__init__(source, YAML_WORDS)
        self.sections = {name: entries(node) for name, node in entries(root).items() if type(node) is Mapping}
        self.expands = b"Fn::ForEach" in source.data or b"Transform" in source.data
        self.budget = MAX_NODES  # what its loops may still make
        self._nesting = self._steps = self._returns = 0
        self._deciding: set[str] = set()
        self._truths: dict[str, Truth] = {}
        self._defaults: dict[str, Value] = {}

    def section(self, name: str) -> MappingOf[str, Node]:
        """The entries of a top-level section; none where it is not there."""
        return self.sections.get(name, {})

    def address(self, logical_id: str) -> str:
        """Of one of its resources."""
        return f"{self.source.path}:{logical_id}"

    # Values.

    def value(self, node: Node) -> Value:
        """What a node says."""
        name, argument = function_of(node)
        if name:
            return self._applied(name, argument, node)
        place = self.place(node)
        if type(node) is Sequence:
            items = [self.value(item) for item in node.items]
            return known(tuple([i for i in items if i.state is not State.ABSENT]), place)
        if self.expands and type(node) is Mapping:
            return self._expanded(node, place)
        return super().value(node)

    def _expanded(self, node: Mapping, place: Place) -> Value:
        """A mapping whose loops are written out; what a macro adds, or a loop over an unknown list, is unknown."""
        names = [key.text for key in node.pairs[::2] if type(key) is Scalar]
        rest = None
        if any(name.startswith(FOR_EACH) for name in names):
            node, undecided = unrolled(self, node)
            rest = unknown("it is repeated for a list that is not known here", place) if undecided else None
        if "Fn::Transform" in names:
            rest = unknown("a macro adds to it at deploy time", place, decided_by="Fn::Transform")
        return Value(State.KNOWN, NodeBody(self, node, place), place, rest=rest)

    def _applied(self, name: str, argument: Node, node: Node) -> Value:
        place = self.place(node)
        apply = FUNCTIONS.get(name)
        if apply is None:
            return unknown(f"{name} is not a function of CloudFormation that gives a value", place)
        if self._nesting >= _MAX_NESTING:
            return unknown("functions are nested too deeply", place)
        if self._steps >= _MAX_STEPS:
            return unknown(_TOO_MUCH, place)
        self._nesting += 1
        self._steps += 1
        try:
            return apply(self, argument, place)
        finally:
            self._nesting -= 1

    def content(self, node: Scalar) -> str | bool | int | float | None:
        """CloudFormation turns scalars into what the property wants, so "true" is true, and 5.10 stays as written."""
        content = super().content(node)
        if isinstance(content, str):
            return _BOOLEANS.get(content, content)
        return node.text if type(content) in (int, float) and str(content) != node.text else content

    def scalar(self, content: str | bool | float, place: Place) -> Value:
        """A scalar; what is resolved at deploy time, or filled in before, is unknown."""
        if type(content) is str and "{{" in content:
            return joined(pieces(content, _HOLE, lambda hole: _filled_in(hole, place), place), place)
        return known(content, place)

    # Names.

    def named(self, name: str, place: Place) -> Value:
        """What `Ref` gives."""
        if name.startswith("AWS::"):
            return _pseudo(name, place)
        if name in self.section("Parameters"):
            return self._parameter(name, place)
        if name in self.section("Resources"):
            return referred(self.address(name), "Ref", place)
        return unknown(f"nothing in the template is called {name}", place, decided_by=name)

    def attribute(self, name: str, attribute: str, place: Place) -> Value:
        """What `GetAtt` gives."""
        if name in self.section("Resources"):
            return referred(self.address(name), attribute, place)
        return unknown(f"nothing in the template is called {name}", place, decided_by=name)

    def mapped(self, name: str, first: str | None, second: str | None) -> list[Node]:
        """What a mapping has under two keys; every candidate where a key is not known."""
        found: list[Node] = []
        top = self.section("Mappings").get(name)
        for key, inner in (entries(top) if type(top) is Mapping else {}).items():
            if first in (None, key) and type(inner) is Mapping:
                found += [node for last, node in entries(inner).items() if second in (None, last)]
        return found

    def _parameter(self, name: str, place: Place) -> Value:
        found = self._defaults.get(name)
        if found is None:
            found = self._defaults[name] = self._default(name)
        return Value(found.state, found.content, place, found.reason, None, found.decided_by)

    def _default(self, name: str) -> Value:
        node = self.section("Parameters")[name]
        said = entries(node) if type(node) is Mapping else {}
        type_, default = _text(said.get("Type")), said.get("Default")
        decider = f"parameter {name}"
        if type_.startswith("AWS::SSM::Parameter::Value"):
            return surely_given(f"parameter {name} is read from the parameter store", None, decider)
        if type(default) is not Scalar:
            reason = f"parameter {name} has no default"
            must = _text(said.get("MinLength")) not in _FALSE or type_.startswith(("AWS::", "List<AWS::", "Number"))
            return surely_given(reason, None, decider) if must else unknown(reason, decided_by=decider)
        if _text(said.get("NoEcho")).lower() not in _FALSE and default.text:
            return surely_given(f"parameter {name} is secret, its default is in the template", None, decider)
        reason = f"the default of parameter {name}"
        if type_ == "CommaDelimitedList" or type_.startswith("List<"):
            place = self.place(default)
            texts = [text.strip() for text in default.text.split(",")] if default.text else []
            items = tuple([Value(State.KNOWN, text, place, reason, None, decider) for text in texts])
            return Value(State.KNOWN, items, place, reason, None, decider)
        content = plain(default.text, {}) if type_ == "Number" and default.text else default.text
        content = _BOOLEANS.get(default.text.lower(), content) if _is_word(default) else content
        return Value(State.KNOWN, content, self.place(default), reason, None, decider)

    # Conditions.

    def condition(self, name: str) -> Truth:
        """Whether a condition holds; one that leads back to itself is not decided."""
        found = self._truths.get(name)
        if found is not None:
            return found
        node = self.section("Conditions").get(name)
        if node is None or name in self._deciding or len(self._deciding) >= _MAX_NESTING:
            self._returns += 1
            place = None if node is None else self.place(node)
            reason = f"condition {name} is not declared" if node is None else f"condition {name} leads back to itself"
            return Truth(None, (unknown(reason, place, decided_by=f"condition {name}"),))
        self._deciding.add(name)
        returns = self._returns
        try:
            found = self.truth(node)
        finally:
            self._deciding.discard(name)
        found = Truth(found.answer, tuple({id(v): v for v in found.because}.values()))
        # inside a cycle an answer holds only for where it was asked
        if not self._deciding or returns == self._returns:
            self._truths[name] = found
        return found

    def truth(self, node: Node) -> Truth:
        """Whether a condition function holds."""
        name, argument = function_of(node, condition=True)
        place = self.place(node)
        if self._nesting >= _MAX_NESTING:
            return Truth(None, (unknown("conditions are nested too deeply", place),))
        if self._steps >= _MAX_STEPS:
            return Truth(None, (unknown(_TOO_MUCH, place),))
        self._nesting += 1
        self._steps += 1
        try:
            if name == "Condition" and type(argument) is Scalar:
                return self.condition(argument.text)
            items = argument.items if type(argument) is Sequence else ()
            if name == "Equals" and len(items) == 2:  # noqa: PLR2004 - left and right
                return _equal(self.value(items[0]), self.value(items[1]))
            if name in ("And", "Or"):
                return (all_of if name == "And" else any_of)(self.truth(item) for item in items)
            if name == "Not" and len(items) == 1:
                return ~self.truth(items[0])
        finally:
            self._nesting -= 1
        return Truth(None, (unknown("it is not a condition that Garrison can decide", place),))


def _equal(a: Value, b: Value) -> Truth:
    """Fn::Equals compares texts, by case."""
    if a.state is State.KNOWN and b.state is State.KNOWN:
        return Truth(as_text(a.content) == as_text(b.content), (a, b))
    one, other = (a, b) if a.state is State.KNOWN else (b, a)
    if one.state is State.KNOWN and other.state is State.UNKNOWN:
        return other.equals(as_text(one.content))
    return Truth(None, (a, b))


def _filled_in(hole: str, place: Place) -> Value:
    if hole.startswith("{{resolve:"):
        return surely_given("it is resolved at deploy time", place, hole)
    return unknown("a template fills it in", place, decided_by=" ".join(hole.split())[:80])


def _pseudo(name: str, place: Place) -> Value:
    if name == "AWS::NoValue":
        return absent(place)
    if name in _USUAL:
        return Value(State.KNOWN, _USUAL[name], place, "outside China and GovCloud", None, name)
    return surely_given(f"{name} is known only at deploy time", place, name)


def _text(node: Node | None) -> str:
    return node.text if type(node) is Scalar else ""


def _is_word(node: Scalar) -> bool:
    return node.text in _BOOLEANS or (node.style is Style.PLAIN and node.text.lower() in _BOOLEANS)
