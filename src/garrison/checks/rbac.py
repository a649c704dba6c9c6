"""Who may do what in a cluster."""

from __future__ import annotations

from garrison.checks.check import Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.cluster_access import KubernetesRole, RoleBinding
from garrison.estate.estate import Relations
from garrison.estate.relations import Relation
from garrison.estate.truth import Truth, any_of

_PUBLIC = (
    "system:public-info-viewer",
    "system:discovery",
    "system:basic-user",
    "system:service-account-issuer-discovery",
)
_BUILT_IN = ("admin", "edit", "view")
_SHARED = r"^(default|default-editor|default-viewer|notebook|jupyter\S*|pipeline-runner)$"


def _everywhere(near: Relations) -> Truth:
    """Whether something deployed with it gives it in all namespaces."""
    return near.any_by(Relation.GRANTS, RoleBinding, lambda b: b.cluster_wide)


def _sweeping(role: KubernetesRole) -> Truth:
    """Whether it allows everything, at least in the core group: what follows from that need not be told."""
    return role.allows(["*"], ["*"], ["", "*"], all_only=True)


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
    return fail_if(reads & ~_sweeping(role) & _everywhere(near), "it reads the secrets of all namespaces")


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
    joins = role.allows(["update", "patch"], ["pods/ephemeralcontainers"])
    return fail_if((runs | joins) & ~_sweeping(role) & _everywhere(near), "it opens shells in all pods")


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
    return fail_if((more | acts) & ~_sweeping(role), "it allows to take more rights")


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
    groups = binding.subjects.any(lambda s: s.child("name").starts_with("system:serviceaccounts"))
    shared = binding.to_account(lambda n: n.matches(_SHARED)) | groups | binding.to_anybody_known
    return fail_if(binding.administrator & shared, "a shared account is administrator")


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


@check(
    id="rbac-administrator-account",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.1.1"),
)
def rbac_administrator_account(binding: RoleBinding) -> Verdict:
    """A workload's account is administrator of the cluster.

    Why: whoever gets into its pod, a pipeline runner or an operator most often, owns every model, data set and credential.
    Fix: give the account a role of its own that names what it uses.
    """
    to_workload = binding.to_account(lambda n: ~n.matches(_SHARED))
    return fail_if(binding.administrator & binding.cluster_wide & to_workload, "a service account is administrator")


@check(
    id="rbac-authenticated",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-3", "CIS-Kubernetes-1.12:5.1.1"),
)
def rbac_authenticated(binding: RoleBinding, near: Relations) -> Verdict:
    """Rights are given to everybody who can say who he is.

    Why: that is every pod of the cluster, notebooks and jobs too; on GKE it is everybody with a Google account.
    Fix: name the groups and accounts that need the role instead of `system:authenticated`.
    """
    beyond = ~binding.role_name.one_of(_PUBLIC) & ~binding.administrator
    roles = near.to(Relation.GRANTS, KubernetesRole)
    known = Truth(True if binding.role_name.one_of(_BUILT_IN).yes else None, (binding.role_name,))
    much = any_of(~r.only_looks for r in roles) if roles else known
    return fail_if(binding.to_anybody_known & beyond & much, "everybody who logs in receives a role")


@check(
    id="rbac-default-account",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.1.5"),
)
def rbac_default_account(binding: RoleBinding) -> Verdict:
    """The account that every pod has by default is given rights.

    Why: each job and model server of the namespace that names no account holds them, whether it needs them or not.
    Fix: make an account for the one workload that needs the role.
    """
    given = binding.to_account(lambda n: n.equals("default")) & ~binding.administrator
    return fail_if(given, "the default account receives a role")


@check(
    id="rbac-every-resource",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.1.3"),
)
def rbac_every_resource(role: KubernetesRole) -> Verdict:
    """A role allows every verb on every resource of Kubernetes' core or applications.

    Why: that is every secret, every shell, and every pod on every node: an operator or a notebook with it owns what it runs
    beside.
    Fix: name the resources and verbs that are used.
    """
    sweeps = role.allows(["*"], ["*"], ["", "apps", "batch", "rbac.authorization.k8s.io"], all_only=True)
    everything = role.allows(["*"], ["*"], ["*"], all_only=True)
    return fail_if(sweeps & ~everything, "all verbs on all resources of a group are allowed")


