"""Bodies held against schemas, in Lua that runs inside the data plane.

`prelude` is what all validators share; put it once before them. Each validator is an expression of Lua, a function of the
body that answers true, or false and a message: the JSON pointer of where, and what was expected there, never the value.
An error that is not the body's fault is raised: call it in `pcall`, and refuse the request.
"""

from __future__ import annotations

from importlib import resources

import msgspec

from garrison.gateway.validation.emit import emit
from garrison.gateway.validation.schema import Where, read

_NOWHERE = Where()


class Limits(msgspec.Struct, frozen=True):
    """What no body may exceed, whatever its schema says."""

    size_bytes: int = 1 << 20
    depth: int = 64


_DEFAULT = Limits()


def prelude() -> str:
    """Lua statements that define `garrison`, which every validator of the chunk uses."""
    return f"local garrison = {{}}\ngarrison.json = (function()\n{_library('json.lua')}end)()\n"


def validator(schema: object, *, where: Where = _NOWHERE, limits: Limits = _DEFAULT) -> str:
    """A schema as an expression of Lua: a function of a body. Raises ConfigError."""
    code = emit(read(schema, where), limits.depth)
    return (
        f"(function(J)\n{code}\n"
        f"return function(body) return J.check(root, body, {limits.size_bytes}, {limits.depth}) end\nend)(garrison.json)"
    )


def lua(schema: object, *, where: Where = _NOWHERE, limits: Limits = _DEFAULT) -> str:
    """One schema as a chunk of its own, which returns a table with `validate`. Raises ConfigError."""
    return f"{prelude()}return {{ validate = {validator(schema, where=where, limits=limits)} }}\n"


def _library(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text("utf-8")
