"""What may stand in a body: its size, and for models with a schema or a response policy all of it."""

from __future__ import annotations

from garrison.gateway import response, validation
from garrison.gateway.digests import PREFIX, words
from garrison.gateway.envoy import names
from garrison.gateway.envoy.bounds import of_model
from garrison.gateway.envoy.lua_text import literal, shipped
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.envoy.typed import LUA_PER_ROUTE, Json, extension, lua, typed

_BUFFER = "envoy.extensions.filters.http.buffer.v3.Buffer"
_BUFFER_PER_ROUTE = "envoy.extensions.filters.http.buffer.v3.BufferPerRoute"
_SIZE = "envoy.extensions.filters.http.body_size_limit.v3.BodySizeLimit"


def buffer(plan: Plan) -> Json:
    """Takes in a whole request, up to what is allowed, before an upstream sees any of it."""
    return extension(names.BUFFER, _BUFFER, max_request_bytes=plan.gateway.limits.request_kb * 1024)


def buffer_on(request_kb: int) -> Json:
    """The size that is taken there."""
    return typed(_BUFFER_PER_ROUTE, buffer={"max_request_bytes": request_kb * 1024})


def buffer_off() -> Json:
    """Where nothing is taken in as a whole."""
    return typed(_BUFFER_PER_ROUTE, disabled=True)


def answers(plan: Plan) -> Json | None:
    """Lets answers that are looked into be as large as they may; None where none are.

    Envoy has one limit for what it keeps of a request and of its answer, which `buffer` sets to that of the request. When the
    request is in, this sets it anew.
    """
    size_bytes = kept_bytes(plan)
    return extension(names.ANSWERS, _BUFFER, max_request_bytes=size_bytes) if size_bytes else None


def kept_bytes(plan: Plan) -> int:
    """How large the largest answer may be that is looked into, and so waits in memory; 0 where none is."""
    models = plan.gateway.model.items()
    looked_into = (
        name for name, model in models if model.response is not None or (model.sample and model.sample.output)
    )
    return max((of_model(plan.gateway, name).response_kb * 1024 for name in looked_into), default=0)


def stream_size(plan: Plan) -> Json | None:
    """The size of streams, which are not buffered."""
    if not any(route.asks_in_stream for mount in plan.mounts for route in mount.protocol.routes):
        return None
    return extension(names.STREAM_SIZE, _SIZE, max_request_bytes=plan.largest_request_bytes)


def body(plan: Plan) -> Json:
    """The filter that looks into bodies, where a route does not turn it off: one, so that all models share its library."""
    if not plan.bodies:
        return lua(names.BODY, "function envoy_on_request() end")
    parts = [validation.prelude(), response.prelude(), _digest(plan), "local BODIES, RULES = {}, nil"]
    parts += [f"BODIES[{literal(mount.name)}] = {{}}" for mount in plan.mounts]
    alike: dict[str, list[tuple[str, str]]] = {}
    for where, rules in sorted(plan.bodies.items()):
        alike.setdefault(rules, []).append(where)
    for rules, places in alike.items():
        parts.append(f"RULES = (function()\n{rules}\nend)()")
        parts += [f"BODIES[{literal(mount)}][{literal(model)}] = RULES" for mount, model in places]
    parts.append(shipped("body"))
    # An answer that nothing is done to costs nothing where no Lua is there for it.
    if any(model.response or model.sample for model in plan.gateway.model.values()):
        parts += [shipped("whole"), shipped("answer")]
    return lua(names.BODY, "\n".join(parts))


def _digest(plan: Plan) -> str:
    """What `body.lua` calls `digest_of`."""
    if not plan.digests:
        return "local digest_of = nil"
    first, second = (f"0x{word:x}ULL" for word in words(plan.digest_key))
    digest = f'function(text) return "{PREFIX}" .. siphash(text, {first}, {second}) end'
    return f"local digest_of = (function()\n{shipped('siphash')}\nreturn {digest}\nend)()"


def lua_off() -> Json:
    """Where a filter of Lua has nothing to do."""
    return typed(LUA_PER_ROUTE, disabled=True)
