"""Where clients connect, and the order in which a request is judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from garrison.gateway.envoy import names
from garrison.gateway.envoy.ask import ask
from garrison.gateway.envoy.authorisation import mark, require, table
from garrison.gateway.envoy.bodies import answers, body, buffer, kept_bytes, stream_size
from garrison.gateway.envoy.limits import limit_chosen, limit_client, limit_held, limit_ip, limit_shared, limit_slots
from garrison.gateway.envoy.logs import logs
from garrison.gateway.envoy.model import name_model
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.envoy.quota import quota, tokens_told
from garrison.gateway.envoy.residue import residue
from garrison.gateway.envoy.responses import headers, local_replies
from garrison.gateway.envoy.tls import listener_tls
from garrison.gateway.envoy.tokens import tokens
from garrison.gateway.envoy.typed import Json, duration, extension, socket_address
from garrison.gateway.file.form import Listener

_HCM = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = extension("garrison.router", "envoy.extensions.filters.http.router.v3.Router")
_KEPT_BYTES = 1024 * 1024  # of what is on its way through

_STRIPPED = (names.PREFIX, "x-envoy-")

Place = Callable[[Json], Json]  # how a filter that can be pushed stands in the chain
Secret = Callable[[str], Json]  # how a certificate of that name is come by


def filters(plan: Plan, place: Place) -> list[Json]:
    """The whole chain. Nothing in it comes after the last requirement but the mark for the log and the router."""
    ahead = [limit_ip(plan), tokens(plan), ask(plan)]
    sizes = [buffer(plan), stream_size(plan)]
    named = [name_model(plan), table(plan), quota(plan)]
    decided = [limit_shared(plan), residue(plan), body(plan), answers(plan), tokens_told(plan)]
    slots = [place(slot) for slot in limit_slots(plan)]
    return [
        headers(plan),
        *(place(made) for made in ahead if made is not None),
        *(made for made in sizes if made is not None),
        place(limit_client(plan)),
        limit_held(slots),
        *(place(limit_chosen(plan, kind, slots)) for kind in ("client", "role")),
        *(place(made) for made in named if made is not None),
        place(limit_chosen(plan, "model", slots)),
        *(place(made) for made in decided if made is not None),
        require(),
        mark(),
        _ROUTER,
    ]


def listeners(plan: Plan, place: Place, secret: Secret, routes: dict[str, Any]) -> list[Json]:
    """All of them, by name."""
    return [
        _listener(plan, name, listener, _manager(plan, name, place, routes), secret)
        for name, listener in sorted(plan.gateway.listener.items())
    ]


def _listener(plan: Plan, name: str, listener: Listener, manager: Json, secret: Secret) -> Json:
    chain: dict[str, Any] = {"filters": [{"name": "http", "typed_config": manager}]}
    inspector = []
    if listener.tls is not None:
        chain["transport_socket"] = listener_tls(name, listener.tls, secret)
        chain["transport_socket_connect_timeout"] = duration(plan.gateway.limits.header_timeout_s)
        inspector = [
            extension("tls", "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"),
        ]
    return {
        "name": name,
        "address": socket_address(listener.address),
        "filter_chains": [chain],
        "listener_filters": inspector,
        "per_connection_buffer_limit_bytes": max(kept_bytes(plan), _KEPT_BYTES),
        "max_connections_to_accept_per_socket_event": 16,
    }


def _strip() -> Json:
    """Takes away, before anything looks at a request, what only the gateway or a proxy of ours may say.

    Envoy obeys `x-envoy-` of clients with private addresses: they could change timeouts, or have requests repeated.
    """
    prefixes = [{"remove_on_match": {"key_matcher": {"prefix": prefix, "ignore_case": True}}} for prefix in _STRIPPED]
    kind = "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"
    return extension("strip", kind, mutations=[*prefixes, {"remove": "x-request-id"}])


def _manager(plan: Plan, name: str, place: Place, routes: dict[str, Any]) -> Json:
    limits, running = plan.gateway.limits, plan.gateway.gateway
    manager = {
        "stat_prefix": name,
        "codec_type": "AUTO",
        **routes,
        "http_filters": filters(plan, place),
        "access_log": logs(plan, name, plan.log or str(plan.loaded.log.resolve())),
        "early_header_mutation_extensions": [_strip()],
        "local_reply_config": local_replies(plan),
        # Paths are decided on as they are understood by everyone (RFC 3986, section 6.2.2), or not at all.
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "server_header_transformation": "PASS_THROUGH",
        "use_remote_address": True,
        "xff_num_trusted_hops": running.trusted_proxies,
        "skip_xff_append": False,
        "generate_request_id": True,
        "preserve_external_request_id": False,
        "always_set_request_id_in_response": True,
        "strip_any_host_port": True,
        "request_headers_timeout": duration(limits.header_timeout_s),
        "request_timeout": duration(limits.body_timeout_s),
        "stream_idle_timeout": duration(limits.idle_timeout_s),
        "drain_timeout": duration(min(5.0, running.drain_s)),
        "max_request_headers_kb": limits.header_kb,
        "common_http_protocol_options": {
            "idle_timeout": duration(limits.idle_timeout_s),
            "max_headers_count": limits.header_count,
            "headers_with_underscores_action": "REJECT_REQUEST",
        },
        "http_protocol_options": {"accept_http_10": False},
        "http2_protocol_options": {
            "max_concurrent_streams": limits.streams,
            "initial_stream_window_size": 65_536,
            "initial_connection_window_size": 1_048_576,
        },
        "stream_error_on_invalid_http_message": False,
    }
    return {"@type": f"type.googleapis.com/{_HCM}", **manager}
