"""A resource as the estate asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from garrison.estate.truth import Truth
from garrison.estate.values import Body, Place, State, Value, dig, unknown
from garrison.sources.terraform.bodies import block_body
from garrison.sources.terraform.evaluation import TOO_DEEP, guarded
from garrison.sources.terraform.functions.mappings import merged
from garrison.sources.terraform.instances import Instance, both

if TYPE_CHECKING:
    from garrison.sources.terraform.modules import Module
    from garrison.sources.terraform.syntax import Block


class TerraformResource:
    """One instance of a resource block in one instance of a module."""

    __slots__ = ("_block", "_env", "_module", "_value", "address", "condition", "exists", "root", "type")

    format = "terraform"

    def __init__(self, module: Module, block: Block, instance: Instance) -> None:
        self._module, self._block, self._env = module, block, instance.env
        self._value: Value | None = None  # its body, made when first asked for
        self.type, self.root = block.labels[0], module.root
        self.address = f"{module.prefix}{'.'.join(block.labels)}{instance.key}"
        self.exists: Truth = module.exists & instance.exists
        self.condition = both(module.condition, instance.condition)

    @property
    def place(self) -> Place:
        """The whole block."""
        return self._block.place

    def at(self, path: tuple[str, ...]) -> Value:
        """See `Resource`."""
        value = self._value
        if value is None:
            body = _tagged(self._module, self._block, block_body(self._block, self._env))
            value = self._value = Value(State.KNOWN, body)
        try:
            return dig(value, path)
        except RecursionError:
            return unknown(TOO_DEEP, self.place)

    def __repr__(self) -> str:
        return self.address


_TAGS = {"aws": "tags", "google": "labels", "google-beta": "labels"}


def _tagged(module: Module, block: Block, body: Body) -> Body:
    """The body with the tags its provider puts on everything; its own come first."""
    said = block.attributes.get("provider")
    name = said.text.strip('"') if said is not None else block.labels[0].partition("_")[0]
    attribute = _TAGS.get(name.partition(".")[0])
    default = module.default_tags(name) if attribute is not None else None
    if default is None:
        return body

    def child(asked: str) -> Value:
        own = body.child(asked)
        return merged((default, own), own.place or block.place) if asked == attribute else own

    return Body(guarded(child, block.place), lambda: tuple(dict.fromkeys((*body.keys(), str(attribute)))))
