"""Settings and secrets that lie in manifests, and the namespaces around workloads."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.cluster_access import ApiObject, ConfigMap, Namespace
from garrison.estate.assets.exposure import NetworkPolicy
from garrison.estate.assets.workload import Workload
from garrison.estate.estate import Relations
from garrison.estate.relations import Relation
from garrison.estate.truth import Truth, any_of

# The hash of 12341234 as Kubeflow ships it.
_SHIPPED_HASH = r"^\$2y\$12\$4K/VkmDd1q1Orb3xAt82zu8gk7Ad6ReFR4LCP9UeYE90NLiN9Df72$"


def _runs_ml(namespace: Namespace, near: Relations) -> Truth:
    """Whether a workload that serves or trains models is deployed with it."""
    return Truth(any_of(w.about_ml for w in near.to(Relation.CONTAINS, Workload)).yes, (namespace.name,))


@check(
    id="secret-in-manifest",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5"),
    confidence=Confidence.MEDIUM,
)
def secret_in_manifest(settings: ConfigMap) -> Verdict:
    """A credential can be read in a manifest.

    Why: base64 hides nothing: whoever reads the repository has the key to the data, the model hub or the tracker.
    Fix: keep it in a secret store (External Secrets, Sealed Secrets, SOPS), and change the credential.
    """
    return fail_if(settings.credentials & ~settings.shipped_store_password, "a credential can be read in it")


@check(
    id="artifact-store-shipped-password",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "ATLAS:AML.T0035", "NIST-800-53:IA-5"),
    about_ml=True,
)
def artifact_store_shipped_password(settings: ConfigMap) -> Verdict:
    """A store's password is one that everybody knows.

    Why: ML platforms ship with it for their object store and database: every pod reads and replaces models and data.
    Fix: choose another one, keep it in a secret store, and give each client a key of its own.
    """
    return fail_if(settings.shipped_store_password, "it holds a password as shipped")


@check(
    id="kubeflow-shipped-login",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:IA-5", "OWASP-API:API2"),
    about_ml=True,
)
def kubeflow_shipped_login(settings: ConfigMap) -> Verdict:
    """Kubeflow's login is the one it is shipped with.

    Why: user@example.com with 12341234 is in its documentation: whoever reaches the dashboard runs notebooks and
    pipelines as that user.
    Fix: set `DEX_USER_PASSWORD` to the hash of another password, or better connect your identity provider and remove
    `staticPasswords`.
    """
    return fail_if(settings.says("DEX_USER_PASSWORD", _SHIPPED_HASH), "the password is 12341234")


@check(
    id="torchserve-management-open",
    severity=Severity.HIGH,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0049", "NIST-800-53:SC-7", "OWASP-API:API8"),
    about_ml=True,
)
def torchserve_management_open(settings: ConfigMap) -> Verdict:
    """TorchServe's management API listens on all addresses.

    Why: whoever reaches it registers, replaces and removes models; an archive's handler runs as code (ShellTorch).
    Fix: set `management_address=http://127.0.0.1:8081`.
    """
    everywhere = settings.text_has(r"(?m)^\s*management_address\s*=\s*https?://(0\.0\.0\.0|\[::\])")
    return fail_if(everywhere, "its management address is 0.0.0.0")


@check(
    id="ml-namespace-without-network-policy",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-7", "CIS-Kubernetes-1.12:5.3.2"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def ml_namespace_without_network_policy(namespace: Namespace, near: Relations) -> Verdict:
    """A namespace of machine-learning workloads takes traffic from every pod.

    Why: most of these servers ask nobody who he is; the network is the only thing that stands before them.
    Fix: add a NetworkPolicy that denies all incoming traffic to the namespace, and one for each caller.
    """
    limited = near.any_to(Relation.CONTAINS, NetworkPolicy, lambda p: p.limits_incoming)
    return fail_if(_runs_ml(namespace, near) & ~limited, "no network policy is deployed with it")


@check(
    id="ml-namespace-takes-every-pod",
    severity=Severity.LOW,
    pillar=Pillar.CONTAINERS,
    maps=("NIST-800-53:CM-7", "CIS-Kubernetes-1.12:5.2.1"),
    about_ml=True,
)
def ml_namespace_takes_every_pod(namespace: Namespace, near: Relations) -> Verdict:
    """A namespace of machine-learning workloads takes privileged pods.

    Why: whoever may create a notebook or a job there may make it privileged, and owns the node.
    Fix: label it `pod-security.kubernetes.io/enforce: baseline`, or `restricted`.
    """
    unguarded = namespace.enforced_level.equals("privileged")
    return fail_if(unguarded & _runs_ml(namespace, near), "no Pod Security Standard is enforced")


@check(
    id="api-version-removed",
    severity=Severity.LOW,
    pillar=Pillar.CONTAINERS,
    maps=("NIST-800-53:SI-2",),
)
def api_version_removed(declared: ApiObject) -> Verdict:
    """An object is written for a version of the API that is gone.

    Why: no cluster that still gets fixes takes it: a network policy or a pod security policy that was never applied guards
    no model, though the repository says so.
    Fix: write it in the version that is served now; replace a PodSecurityPolicy by the labels of Pod Security Admission.
    """
    gone = declared.removal
    since = "" if gone is None else f"it is not served since Kubernetes 1.{gone.minor}"
    now = f", {gone.now} is" if gone is not None and gone.now else ""
    return fail_if(Truth(gone is not None, (declared.api_version,)), since + now)


@check(
    id="delivery-anonymous",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0049", "NIST-800-53:IA-2", "OWASP-API:API2"),
)
def delivery_anonymous(settings: ConfigMap) -> Verdict:
    """Argo CD lets everybody in without a login.

    Why: whoever reaches it sees what is deployed and with which settings, and deploys as far as the default role goes.
    Fix: remove `users.anonymous.enabled`; connect your identity provider.
    """
    return fail_if(settings.says("users.anonymous.enabled", r"(?i)^true$"), "anonymous users are let in")


@check(
    id="gpu-shared-in-turns",
    severity=Severity.LOW,
    pillar=Pillar.CONTAINERS,
    maps=("NIST-800-53:AC-4", "NIST-800-53:SC-6"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def gpu_shared_in_turns(settings: ConfigMap) -> Verdict:
    """Pods share a GPU in turns, with nothing between them.

    Why: time slicing isolates neither memory nor faults: one team's job ends another's, takes its memory, and learns from
    timing what model runs beside it.
    Fix: split the GPU with MIG, or keep nodes with time slicing for one team.
    """
    sliced = settings.text_has(r"(?m)^\s*timeSlicing\s*:")
    return fail_if(sliced, "its device plug-in shares by time slicing")
