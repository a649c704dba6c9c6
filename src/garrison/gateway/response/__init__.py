"""Answers under a policy, in Lua that runs inside the data plane.

`prelude` comes once after that of `garrison.gateway.validation`. A shaper is an expression of Lua: a function of an answer's
body, its content-type, content-encoding and Inference-Header-Content-Length (nil where there is none) and the role of the
client. It answers true and the body that goes out, or false and why the answer could not be read: it is then not let out.
An error is raised: call it in `pcall`, and refuse the answer.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from garrison.gateway.response.policy import Policy, Response, declaration
from garrison.gateway.validation import Limits
from garrison.gateway.validation.carriers import carried, carriers
from garrison.gateway.validation.lua import named

_DEFAULT = Limits(size_bytes=16 << 20)


@cache
def prelude() -> str:
    """Lua statements that define `garrison.shape`; the prelude of `validation` comes before."""
    library = resources.files(__name__).joinpath("shape.lua").read_text("utf-8")
    return f"garrison.shape = (function(J)\n{library}end)(garrison.json)\n"


def shaper(response: Response, *, protocol: str, tensors: bool, limits: Limits = _DEFAULT) -> str:
    """A policy as an expression of Lua, for a protocol by its name; `tensors` where answers are those of V2."""
    by_role = named((role, _declaration(policy, protocol, tensors, limits)) for role, policy in response.role.items())
    return (
        "(function(everybody, roles, carried)\n"
        "return function(body, content_type, content_encoding, json_length, role)\n"
        "  if json_length then return false, 'the answer carries binary tensors' end\n"
        "  local fine, message = carried(content_type, content_encoding)\n"
        "  if not fine then return false, message end\n"
        "  return garrison.shape.check(roles[role or ''] or everybody, body)\n"
        "end\n"
        f"end)({_declaration(response, protocol, tensors, limits)}, {by_role}, {carried(carriers()['json'])})"
    )


def redactor(policy: Policy, *, limits: Limits = _DEFAULT) -> str:
    """A policy for any JSON as an expression of Lua: a function of a text that answers like a shaper."""
    return f"(function(policy) return function(text) return garrison.shape.check(policy, text) end end)({_declaration(policy, '', False, limits)})"


def _declaration(policy: Policy, protocol: str, tensors: bool, limits: Limits) -> str:
    return declaration(policy, protocol=protocol, tensors=tensors, size_bytes=limits.size_bytes, depth=limits.depth)
