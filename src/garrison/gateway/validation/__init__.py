"""Bodies held against schemas, in Lua that runs inside the data plane.

`prelude` is what all validators share; put it once before them. Each validator is an expression of Lua, a function of the
body that answers true, or false and a message: the JSON pointer of where, and what was expected there, never the value.
The message may hold names of the schema: quote it (`garrison.json.quote`) where it becomes JSON. An error that is not the
body's fault is raised: call it in `pcall`, and refuse the request.

Whatever the schema says, a body is refused that is not UTF-8 or not JSON to the letter (RFC 8259), that has a key twice
after its escapes are read, half a surrogate pair, a byte order mark, anything behind its value, a number that a double
cannot hold (too large, or so small that it would be read as zero), or more bytes or nesting than its limits. Numbers are
compared as the decimals they are written as, so that bounds beyond 2^53 hold to the last digit.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import msgspec

from garrison.gateway.validation import tensors as _tensors
from garrison.gateway.validation.contract import Contract
from garrison.gateway.validation.emit import emit
from garrison.gateway.validation.schema import Where, read
from garrison.gateway.validation.tensors import Tensors

_NOWHERE = Where()
_LIBRARIES = ("json", "runs", "schema", "v2", "completions", "carries")


class Limits(msgspec.Struct, frozen=True):
    """What no body may exceed, whatever its schema says."""

    size_bytes: int = 1 << 20
    depth: int = 64


_DEFAULT = Limits()


@cache
def prelude() -> str:
    """Lua statements that define `garrison`, which every validator of the chunk uses."""
    here = resources.files(__name__)
    parts = [
        f"garrison.{name} = (function(J)\n{here.joinpath(f'{name}.lua').read_text('utf-8')}end)(garrison.json)\n"
        for name in _LIBRARIES
    ]
    return f"local garrison = {{}}\n{''.join(parts)}garrison.v2.datatypes = {_tensors.datatypes()}\n"


def validator(schema: object, *, where: Where = _NOWHERE, limits: Limits = _DEFAULT) -> str:
    """A JSON Schema as an expression of Lua: a function of a body. Raises ConfigError."""
    return (
        f"(function()\n{emit(read(schema, where))}\n"
        f"return function(body) return S.check(root, body, {limits.size_bytes}, {limits.depth}) end\nend)()"
    )


def tensor_validator(
    tensors: Tensors, *, schema: object = None, where: Where = _NOWHERE, limits: Limits = _DEFAULT
) -> str:
    """A function of a body and its Inference-Header-Content-Length (nil where there is none).

    A schema is held against the JSON alone, beside what the tensors say. Raises ConfigError.
    """
    _tensors.check(tensors, where)
    inner = None if schema is None else validator(schema, where=where, limits=limits)
    declared = _tensors.declaration(tensors, size_bytes=limits.size_bytes, depth=limits.depth, schema=inner)
    return f"(function(declared)\nreturn function(body, length) return garrison.v2.check(declared, body, length) end\nend)({declared})"


def completion_validator(*, schema: object = None, where: Where = _NOWHERE, limits: Limits = _DEFAULT) -> str:
    """A function of an OpenAI-compatible body: on success true and a table of what a decision needs of it.

    That is `model`, and `stream`, `max_tokens`, `max_completion_tokens`, `max_output_tokens`, `n` where they are said.
    Raises ConfigError.
    """
    inner = "nil" if schema is None else validator(schema, where=where, limits=limits)
    return (
        "(function(schema)\nreturn function(body) return garrison.completions.check"
        f"(body, {limits.size_bytes}, {limits.depth}, schema) end\nend)({inner})"
    )


def contract_validator(contract: Contract, *, tensors: bool, json_outputs: bool, limits: Limits = _DEFAULT) -> str:
    """What a file says of a model, for bodies that are V2 requests or for any JSON.

    `json_outputs` says that a response policy is in force, which binary outputs would pass by. Raises ConfigError.
    """
    if not tensors and contract.tensors is None:
        return validator(contract.schema, where=contract.where, limits=limits)
    if not tensors:
        contract.where.wrong("", "tensors are declared for a model of another protocol", "write a JSON Schema")
    declared = msgspec.structs.replace(contract.tensors or Tensors(), json_outputs=json_outputs)
    return tensor_validator(declared, schema=contract.schema, where=contract.where, limits=limits)


def lua(schema: object, *, where: Where = _NOWHERE, limits: Limits = _DEFAULT) -> str:
    """One schema as a chunk of its own, which returns a table with `validate`. Raises ConfigError."""
    return f"{prelude()}return {{ validate = {validator(schema, where=where, limits=limits)} }}\n"
