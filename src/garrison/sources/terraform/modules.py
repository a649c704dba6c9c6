"""A module instance: where the names of its folder's expressions are looked up, once each."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from garrison.estate.truth import Truth
from garrison.estate.values import Body, Place, Ref, Source, State, Value, absent, dig, known, unknown
from garrison.sources.terraform.bodies import block_body
from garrison.sources.terraform.evaluation import Env, Expr, Instances, failed, guarded, later
from garrison.sources.terraform.folders import Folder
from garrison.sources.terraform.instances import Instance, both, instances_of
from garrison.sources.terraform.syntax import Block
from garrison.sources.terraform.variables import converter

if TYPE_CHECKING:
    from garrison.sources.terraform.project import Project

# Data sources that compute a document from what is written in them alone.
_DOCUMENTS = {
    ("aws_iam_policy_document", "json"),
    ("aws_iam_policy_document", "minified_json"),
    ("google_iam_policy", "policy_data"),
}
_DEFAULT_TAGS = {
    "aws": ("default_tags", "tags"),
    "google": ("default_labels",),
    "google-beta": ("default_labels",),
}
_HANDED = re.compile(r'"?([\w.-]+)"?\s*[:=]\s*"?([\w.-]+)"?')


class Module:
    """One instance of a folder as a module. `prefix` begins the addresses of all that is in it."""

    def __init__(self, project: Project, folder: Folder, root: str, prefix: str) -> None:
        self.project, self.folder, self.root, self.prefix = project, folder, root, prefix
        self.parent: Module | None = None
        self.call: Block | None = None
        self.exists, self.condition = Truth(True), ""
        self.depth = 0
        self.top: Module = self
        self.env = Env(self, {})
        self.call_env = self.env
        self.key: tuple[str, ...] = ()  # the names of the calls that lead to it
        self._memo: dict[str, Value] = {}
        self._tags: dict[str, Value | None] = {}
        self._children: dict[str, list[tuple[Instance, Module]] | None] = {}

    @property
    def where(self) -> str:
        """Its address without the root: "" or `module.x.`."""
        return self.prefix[len(self.root) + 1 :]

    # What evaluation asks for.

    def name(self, head: str) -> Value:
        """See `Scope`."""
        found = self._memo.get(head)
        if found is None:
            self._memo[head] = unknown(f"{head} refers to itself")
            try:
                found = self._name(head)
            except RecursionError:
                found = unknown(f"{head} is nested too deeply to be evaluated")
            self._memo[head] = found
        return found

    def text_of(self, path: str, /) -> Source | None:
        """See `Scope`."""
        return self.project.text_of(self.top.folder, path)

    def template_of(self, path: str, place: Place, /) -> Expr | None:
        """See `Scope`."""
        return self.project.template_of(self.top.folder, path, place)

    def spend(self, turns: int) -> bool:
        """See `Scope`."""
        return self.project.spend(turns)

    # Names.

    def _name(self, head: str) -> Value:
        first, _, rest = head.partition(".")
        if first == "local":
            expression = self.folder.locals.get(rest)
            return failed(f"{head} is not declared") if expression is None else expression.value(self.env)
        if first == "var":
            return self._variable(rest)
        if first == "module":
            return self._module(rest)
        if first == "path":
            return self._path(rest)
        if first in ("terraform", "each", "count", "self", "ephemeral"):
            return unknown(f"{self.where}{head} is decided later", None, None, f"{self.where}{head}")
        return self._resource(head)

    def _variable(self, name: str) -> Value:
        block = self.folder.named.get(f"var.{name}")
        said, env = None, self.env
        if self.call is not None:
            said, env = self.call.attributes.get(name), self.call_env
        elif self.parent is None:
            said = self.folder.given.get(name)
        if block is None:
            return failed(f"var.{name} is not declared")
        default = block.attributes.get("default")
        value = said.value(env) if said is not None else None
        if value is not None and value.state is State.ABSENT and default is not None and _denies_null(block):
            value = None
        if value is None:
            if default is None:
                decider = f"{self.where}var.{name}"
                return unknown(f"{decider} has no default", block.place, None, decider)
            value = default.value(self.env)
        constraint = block.attributes.get("type")
        if constraint is None:
            return value
        convert = self.folder.constraints.get(name)
        if convert is None:
            convert = self.folder.constraints[name] = converter(constraint)
        return convert(value, self.env)

    def _path(self, name: str) -> Value:
        if name == "module":
            path = posixpath.relpath(self.folder.path or ".", self.top.folder.path or ".")
            return known(path)
        return known(".") if name == "root" else unknown(f"path.{name} is decided later", None, None, f"path.{name}")

    def _module(self, name: str) -> Value:
        block = self.folder.named.get(f"module.{name}")
        if block is None:
            return failed(f"module.{name} is not declared")
        address = f"{self.prefix}module.{name}"
        children = self.children(name)
        if children is None:
            reason = f"{self.where}module.{name} is not read"
            return Value(State.UNKNOWN, None, block.place, reason, Ref(address), f"{self.where}module.{name}")
        return collected(block, [(i, c.outputs()) for i, c in children], address)

    def outputs(self) -> Value:
        """What it hands to its caller, by name."""

        def make(name: str) -> Value:
            block = self.folder.named.get(f"output.{name}")
            if block is None:
                return Value(State.ABSENT)
            if block.broken:
                return unknown(block.broken, block.place)
            expression = block.attributes.get("value")
            return failed("an output without value") if expression is None else expression.value(self.env)

        def names() -> list[str]:
            return [n.partition(".")[2] for n, b in self.folder.named.items() if b.type == "output"]

        return known(Body(guarded(make, None), names))

    def _resource(self, head: str) -> Value:
        block = self.folder.named.get(head)
        address = f"{self.prefix}{head}"
        if block is None:
            reason = f"{self.where}{head} is not declared"
            return Value(State.UNKNOWN, None, None, reason, Ref(address), f"{self.where}{head}")
        found = instances_of(block, self)
        return collected(block, [(i, self.as_object(block, i, address)) for i in found], address)

    def as_object(self, block: Block, instance: Instance, address: str) -> Value:
        """A resource as expressions see it: what is written is known, the rest is referred to."""
        address += instance.key
        body = block_body(block, instance.env)
        document = block.type == "data"

        def make(name: str) -> Value:
            if document and (block.labels[0], name) in _DOCUMENTS:
                return known(body, block.place)
            said = body.child(name)
            if said.state is State.ABSENT:
                return later(address, name, block.place)
            if name in block.blocks:
                return opened(said, address, name)
            if type(said) is not Value:
                return said
            ref = said.ref if said.state is State.UNKNOWN and said.ref is not None and document else Ref(address, name)
            return Value(said.state, said.content, said.place, said.reason, ref, said.decided_by, said.rest)

        # `attribute` asks for names, and every name has an answer
        return Value(State.KNOWN, Body(guarded(make, block.place), body.keys), block.place, "", Ref(address))

    # Providers.

    def provider(self, name: str) -> tuple[Block, Module] | None:
        """The configuration a resource's provider has here, and the module it is written in."""
        block = self.folder.providers.get(name)
        if block is not None:
            return block, self
        if self.parent is None or self.call is None:
            return None
        handed = self.call.attributes.get("providers")
        for inner, outer in _HANDED.findall(handed.text) if handed is not None else ():
            if inner == name:
                return self.parent.provider(outer)
        return None if "." in name else self.parent.provider(name)

    def default_tags(self, name: str) -> Value | None:
        """What a provider puts on all of its resources; None where that is nothing."""
        if name not in self._tags:
            self._tags[name] = None
            found = self.provider(name)
            if found is not None:
                block, module = found
                path = _DEFAULT_TAGS.get(block.labels[0], ())
                tags = dig(known(block_body(block, module.env)), path) if path else absent()
                self._tags[name] = None if tags.state is State.ABSENT else tags
        return self._tags[name]

    # The modules it calls.

    def children(self, name: str) -> list[tuple[Instance, Module]] | None:
        """The instances of a module it calls; None where its folder is not at hand."""
        if name not in self._children:
            self._children[name] = None  # while it is found out: a module may call itself
            self._children[name] = self._called(name)
        return self._children[name]

    def _within(self, folder: Folder) -> bool:
        """Whether it is, or was called from, an instance of a folder."""
        module: Module | None = self
        while module is not None:
            if module.folder is folder:
                return True
            module = module.parent
        return False

    def _called(self, name: str) -> list[tuple[Instance, Module]] | None:
        block = self.folder.named[f"module.{name}"]
        folder = self.project.called_folder(self, name, block)
        if folder is None or self._within(folder):
            if folder is not None:
                self.project.problem(block, f"module {name} calls itself")
            return None
        made = []
        for instance in instances_of(block, self):
            if not self.project.may_add(self, block):
                return None
            child = Module(self.project, folder, self.root, f"{self.prefix}module.{name}{instance.key}.")
            child.parent, child.call, child.depth, child.top = self, block, self.depth + 1, self.top
            child.call_env, child.key = instance.env, (*self.key, name)
            child.exists = self.exists & instance.exists
            child.condition = both(self.condition, instance.condition)
            made.append((instance, child))
        return made


