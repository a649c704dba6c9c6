"""What runs in a cluster."""

from __future__ import annotations

from typing import Annotated

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.relations import Relation, To
from garrison.estate.truth import Truth
from garrison.estate.values import Value


class Container(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """One container of a workload."""

    image: Annotated[Value, To(Relation.BUILT_FROM)] = UNMAPPED
    privileged: Truth = UNMAPPED_TRUTH
    run_as_non_root: Truth = UNMAPPED_TRUTH
    command: Value = UNMAPPED
    arguments: Value = UNMAPPED
    environment: Value = UNMAPPED
    ports: Value = UNMAPPED
    memory_limit: Value = UNMAPPED


class Workload(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A pod, or whatever makes pods: Deployment, Job, InferenceService, the groups of a RayCluster."""

    namespace: Value = UNMAPPED
    labels: Value = UNMAPPED  # of its pods: what selectors match
    host_network: Truth = UNMAPPED_TRUTH
    service_account: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    containers: tuple[Container, ...] = ()
