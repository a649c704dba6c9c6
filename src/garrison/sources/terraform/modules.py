"""A module instance: where the names of its folder's expressions are looked up, once each."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from garrison.estate.truth import Truth
from garrison.estate.values import Body, Place, Ref, Source, State, Value, absent, dig, known, unknown
from garrison.sources.terraform.bodies import block_body
from garrison.sources.terraform.evaluation import Env, Expr, failed, guarded
from garrison.sources.terraform.folders import Folder
from garrison.sources.terraform.instances import Instance, both, instances_of
from garrison.sources.terraform.objects import as_object, collected
from garrison.sources.terraform.syntax import Block
from garrison.sources.terraform.variables import converter

if TYPE_CHECKING:
    from garrison.sources.terraform.project import Project

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
        return collected(block, [(i, as_object(block, i, address)) for i in found], address)

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


def _denies_null(block: Block) -> bool:
    said = block.attributes.get("nullable")
    return said is not None and said.text == "false"
