"""How often: token buckets of Envoy's own, in filters that are pushed only when their limits change.

A filter that is pushed begins with full buckets, so keys, policies and quotas are never in one. Limits that all clients or
addresses have are in one each; those that some roles, models and clients have are in slots (`slots.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from garrison.gateway.envoy import names
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.envoy.slots import Kind, Span, label, prefix
from garrison.gateway.envoy.typed import HEADER_MUTATION, Json, beginning, duration, extension, typed
from garrison.gateway.file.form import Rate

_KIND = "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"
_COMPOSITE = "envoy.extensions.filters.http.composite.v3"
_CHOSEN_TYPES = [typed(f"{_COMPOSITE}.Composite")["@type"], typed(HEADER_MUTATION)["@type"]]
_ALWAYS = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
NEVER_EMPTY = {"max_tokens": 1_000_000_000, "tokens_per_fill": 1_000_000_000, "fill_interval": "1s"}
_REMEMBERED = 100_000  # buckets of clients or addresses; the one used longest ago makes room
_NAMED: Mapping[Kind, str] = {"client": names.CLIENT, "role": names.ROLE, "model": names.MODEL}
_CHOSEN: Mapping[Kind, str] = {
    "client": names.LIMIT_TIGHTENED,
    "role": names.LIMIT_ROLE,
    "model": names.LIMIT_MODEL,
}


def limit_ip(plan: Plan) -> Json:
    """Each address, before anything else is done for it."""
    action: Json = {"actions": [{"remote_address": {}}]}
    return _filter(
        names.LIMIT_IP, [action], [{"entries": [{"key": "remote_address"}], **_bucket(plan.gateway.limits.ip)}]
    )


def limit_client(plan: Plan) -> Json:
    """Each client that has no rate of its own: who has one has its bucket in a slot."""
    own = {"name": names.LIMIT + "client", "present_match": True}
    others = {"header_value_match": {"descriptor_value": "any", "expect_match": False, "headers": [own]}}
    action = {"actions": [*_by_header(names.CLIENT, "client")["actions"], others]}
    entries = [{"key": "client"}, {"key": "header_match", "value": "any"}]
    return _filter(names.LIMIT_CLIENT, [action], [{"entries": entries, **_bucket(plan.gateway.limits.client)}])


def limit_slots(plan: Plan) -> list[Json]:
    """The buckets of roles, of models, and of clients that are held to less for a while, in as many filters as there are slots."""
    return [_slot(number, seat) for number, seat in enumerate(plan.slots)]


def _slot(number: int, seat: tuple[Span, ...]) -> Json:
    name = f"{names.LIMIT_SLOT}{number}"
    if not seat:
        return _filter(name, [], [])
    kind = seat[0].kind
    header = names.LIMIT + kind
    action = _by_headers({"label": header, kind: _NAMED[kind]})
    action["hits_addend"] = {"format": f"%REQUEST_HEADER({header}{names.COST})%"}
    buckets = [
        {"entries": [{"key": "label", "value": label(number, span)}, {"key": kind}], "token_bucket": span.bucket}
        for span in seat
    ]
    made = _filter(name, [action], buckets)
    wait = {"key": "retry-after", "value": f"%REQUEST_HEADER({header}{names.WAIT})%"}
    told = [{"header": wait, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}]
    made["typed_config"] |= {"stat_prefix": _CHOSEN[kind].replace(".", "_"), "response_headers_to_add": told}
    return made


def limit_chosen(plan: Plan, kind: Kind, slots: list[Json]) -> Json:
    """The filter that runs the slot which a request's limit of a kind has. `slots` are they as they stand in the chain.

    It is the same whatever the limits are, so no bucket is filled by a push of it. Where none of the kind has a limit, it does
    nothing at less cost; so its own name stands in the chain, and what it is comes by ECDS.
    """
    if not plan.rates[kind]:
        return extension(_CHOSEN[kind], HEADER_MUTATION, mutations={})
    return _choosing(_CHOSEN[kind], kind, slots)


def limit_held(slots: list[Json]) -> Json:
    """A filter that no request sees. It has Envoy watch the slots from the beginning: for a filter that comes by ECDS it would not."""
    return {**_choosing(names.LIMIT_HELD, "model", slots), "disabled": True}


def types_of(made: Json) -> list[str]:
    """What a filter can become by a push."""
    kind = made["typed_config"]["@type"]
    return _CHOSEN_TYPES if kind in _CHOSEN_TYPES else [kind]


def _choosing(name: str, kind: Kind, slots: list[Json]) -> Json:
    answers = {prefix(number): {"action": _run(slot)} for number, slot in enumerate(slots)}
    return extension(name, f"{_COMPOSITE}.Composite", matcher=beginning(names.LIMIT + kind, answers))


def _run(slot: Json) -> Json:
    how = "dynamic_config" if "config_discovery" in slot else "typed_config"
    return extension(slot["name"], f"{_COMPOSITE}.ExecuteFilterAction", **{how: slot})


def limit_shared(plan: Plan) -> Json | None:
    """What a service of Envoy's rate-limit protocol counts for several gateways; None where there is none.

    What it cannot be asked about is refused. It hears of client, role, model, and client and model together.
    https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/rate_limit_filter
    """
    service = plan.gateway.limits.service
    if service is None:
        return None
    asked = [
        *(_by_header(header, kind) for kind, header in _NAMED.items()),
        _by_headers({"client": names.CLIENT, "model": names.MODEL}),
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


def _filter(name: str, actions: list[Json], buckets: list[Json]) -> Json:
    return extension(
        name,
        _KIND,
        stat_prefix=name.replace(".", "_"),
        token_bucket=NEVER_EMPTY,
        filter_enabled=_ALWAYS,
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
    filled = {"max_tokens": rate.at_once, "tokens_per_fill": tokens, "fill_interval": duration(interval)}
    return {"token_bucket": filled}
