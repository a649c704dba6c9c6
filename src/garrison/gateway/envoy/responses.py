"""What the gateway itself answers, in the form of the protocol that was spoken, and what it lets upstreams say."""

from __future__ import annotations

from typing import Any

import msgspec

from garrison.gateway.envoy import names
from garrison.gateway.envoy.lua_text import literal, shipped
from garrison.gateway.envoy.plan import Mount, Plan
from garrison.gateway.envoy.typed import Json, extension
from garrison.gateway.protocols.refusal import MESSAGES, Refusals
from garrison.gateway.response.headers import headers as known_headers

PLAIN = Refusals(body='{"error": "{message} (request {request_id})"}')


def local_replies(plan: Plan) -> dict[str, Any]:
    """The `LocalReplyConfig`: what our filters say is kept, what Envoy says of itself is replaced."""
    spoken = {mount.protocol.name: mount.protocol.refusals for mount in plan.mounts}
    mappers = []
    for name, refusals in sorted(spoken.items()):
        header = {"name": names.PROTOCOL, "string_match": {"exact": name}}
        mappers += refusals.envoy_mappers({"header_filter": {"header": header}}, _ours())
    # Requests that no protocol is known of.
    mappers += PLAIN.envoy_mappers(
        {"header_filter": {"header": {"name": names.PROTOCOL, "present_match": True, "invert_match": True}}}, _ours()
    )
    return {"mappers": mappers}


def upstream_errors(plan: Plan) -> str:
    """Lua by which what an upstream says of its own failure stays inside: the client gets an error of the gateway's.

    It stands in the filter of `ask`, as a filter more would cost more than it does.
    """
    spoken = {mount.protocol.name: mount.protocol.refusals for mount in plan.mounts}
    forms = {name: {"content_type": said.content_type, "body": _instead(said)} for name, said in spoken.items()}
    return f"local FORMS = {literal(forms)}\n{shipped('errors')}"


def spoken_on(mount: Mount) -> Json:
    """What a route says of its protocol, for the Lua of upstreams' errors."""
    return {"filter_metadata": {names.ASK: {"protocol": mount.protocol.name}}}


def _instead(refusals: Refusals) -> str:
    said = refusals.error(502, MESSAGES[502], "in the header x-request-id")
    return said if isinstance(said, str) else msgspec.json.encode(said).decode()


def headers(plan: Plan) -> Json:
    """What every answer carries, and what none does."""
    said = known_headers()
    always = dict(said.set)
    if all(listener.tls for listener in plan.gateway.listener.values()):
        always |= said.set_over_tls
    mutations: list[Json] = [{"remove": name} for name in said.remove]
    mutations += [
        {"append": {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}}
        for key, value in sorted(always.items())
    ]
    kind = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation"
    return extension(names.HEADERS, kind, mutations={"response_mutations": mutations})


def _ours() -> dict[str, Any]:
    matcher = {"filter": names.METADATA, "path": [{"key": "reason"}], "value": {"present_match": True}}
    return {"metadata_filter": {"matcher": matcher, "match_if_key_not_found": False}}
