"""How Envoy's configuration is written: messages by their protobuf name, filters by a name of ours."""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]

LUA: Final = "envoy.extensions.filters.http.lua.v3.Lua"
LUA_PER_ROUTE: Final = "envoy.extensions.filters.http.lua.v3.LuaPerRoute"
HEADER_MUTATION: Final = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation"
RBAC: Final = "envoy.extensions.filters.http.rbac.v3.RBAC"


# Garbage is collected when there is four times what is in use, not twice: that is half as often, and 2 to 4 % of a request.
_SELDOM: Final = 'collectgarbage("setpause", 400)'


def typed(kind: str, /, **fields: Any) -> Json:
    """A `google.protobuf.Any` of a message."""
    return {"@type": f"type.googleapis.com/{kind}", **fields}


def extension(name: str, kind: str, /, **fields: Any) -> Json:
    """A `TypedExtensionConfig`, or a filter."""
    return {"name": name, "typed_config": typed(kind, **fields)}


def lua(name: str, code: str) -> Json:
    """A Lua filter of our own code; nobody else's is ever run, as Envoy's Lua can open files and run programs.

    Code that changes where a request goes says so (`clearRouteCache`): else each header that is set would have Envoy look again.
    """
    source = {"inline_string": f"{_SELDOM}\n{code}"}
    stat = name.rpartition(".")[2]
    return extension(name, LUA, default_source_code=source, stat_prefix=stat, clear_route_cache=False)


def header_input(name: str) -> Json:
    """What a matching tree looks at: a header of the request."""
    return extension("header", "envoy.type.matcher.v3.HttpRequestHeaderMatchInput", header_name=name)


def exactly(header: str, answers: Json) -> Json:
    """An `xds.type.matcher.v3.Matcher` that takes the value of a header to an answer in one step, however many."""
    return {"matcher_tree": {"input": header_input(header), "exact_match_map": {"map": answers}}}


def beginning(header: str, answers: Json) -> Json:
    """The same for how a value begins."""
    return {"matcher_tree": {"input": header_input(header), "prefix_match_map": {"map": answers}}}


def duration(seconds: float) -> str:
    """A `google.protobuf.Duration`."""
    return f"{seconds:.9f}".rstrip("0").rstrip(".") + "s"


def socket_address(address: str) -> Json:
    """`HOST:PORT`, or `[HOST]:PORT`, as Envoy has it."""
    host, _, port = address.rpartition(":")
    return {"socket_address": {"address": host.strip("[]"), "port_value": int(port)}}
