"""Where a request goes once it is known what it is: one look-up per level (mount, model, action), however many models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import msgspec

from garrison.gateway.envoy import names
from garrison.gateway.envoy.authorisation import require_asked
from garrison.gateway.envoy.bodies import buffer_off, buffer_on, lua_off
from garrison.gateway.envoy.bounds import Bound, of_callers, of_model
from garrison.gateway.envoy.clusters import cluster_of, host_of
from garrison.gateway.envoy.plan import Mount, Plan
from garrison.gateway.envoy.quota import tokens_on
from garrison.gateway.envoy.residue import TOLD, residue_on
from garrison.gateway.envoy.responses import answers_named, answers_on
from garrison.gateway.envoy.tokens import verified_by
from garrison.gateway.envoy.typed import Json, duration, exactly, extension, typed
from garrison.gateway.protocols.route import ModelIn, Route, Streams
from garrison.policy.actions import Action

TABLE = "garrison"
_ROUTE = "envoy.config.route.v3.Route"
_NOT_TO_UPSTREAMS = [names.MOUNT, names.VERDICT, names.LEAF]
_PACKED = ("accept-encoding",)  # answers that are read for their tokens must not come compressed
_NOT_LOOKED_INTO = {names.BODY: lua_off(), names.ANSWERS: buffer_off(), names.REQUIRE: require_asked()}
_NAMED = {names.NAME_MODEL: lua_off()}  # the model is known, so the Lua that looks for it does not run


class _Way(msgspec.Struct, frozen=True):
    """Where a request goes, and what its answer is held to; the time in all, or if it is a stream while nothing comes."""

    upstream: str
    cluster: str
    bound: Bound
    streams: bool = False
    reduced: bool = False


class _Row(NamedTuple):
    """What can be asked of a model or a server, what anybody is held to there, and the route for who is held to something."""

    subject: str
    action: Action
    most: Bound
    made: Callable[[Bound], Json]


def routes(plan: Plan) -> Json:
    """The `RouteConfiguration`."""
    bounds = of_callers(plan.gateway)
    mounts = {mount.name: {"matcher": _mount(plan, mount, bounds)} for mount in plan.mounts}
    unknown = {"name": "unknown", "match": {"prefix": "/"}, "direct_response": {"status": 404}}
    matcher = {**exactly(names.MOUNT, mounts), "on_no_match": _go(unknown)}
    host = {"name": TABLE, "domains": ["*"], "matcher": matcher}
    return {
        "name": TABLE,
        "virtual_hosts": [host],
        "internal_only_headers": [],
        "response_headers_to_add": answers_named(),
    }


def _mount(plan: Plan, mount: Mount, bounds: list[Bound]) -> Json:
    subjects: dict[str, dict[str, Json]] = {}
    for row in _rows(plan, mount):
        subjects.setdefault(row.subject, {})[row.action] = _bounded(row, bounds)
    return exactly(
        names.MODEL, {s: {"matcher": exactly(names.ACTION, actions)} for s, actions in sorted(subjects.items())}
    )


def _bounded(row: _Row, bounds: list[Bound]) -> Json:
    """Where it goes, with ways of their own for roles and clients that are held to less than anybody."""
    held = {bound.name: row.most.and_(bound) for bound in bounds}
    less = {name: _go(row.made(bound)) for name, bound in held.items() if bound != row.most}
    anybody = _go(row.made(row.most))
    return {"matcher": {**exactly(names.BOUND, less), "on_no_match": anybody}} if less else anybody


def _rows(plan: Plan, mount: Mount) -> Iterator[_Row]:
    """Each thing that can be asked of each model, and of the server itself."""
    by_kind: dict[ModelIn, dict[Action, list[Route]]] = {}
    for route in mount.protocol.routes:
        by_kind.setdefault(route.model, {}).setdefault(route.action, []).append(route)
    of_server, of_models = of_model(plan.gateway, ""), {m: of_model(plan.gateway, m) for m in mount.models}
    largest_kb = max((bound.request_kb for bound in of_models.values()), default=of_server.request_kb)
    longest_s = max((bound.timeout_s for bound in of_models.values()), default=of_server.timeout_s)
    for kind, by_action in by_kind.items():
        for action, alike in sorted(by_action.items()):
            if kind is ModelIn.NONE:
                if mount.server:
                    made = partial(_server, plan, mount, action, alike)
                    yield _Row(names.SERVER + mount.server, action, of_server, made)
                continue
            if kind in {ModelIn.BODY, ModelIn.MESSAGE}:
                most = Bound(largest_kb, 0, 0)  # nothing is answered there
                yield _Row(names.PENDING + mount.name, action, most, partial(_pending, mount, action))
            if mount.server and not all(route.decides_model for route in alike):
                most = msgspec.structs.replace(of_server, timeout_s=longest_s)  # whichever of them it is about
                yield _Row(names.EVERY + mount.name, action, most, partial(_every, plan, mount, action, alike))
            for model, most in of_models.items():
                yield _Row(model, action, most, partial(_model, plan, mount, action, alike, model=model))


def _model(plan: Plan, mount: Mount, action: Action, alike: list[Route], bound: Bound, *, model: str) -> Json:
    looked_into = action is Action.INFER and plan.guarded(model)
    config = {
        names.BUFFER: buffer_on(bound.request_kb),
        **({} if looked_into else _NOT_LOOKED_INTO),
        **residue_on(plan, model, action),
        **tokens_on(plan, mount, action),
    }
    upstream = mount.models[model]
    reduced = looked_into and plan.gateway.model[model].response is not None
    way = _Way(upstream, cluster_of(plan, upstream, model), bound, _streams(alike), reduced)
    return _to_upstream(plan, mount, f"{model} {action}", way, config)


def _server(plan: Plan, mount: Mount, action: Action, alike: list[Route], bound: Bound) -> Json:
    subject = names.SERVER + mount.server
    config = {
        names.BUFFER: buffer_on(bound.request_kb),
        **_NOT_LOOKED_INTO,
        **residue_on(plan, subject, action),
        **tokens_on(plan, mount, action),
    }
    way = _Way(mount.server, mount.server, bound, _streams(alike))
    return _to_upstream(plan, mount, f"{subject} {action}", way, config)


def _every(plan: Plan, mount: Mount, action: Action, alike: list[Route], bound: Bound) -> Json:
    subject = names.EVERY + mount.name
    config = {
        names.BUFFER: buffer_off() if any(route.asks_in_stream for route in alike) else buffer_on(bound.request_kb),
        **_NOT_LOOKED_INTO,
        **residue_on(plan, subject, action),
        **tokens_on(plan, mount, action),
    }
    way = _Way(mount.server, mount.server, bound, streams=True)
    return _to_upstream(plan, mount, f"{subject} {action}", way, config)


def _pending(mount: Mount, action: Action, bound: Bound) -> Json:
    """Until the model is known: the largest body that one of them takes, and no way on."""
    return {
        "name": f"{names.PENDING}{mount.name} {action}",
        "match": {"prefix": "/"},
        "direct_response": {"status": 404},
        "typed_per_filter_config": {names.BUFFER: buffer_on(bound.request_kb)},
    }


def _to_upstream(plan: Plan, mount: Mount, name: str, way: _Way, config: dict[str, Json]) -> Json:
    return {
        "name": name,
        "match": {"prefix": f"{mount.prefix}/"},
        "route": {
            "cluster": way.cluster,
            "host_rewrite_literal": host_of(plan.gateway.upstream[way.upstream]),
            "timeout": duration(way.bound.timeout_s),
            "idle_timeout": duration(way.bound.timeout_s),
            **({"prefix_rewrite": "/"} if mount.prefix else {}),
        },
        "metadata": answers_on(mount, way.bound.response_kb, streams=way.streams, reduced=way.reduced),
        "request_headers_to_remove": _not_to_upstreams(plan, mount),
        "typed_per_filter_config": {**_NAMED, **config},
    }


def _not_to_upstreams(plan: Plan, mount: Mount) -> list[str]:
    """Those headers only that may be there, as each is looked for in each request."""
    told = TOLD if plan.has_residue else ()
    return [*_NOT_TO_UPSTREAMS, *verified_by(plan).values(), *told, *(_PACKED if plan.counts_tokens(mount) else ())]


def _streams(alike: list[Route]) -> bool:
    """Whether an answer may go on for as long as something comes."""
    return any(route.streams is not Streams.NEVER for route in alike)


def _go(route: dict[str, Any]) -> Json:
    return {"action": extension(route["name"], _ROUTE, **route)}


def route_discovery(plan: Plan) -> Json:
    """The same as a resource of its own."""
    return typed("envoy.config.route.v3.RouteConfiguration", **routes(plan))
