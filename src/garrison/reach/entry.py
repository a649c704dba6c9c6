"""How a workload is reached from outside of its cluster or its host."""

from __future__ import annotations

from garrison.estate.assets.exposure import Ingress, MeshAuthorization, NetworkPolicy, Service
from garrison.estate.assets.workload import Workload
from garrison.estate.estate import Relations
from garrison.estate.relations import Relation
from garrison.estate.truth import Truth, any_of
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
