"""How a workload is reached from outside of its cluster or its host, and whether a model gateway stands before it."""

from __future__ import annotations

from garrison.estate.assets.exposure import ContainerNetwork, Ingress, MeshAuthorization, NetworkPolicy, Service
from garrison.estate.assets.gateway import GatewayUpstream
from garrison.estate.assets.host import Process
from garrison.estate.assets.started import Started
from garrison.estate.assets.workload import Workload
from garrison.estate.estate import Relations
from garrison.estate.relations import Relation
from garrison.estate.truth import NO, Truth, any_of
from garrison.reach.network.cluster import Cluster


def outside(workload: Workload, near: Relations) -> Truth:
    """Whether something leads to it from outside the cluster, or the host, without asking who comes.

    Ports which give nothing away do not count, nor does what a mesh policy, or for sure a network policy, refuses. On its
    host's network it is reached where it says that it listens on all addresses.
    """
    truths = [p.outside for p in workload.published if not p.only_on(workload.harmless_ports).yes]
    listens = any_of(c.server.told_to_listen for c in workload.containers if c.server is not None)
    if (on_host := workload.host_network & listens).yes:
        truths.append(on_host)
    for service in near.by(Relation.EXPOSES, Service):
        if service.only_on(workload.harmless_ports).yes or _refused(service, workload, near):
            continue
        truths.append(service.exists & service.outside)
        routes = near.estate.near(service).by(Relation.ROUTES_TO, Ingress)
        truths += [route.exists & route.outside for route in routes]
    return any_of(truths) & ~near.any_by(Relation.SHIELDS, MeshAuthorization, lambda p: ~p.allows_anyone)


def _refused(service: Service, workload: Workload, near: Relations) -> bool:
    """Whether network policies let nothing in, from outside of the cluster, on the ports that a service leads to."""
    cluster = Cluster(near.estate)
    return cluster.from_outside(workload).on(cluster.served(service, workload)).no


def limited(near: Relations) -> Truth:
    """Whether a network policy refuses some of what is sent to the workload."""
    return near.any_by(Relation.SHIELDS, NetworkPolicy, lambda p: p.limits_incoming)


def behind_gateway(started: Started, near: Relations) -> Truth:
    """Whether a model gateway stands before it, and nothing is known to lead past that.

    On one machine only: in a cluster any pod may go past the gateway, and which ones a network policy means by their
    labels is not certain.
    """
    gateways = near.by(Relation.SHIELDS, GatewayUpstream)
    if not gateways:
        return NO
    behind = Truth(True, tuple(gateway.url for gateway in gateways))
    if isinstance(started, Process):
        return behind & ~started.on_network
    for workload in near.by(Relation.CONTAINS, Workload):
        around = near.estate.near(workload)
        joined = around.any_by(Relation.CONTAINS, ContainerNetwork, lambda network: network.external)
        return behind & ~workload.in_cluster & ~workload.host_network & ~outside(workload, around) & ~joined
    return NO
