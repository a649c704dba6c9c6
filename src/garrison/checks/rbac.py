"""Who may do what in a cluster."""

from __future__ import annotations

from garrison.checks.check import Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.cluster_access import KubernetesRole, RoleBinding
from garrison.estate.estate import Relations
from garrison.estate.relations import Relation
from garrison.estate.truth import Truth

_PUBLIC = (
    "system:public-info-viewer",
    "system:discovery",
    "system:basic-user",
    "system:service-account-issuer-discovery",
)
_SHARED = r"^(default|default-editor|default-viewer|notebook|jupyter\S*|pipeline-runner)$"


def _everywhere(near: Relations) -> Truth:
    """Whether something deployed with it gives it in all namespaces."""
    return near.any_by(Relation.GRANTS, RoleBinding, lambda b: b.cluster_wide)


@check(
    id="rbac-everything",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.1.3"),
)
def rbac_everything(role: KubernetesRole) -> Verdict:
    """A role allows everything on everything.

    Why: an operator, notebook or pipeline with it is cluster administrator; so is whoever gets into its pod.
    Fix: name the API groups, resources and verbs that are used.
    """
    return fail_if(role.allows(["*"], ["*"], ["*"], all_only=True), "all verbs on all resources are allowed")


@check(
    id="rbac-reads-all-secrets",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.1.2"),
)
def rbac_reads_all_secrets(role: KubernetesRole, near: Relations) -> Verdict:
    """A role that is given in all namespaces reads Secrets.

    Why: whoever has it holds every data store's password and every model hub's token of the cluster.
    Fix: use a Role in the namespaces concerned, or name the secrets (`resourceNames`).
    """
    reads = role.allows(["get", "list", "watch"], ["secrets"])
    everything = role.allows(["*"], ["*"], ["*"], all_only=True)
    return fail_if(reads & ~everything & _everywhere(near), "it reads the secrets of all namespaces")


@check(
    id="rbac-runs-in-pods",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.1.4"),
)
def rbac_runs_in_pods(role: KubernetesRole, near: Relations) -> Verdict:
    """A role that is given in all namespaces opens shells in pods.

    Why: whoever has it is inside every training job and model server, with their data and credentials.
    Fix: take `pods/exec` and `pods/attach` out, or use a Role in the namespace concerned.
    """
    runs = role.allows(["create", "get"], ["pods/exec", "pods/attach"])
    everything = role.allows(["*"], ["*"], ["*"], all_only=True)
    return fail_if(runs & ~everything & _everywhere(near), "it opens shells in all pods")


@check(
    id="rbac-gives-itself-more",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.1.8"),
)
def rbac_gives_itself_more(role: KubernetesRole) -> Verdict:
    """A role allows to take more rights than it gives.

    Why: with escalate or bind whoever has it makes himself administrator; with impersonate he acts as one. A
    platform's profile or notebook controller with it is a way from one pod to all.
    Fix: remove these verbs, or name the roles and users they are for (`resourceNames`).
    """
    rbac = ("rbac.authorization.k8s.io",)
    more = role.allows(["escalate", "bind"], ["roles", "clusterroles"], rbac)
    acts = role.allows(["impersonate"], ["users", "groups", "serviceaccounts"])
    everything = role.allows(["*"], ["*"], ["*"], all_only=True)
    return fail_if((more | acts) & ~everything, "it allows to take more rights")


@check(
    id="rbac-administrator-by-default",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.1.1", "CIS-Kubernetes-1.12:5.1.5"),
)
def rbac_administrator_by_default(binding: RoleBinding) -> Verdict:
    """An account that many workloads share is administrator.

    Why: every pod of the namespace that names no account, or every notebook, holds a token that rules the cluster.
    Fix: make an account for the one workload that needs it, with a role that says what.
    """
    rules = binding.role_name.one_of(("cluster-admin",)) & binding.role_kind.equals("ClusterRole")
    shared = binding.subjects.any(
        lambda s: (
            (s.child("kind").equals("ServiceAccount") & s.child("name").matches(_SHARED))
            | s.child("name").starts_with("system:serviceaccounts")
            | s.child("name").equals("system:authenticated")
        )
    )
    return fail_if(rules & shared, "a shared account is administrator")


@check(
    id="rbac-anonymous",
    severity=Severity.CRITICAL,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-3", "CIS-Kubernetes-1.12:5.1.1"),
)
def rbac_anonymous(binding: RoleBinding) -> Verdict:
    """Rights are given to callers who did not say who they are.

    Why: whoever reaches the API server has them: to list the jobs, read their data, or run his own.
    Fix: remove `system:anonymous` and `system:unauthenticated` from the subjects.
    """
    return fail_if(binding.to_everyone & ~binding.role_name.one_of(_PUBLIC), "anonymous callers receive a role")
