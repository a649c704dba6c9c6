"""Nodes of managed clusters, and what the cluster lets onto them."""

from __future__ import annotations

from garrison.checks.check import Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.compute import Cluster, NodePool

_OFF = (False, "false")


@check(
    id="cluster-public-nodes",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0049", "NIST-800-53:SC-7"),
    native=("private_nodes",),
)
def cluster_public_nodes(cluster: Cluster) -> Verdict:
    """The nodes of a cluster have addresses on the internet.

    Why: a host port of a training job, or a rule too wide, is then open to everybody, and data leave directly.
    Fix: give nodes private addresses (enable_private_nodes), and a NAT gateway for what they fetch.
    """
    return fail_if(cluster.native("private_nodes").one_of(_OFF), "its nodes have public addresses")


@check(
    id="cluster-network-policies-ignored",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-7", "CIS-Kubernetes-1.12:5.3.1"),
    native=("network_policy",),
)
def cluster_network_policies_ignored(cluster: Cluster) -> Verdict:
    """A cluster enforces no network policies.

    Why: policies are accepted and do nothing: every notebook reaches every model server, tracker and store in it.
    Fix: use Dataplane V2 on GKE, or name a network policy engine (cilium, calico, azure).
    """
    enforced = cluster.native("network_policy").any(
        lambda p: p.one_of((True, "true", "ADVANCED_DATAPATH")) | p.matches(r"^(azure|calico|cilium)$")
    )
    return fail_if(~enforced, "nothing in it enforces network policies")


@check(
    id="cluster-any-image",
    severity=Severity.LOW,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010.001", "NIST-800-53:CM-7", "NIST-800-53:SI-7"),
    native=("image_policy",),
)
def cluster_any_image(cluster: Cluster) -> Verdict:
    """A cluster runs whatever image it is told to.

    Why: an image that nobody built or scanned here serves models or trains next to the data.
    Fix: turn binary authorization on, on Azure the Azure Policy add-on with a policy for images.
    """
    return fail_if(cluster.native("image_policy").one_of(("DISABLED", *_OFF)), "no policy looks at images")


@check(
    id="cluster-nodes-unshielded",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SI-7", "NIST-800-53:IA-3"),
    native=("shielded_nodes",),
)
def cluster_nodes_unshielded(cluster: Cluster) -> Verdict:
    """A cluster cannot tell its own nodes from others.

    Why: with a bootstrap token that a pod stole, an attacker's machine joins as a node and is given secrets and models.
    Fix: leave enable_shielded_nodes on.
    """
    return fail_if(cluster.native("shielded_nodes").one_of(_OFF), "shielded nodes are turned off")


@check(
    id="cluster-metrics-off",
    severity=Severity.LOW,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:SI-4", "NIST-800-53:AU-12"),
    native=("monitoring", "metrics"),
)
def cluster_metrics_off(cluster: Cluster) -> Verdict:
    """A cluster keeps no metrics.

    Why: the use of processors, GPUs and networks is where crypto-mining, a runaway training job and a model that is
    being copied out show first; without it nobody knows what is normal.
    Fix: leave monitoring on; where GPUs work, add DCGM to the components (enable_components).
    """
    off = cluster.native("monitoring").equals("none") | cluster.native("metrics").equals(())
    return fail_if(off, "monitoring is off")


@check(
    id="cluster-alpha",
    severity=Severity.LOW,
    pillar=Pillar.CONTAINERS,
    maps=("NIST-800-53:SI-2", "NIST-800-53:CM-7"),
    native=("alpha",),
)
def cluster_alpha(cluster: Cluster) -> Verdict:
    """A cluster is made for trying alpha features.

    Why: it gets no upgrades, is deleted after thirty days, and runs code whose holes nobody has looked for.
    Fix: make it anew without enable_kubernetes_alpha.
    """
    return fail_if(cluster.native("alpha").one_of((True, "true")), "alpha features are on")


@check(
    id="nodes-metadata-open",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:AC-6"),
    native=("metadata_mode",),
)
def nodes_metadata_open(pool: NodePool) -> Verdict:
    """Pods take their node's credentials from its metadata server.

    Why: every notebook and every model server becomes the node's service account with one HTTP request.
    Fix: set the mode of workload_metadata_config to GKE_METADATA.
    """
    return fail_if(pool.native("metadata_mode").one_of(("GCE_METADATA", "EXPOSE")), "its metadata server answers pods")


@check(
    id="nodes-read-only-port",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("NIST-800-53:AC-3", "CIS-Kubernetes-1.12:4.2.4"),
    native=("read_only_port",),
)
def nodes_read_only_port(pool: NodePool) -> Verdict:
    """A port of the nodes tells everybody what runs on them.

    Why: kubelet's port 10255 asks for no credentials: arguments and variables of training jobs are in its answers.
    Fix: set insecure_kubelet_readonly_port_enabled to FALSE.
    """
    return fail_if(pool.native("read_only_port").matches(r"(?i)^true$"), "kubelet's port 10255 is open")


@check(
    id="nodes-not-upgraded",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("NIST-800-53:SI-2",),
    native=("upgrades",),
)
def nodes_not_upgraded(pool: NodePool) -> Verdict:
    """Nodes are not upgraded by themselves.

    Why: holes in the kernel and in the container runtime lead from a training job onto the node, for as long as nobody
    upgrades it by hand.
    Fix: turn auto_upgrade on.
    """
    return fail_if(pool.native("upgrades").one_of(_OFF), "auto-upgrade is off")


@check(
    id="cluster-undefended",
    severity=Severity.LOW,
    pillar=Pillar.MONITORING,
    maps=(
        "NIST-800-53:SI-4",
        "CIS-Azure-5.0:8.1.4.1",
    ),
    native=("defender",),
)
def cluster_undefended(cluster: Cluster) -> Verdict:
    """Nothing watches what runs on a cluster's nodes.

    Why: a miner or a shell in a training pod is seen when the bill comes.
    Fix: turn Defender for Containers on (microsoft_defender), or run a sensor of your own.
    """
    return fail_if(cluster.native("defender").equals(False), "Defender's sensor is off")


@check(
    id="cluster-run-command",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=(
        "NIST-800-53:AC-17",
        "NIST-800-53:AC-6",
    ),
    native=("run_command",),
)
def cluster_run_command(cluster: Cluster) -> Verdict:
    """Commands are run in a private cluster past its network.

    Why: whoever has a role on the resource is administrator inside, from anywhere, though the API server has no public address.
    Fix: set run_command_enabled to false.
    """
    return fail_if(
        cluster.native("run_command").one_of((True, "true")) & ~cluster.public_endpoint, "az aks command invoke works"
    )
