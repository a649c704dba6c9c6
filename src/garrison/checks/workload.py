"""What pods get from their node and their cluster."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if, unsafe
from garrison.estate.assets.cluster_access import ServiceAccount
from garrison.estate.assets.workload import Workload
from garrison.estate.estate import Relations
from garrison.estate.relations import Relation
from garrison.estate.truth import Truth, any_of


@check(
    id="workload-runtime-socket",
    severity=Severity.CRITICAL,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0105", "NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.2.11"),
)
def workload_runtime_socket(workload: Workload) -> Verdict:
    """Workload holds the container runtime's socket.

    Why: a build job or notebook with the socket starts a container as root on the node: every model, key and data
    volume there is its own.
    Fix: build images without a daemon (BuildKit rootless, Kaniko) and remove the mount.
    """
    return fail_if(workload.runtime_socket, "the runtime's socket is mounted")


@check(
    id="workload-node-path",
    severity=Severity.HIGH,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0105", "NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.2.11"),
)
def workload_node_path(workload: Workload) -> Verdict:
    """Workload mounts a folder of the node that rules the node.

    Why: who gets into the job reads the kubelet's credentials or writes a start-up script, and owns the GPU node.
    Fix: use a volume claim or `emptyDir`; mount node folders read-only into node agents only.
    """
    return fail_if(workload.node_paths & ~workload.runtime_socket, "a ruling folder of the node is mounted")


@check(
    id="workload-host-credentials",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "NIST-800-53:AC-6"),
)
def workload_host_credentials(workload: Workload) -> Verdict:
    """Workload mounts the keys of whoever works on its host.

    Why: a package or a model file that runs code in it has the data scientist's cloud profile, SSH keys or kubeconfig, with
    all that he may do, and nobody sees that it was not he.
    Fix: give the container a role of its own, or short-lived keys for the one bucket that it needs, as a secret.
    """
    return fail_if(workload.host_credentials, "a folder of keys is mounted")


@check(
    id="workload-host-processes",
    severity=Severity.HIGH,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0105", "NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.2.3", "CIS-Kubernetes-1.12:5.2.4"),
    mend=unsafe(host_processes=False, host_ipc=False),
)
def workload_host_processes(workload: Workload) -> Verdict:
    """Workload shares processes or memory with its node.

    Why: it reads the environment and the shared memory of other jobs on the node: their keys, batches and gradients.
    Fix: remove `hostPID` and `hostIPC`; for shared memory of data loaders mount an `emptyDir` of medium Memory at
    /dev/shm.
    """
    return fail_if(workload.host_processes | workload.host_ipc, "it shares processes or memory with its node")


@check(
    id="workload-host-network",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("NIST-800-53:SC-7", "CIS-Kubernetes-1.12:5.2.5"),
    mend=unsafe(host_network=False),
)
def workload_host_network(workload: Workload) -> Verdict:
    """Workload is on its node's network.

    Why: network policies do not hold for it, its ports are open on the node, and it reaches the cloud's metadata
    service as the node.
    Fix: remove `hostNetwork: true`.
    """
    return fail_if(workload.host_network & ~workload.trains, "it is on the node's network")


@check(
    id="training-host-network",
    severity=Severity.HIGH,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0020", "NIST-800-53:SC-7", "CIS-Kubernetes-1.12:5.2.5"),
    about_ml=True,
)
def training_host_network(workload: Workload) -> Verdict:
    """Distributed training runs on the node's network.

    Why: the rendezvous and collective ports of torch, MPI and NCCL ask nobody who he is: whoever reaches the node joins
    the job, reads gradients and sends his own, and no network policy stands before them.
    Fix: remove `hostNetwork: true`; give the pods a second interface (Multus, SR-IOV) where they need RDMA.
    """
    return fail_if(workload.host_network & workload.trains, "training is on the node's network")


@check(
    id="gpu-device-mounted",
    severity=Severity.HIGH,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0105", "NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.2.11"),
    about_ml=True,
)
def gpu_device_mounted(workload: Workload) -> Verdict:
    """Workload takes devices of the node as files.

    Why: it uses accelerators past the scheduler's accounts: it reads what other teams' models left in GPU memory, and
    with /dev itself it writes the node's disks.
    Fix: ask for `nvidia.com/gpu` (or your vendor's resource) in the limits and remove the mount.
    """
    return fail_if(workload.node_devices & ~workload.node_paths, "devices of the node are mounted")


@check(
    id="ml-server-cluster-token",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0091.000", "NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.1.6"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
    mend=unsafe(mounts_token=False),
)
def ml_server_cluster_token(workload: Workload, near: Relations) -> Verdict:
    """Model server carries a token for the cluster's API that it does not need.

    Why: it runs as its namespace's default account: a flaw in the server, or a model file that runs code, speaks to
    the cluster with whatever that account was ever given.
    Fix: set `automountServiceAccountToken: false`, or give the server an account of its own.
    """
    return fail_if(_serves_models(workload) & _default_token(workload, near), "it carries the default account's token")


def _serves_models(workload: Workload) -> Truth:
    return any_of(c.about_ml for c in workload.containers if c.server is not None)


def _default_token(workload: Workload, near: Relations) -> Truth:
    """Whether it receives a token of the account that every pod has; an operator may say another account."""
    kept = any_of(~a.mounts_token for a in near.to(Relation.RUNS_AS, ServiceAccount))
    default = workload.service_account.equals("default") & ~workload.has_operator & ~workload.is_template
    return default & workload.mounts_token & ~kept


@check(
    id="workload-default-token",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0091.000", "NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.1.5", "CIS-Kubernetes-1.12:5.1.6"),
)
def workload_default_token(workload: Workload, near: Relations) -> Verdict:
    """Workload carries the token of the account that every pod has.

    Why: a flaw in it speaks to the cluster with whatever that account was ever given.
    Fix: set `automountServiceAccountToken: false`, or give it an account of its own where it talks to the cluster.
    """
    told = _serves_models(workload)  # as ml-server-cluster-token
    return fail_if(_default_token(workload, near) & ~told, "it carries the default account's token")
