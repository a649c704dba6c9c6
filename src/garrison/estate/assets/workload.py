"""What runs in containers: pods, whatever makes pods, and the tasks of a cloud's container service."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Annotated

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.launch import Server, options, recognised, variables
from garrison.estate.relations import Relation, To
from garrison.estate.truth import NO, Truth, any_of
from garrison.estate.values import State, Value, absent, dig, unknown

DIGEST = r"@sha256:[0-9a-f]{64}$"
TAG = r":[\w][\w.-]*$"
MOVING_TAG = r":(latest|stable|main|master|edge|nightly|dev|head)([-.]\w+)*$"

# Whoever writes below these owns the node, or every container on it.
NODE_PATHS = (
    r"^/$|^/(etc|root|boot|proc|usr|bin|sbin|lib|lib64|home)(/|$)|^/var/?$|^/var/(lib|run)/?$|^/run/?$"
    r"|^/var/lib/(kubelet|docker|containerd|etcd|cni)(/|$)|^/opt/cni(/|$)"
)
RUNTIME_SOCKETS = r"(docker|containerd|crio|cri-dockerd|podman|buildkitd)\.sock$"
DEVICES = r"^/dev/?$|^/dev/(nvidia[\w-]*|mem|kmem|sd[a-z]\w*|nvme\w*|dm-\d+|infiniband|kfd|dri)(/|$)"

# Each of these breaks out of a container or rewrites the node's kernel, network or processes.
DANGEROUS_CAPABILITIES = (
    "ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO", "SYS_BOOT", "DAC_READ_SEARCH", "BPF", "MAC_ADMIN",
    "NET_ADMIN", "PERFMON", "SYSLOG",
)  # fmt: skip


class Container(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """One container of a workload."""

    image: Annotated[Value, To(Relation.BUILT_FROM)] = UNMAPPED
    privileged: Truth = UNMAPPED_TRUTH
    run_as_non_root: Truth = UNMAPPED_TRUTH  # the runtime refuses to start it as root
    run_as_user: Value = UNMAPPED  # numeric user id; 0 is root
    escalates: Truth = UNMAPPED_TRUTH  # a process may gain more rights than its parent (no_new_privs is off)
    added_capabilities: Value = UNMAPPED  # without CAP_
    dropped_capabilities: Value = UNMAPPED
    seccomp_profile: Value = UNMAPPED  # RuntimeDefault, Localhost, Unconfined
    read_only_root: Truth = UNMAPPED_TRUTH  # its root file system cannot be written
    command: Value = UNMAPPED
    arguments: Value = UNMAPPED
    environment: Value = UNMAPPED  # items of name and value, or valueFrom
    environment_sources: Value = UNMAPPED  # ConfigMaps, Secrets, files that give more variables
    mounts: Value = UNMAPPED  # items of name and mountPath
    ports: Value = UNMAPPED
    memory_limit: Value = UNMAPPED
    cpu_limit: Value = UNMAPPED
    gpu_limit: Value = UNMAPPED  # how many accelerators of any vendor

    @cached_property
    def words(self) -> tuple[Value, ...]:
        """Its command line, word by word, with the place of each; an unknown for what may stand between."""
        return options.words((self.command, self.arguments))

    def option(self, *names: str) -> Value:
        """What its command line says after one of these options; "" for one without a value."""
        return options.find(self.words, names, self.arguments.place or self.place)

    def variable(self, *names: str) -> Value:
        """What an environment variable is set to: the first of these names that is."""
        return variables.find(self.environment, self.environment_sources, names, self.place)

    @cached_property
    def server(self) -> Server | None:
        """The machine-learning server it runs, as its image and command line tell; None where they tell none."""
        return recognised(self)

    @cached_property
    def unauthenticated(self) -> Truth:
        """Whether it is a known server that answers everybody who reaches it; no for what is not known."""
        return NO if self.server is None else self.server.open

    def is_server(self, *names: str) -> Truth:
        """Whether it is one of these servers. The evidence is what told so."""
        found = self.server
        return Truth(found is not None and found.component.name in names, (found.told,) if found else (self.image,))

    @cached_property
    def gpu(self) -> Truth:
        """Whether it is given accelerators."""
        return self.gpu_limit.at_least(1)

    @cached_property
    def about_ml(self) -> Truth:
        """Whether it serves or trains models, as far as its image, command and accelerators tell."""
        return Truth(self.server is not None, (self.image,)) | self.gpu

    @cached_property
    def root(self_) -> Truth:  # type: ignore[override]  # noqa: N805
        raise NotImplementedError


class Workload(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A pod, or whatever makes pods: Deployment, Job, InferenceService, the groups of a RayCluster."""

    namespace: Value = UNMAPPED
