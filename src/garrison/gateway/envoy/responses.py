"""What the gateway itself answers, in the form of the protocol that was spoken, and what it lets upstreams say."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from garrison.gateway.envoy import names
from garrison.gateway.envoy.bounds import of_callers, of_model
from garrison.gateway.envoy.limits import NEVER_EMPTY
from garrison.gateway.envoy.lua_text import literal, shipped
from garrison.gateway.envoy.plan import Mount, Plan
from garrison.gateway.envoy.typed import HEADER_MUTATION, Json, extension
from garrison.gateway.protocols.protocol import Transport
from garrison.gateway.protocols.refusal import MESSAGES, Refusals
from garrison.gateway.response.headers import headers as known_headers
from garrison.gateway.response.headers import traces

_REFUSED: Final = "the model server refused the request"
_OF_REQUESTS: Final = range(400, 500)
PLAIN = Refusals(body='{"error": "{message} (request {request_id})"}')


def local_replies(plan: Plan) -> dict[str, Any]:
    """The `LocalReplyConfig`: what our filters say is kept, what Envoy says of itself is replaced."""
    spoken = {mount.protocol.name: mount.protocol.refusals for mount in plan.mounts}
    mappers = []
    for name, refusals in sorted(spoken.items()):
        header = {"name": names.PROTOCOL, "string_match": {"exact": name}}
        here: Json = {"header_filter": {"header": header}}
        mappers.append(_too_large(plan, here, refusals))
        mappers += refusals.envoy_mappers(here, _ours())
    # Requests that no protocol is known of.
    mappers += PLAIN.envoy_mappers(
        {"header_filter": {"header": {"name": names.PROTOCOL, "present_match": True, "invert_match": True}}}, _ours()
    )
    return {"mappers": mappers}


def upstream_errors(plan: Plan) -> str:
    """Lua by which what an upstream says of its own failure stays inside, and what is too large does not go out.

    It stands in the filter of `ask`, as a filter more would cost more than it does.
    """
    spoken = {mount.protocol.name: mount.protocol for mount in plan.mounts}
    filled = {
        "FORMS": {name: _instead(said.refusals) for name, said in spoken.items()},
        "SMALLEST": _smallest_bytes(plan),
        "TRACES": list(traces()),
        "UNLIMITED": str(NEVER_EMPTY["max_tokens"]) if plan.rates["client"] else None,
        "GRPC": any(said.transport is Transport.GRPC for said in spoken.values()),
    }
    values = "\n".join(f"local {name} = {literal(value)}" for name, value in filled.items())
    return "\n".join([values, shipped("whole"), shipped("errors")])


def answers_on(mount: Mount, response_kb: int, *, streams: bool, reduced: bool) -> Json:
    """What a route says of its answers, for that Lua; `reduced` where what a server says of a wrong request stays inside."""
    said = {"protocol": mount.protocol.name, "answer_bytes": response_kb * 1024}
    return {"filter_metadata": {names.ASK: {**said, "streams": streams, "reduced": reduced}}}


def _smallest_bytes(plan: Plan) -> int:
    """The least that any answer is held to."""
    of_models = (of_model(plan.gateway, model) for model in ("", *plan.gateway.model))
    return min(bound.response_kb for bound in (*of_models, *of_callers(plan.gateway))) * 1024


def answers_named() -> list[Json]:
    """The `response_headers_to_add` by which that Lua knows what clients can ask about."""
    header = {"key": "x-request-id", "value": "%REQUEST_HEADER(X-REQUEST-ID)%"}
    return [{"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}]


def _instead(refusals: Refusals) -> dict[str, Any]:
    """Errors, by status, in which the id of the request is left open."""
    grpc = refusals.words["502"].grpc if refusals.words else None
    said = {502: MESSAGES[502]} | {status: _REFUSED for status in MESSAGES if status in _OF_REQUESTS}
    filled = {status: refusals.error(status, message, "{request_id}") for status, message in said.items()}
    return {
        "content_type": refusals.content_type,
        "bodies": {
            str(status): error if isinstance(error, str) else msgspec.json.encode(error).decode()
            for status, error in filled.items()
        },
        "grpc": None if grpc is None else str(grpc),
    }


def _too_large(plan: Plan, here: Json, refusals: Refusals) -> Json:
    """The `ResponseMapper` for an answer that did not tell its length and does not fit where it would be looked into.

    Envoy answers that itself, past all filters.
    """
    matcher = {
        "filter": names.METADATA,
        "path": [{"key": "reason"}],
        "value": {"string_match": {"exact": "answer-too-large"}},
    }
    said = {"metadata_filter": {"matcher": matcher, "match_if_key_not_found": False}}
    return {
        "filter": {"and_filter": {"filters": [here, said]}},
        "status_code": 502,
        "body": {"inline_string": MESSAGES[502]},
        "body_format_override": refusals.envoy_format(502),
        "headers_to_add": [*answers_named(), *_carried(plan)],
    }


def headers(plan: Plan) -> Json:
    """What every answer carries, and what none does."""
    mutations: list[Json] = [{"remove": name} for name in known_headers().remove]
    mutations += [{"append": header} for header in _carried(plan)]
    return extension(names.HEADERS, HEADER_MUTATION, mutations={"response_mutations": mutations})


def _carried(plan: Plan) -> list[Json]:
    said = known_headers()
    over_tls = all(listener.tls for listener in plan.gateway.listener.values())
    always = said.set | (said.set_over_tls if over_tls else {})
    how = "OVERWRITE_IF_EXISTS_OR_ADD"
    return [{"header": {"key": k, "value": v}, "append_action": how} for k, v in sorted(always.items())]


def _ours() -> dict[str, Any]:
    matcher = {"filter": names.METADATA, "path": [{"key": "reason"}], "value": {"present_match": True}}
    return {"metadata_filter": {"matcher": matcher, "match_if_key_not_found": False}}
