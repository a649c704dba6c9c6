"""What a contract says that does nothing, or that nothing fits: no error, as JSON Schema takes it, but likely a slip."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from garrison.gateway.validation.contract import Contract
from garrison.gateway.validation.decimals import exactly, is_number
from garrison.gateway.validation.schema import Where, step
from garrison.gateway.validation.tensors import Tensors, extent

_DATA: Final = frozenset({"const", "enum", "default", "examples", "example"})  # what stands there is no schema
# Of each pair, the first is not to be more than the second; those with `exclusive` in them not even as much.
_PAIRS: Final = (
    ("minimum", "maximum"),
    ("minimum", "exclusiveMaximum"),
    ("exclusiveMinimum", "maximum"),
    ("exclusiveMinimum", "exclusiveMaximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minContains", "maxContains"),
    ("minProperties", "maxProperties"),
)


def remarks(contract: Contract) -> Iterator[str]:
    """Each with its place."""
    if contract.tensors is not None:
        yield from _of_tensors(contract.tensors, msgspec.structs.replace(contract.where, prefix="/tensors"))
    yield from _of_schema(contract.schema, contract.where)


def _of_tensors(tensors: Tensors, where: Where) -> Iterator[str]:
    for kind, declared in (("inputs", tensors.inputs), ("outputs", tensors.outputs)):
        for number, tensor in enumerate(declared):
            low, high = extent(tensor.datatype)
            said = f"says nothing, as {tensor.datatype} goes from {low} to {high}"
            if tensor.minimum is not None and exactly(tensor.minimum) < exactly(low):
                yield where.told(f"/{kind}/{number}/minimum", f"{tensor.minimum} {said}")
            if tensor.maximum is not None and exactly(tensor.maximum) > exactly(high):
                yield where.told(f"/{kind}/{number}/maximum", f"{tensor.maximum} {said}")


def _of_schema(schema: object, where: Where) -> Iterator[str]:
    todo = [("", schema)]
    while todo:
        pointer, said = todo.pop()
        if isinstance(said, dict):
            for low, high in _PAIRS:
                if is_number(one := said.get(low)) and is_number(other := said.get(high)):
                    strict = "exclusive" in low + high
                    if one > other or (strict and one == other):
                        yield where.told(step(pointer, low), f"nothing fits, as {low} is {one} and {high} is {other}")
            todo += [(step(pointer, key), value) for key, value in said.items() if key not in _DATA]
        elif isinstance(said, list):
            todo += [(step(pointer, number), value) for number, value in enumerate(said)]
