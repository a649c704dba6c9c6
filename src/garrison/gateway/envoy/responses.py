"""What the gateway itself answers, in the form of the protocol that was spoken, and what it lets upstreams say."""

from __future__ import annotations

from typing import Any

from garrison.gateway.envoy import names
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.envoy.typed import Json, extension
from garrison.gateway.protocols.refusal import MESSAGES, Refusals
from garrison.gateway.response.headers import headers as known_headers

_INPUTS = "envoy.type.matcher.v3"
_CUSTOM = "envoy.extensions.filters.http.custom_response.v3.CustomResponse"
_LOCAL = "envoy.extensions.http.custom_response.local_response_policy.v3.LocalResponsePolicy"
_PLAIN = Refusals(body='{"error": "{message} (request {request_id})"}')


def local_replies(plan: Plan) -> dict[str, Any]:
    """The `LocalReplyConfig`: what our filters say is kept, what Envoy says of itself is replaced."""
    spoken = {mount.protocol.name: mount.protocol.refusals for mount in plan.mounts}
    mappers = []
    for name, refusals in sorted(spoken.items()):
        header = {"name": names.PROTOCOL, "string_match": {"exact": name}}
        mappers += refusals.envoy_mappers({"header_filter": {"header": header}}, _ours())
    # Requests that no protocol is known of.
    mappers += _PLAIN.envoy_mappers(
        {"header_filter": {"header": {"name": names.PROTOCOL, "present_match": True, "invert_match": True}}}, _ours()
    )
    return {"mappers": mappers}


def upstream_errors() -> Json:
    """What an upstream says of its own failure stays inside: the client gets the id of the request to ask about."""
    instead = extension("replace", _LOCAL, status_code=502, body={"inline_string": MESSAGES[502]})
    own = extension("local", f"{_INPUTS}.HttpResponseLocalReplyMatchInput")
    from_upstream = {"matcher_tree": {"input": own, "exact_match_map": {"map": {"false": {"action": instead}}}}}
    failed = extension("status", f"{_INPUTS}.HttpResponseStatusCodeClassMatchInput")
    matcher = {"matcher_tree": {"input": failed, "exact_match_map": {"map": {"5xx": {"matcher": from_upstream}}}}}
    return extension(names.ERRORS, _CUSTOM, custom_response_matcher=matcher)


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
