"""How often: token buckets of Envoy's own, each kind in a filter that is pushed only when its limits change.

A filter that is pushed begins with full buckets, so keys, policies and quotas are never in one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from garrison.gateway.envoy import names
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.envoy.typed import Json, duration, extension
from garrison.gateway.file.form import Rate

_KIND = "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"
_ALWAYS = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
_NOT_NOW = {"default_value": {"numerator": 0, "denominator": "HUNDRED"}}
_NEVER_EMPTY = {"max_tokens": 1_000_000_000, "tokens_per_fill": 1_000_000_000, "fill_interval": "1s"}
_REMEMBERED = 100_000  # buckets of clients or addresses; the one used longest ago makes room


def limit_ip(plan: Plan) -> Json:
    """Each address, before anything else is done for it."""
    action: Json = {"actions": [{"remote_address": {}}]}
    return _filter(
        names.LIMIT_IP, [action], [{"entries": [{"key": "remote_address"}], **_bucket(plan.gateway.limits.ip)}]
    )


def limit_client(plan: Plan) -> Json:
    """Each client."""
    bucket = {"entries": [{"key": "client"}], **_bucket(plan.gateway.limits.client)}
    return _filter(names.LIMIT_CLIENT, [_by_header(names.CLIENT, "client")], [bucket])


def limit_tightened(plan: Plan) -> Json:
    """Those clients that are held to less for a while. It is there for all, so that nobody's connection ends when it changes."""
    buckets = [
        {"entries": [{"key": "client", "value": client}], **_bucket(rate)}
        for client, rate in sorted(plan.tightened.items())
    ]
    return _filter(names.LIMIT_TIGHTENED, [_by_header(names.CLIENT, "client")], buckets, on=bool(buckets))


def limit_role(plan: Plan) -> Json | None:
    """All clients of a role together, where it has a limit."""
    roles = sorted(plan.gateway.limits.role.items())
    if not roles:
        return None
    buckets = [{"entries": [{"key": "role", "value": role}], **_bucket(rate)} for role, rate in roles]
    return _filter(names.LIMIT_ROLE, [_by_header(names.ROLE, "role")], buckets)


def limit_model(plan: Plan) -> Json | None:
    """Each model that has a limit of its own."""
    rates = {name: model.limits.rate for name, model in sorted(plan.gateway.model.items()) if model.limits.rate}
    if not rates:
        return None
    buckets = [{"entries": [{"key": "model", "value": name}], **_bucket(rate)} for name, rate in rates.items()]
    return _filter(names.LIMIT_MODEL, [_by_header(names.MODEL, "model")], buckets)


def limit_shared(plan: Plan) -> Json | None:
    """What a service of Envoy's rate-limit protocol counts for several gateways; None where there is none.

    What it cannot be asked about is refused. It hears of client, role, model, and client and model together.
    https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/rate_limit_filter
    """
    service = plan.gateway.limits.service
    if service is None:
        return None
    by = {"client": names.CLIENT, "role": names.ROLE, "model": names.MODEL}
    asked = [
        *(_by_header(header, key) for key, header in by.items()),
        _by_headers({k: by[k] for k in ("client", "model")}),
    ]
    return extension(
        names.LIMIT_SHARED,
        "envoy.extensions.filters.http.ratelimit.v3.RateLimit",
        domain=service.domain,
        timeout=duration(service.timeout_s),
        failure_mode_deny=True,
        status_on_error={"code": 503},
        rate_limits=asked,
        rate_limit_service={
            "grpc_service": {"envoy_grpc": {"cluster_name": names.LIMIT_SHARED}},
            "transport_api_version": "V3",
        },
        enable_x_ratelimit_headers="DRAFT_VERSION_03",
        disable_x_envoy_ratelimited_header=True,
        rate_limited_as_resource_exhausted=True,
        response_headers_to_add=[{"header": {"key": "retry-after", "value": "1"}, "append_action": "ADD_IF_ABSENT"}],
    )


def _filter(name: str, actions: list[Json], buckets: list[Json], *, on: bool = True) -> Json:
    return extension(
        name,
        _KIND,
        stat_prefix=name.replace(".", "_"),
        token_bucket=_NEVER_EMPTY,
        filter_enabled=_ALWAYS if on else _NOT_NOW,
        filter_enforced=_ALWAYS,
        rate_limits=actions,
        descriptors=buckets,
        max_dynamic_descriptors=_REMEMBERED,
        # What is left is told of the client's own limit only: it costs time in each answer.
        enable_x_ratelimit_headers="DRAFT_VERSION_03" if name == names.LIMIT_CLIENT else "OFF",
        enable_retry_after_header=True,
        rate_limited_as_resource_exhausted=True,
    )


def _by_header(header: str, key: str) -> Json:
    return _by_headers({key: header})


def _by_headers(keys: Mapping[str, str]) -> Json:
    actions = [{"request_headers": {"header_name": header, "descriptor_key": key}} for key, header in keys.items()]
    return {"actions": actions}


def _bucket(rate: Rate) -> dict[str, Any]:
    """A bucket that fills every 100 ms, or by whole tokens as often as they come."""
    step = max(0.1, 1 / rate.per_second)
    tokens = max(1, math.floor(rate.per_second * step + 1e-9))
    interval = tokens / rate.per_second
    filled = {
        "max_tokens": rate.at_once,
        "tokens_per_fill": min(tokens, rate.at_once),
        "fill_interval": duration(interval),
    }
    return {"token_bucket": filled}