def opened(value: Value, address: str, attribute: str) -> Value:
    """Blocks as expressions see them: what is not written in them the provider may decide."""
    content: object = value.content
    if value.state is not State.KNOWN:
        return value
    if isinstance(content, tuple):
        items = tuple(opened(item, address, attribute) for item in content)
        return Value(State.KNOWN, items, value.place, "", Ref(address, attribute), "", value.rest)
    if not isinstance(content, Body):
        return value
    body = content

    def make(name: str) -> Value:
        said = body.child(name)
        inner = isinstance(said.content, tuple) and all(isinstance(i.content, Body) for i in said.content)
        return opened(said, address, f"{attribute}.{name}") if inner else said

    rest = value.rest if value.rest is not None else later(address, attribute, value.place)
    return Value(State.KNOWN, Body(guarded(make, value.place), body.keys), value.place, rest=rest)


def collected(block: Block, found: list[tuple[Instance, Value]], address: str) -> Value:
    """What a block's name means: one object, or a list or map of them, by its `count` and `for_each`."""
    if "for_each" in block.attributes:
        return _by_key(block, found, address)
    if "count" not in block.attributes:
        return found[0][1] if found else failed("there is none")
    place, ref = block.place, Ref(address)
    if not found:
        return known((), place, ref)
    first, one = found[0]
    many = first.many
    if many is None:
        cause = first.exists.because[0] if first.exists.because else None
        reason = (cause.reason if cause is not None else "") or "its count is unknown"
        decided_by = cause.decided_by if cause is not None else ""
        return Instances(State.UNKNOWN, None, place, reason, ref, decided_by, None, one)
    if len(found) == 1:
        return Instances(State.KNOWN, (one,) * many, place, "", ref, "", None, one)
    items = tuple(value for _, value in found)
    one = Value(State.UNKNOWN, None, place, "which one is decided later", ref)
    return Instances(State.KNOWN, items, place, "", ref, "", None, one)


def _by_key(block: Block, found: list[tuple[Instance, Value]], address: str) -> Value:
    place, ref = block.place, Ref(address)
    if len(found) == 1 and not found[0][0].key:
        instance, one = found[0]
        cause = instance.exists.because[0] if instance.exists.because else None
        reason = (cause.reason if cause is not None else "") or "its for_each is unknown"
        decided_by = cause.decided_by if cause is not None else ""
        return Instances(State.UNKNOWN, None, place, reason, ref, decided_by, None, one)
    values = {instance.name: value for instance, value in found}
    any_of_them = Value(State.UNKNOWN, None, place, "which one is decided later", ref)
    return Instances(State.KNOWN, Body.of(values, place), place, "", ref, "", None, any_of_them)


def _denies_null(block: Block) -> bool:
    said = block.attributes.get("nullable")
    return said is not None and said.text == "false"
