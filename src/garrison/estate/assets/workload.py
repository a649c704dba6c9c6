"""What runs in containers: pods, whatever makes pods, and the tasks of a cloud's container service."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.assets.exposure import PublishedPort
from garrison.estate.assets.started import Started
from garrison.estate.pod_security import Violation, violations
from garrison.estate.relations import By, Relation, To
from garrison.estate.truth import Truth, any_of
from garrison.estate.values import State, Value, shown

DIGEST = r"@sha256:[0-9a-f]{64}$"
TAG = r":\w[\w.-]*$"
MOVING_TAG = r":(?:(?:latest|stable|main|master|edge|nightly|dev|head)(?:-.*)?|.*-(?:latest|nightly))$"

# Whoever reads or writes these owns the node, or every container on it.
_NODE_PATHS = (
    r"^/$|^/(root|boot|proc|bin|sbin|usr(?!/(share|local/share|src)(/|$))|lib(?!/modules(/|$))|lib64)(/|$)|^/etc/?$|^/home(/[^/]+)?/?$"
    r"|^/etc/(passwd|shadow|group|gshadow|sudoers[\w.]*|ssh|cron[\w.]*|systemd|init[\w.]*|rc[\w.]*|pam\.d|security|ld\.so[\w.-]*|profile[\w.]*"
    r"|environment|kubernetes|cni|docker|containerd|crio|modprobe\.d|modules-load\.d|udev|sysctl[\w.]*|apt|yum[\w.]*)(/|$)"
    r"|^/var/?$|^/var/(lib|run)/?$|^/run/?$|^/var/lib/(kubelet|docker|containerd|etcd|cni)(/|$)|^/opt/cni(/|$)"
)
# What opens clouds, clusters, registries and machines to whoever reads it.
_HOST_CREDENTIALS = (
    r"/\.(aws|azure|ssh|kube|gnupg|kaggle|oci|databrickscfg|netrc|git-credentials|pypirc|vault-token)(/|$)|/\.docker(/config\.json)?/?$"
    r"|/\.config/(gcloud|gh|huggingface)(/|$)|/\.(cache/)?huggingface/token$|/etc/kubernetes(/|$)|/var/lib/kubelet/(pki|kubeconfig)"
)
_RUNTIME_SOCKETS = r"(docker|containerd|crio|cri-dockerd|podman|buildkitd)\.sock$"
_DEVICES = r"^/dev/?$|^/dev/(nvidia[\w-]*|mem|kmem|sd[a-z]\w*|nvme\w*|dm-\d+|infiniband|kfd|dri)(/|$)"

# With any of these a process leaves its container, or rewrites the node's kernel or the memory of others.
ESCAPES = ("ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "DAC_READ_SEARCH", "BPF")
_IN_FRONT = r"(^|/)(oauth2-proxy|oauth2_proxy|kube-rbac-proxy|gatekeeper|pomerium|authelia|louketo-proxy|oidc-proxy)"
_TRAINING = r"(Job|Runtime|RayCluster)\.(kubeflow\.org|ray\.io|trainer\.kubeflow\.org)$"
_ML_GROUPS = r"\.(kubeflow\.org|trainer\.kubeflow\.org|ray\.io|serving\.kserve\.io|machinelearning\.seldon\.io)$"
_ML_IMAGES = (
    r"(^|[/_-])(tensorflow|pytorch|torch|keras|xgboost|lightgbm|sklearn|scikit|cuda|nemo|deepspeed|huggingface|"
    r"transformers|diffusers|vllm|triton|jupyter|dask|model-server)"
    r"([/:@_-]|$)"
)


class Container(Started, frozen=True, kw_only=True, eq=False, dict=True):
    """One container of a workload."""

    built_from: Annotated[Value, To(Relation.BUILT_FROM)] = UNMAPPED  # the Dockerfile, where its image is built with it
    privileged: Truth = UNMAPPED_TRUTH
    run_as_non_root: Truth = UNMAPPED_TRUTH  # the runtime refuses to start it as root
    run_as_user: Value = UNMAPPED  # numeric user id; 0 is root
    escalates: Truth = UNMAPPED_TRUTH  # a process may gain more rights than its parent (no_new_privs is off)
    added_capabilities: Value = UNMAPPED
    dropped_capabilities: Value = UNMAPPED
    seccomp_profile: Value = UNMAPPED  # RuntimeDefault, Localhost, Unconfined
    apparmor_profile: Value = UNMAPPED  # the same, for AppArmor
    read_only_root: Truth = UNMAPPED_TRUTH  # its root file system cannot be written
    ports: Value = UNMAPPED  # items of name and containerPort
    memory_limit: Value = UNMAPPED
    cpu_limit: Value = UNMAPPED
    gpu_limit: Value = UNMAPPED  # how many accelerators, of any vendor

    @cached_property
    def about_ml(self) -> Truth:
        """Whether it serves or trains models, as far as its kind, image, command and accelerators tell."""
        if self.server is not None and not self.server.component.general:
            return Truth(True, (self.server.told,))
        by_image = Truth(self.image.matches(_ML_IMAGES).yes, (self.image,))
        by_type = Truth(re.search(_ML_GROUPS, self.type) is not None, (self.image,))
        return by_type | by_image | Truth(self.gpu_limit.at_least(1).yes, (self.gpu_limit,))

    @cached_property
    def runs_as_root(self) -> Truth:
        """Whether nothing keeps it from being root: no other user is set, and root is not refused."""
        other_user = self.run_as_user.at_least(1)
        return self.run_as_user.equals(0) | (~self.run_as_non_root & ~other_user)

    @property
    def built_here(self) -> Truth:
        """Whether its image is built with it, and not pulled by its name."""
        return Truth(self.built_from.state is State.KNOWN)

    @cached_property
    def unconfined(self) -> Truth:
        """Whether it says itself that its system calls, or what it does to files, is not to be limited."""
        said = self.seccomp_profile.equals("Unconfined") & Truth(not self.seccomp_profile.reason)
        return said | self.apparmor_profile.equals("Unconfined")

    @cached_property
    def escape_capabilities(self) -> Truth:
        """Whether it is given a capability with which a process leaves its container."""
        return self.added_capabilities.any(lambda c: c.one_of((*ESCAPES, *(f"CAP_{e}" for e in ESCAPES))))


class Workload(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A pod, or whatever makes pods: Deployment, Job, InferenceService, the groups of a RayCluster."""

    namespace: Value = UNMAPPED
    labels: Value = UNMAPPED  # of its pods: what selectors match
    host_network: Truth = UNMAPPED_TRUTH
    host_processes: Truth = UNMAPPED_TRUTH  # it sees the processes of its node
    host_ipc: Truth = UNMAPPED_TRUTH  # it shares memory with the processes of its node
    host_paths: Value = UNMAPPED  # folders and files of the node it mounts
    volumes: Value = UNMAPPED  # items of name and what stands behind it
    mounts_token: Truth = UNMAPPED_TRUTH  # its pods receive a token for the cluster's API
    service_account: Value = UNMAPPED  # by name, in its namespace
    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED  # of a cloud's IAM, where the workload itself names it
    networks: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED  # of containers: who is in one reaches the others
    containers: tuple[Container, ...] = ()
    published: tuple[PublishedPort, ...] = ()

    @cached_property
    def about_ml(self) -> Truth:
        """Whether one of its containers serves or trains models."""
        return any_of(c.about_ml for c in self.containers)

    @property
    def in_cluster(self) -> Truth:
        """Whether it runs among strangers' pods; elsewhere networks and groups of its own stand before it."""
        return Truth(self.provider == "kubernetes")

    @cached_property
    def guarded(self) -> Truth:
        """Whether an authenticating proxy runs beside its server."""
        return any_of(Truth(c.image.matches(_IN_FRONT).yes, (c.image,)) for c in self.containers)

    @cached_property
    def unauthenticated(self) -> Truth:
        """Whether a known server in it serves everybody who reaches it; undecided where a proxy stands before it."""
        truth = any_of(c.unauthenticated for c in self.containers)
        return Truth(None, self.guarded.because) if truth.yes and self.guarded.yes else truth

    @cached_property
    def unauthenticated_code(self) -> Truth:
        """Whether one of those servers runs the code it is sent."""
        return self.unauthenticated & any_of(c.unauthenticated for c in self.containers if c.runs_code.yes)

    @cached_property
    def trains(self) -> Truth:
        """Whether it is a training job, or a group of a cluster that runs them."""
        return Truth(re.search(_TRAINING, self.type) is not None)

    @property
    def is_template(self) -> Truth:
        """Whether what is started from it says more: the account, the namespace."""
        return Truth(re.search(r"(Runtime|WorkflowTemplate)\.", self.type) is not None)

    @cached_property
    def pod_violations(self) -> tuple[Violation, ...]:
        """The controls of the Pod Security Standards, both levels, that it violates or may violate."""
        return violations(self.native("pod"), self.native("annotations"))

    @property
    def has_operator(self) -> Truth:
        """Whether KServe or KubeRay makes its pods: accounts, services and the door to it are said elsewhere."""
        return Truth(self.type.endswith((".serving.kserve.io", ".ray.io")))

    @cached_property
    def node_paths(self) -> Truth:
        """Whether it mounts a path of the node with which it owns the node."""
        return self.host_paths.any(lambda p: p.matches(_NODE_PATHS) | p.matches(_RUNTIME_SOCKETS))

    @cached_property
    def host_credentials(self) -> Truth:
        """Whether it mounts the keys of whoever works on its host."""
        return self.host_paths.any(_holds_keys)

    @cached_property
    def runtime_socket(self) -> Truth:
        """Whether it mounts the container runtime's socket."""
        return self.host_paths.any(lambda p: p.matches(_RUNTIME_SOCKETS))

    @cached_property
    def node_devices(self) -> Truth:
        """Whether it mounts devices of the node as files."""
        return self.host_paths.any(lambda p: p.matches(_DEVICES))

    @property
    def harmless_ports(self) -> frozenset[int | str]:
        """Ports, by number and name, that give away nothing of its unauthenticated servers."""
        found = [c.server.component.harmless_ports for c in self.containers if c.server is not None]
        return frozenset(p for ports in found for p in ports)


def rules_node(path: Value) -> Truth:
    """Whether a path of the node is one with which a pod owns the node, or devices of it."""
    return path.matches(_NODE_PATHS) | path.matches(_RUNTIME_SOCKETS) | path.matches(_DEVICES)


def _holds_keys(path: Value) -> Truth:
    """Whether a path of a host is known for keys; what is known of it may tell already: `${HOME}/.aws`.

    One with which its owner rules the host is not told twice.
    """
    if path.matches(_NODE_PATHS).yes:
        return Truth(False, (path,))
    if re.search(_HOST_CREDENTIALS, shown(path)):
        return Truth(True, (path,))
    return Truth(None if path.state is State.UNKNOWN and not path.content else False, (path,))
