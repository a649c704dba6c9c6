"""Machines, and the clusters that are made of them."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if, unsafe
from garrison.estate.assets.compute import Cluster, Disk, Instance, Interface, NodePool
from garrison.estate.assets.network import Subnet
from garrison.estate.estate import Relations
from garrison.estate.relations import Relation
from garrison.estate.truth import Truth


@check(
    id="gpu-instance-public",
    severity=Severity.HIGH,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0049", "NIST-800-53:SC-7", "AWS-FSBP:EC2.9", "CIS-GCP-4.0:4.9"),
    about_ml=True,
)
def gpu_instance_public(instance: Instance, near: Relations) -> Verdict:
    """A machine with accelerators has an address on the internet.

    Why: it trains or serves models: whatever it runs (Jupyter, Ray, a model server) is one wrong firewall rule from
    everybody, and stolen GPU time pays for the search.
    Fix: give it no public address; reach it through a load balancer, IAP, Session Manager or a bastion.
    """
    return fail_if(instance.accelerated & _has_public_address(instance, near), "a GPU machine has a public address")


@check(
    id="instance-public-address",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-7", "AWS-FSBP:EC2.9", "AWS-FSBP:EC2.25", "CIS-GCP-4.0:4.9", "CIS-Azure-5.0:7.7"),
)
def instance_public_address(instance: Instance, near: Relations) -> Verdict:
    """A machine has an address on the internet.

    Why: only its firewall stands between everybody and the data and credentials on it.
    Fix: give it no public address; reach it through a load balancer or a bastion.
    """
    return fail_if(~instance.accelerated & _has_public_address(instance, near), "it has a public address")


@check(
    id="instance-metadata-v1",
    severity=Severity.HIGH,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0055", "NIST-800-53:AC-3", "AWS-FSBP:EC2.8", "CIS-AWS-6.0:6.7"),
    confidence=Confidence.MEDIUM,
)
def instance_metadata_v1(instance: Instance) -> Verdict:
    """The metadata service hands out the role's credentials without a session token.

    Why: a server that can be made to fetch a URL (model downloads, notebook proxies, image loaders do nothing else)
    gives away the role, and with it training data and models.
    Fix: require session tokens (http_tokens = "required").
    """
    return fail_if(instance.metadata_service & instance.open_metadata, "IMDSv1 answers without a session token")


@check(
    id="instance-script-secret",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "OWASP-LLM:LLM02"),
    confidence=Confidence.MEDIUM,
)
def instance_script_secret(instance: Instance) -> Verdict:
    """A credential is written into a machine's start script.

    Why: start scripts are stored in clear, and whoever can describe the machine or run code on it reads them: a key of
    a model hub, a tracker or a database travels with every copy.
    Fix: fetch the secret from a secret store with the machine's role; replace the one that was written here.
    """
    return fail_if(instance.script_has_credential, "its start script has a key or password in it")


@check(
    id="instance-script-download",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0010.001", "NIST-800-53:SI-7", "OWASP-ML:ML06"),
)
def instance_script_download(instance: Instance) -> Verdict:
    """A machine runs a script from the internet as it starts, unseen.

    Why: whoever controls that address, or the way to it, is root on every training or serving machine that starts.
    Fix: build it into the image, or download a fixed version and compare its checksum before running it.
    """
    return fail_if(instance.script_runs_download, "its start script pipes a download into a shell")


@check(
    id="instance-disk-unencrypted",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-28", "AWS-FSBP:EC2.3", "CIS-AWS-6.0:6.1.1"),
    confidence=Confidence.MEDIUM,
)
def instance_disk_unencrypted(instance: Instance) -> Verdict:
    """A machine's disk is not encrypted.

    Why: training sets and checkpoints lie on it, and stay readable in every snapshot that is copied or shared.
    Fix: encrypt its disks, or let the account encrypt every new one.
    """
    return fail_if(~instance.root_disk_encrypted | instance.plain_disk, "its disk is not encrypted")


@check(
    id="disk-unencrypted",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-28", "AWS-FSBP:EC2.3", "CIS-AWS-6.0:6.1.1"),
)
def disk_unencrypted(disk: Disk) -> Verdict:
    """A volume is not encrypted.

    Why: training sets and checkpoints lie on it, and stay readable in every snapshot that is copied or shared.
    Fix: encrypt it, or let the account encrypt every new one.
    """
    return fail_if(~disk.encrypted, "it is not encrypted")


@check(
    id="instance-password-login",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:IA-2", "NIST-800-53:IA-5"),
)
def instance_password_login(instance: Instance) -> Verdict:
    """People log in to a machine with a password.

    Why: passwords are guessed; a GPU machine is tried for as long as it takes.
    Fix: allow keys only.
    """
    return fail_if(instance.password_login, "it takes passwords for SSH")


@check(
    id="instance-default-account",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:AC-6", "CIS-GCP-4.0:4.1", "CIS-GCP-4.0:4.2"),
)
def instance_default_account(instance: Instance) -> Verdict:
    """A machine may call every API as the project's default service account.

    Why: that account is an editor of the whole project unless somebody changed it: code on the machine reads every
    bucket and changes every model.
    Fix: give it a service account of its own with the roles it needs.
    """
    return fail_if(instance.default_identity & instance.every_scope, "it runs as the default account with every scope")


@check(
    id="nodes-default-account",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:AC-6", "CIS-GCP-4.0:4.1"),
)
def nodes_default_account(pool: NodePool) -> Verdict:
    """The nodes of a cluster run as the project's default service account.

    Why: that account is an editor of the whole project unless somebody changed it, and every pod, each training job
    and each model server, can take its credentials from the node.
    Fix: give the nodes a service account of their own, and pods theirs by workload identity.
    """
    return fail_if(pool.default_identity, "its nodes run as the default service account")


@check(
    id="instance-default-network",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-7", "CIS-GCP-4.0:3.1"),
)
def instance_default_network(instance: Instance) -> Verdict:
    """A machine is in the project's default network.

    Why: that network lets SSH and RDP in from the whole internet, and every other machine of it, unless changed.
    Fix: put it into a network of your own.
    """
    return fail_if(instance.network.any(lambda n: n.equals("default")), "it is in the network called default")


@check(
    id="cluster-endpoint-public",
    severity=Severity.HIGH,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0049", "NIST-800-53:SC-7", "AWS-FSBP:EKS.1"),
)
def cluster_endpoint_public(cluster: Cluster) -> Verdict:
    """Anyone on the internet can connect to a cluster's control plane.

    Why: a leaked kubeconfig or token, or a flaw of the API server, then gives every training job and model server from
    anywhere.
    Fix: make the endpoint private, or name the networks that may reach it.
    """
    return fail_if(cluster.reachable_by_anyone, "its API is open to every address")


@check(
    id="cluster-audit-log-off",
    severity=Severity.MEDIUM,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:AU-12", "AWS-FSBP:EKS.8", "CIS-Kubernetes-1.12:3.2.1", "CIS-Azure-5.0:6.1.4"),
)
def cluster_audit_log_off(cluster: Cluster) -> Verdict:
    """Nobody records who calls a cluster's API.

    Why: who read a secret, changed a model server or entered a training pod cannot be told afterwards.
    Fix: keep the audit log of the control plane.
    """
    return fail_if(~cluster.audit_log, "its audit log is not kept")


@check(
    id="cluster-legacy-authorization",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "NIST-800-53:AC-3", "CIS-Kubernetes-1.12:1.2.8"),
    mend=unsafe(legacy_authorization=False),
)
def cluster_legacy_authorization(cluster: Cluster) -> Verdict:
    """A cluster does without role-based access control.

    Why: every account, that of each pod too, has wide rights that roles cannot take away: one training job rules all.
    Fix: use RBAC, and turn the older authorisation off.
    """
    return fail_if(cluster.legacy_authorization, "role-based access control is bypassed or off")


@check(
    id="cluster-local-accounts",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:IA-2", "CIS-Kubernetes-1.12:3.1.1"),
)
def cluster_local_accounts(cluster: Cluster) -> Verdict:
    """A cluster takes an administrator's certificate beside the identity provider.

    Why: the certificate belongs to nobody, cannot be revoked for one person, and outlives whoever copied it.
    Fix: turn local accounts off.
    """
    return fail_if(cluster.local_accounts, "a certificate of an administrator works beside the identity provider")


@check(
    id="cluster-secrets-unencrypted",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-28", "AWS-FSBP:EKS.3"),
)
def cluster_secrets_unencrypted(cluster: Cluster) -> Verdict:
    """A cluster's secrets are not encrypted with a key of your own.

    Why: tokens of model hubs, trackers and stores are secrets of the cluster; with a key of your own their use is
    recorded and can be stopped.
    Fix: encrypt secrets with a key of your key management.
    """
    return fail_if(~cluster.secrets_encrypted, "no key of the customer's own encrypts its secrets")


@check(
    id="cluster-workload-identity-off",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:AC-6"),
)
def cluster_workload_identity_off(cluster: Cluster) -> Verdict:
    """Pods of a cluster have no identity in the cloud but their node's.

    Why: a notebook can do whatever any job on its node may: read all training data, write all models.
    Fix: turn workload identity on, and give each workload an account of its own.
    """
    return fail_if(~cluster.workload_identity, "workload identity is off")


def _has_public_address(instance: Instance, near: Relations) -> Truth:
    """By itself, by its interface, or because its subnet gives it one.

    A subnet or interface that is not in these files is no reason to doubt.
    """
    subnet = near.any_by(Relation.CONTAINS, Subnet, lambda s: s.public_by_default)
    interface = near.any_by(Relation.EXPOSES, Interface, lambda i: i.public_address)
    by_subnet = ~instance.chooses_address & Truth(subnet.yes, subnet.because)
    return instance.public | by_subnet | Truth(interface.yes, interface.because)


@check(
    id="cluster-version-retired",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SI-2", "AWS-FSBP:EKS.2"),
)
def cluster_version_retired(cluster: Cluster, near: Relations) -> Verdict:
    """A cluster runs a version of Kubernetes that gets no more fixes.

    Why: holes found since then stay open on every node that trains or serves.
    Fix: upgrade a minor version at a time to one that its provider supports.
    """
    return fail_if(cluster.unpatched(near.estate.today), "its version gets no more fixes")
