"""The whole configuration: in one piece for Envoy to validate, and as files that it watches.

What is equal is written equally, so that two compilations can be compared, and only what differs is pushed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import msgspec

from garrison.gateway.envoy import tls
from garrison.gateway.envoy.ask import ask
from garrison.gateway.envoy.bootstrap import bootstrap
from garrison.gateway.envoy.clusters import clusters
from garrison.gateway.envoy.limits import limit_chosen, limit_slots, types_of
from garrison.gateway.envoy.listeners import listeners
from garrison.gateway.envoy.names import LIMITS
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.envoy.quota import quota
from garrison.gateway.envoy.routes import TABLE, route_discovery, routes
from garrison.gateway.envoy.tokens import tokens
from garrison.gateway.envoy.typed import Json, typed

ADMIN_SOCKET = "admin.sock"
BOOTSTRAP = "bootstrap.json"
_FILTERS, _LIMITS, _SECRETS = "filters", "limits", "secrets"
_LISTENERS, _CLUSTERS, _ROUTES = "listeners", "clusters", "routes"


def in_one_piece(plan: Plan, admin_socket: str) -> Json:
    """A configuration that watches nothing, for `envoy --mode validate`, which looks at nothing else, but opens its logs."""
    plan = msgspec.structs.replace(plan, log=os.devnull)
    made = bootstrap(plan, admin_socket)
    own = tls.secrets(plan)
    made["static_resources"] = {
        "listeners": [
            *made["static_resources"].get("listeners", []),
            *listeners(plan, lambda f: f, lambda name: {"name": name}, {"route_config": routes(plan)}),
        ],
        "clusters": [*made["static_resources"].get("clusters", []), *clusters(plan)],
        "secrets": list(own.values()),
    }
    return made


class Layout(msgspec.Struct, frozen=True):
    """How the files lie in a folder: by kind in folders of their own, or flat, as Kubernetes mounts them."""

    at: PurePath
    flat: bool = False

    def name(self, kind: str, name: str) -> str:
        """A file's path in the folder."""
        return f"{kind}.{name}.json" if self.flat else f"{kind}/{name}.json"

    def watched(self, kind: str, name: str) -> Json:
        """A file that is read again when something is renamed into the folder it is in."""
        path = self.at / self.name(kind, name)
        source = {"path": str(path), "watched_directory": {"path": str(path.parent)}}
        return {"path_config_source": source, "resource_api_version": "V3"}


def files(plan: Plan, layout: Layout, admin_socket: str) -> dict[str, str]:
    """The files by their path from the folder in which Envoy will find them."""
    pushed: dict[str, Json] = {}  # filters that change while connections stay, by ECDS; all listeners have the same

    def place(made: Json) -> Json:
        pushed[made["name"]] = made
        return _placed(layout, made)

    def secret(name: str) -> Json:
        return {"name": name, "sds_config": layout.watched(_SECRETS, name)}

    discovery = {"rds": {"route_config_name": TABLE, "config_source": layout.watched(_ROUTES, TABLE)}}
    resources = {
        (_LISTENERS, TABLE): _each("envoy.config.listener.v3.Listener", listeners(plan, place, secret, discovery)),
        (_CLUSTERS, TABLE): _each("envoy.config.cluster.v3.Cluster", clusters(plan)),
        (_ROUTES, TABLE): [route_discovery(plan)],
    }
    for name, own in tls.secrets(plan).items():
        resources[_SECRETS, name] = _each("envoy.extensions.transport_sockets.tls.v3.Secret", [own])
    made = bootstrap(plan, admin_socket)
    made["dynamic_resources"] = {
        "lds_config": layout.watched(_LISTENERS, TABLE),
        "cds_config": layout.watched(_CLUSTERS, TABLE),
    }
    found = {layout.name(*where): written(_discovered(several)) for where, several in resources.items()}
    return {BOOTSTRAP: written(made), **found, **_pushed(layout, *pushed.values())}


def callers(plan: Plan, layout: Layout) -> dict[str, str]:
    """The one file that changes when only keys do."""
    return _pushed(layout, ask(plan))


def key_sets(plan: Plan, layout: Layout) -> dict[str, str]:
    """The one file that changes when only the keys of issuers do; none where there are no issuers."""
    return _pushed(layout, tokens(plan))


def spent(plan: Plan, layout: Layout) -> dict[str, str]:
    """The one file that changes when only quotas are spent; none where there are no quotas."""
    return _pushed(layout, quota(plan))


def tightened(plan: Plan, layout: Layout) -> dict[str, str]:
    """The files that can change when only a client is held to less, or no more."""
    slots = limit_slots(plan)
    chosen = limit_chosen(plan, "client", [_placed(layout, slot) for slot in slots])
    return _pushed(layout, *slots, chosen, ask(plan))


def written(made: Mapping[str, Any]) -> str:
    """JSON as it lies in a file."""
    return msgspec.json.format(msgspec.json.encode(made, order="sorted"), indent=1).decode() + "\n"


def _placed(layout: Layout, made: Json) -> Json:
    """How a filter that is pushed stands in the chain."""
    source = layout.watched(_folder(made), made["name"])
    return {"name": made["name"], "config_discovery": {"config_source": source, "type_urls": types_of(made)}}


def _pushed(layout: Layout, *several: Json | None) -> dict[str, str]:
    """Filters that are pushed, as files."""
    kind = "envoy.config.core.v3.TypedExtensionConfig"
    there = (made for made in several if made is not None)
    return {layout.name(_folder(made), made["name"]): written(_discovered(_each(kind, [made]))) for made in there}


def _folder(made: Json) -> str:
    """Where a filter lies: limits apart, so that Envoy has those that are new before it is told whom they are for."""
    return _LIMITS if made["name"].startswith(LIMITS) else _FILTERS


def _each(kind: str, several: list[Json]) -> list[Json]:
    return [typed(kind, **one) for one in several]


def _discovered(resources: list[Json]) -> Json:
    """A `DiscoveryResponse` whose version is what is in it."""
    version = hashlib.sha256(msgspec.json.encode(resources, order="sorted")).hexdigest()[:16]
    return {"version_info": version, "resources": resources}
