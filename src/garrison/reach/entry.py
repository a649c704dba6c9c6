"""How a workload of a cluster is reached from outside it."""

from __future__ import annotations

from garrison.estate.assets.exposure import Ingress, MeshAuthorization, NetworkPolicy, Service
from garrison.estate.assets.workload import Workload
from garrison.estate.estate import Relations
from garrison.estate.relations import Relation
from garrison.estate.truth import Truth, any_of


def outside(workload: Workload, near: Relations) -> Truth:
    """Whether something leads to it from outside the cluster without asking who comes.

    A service that has only ports which give nothing away does not count, nor does what a mesh policy refuses.
    """
    truths = []
    for service in near.by(Relation.EXPOSES, Service):
        if service.only_on(workload.harmless_ports).yes:
            continue
        truths.append(service.exists & service.outside)
        routes = near.estate.near(service).by(Relation.ROUTES_TO, Ingress)
        truths += [route.exists & route.outside for route in routes]
    return any_of(truths) & ~near.any_by(Relation.SHIELDS, MeshAuthorization, lambda p: ~p.allows_anyone)


def limited(near: Relations) -> Truth:
    """Whether a network policy refuses some of what is sent to the workload."""
    return near.any_by(Relation.SHIELDS, NetworkPolicy, lambda p: p.limits_incoming)
