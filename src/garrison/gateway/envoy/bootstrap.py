"""What Envoy is started with: who it is, what it watches, and when it is too busy."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any, Final

from garrison.gateway.envoy.plan import Plan
from garrison.gateway.envoy.typed import Json, extension, socket_address

_MONITORS = "envoy.resource_monitors"
_ADMIN = "admin"
# Without these, up to 64 KB of the audit feed wait up to 10 s in memory, and are lost if Envoy is killed.
FLUSH: Final = ("--file-flush-interval-msec", "50", "--file-flush-min-size-kb", "1")


def arguments(at: PurePath, *, workers: int, drain_s: float) -> list[str]:
    """What Envoy is started with, whoever starts it; `at` is its bootstrap."""
    drain = ("--drain-time-s", str(max(1, round(drain_s))), "--drain-strategy", "immediate")
    concurrency = ("--concurrency", str(workers)) if workers else ()
    return ["-c", str(at), "--disable-hot-restart", "--log-level", "warn", *FLUSH, *drain, *concurrency]


def bootstrap(plan: Plan, admin_socket: str) -> Json:
    """Without listeners, clusters and routes of models."""
    from garrison.gateway.envoy.clusters import socket_cluster

    metrics = plan.gateway.gateway.metrics
    static = {"clusters": [socket_cluster(_ADMIN, admin_socket)], "listeners": [_metrics(metrics)]} if metrics else {}
    return {
        "node": {"id": "garrison", "cluster": "garrison"},
        "admin": {"address": {"pipe": {"path": admin_socket, "mode": 0o600}}},
        "overload_manager": _overload(plan),
        "static_resources": static,
    }


def _overload(plan: Plan) -> Json:
    """Before memory or connections run out, Envoy takes no more of them."""
    limits = plan.gateway.limits
    heap, connections = f"{_MONITORS}.fixed_heap", f"{_MONITORS}.global_downstream_max_connections"
    return {
        "refresh_interval": "0.25s",
        "resource_monitors": [
            extension(
                heap,
                "envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
                max_heap_size_bytes=limits.memory_mb * 1024 * 1024,
            ),
            extension(
                connections,
                "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                max_active_downstream_connections=limits.connections,
            ),
        ],
        "actions": [
            _action("shrink_heap", heap, 0.9),
            _action("disable_http_keepalive", heap, 0.95),
            _action("stop_accepting_requests", heap, 0.97),
            _action("stop_accepting_connections", heap, 0.98),
        ],
    }


def _action(name: str, monitor: str, value: float) -> dict[str, Any]:
    return {"name": f"envoy.overload_actions.{name}", "triggers": [{"name": monitor, "threshold": {"value": value}}]}


def _metrics(address: str) -> Json:
    """Prometheus and a probe, without the rest of what the admin interface can do."""
    methods = [{"name": ":method", "string_match": {"exact": "GET"}}]
    routes = [
        {"match": {"path": path, "headers": methods}, "route": {"cluster": _ADMIN, "prefix_rewrite": inner}}
        for path, inner in (("/metrics", "/stats/prometheus"), ("/ready", "/ready"))
    ]
    manager = extension(
        "http",
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="metrics",
        route_config={"name": "metrics", "virtual_hosts": [{"name": "metrics", "domains": ["*"], "routes": routes}]},
        http_filters=[extension("router", "envoy.extensions.filters.http.router.v3.Router")],
        request_headers_timeout="5s",
        stream_idle_timeout="30s",
        common_http_protocol_options={"idle_timeout": "60s", "max_headers_count": 50},
    )
    return {"name": "metrics", "address": socket_address(address), "filter_chains": [{"filters": [manager]}]}
