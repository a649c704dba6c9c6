"""Template files to resources."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

import msgspec

from garrison.estate.truth import YES, Truth
from garrison.estate.values import Body, Place, Source, State, Value, absent, dig, known, unknown
from garrison.sources.cloudformation.loops import unrolled
from garrison.sources.cloudformation.serverless import PREFIX, with_globals
from garrison.sources.cloudformation.template import Template
from garrison.sources.documents import compose, entries, load, report
from garrison.sources.interface import File, Tree
from garrison.sources.nodes import Mapping, Node, Scalar, Style
from garrison.sources.nodes import Sequence as SequenceNode

_TYPE = re.compile(rb"AWS::\w+::\w+(?:::\w+)?")
_OWN_TRANSFORMS = ("AWS::",)  # any other is a macro of the account's own


def read_templates(files: Sequence[File], tree: Tree, wanted: Collection[str]) -> list[CloudFormationResource]:
    """Every resource of the templates in which a wanted type is written."""
    types = frozenset(wanted)
    found: list[CloudFormationResource] = []
    for file in files:
        source = load(file, tree)
        if source is None or types.isdisjoint({t.decode() for t in set(_TYPE.findall(source.data))}):
            continue
        found += _of_file(source, tree)
    return found


def _of_file(source: Source, tree: Tree) -> Iterator[CloudFormationResource]:
    first = next(iter(compose(source.data)), None)
    if first is None:
        return
    if first.node is None and b"{{" in source.data.replace(b"{{resolve:", b""):
        tree.note(source.path, "a template of a template, not CloudFormation, until its {{ }} are filled in: not read")
        return
    said = entries(first.node) if type(first.node) is Mapping else {}
    if type(said.get("Resources")) is Mapping or first.node is None:
        report(first, source.path, tree)
    if type(first.node) is Mapping and type(said.get("Resources")) is Mapping:
        template = Template(source, first.node)
        _note_macros(template, said.get("Transform"), tree)
        yield from _resources(template, said["Resources"], tree)


def _note_macros(template: Template, transform: Node | None, tree: Tree) -> None:
    nodes = transform.items if type(transform) is SequenceNode else (transform,)
    names = [n.text for n in nodes if type(n) is Scalar and not n.text.startswith(_OWN_TRANSFORMS)]
    if names:
        tree.note(template.source.path, f"the macro {', '.join(names)} may change this template: it is read as written")


def _resources(template: Template, section: Node, tree: Tree) -> Iterator[CloudFormationResource]:
    if type(section) is not Mapping:
        return
    undecided: list[Mapping] = []
    if template.expands:
        section, undecided = unrolled(template, section)
        template.sections["Resources"] = {
            **entries(section),
            **{k: v for m in undecided for k, v in entries(m).items()},
        }
    for loop in undecided:
        reason = "it is repeated for a list that is not known here"
        perhaps = Truth(None, (unknown(reason, template.place(loop)),))
        yield from _declared(template, loop, tree, perhaps, reason)
    yield from _declared(template, section, tree, YES, "")


def _declared(
    template: Template, section: Mapping, tree: Tree, exists: Truth, condition: str
) -> Iterator[CloudFormationResource]:
    last = {key.text: (key, node) for key, node in _pairs(section) if type(key) is Scalar}
    for name, (key, node) in last.items():
        if name.startswith("Fn::") or name == "<<":
            continue
        said = entries(node) if type(node) is Mapping else {}
        type_ = said.get("Type")
        if type(type_) is not Scalar or not type_.text:
            _without_type(template, key, made="Fn::Transform" in said or type_ is not None, tree=tree)
            continue
        about = said.get("Condition")
        truth, text = exists, condition
        if type(about) is Scalar:
            truth, text = exists & template.condition(about.text), about.text
        if truth.no:
            continue
        place = Place(template.source, key.start, node.end)
        written = Written(name, type_.text, place, said.get("Properties"), truth, text)
        yield CloudFormationResource(template, written)


def _without_type(template: Template, key: Scalar, *, made: bool, tree: Tree) -> None:
    line, path = (key.start >> 20) + 1, template.source.path
    if made:
        tree.note(path, f"resource {key.text} in line {line} is made by a macro or a preprocessor: not read")
    else:
        tree.problem(path, f"resource {key.text} has no Type", line=line, hint="say what it is")


def _pairs(section: Mapping) -> Iterator[tuple[Node, Node]]:
    """Keys and nodes, those of merge keys too."""
    own = list(zip(section.pairs[::2], section.pairs[1::2], strict=True))
    if any(type(key) is Scalar and key.text == "<<" for key, _ in own):
        keys = {key.text: key for key, _ in own if type(key) is Scalar}
        for name, node in entries(section).items():
            yield keys.get(name) or Scalar(name, "", Style.TEXT, node.start, node.start), node
    else:
        yield from own


class Written(msgspec.Struct, frozen=True, eq=False):
    """What a template says of a resource."""

    name: str
    type: str
    place: Place
    properties: Node | None
    exists: Truth
    condition: str


class CloudFormationResource:
    """One resource of a template, as a table reads it."""

    __slots__ = ("_template", "_value", "_written")

    def __init__(self, template: Template, written: Written) -> None:
        self._template, self._written = template, written
        self._value: Value | None = None

    @property
    def format(self) -> str:
        """The name of the source."""
        return "cloudformation"

    @property
    def type(self) -> str:
        """Its `Type`."""
        return self._written.type

    @property
    def place(self) -> Place:
        """From its logical id to its end."""
        return self._written.place

    @property
    def exists(self) -> Truth:
        """Whether its condition holds."""
        return self._written.exists

    @property
    def condition(self) -> str:
        """The name of its condition."""
        return self._written.condition

    @property
    def root(self) -> str:
        """The file: one stack."""
        return self._template.source.path

    @property
    def address(self) -> str:
        """`file:LogicalId`."""
        return self._template.address(self._written.name)

    def at(self, path: tuple[str, ...]) -> Value:
        """What its properties say at a path."""
        try:
            if self._value is None:
                self._value = self._said()
            return dig(self._value, path)
        except RecursionError:
            return unknown("it is nested too deeply", self.place)

    def _said(self) -> Value:
        template, properties = self._template, self._written.properties
        own = absent(self.place) if properties is None else template.value(properties)
        if self.type.startswith(PREFIX):
            general = template.section("Globals").get(self.type.removeprefix(PREFIX))
            if general is not None:
                own = with_globals(template.value(general), own)
        return known(Body.of({}, self.place), self.place) if own.state is State.ABSENT else own

    def __repr__(self) -> str:
        return f"<{self.address} at {self.place}>"
