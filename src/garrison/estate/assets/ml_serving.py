"""What serves models and what computes for them, as Kubernetes operators declare it."""

from __future__ import annotations

from functools import cached_property

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.launch import option, words_of
from garrison.estate.truth import Truth
from garrison.estate.values import Value

_REVISION = r"^hf://[^:]+:[0-9a-f]{40}$"
_DIGEST = r"@sha256:[0-9a-f]{64}$"


class ComputeCluster(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A cluster that runs the code it is sent: a RayCluster, or the one that a RayJob or a RayService makes."""

    namespace: Value = UNMAPPED
    auth_mode: Value = UNMAPPED  # token, disabled
    engine_version: Value = UNMAPPED
    dashboard_host: Value = UNMAPPED
    service_type: Value = UNMAPPED  # of the service before its head: ClusterIP, NodePort, LoadBalancer
    makes_ingress: Truth = UNMAPPED_TRUTH  # its operator makes an Ingress to the dashboard
    store_password: Value = UNMAPPED  # of the Redis that keeps its state, where it is written out

    @cached_property
    def asks_for_token(self) -> Truth:
        """Whether whoever talks to it must have a token."""
        return self.auth_mode.equals("token")

    @cached_property
    def opened(self) -> Truth:
        """Whether it puts its own head before the cluster's door."""
        return self.service_type.one_of(("LoadBalancer", "NodePort")) | self.makes_ingress


class InferenceService(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A model that is served: KServe's InferenceService, SeldonDeployment, Seldon's Model, LLMInferenceService."""

    namespace: Value = UNMAPPED
    labels: Value = UNMAPPED
    model_locations: Value = UNMAPPED  # URIs of the models it loads
    cluster_local: Truth = UNMAPPED_TRUTH  # it has no address outside its cluster
    arguments: Value = UNMAPPED  # handed to the server of its runtime

    @cached_property
    def trusts_code(self) -> Truth:
        """Whether its server runs code from the model's repository, and no commit says which."""
        words = words_of(self.arguments)
        flag = option(words, ("--trust-remote-code",), self.place).matches(r"(?i)^(true|1|yes|)$")
        pinned = option(words, ("--model-revision", "--revision", "--code-revision"), self.place)
        return flag & ~pinned.matches(r"^[0-9a-f]{40}$")

    @cached_property
    def fetches_in_plain(self) -> Truth:
        """Whether a model is fetched without TLS."""
        return self.model_locations.any(lambda m: m.starts_with("http://"))

    @cached_property
    def model_may_change(self) -> Truth:
        """Whether a model comes from a public hub or a registry by a name that can be given to another one."""
        return self.model_locations.any(
            lambda m: (m.starts_with("hf://") & ~m.matches(_REVISION)) | (m.starts_with("oci://") & ~m.matches(_DIGEST))
        )
