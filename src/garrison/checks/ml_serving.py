"""Models and compute clusters as Kubernetes operators declare them."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.exposure import MeshAuthorization
from garrison.estate.assets.ml_serving import ComputeCluster, InferenceService
from garrison.estate.assets.workload import Workload
from garrison.estate.estate import Relations
from garrison.estate.relations import Relation
from garrison.estate.truth import Truth, any_of
from garrison.reach.entry import limited, outside
from garrison.reach.settings import variable_of


def _open(cluster: ComputeCluster, heads: tuple[Workload, ...], near: Relations) -> Truth:
    """Whether neither the operator nor Ray's own variable turns tokens on."""
    containers = [c for h in heads for c in h.containers]
    told = any_of(variable_of(c, near.estate.near(c), "RAY_AUTH_MODE").equals("token") for c in containers)
    return ~cluster.asks_for_token & ~told


@check(
    id="ray-cluster-exposed",
    severity=Severity.CRITICAL,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0049", "NIST-800-53:AC-3", "OWASP-API:API2"),
    about_ml=True,
)
def ray_cluster_exposed(cluster: ComputeCluster, near: Relations) -> Verdict:
    """Anybody who reaches the cluster from outside can submit code to Ray.

    Why: Ray's dashboard takes jobs and by itself asks nobody who he is: whoever finds it has the accelerators, the
    training data in memory and the cluster's cloud role (ShadowRay, CVE-2023-48022).
    Fix: set `authOptions.mode: token` (Ray 2.52 and KubeRay 1.5 or later), keep the head's service `ClusterIP`, and
    make no Ingress to it.
    """
    heads = near.to(Relation.CONTAINS, Workload)
    entered = cluster.opened | any_of(outside(h, near.estate.near(h)) for h in heads)
    return fail_if(entered & _open(cluster, heads, near), "its head is reached from outside and asks for no token")


@check(
    id="ray-cluster-no-token",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0112.001", "NIST-800-53:IA-2", "OWASP-API:API2"),
    about_ml=True,
)
def ray_cluster_no_token(cluster: ComputeCluster, near: Relations) -> Verdict:
    """Every pod that reaches Ray's head can run code on the whole cluster.

    Why: one pod that is taken over, in whatever namespace, submits jobs with the rights and the data of all others.
    Fix: set `authOptions.mode: token`, or add a NetworkPolicy for ports 8265, 10001 and 6379 of the head.
    """
    heads = near.to(Relation.CONTAINS, Workload)
    entered = cluster.opened | any_of(outside(h, near.estate.near(h)) for h in heads)
    behind = any_of(limited(near.estate.near(h)) for h in heads)
    return fail_if(_open(cluster, heads, near) & ~behind & ~entered, "Ray asks for no token")


@check(
    id="ray-store-password-written-out",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "CIS-Kubernetes-1.12:5.4.1"),
    about_ml=True,
)
def ray_store_password_written_out(cluster: ComputeCluster) -> Verdict:
    """The password of the store that keeps Ray's state is written out.

    Why: who can write that Redis changes the cluster's jobs and actors, and so runs code on it.
    Fix: take it from a Secret (`redisPassword.valueFrom.secretKeyRef`), and change it.
    """
    written = cluster.store_password.matches(r"^[^$]") & ~cluster.store_password.is_empty()
    return fail_if(Truth(written.answer, (cluster.name,)), "the password of its Redis is written out")


@check(
    id="inference-service-open",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0040", "ATLAS:AML.T0024", "NIST-800-53:AC-3", "OWASP-API:API2"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def inference_service_open(service: InferenceService, near: Relations) -> Verdict:
    """Whoever reaches the gateway may use the model.

    Why: KServe and Seldon ask nobody who he is: models are copied query by query and accelerators are spent.
    Fix: add an Istio AuthorizationPolicy (with a RequestAuthentication) for the namespace, or label the service
    `networking.knative.dev/visibility: cluster-local`.
    """
    shielded = near.any_by(Relation.SHIELDS, MeshAuthorization, lambda p: ~p.allows_anyone)
    return fail_if(~service.cluster_local & ~shielded, "it has an address at the gateway and no policy before it")


@check(
    id="model-fetched-in-plain",
    severity=Severity.HIGH,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010.003", "NIST-800-53:SC-8", "OWASP-ML:ML10"),
    about_ml=True,
)
def model_fetched_in_plain(service: InferenceService) -> Verdict:
    """The model is fetched over plain HTTP.

    Why: whoever sits on the way puts another model in its place; most formats run code when they are loaded.
    Fix: fetch it over https, from a bucket, or as an OCI image by its digest.
    """
    return fail_if(service.fetches_in_plain, "a model is fetched without TLS")


@check(
    id="served-model-code-trusted",
    severity=Severity.HIGH,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0011.000", "ATLAS:AML.T0010.003", "NIST-800-53:SI-7", "OWASP-LLM:LLM03", "OWASP-ML:ML06"),
    about_ml=True,
)
def served_model_code_trusted(service: InferenceService) -> Verdict:
    """The inference service runs code that comes with its model.

    Why: `trust_remote_code` downloads Python from the model's repository and runs it in the server: whoever can push
    there runs code here.
    Fix: remove it, and serve a model that the library knows; else name its commit in `--model_revision` after you have
    read its code.
    """
    return fail_if(service.trusts_code, "code from the model's repository is run")


@check(
    id="model-not-pinned",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010.003", "ATLAS:AML.T0109", "NIST-800-53:SI-7", "OWASP-ML:ML06"),
    about_ml=True,
)
def model_not_pinned(service: InferenceService) -> Verdict:
    """The model is named in a way that lets somebody else change it.

    Why: at the next start the hub or registry may hand out another model under the same name; nobody can tell which
    one answered.
    Fix: name the commit (`hf://org/model:<commit>`) or the digest (`oci://registry/model@sha256:...`).
    """
    return fail_if(service.model_may_change, "its name can be given to another model")
