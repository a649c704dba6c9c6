"""A resource as the estate asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from garrison.estate.truth import Truth
from garrison.estate.values import Body, Place, State, Value, dig, unknown
from garrison.sources.terraform.bodies import block_body
from garrison.sources.terraform.evaluation import TOO_DEEP, guarded
from garrison.sources.terraform.instances import Instance

if TYPE_CHECKING:
    from garrison.sources.terraform.modules import Module
    from garrison.sources.terraform.syntax import Block


class TerraformResource:
    """One instance of a resource block in one instance of a module."""

    __slots__ = ("_block", "_value", "address", "condition", "exists", "root", "type")

    format = "terraform"

    def __init__(self, module: Module, block: Block, instance: Instance) -> None:
        from garrison.sources.terraform.modules import both

        self._block = block
        self.type, self.root = block.labels[0], module.root
        self.address = f"{module.prefix}{'.'.join(block.labels)}{instance.key}"
        self.exists: Truth = module.exists & instance.exists
        self.condition = both(module.condition, instance.condition)
        body = block_body(block, instance.env)
        self._value = Value(State.KNOWN, body, None)

    @property
    def place(self) -> Place:
        """The whole block."""
        return self._block.place

    def at(self, path: tuple[str, ...]) -> Value:
        """See `Resource`."""
        try:
            return dig(self._value, path)
        except RecursionError:
            return unknown(TOO_DEEP, self.place)

    def __repr__(self) -> str:
        return self.address


__all__ = ["Body", "TerraformResource", "guarded"]
