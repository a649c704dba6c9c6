"""What stands behind a model gateway: servers of the same folder that its upstreams name by host and port.

In a Compose project a host is the name of a service, in a cluster that of a Service, with or without its namespace; on
the loopback it is whatever answers on that port of the machine.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from garrison.estate.assets.asset import Asset
from garrison.estate.assets.exposure import Service
from garrison.estate.assets.gateway import LOOPBACK, GatewayUpstream, ModelGateway
from garrison.estate.assets.host import Process
from garrison.estate.assets.started import Started
from garrison.estate.assets.workload import Workload
from garrison.estate.estate import Estate
from garrison.estate.relations import Relation
from garrison.estate.values import State

_PORTS = ("--port", "--http-port", "--http_port", "-p", "--rest_api_port")


def link_gateways(estate: Estate) -> None:
    """Add an edge from each upstream to what answers at its address, and to the containers of that."""
    gateways = estate.of(ModelGateway)
    if not gateways:
        return
    folders: dict[str, list[Asset]] = defaultdict(list)
    for asset in (*estate.of(Workload), *estate.of(Service), *estate.of(Process)):
        folders[_folder(asset)].append(asset)
    for gateway in gateways:
        for upstream in gateway.upstreams:
            for server in _behind(upstream, folders[gateway.root], estate):
                for one in (server, *(part for part in server.parts if isinstance(part, Started))):
                    estate.graph.add(upstream, Relation.SHIELDS, one, upstream.url)


def _folder(asset: Asset) -> str:
    """Where it is deployed from; the root of a Compose project is its file."""
    return (asset.root.rpartition("/")[0] or ".") if asset.format == "compose" else asset.root


def _behind(upstream: GatewayUpstream, near: list[Asset], estate: Estate) -> Iterator[Asset]:
    host, port = upstream.host.text(), upstream.port
    if not host or port.state is not State.KNOWN:
        return
    local = re.match(LOOPBACK, host) is not None
    for asset in near:
        if isinstance(asset, Service):
            if not local and _names(host, asset):
                yield asset
                yield from estate.near(asset).to(Relation.EXPOSES, Workload)
        elif isinstance(asset, Workload):
            published = any(p.host_port.test(lambda said: str(said) == str(port.content)).yes for p in asset.published)
            if published if local else (asset.provider == "docker" and asset.name.text() == host):
                yield asset
        elif isinstance(asset, Process) and local and asset.option(*_PORTS).text() == str(port.content):
            yield asset


def _names(host: str, service: Service) -> bool:
    """Whether a host is this Service, in the forms of the cluster's DNS: `a`, `a.ns`, `a.ns.svc`, `a.ns.svc.cluster.local`."""
    name, _, rest = host.partition(".")
    space, _, zone = rest.partition(".")
    said = service.namespace.text()
    return (
        name == service.name.text()
        and (not space or not said or space == said)
        and (not zone or zone.startswith("svc"))
    )
