"""What data scientists work in, and what runs and remembers their work."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.assets.keys import written_here
from garrison.estate.relations import By, Relation, To
from garrison.estate.truth import Truth
from garrison.estate.values import Value

_LOGIN_IN_URL = r"^[a-z+]+://[^/@\s]*:[^/@\s]+@"
# MLflow 1 and 2 no longer get fixes for the holes that are found in its tracking server.
_OLD_MLFLOW = r"^v?[12]\."


class Workspace(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What people open to do machine learning: SageMaker domain, Azure ML workspace, AI Foundry hub, Databricks."""

    contained: Truth = UNMAPPED_TRUTH  # its code leaves for the internet only where the customer's network lets it
    public_network: Truth = UNMAPPED_TRUTH  # its pages and API answer from any network, asking for credentials
    public_nodes: Truth = UNMAPPED_TRUTH  # the machines that it starts have public addresses
    names_person: Truth = UNMAPPED_TRUTH  # the audit log says which person used a role that several share
    sensitive: Truth = UNMAPPED_TRUTH  # is declared to hold sensitive data, which keeps the provider's telemetry small
    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED  # what its users' code runs as by default
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own
    storage: Annotated[Value, To(Relation.WRITES)] = UNMAPPED
    network: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED


class WorkspaceUser(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """One person's profile in a workspace."""

    workspace: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED  # absent: the workspace's own


class TrainingCluster(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Machines that a platform starts for training or data: Azure ML compute cluster, Dataproc, Dataflow."""

    public_address: Truth = UNMAPPED_TRUTH  # each machine has a public IP address
    ssh_open: Truth = UNMAPPED_TRUTH  # answers SSH on that address
    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own
    workspace: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    subnet: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED

    @property
    def public(self) -> Truth:
        return self.public_address & self.ssh_open


class MlJob(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A job that trains, processes or watches: SageMaker's processing and model monitoring jobs."""

    image: Annotated[Value, To(Relation.BUILT_FROM)] = UNMAPPED
    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    instances: Value = UNMAPPED  # how many machines work together
    encrypts_traffic: Truth = UNMAPPED_TRUTH  # between its machines
    network_isolation: Truth = UNMAPPED_TRUTH  # its containers have no network at all
    subnets: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    volume_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own, for its disks
    output_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # the same, for what it writes

    @cached_property
    def plain_between_machines(self) -> Truth:
        """Whether several machines exchange data or gradients without encryption."""
        return ~self.encrypts_traffic & self.instances.at_least(2)

    @cached_property
    def reaches_internet(self) -> Truth:
        """Whether its containers have a network, and that is the provider's."""
        return ~self.network_isolation & self.subnets.is_absent()


class FeatureStore(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Features for training and serving: SageMaker feature group, Vertex AI feature store."""

    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    offline: Truth = UNMAPPED_TRUTH  # keeps features for training
    offline_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own
    online: Truth = UNMAPPED_TRUTH  # answers look-ups while a model serves
    online_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED
    offline_location: Annotated[Value, To(Relation.WRITES)] = UNMAPPED

    @cached_property
    def keyless(self) -> Truth:
        """Whether one of its stores is encrypted with the provider's key only."""
        return (self.offline & self.offline_key.is_absent()) | (self.online & self.online_key.is_absent())


class ExperimentTracker(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What remembers runs, metrics and models: a managed MLflow server, Vertex AI TensorBoard."""

    engine_version: Value = UNMAPPED
    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    artifact_store: Annotated[Value, To(Relation.WRITES)] = UNMAPPED

    @cached_property
    def outdated(self) -> Truth:
        """Whether its version gets no more fixes."""
        return self.engine_version.matches(_OLD_MLFLOW)


class Workforce(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """People who label data and review predictions on a page of the provider's: a SageMaker workforce."""

    allowed_sources: Value = UNMAPPED  # CIDRs that reach its page; absent where all do
    network: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    client_secret: Value = UNMAPPED  # with which its page speaks to the identity provider

    @cached_property
    def reachable_by_anyone(self) -> Truth:
        """Whether its page answers every network."""
        anyone = self.allowed_sources.is_absent() | self.allowed_sources.any(lambda s: s.one_of(("0.0.0.0/0", "::/0")))
        return anyone & self.network.is_absent()

    @cached_property
    def secret_in_code(self) -> Truth:
        """Whether the secret is written in the code."""
        return written_here(self.client_secret)


class CodeRepository(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A Git repository that notebooks clone."""

    url: Value = UNMAPPED

    @cached_property
    def fetched_in_plain(self) -> Truth:
        """Whether code is fetched without TLS or SSH."""
        return self.url.starts_with("http://") | self.url.starts_with("git://")

    @cached_property
    def url_has_password(self) -> Truth:
        """Whether a password or token stands in its address."""
        return self.url.matches(_LOGIN_IN_URL)
