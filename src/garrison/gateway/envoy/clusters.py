"""Where models run: a cluster per upstream, and one per model that bears only so many requests at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from garrison.gateway.envoy import names, residue
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.envoy.tls import server_tls, verified
from garrison.gateway.envoy.typed import Json, duration, extension, typed
from garrison.gateway.file.form import RateService, Upstream
from garrison.gateway.file.urls import address_of
from garrison.gateway.protocols.protocol import Transport

_CONNECT_S = 5.0
# Each worker of Envoy keeps connections of its own. A bound on all of them would have requests wait for one although the model is
# free; so requests are bounded, and those that wait until a new connection is there.
_UNBOUNDED = 2**32 - 1
_PORTS = {"http": 80, "https": 443}
_HTTP = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_DNS = "envoy.extensions.clusters.dns.v3.DnsCluster"


def clusters(plan: Plan) -> list[Json]:
    """All of them, by name."""
    found = [_cluster(plan, name, name, upstream.concurrent) for name, upstream in plan.gateway.upstream.items()]
    found += [
        _cluster(plan, cluster_of(plan, name, model), name, concurrent) for name, model, concurrent in _narrow(plan)
    ]
    found += [
        _key_server(name, jwt.jwks, jwt.ca, plan)
        for name, jwt in plan.gateway.identity.jwt.items()
        if "://" in jwt.jwks and plan.key_sets is None
    ]
    if plan.gateway.limits.service:
        found.append(_rate_service(plan, plan.gateway.limits.service))
    service = residue.cluster(plan)
    return sorted(found if service is None else [*found, service], key=lambda cluster: str(cluster["name"]))


def cluster_of(plan: Plan, upstream: str, model: str) -> str:
    """The cluster of a model: its own where its limits ask for it, else that of its upstream."""
    said = plan.gateway.model[model].limits.concurrent
    return f"{upstream}/{model}" if said else upstream


def key_server(issuer: str) -> str:
    """The cluster of an issuer's keys."""
    return f"jwks/{issuer}"


def host_of(upstream: Upstream) -> str:
    """What stands in the Host header that it gets."""
    return urlsplit(upstream.url).netloc


def _narrow(plan: Plan) -> Iterator[tuple[str, str, int]]:
    for name, model in plan.gateway.model.items():
        if model.limits.concurrent:
            for upstream in model.upstreams:
                yield upstream, name, model.limits.concurrent


def _cluster(plan: Plan, name: str, upstream_name: str, concurrent: int) -> Json:
    upstream = plan.gateway.upstream[upstream_name]
    spoken = [mount.protocol for mount in plan.mounts if upstream_name in mount.upstreams]
    grpc = any(protocol.transport is Transport.GRPC for protocol in spoken)
    versions: dict[str, Any] = {"http2_protocol_options": {}} if grpc else {"http_protocol_options": {}}
    options = {"explicit_http_config": versions, "common_http_protocol_options": {"idle_timeout": "60s"}}
    made = {
        **_at(name, upstream.url),
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": _UNBOUNDED,
                    "max_pending_requests": concurrent,
                    "max_requests": concurrent,
                    "max_retries": 1,
                    "track_remaining": True,
                }
            ]
        },
        "per_connection_buffer_limit_bytes": 1024 * 1024,
        "typed_extension_protocol_options": {_HTTP: typed(_HTTP, **options)},
    }
    if upstream.url.startswith("https:"):
        made["transport_socket"] = server_tls(plan, upstream.url, upstream.tls, grpc=grpc)
    return made


def _key_server(name: str, url: str, ca: str, plan: Plan) -> Json:
    made = _at(key_server(name), url)
    if url.startswith("https:"):
        made["transport_socket"] = verified(urlsplit(url).hostname or "", ca and plan.file(ca))
    return made


def _rate_service(plan: Plan, service: RateService) -> Json:
    made = _at(names.LIMIT_SHARED, service.url)
    options: Json = {"explicit_http_config": {"http2_protocol_options": {}}}
    made["typed_extension_protocol_options"] = {_HTTP: typed(_HTTP, **options)}
    if service.url.startswith("https:"):
        made["transport_socket"] = server_tls(plan, service.url, service.tls, grpc=True)
    return made


def _at(name: str, url: str) -> Json:
    """A cluster that is found by an address, or by a name that is looked up again and again."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    endpoint = {"endpoint": {"address": {"socket_address": {"address": host, "port_value": port}}}}
    # A name is looked up again as often as its record says. Of one that has both, Envoy would else take only the IPv6
    # addresses, at which many a server does not listen, as at that of localhost.
    looked_up = extension("dns", _DNS, respect_dns_ttl=True, dns_lookup_family="V4_PREFERRED")
    return {
        "name": name,
        **({"type": "STATIC"} if address_of(host) else {"cluster_type": looked_up}),
        "connect_timeout": duration(_CONNECT_S),
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def socket_cluster(name: str, path: str) -> Json:
    """Something that listens on a Unix socket of this machine."""
    endpoint = {"endpoint": {"address": {"pipe": {"path": path}}}}
    load = {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]}
    return {"name": name, "type": "STATIC", "connect_timeout": "1s", "load_assignment": load}
