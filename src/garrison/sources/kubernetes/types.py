"""What a type is called, and which kinds are worth reading."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

# The API groups that Kubernetes itself serves; "" is the core group, "extensions" served Deployments until 1.16.
# https://kubernetes.io/docs/reference/generated/kubernetes-api/
BUILT_IN = frozenset(
    {
        "", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps",
        "authentication.k8s.io", "authorization.k8s.io", "autoscaling", "batch", "certificates.k8s.io",
        "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "extensions", "flowcontrol.apiserver.k8s.io",
        "imagepolicy.k8s.io", "networking.k8s.io", "node.k8s.io", "policy", "rbac.authorization.k8s.io",
        "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io",
    }
)  # fmt: skip

# Kinds that belong to no namespace: those of Kubernetes, and of the platforms that Garrison knows.
_CLUSTER_WIDE = frozenset(
    {
        "APIService", "CSIDriver", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding",
        "CustomResourceDefinition", "DeviceClass", "FlowSchema", "IngressClass", "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration", "Namespace", "Node", "PersistentVolume",
        "PriorityClass", "PriorityLevelConfiguration", "RuntimeClass", "StorageClass", "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration", "VolumeAttachment",
        "ClusterIssuer.cert-manager.io", "ClusterQueue.kueue.x-k8s.io", "ClusterServingRuntime.serving.kserve.io",
        "ClusterStorageContainer.serving.kserve.io", "ClusterTrainingRuntime.trainer.kubeflow.org",
        "ClusterWorkflowTemplate.argoproj.io", "GatewayClass.gateway.networking.k8s.io", "Profile.kubeflow.org",
        "ResourceFlavor.kueue.x-k8s.io",
    }
)  # fmt: skip


def is_cluster_wide(type_: str) -> bool:
    """Whether a type belongs to no namespace."""
    return type_ in _CLUSTER_WIDE


def type_of(api_version: str, kind: str) -> str:
    """`Kind` for a group of Kubernetes itself, else `Kind.group`."""
    group = api_version.rpartition("/")[0]
    return kind if group in BUILT_IN else f"{kind}.{group}"


def by_kind(types: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """The types of each kind."""
    found: dict[str, set[str]] = defaultdict(set)
    for type_ in types:
        found[type_.partition(".")[0]].add(type_)
    return {kind: frozenset(of) for kind, of in found.items()}