@check(
    id="rbac-node-proxy",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.1.10"),
)
def rbac_node_proxy(role: KubernetesRole, near: Relations) -> Verdict:
    """A role reaches the kubelets of all nodes through the API server.

    Why: the kubelet runs commands in every container of its node, asks no admission, and leaves no trace in the audit log:
    all jobs, models and credentials are open.
    Fix: use `nodes/metrics`, `nodes/stats` and `nodes/log` instead of `nodes/proxy`.
    """
    reaches = role.allows(["get", "create"], ["nodes/proxy"])
    return fail_if(reaches & ~_sweeping(role) & _everywhere(near), "it reaches every kubelet")


@check(
    id="rbac-makes-tokens",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.1.13"),
)
def rbac_makes_tokens(role: KubernetesRole, near: Relations) -> Verdict:
    """A role makes tokens of every service account.

    Why: whoever has it is whichever account he likes, the administrator's and those that assume cloud roles included.
    Fix: use a Role in the namespace concerned, or name the accounts (`resourceNames`).
    """
    makes = role.allows(["create"], ["serviceaccounts/token"])
    return fail_if(makes & ~_sweeping(role) & _everywhere(near), "it makes tokens of all accounts")


@check(
    id="rbac-approves-certificates",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.1.11"),
)
def rbac_approves_certificates(role: KubernetesRole) -> Verdict:
    """A role approves certificates of every signer.

    Why: whoever has it asks for a certificate in the name of an administrator, approves it himself, and keeps a key to the
    cluster that no rotation of tokens takes away.
    Fix: name the signers (`resourceNames`) whose requests it approves.
    """
    group = ("certificates.k8s.io",)
    approves = role.allows(["update", "patch"], ["certificatesigningrequests/approval"], group)
    every_signer = role.allows(["approve"], ["signers"], group)
    return fail_if(approves & every_signer & ~_sweeping(role), "it approves certificates of every signer")


@check(
    id="rbac-changes-webhooks",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.1.12"),
)
def rbac_changes_webhooks(role: KubernetesRole, near: Relations) -> Verdict:
    """A role changes every admission webhook.

    Why: a webhook sees each object, secrets too, and changes each pod: whoever has it reads what is deployed, puts his own
    container into jobs, or switches the policy engine off.
    Fix: name the configurations it keeps (`resourceNames`).
    """
    changes = role.allows(
        ["create", "update", "patch", "delete"],
        ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
        ["admissionregistration.k8s.io"],
    )
    return fail_if(changes & ~_sweeping(role) & _everywhere(near), "it changes all admission webhooks")


@check(
    id="rbac-creates-workloads",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.1.4"),
)
def rbac_creates_workloads(role: KubernetesRole, near: Relations) -> Verdict:
    """A role creates pods in all namespaces.

    Why: a pod runs as any account and mounts any secret of its namespace: whoever gets into a training or notebook operator
    with it has all of them.
    Fix: where the operator allows it, watch some namespaces only, with a Role in each; enforce a Pod Security Standard.
    """
    pods = role.allows(["create"], ["pods", "replicationcontrollers"])
    makers = role.allows(["create"], ["deployments", "statefulsets", "daemonsets", "replicasets"], ["apps"])
    jobs = role.allows(["create"], ["jobs", "cronjobs"], ["batch"])
    return fail_if((pods | makers | jobs) & ~_sweeping(role) & _everywhere(near), "it creates pods in all namespaces")


@check(
    id="rbac-makes-volumes",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.1.9"),
)
def rbac_makes_volumes(role: KubernetesRole, near: Relations) -> Verdict:
    """A role makes persistent volumes.

    Why: a volume may be a folder of the node: whoever has the role mounts the node's disk past Pod Security Standards, and
    data sets of other teams.
    Fix: leave that to the provisioner of a storage class, and let people make claims only.
    """
    makes = role.allows(["create"], ["persistentvolumes"])
    return fail_if(makes & ~_sweeping(role) & _everywhere(near), "it makes persistent volumes")
