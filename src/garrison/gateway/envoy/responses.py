"""What the gateway itself answers, in the form of the protocol that was spoken."""

from __future__ import annotations

from typing import Any

from garrison.gateway.envoy import names
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.protocols.refusal import Refusals

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


def _ours() -> dict[str, Any]:
    matcher = {"filter": names.METADATA, "path": [{"key": "reason"}], "value": {"present_match": True}}
    return {"metadata_filter": {"matcher": matcher, "match_if_key_not_found": False}}
