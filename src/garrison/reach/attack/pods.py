"""Steps inside a cluster: onto nodes, by the API with a pod's token, and into secrets."""

from __future__ import annotations

from collections import defaultdict

from garrison.estate.assets.cluster_access import ConfigMap, KubernetesRole, RoleBinding, ServiceAccount
from garrison.estate.assets.ml_serving import InferenceService
from garrison.estate.assets.workload import Workload
from garrison.estate.estate import Estate
from garrison.estate.relations import Relation
from garrison.estate.truth import YES, Truth, any_of
from garrison.reach.attack.steps import CALLED, TOKEN, Steps, evidence
from garrison.reach.path import Medium
from garrison.reach.selectors import namespace_of, same_namespace

_READS = ("get", "list", "watch")
# Rights over pods that put code into them, or make one with any account of the namespace.
_ENTERS = (("create",), ("pods/exec", "pods/attach", "pods/ephemeralcontainers")), (("get",), ("pods/exec",))
_MAKES = ("create", "update", "patch")
_MAKERS = (
    "pods",
    "deployments",
    "daemonsets",
    "statefulsets",
    "jobs",
    "cronjobs",
    "replicasets",
    "replicationcontrollers",
)
_GROUPS = ("", "apps", "batch")
_ADMINISTRATORS = ("cluster-admin", "system:masters")
# Roles that every cluster has, and what of the above they allow.
_BUILT_IN = {"admin": (True, True), "edit": (True, True)}


class Pods:
    """Adds the steps."""

    def __init__(self, estate: Estate, steps: Steps) -> None:
        self.estate, self.steps = estate, steps
        self.admins: list[int] = []
        self._pods: dict[tuple[str, str], list[Workload]] = defaultdict(list)  # by root and namespace
        self._secrets: dict[tuple[str, str], list[ConfigMap]] = defaultdict(list)
        self._all: dict[str, Truth] = {}  # by role: whether it allows everything
        self._led: set[str] = set()  # hubs that lead on already
        for pod in estate.of(Workload):
            self._pods[pod.root, namespace_of(pod)].append(pod)
        for settings in estate.of(ConfigMap):
            if settings.secret.yes:
                self._secrets[settings.root, namespace_of(settings)].append(settings)

    def add(self) -> None:
        """All of them."""
        for pod in self.estate.of(Workload):
            self._onto_node(pod)
            self._mounted(pod)
            self._account(pod)
        for binding in self.estate.of(RoleBinding):
            self._bound(binding)

    def _onto_node(self, pod: Workload) -> None:
        """Out of the container, to what else its node runs; which pods those are is not known."""
        truth = pod.node_paths | any_of(c.privileged | c.escape_capabilities for c in pod.containers)
        if not truth.yes:
            return
        hub = f"nodes of {pod.root}"
        node = self.steps.hub(hub)
        self.steps.add(self.steps.node(pod), node, Medium.MOUNT, "", evidence(truth, pod.name), flawed=True)
        if hub in self._led:
            return
        self._led.add(hub)
        for end in self.estate.of(Workload):
            if end.root == pod.root:
                words = "takes over, through the node they may share,"
                self.steps.add(node, self.steps.node(end), Medium.MOUNT, words, end.name, truth=Truth(None))

    def _mounted(self, pod: Workload) -> None:
        """The secrets a pod is given, and the model it serves."""
        for edge in self.estate.graph.out(pod, Relation.MOUNTS):
            if isinstance(edge.end, ConfigMap) and edge.end.secret.yes:
                end = self.steps.node(edge.end)
                self.steps.add(self.steps.node(pod), end, Medium.MOUNT, "is given", edge.stated, truth=edge.end.exists)
        for edge in self.estate.graph.into(pod, Relation.CONTAINS):
            if isinstance(edge.start, InferenceService):
                end = self.steps.node(edge.start, CALLED)
                self.steps.add(self.steps.node(pod), end, Medium.CODE, "serves", edge.start.name)

    def _account(self, pod: Workload) -> None:
        """Its identity in a cloud, and its token for the cluster's API where one is mounted."""
        for edge in self.estate.graph.out(pod, Relation.RUNS_AS):
            account = edge.end
            if not isinstance(account, ServiceAccount):
                continue
            start = self.steps.node(pod)
            if self.estate.graph.out(account, Relation.ASSUMES):
                self.steps.add(start, self.steps.node(account), Medium.IDENTITY, "runs as", edge.stated)
            mounted = pod.mounts_token & account.mounts_token
            end = self.steps.node(account, TOKEN)
            self.steps.add(start, end, Medium.IDENTITY, "has the token of", edge.stated, truth=mounted)

    def _bound(self, binding: RoleBinding) -> None:
        """What the accounts that a binding names may do with their tokens."""
        graph = self.estate.graph
        accounts = [e.end for e in graph.out(binding, Relation.GRANTS) if isinstance(e.end, ServiceAccount)]
        roles = [e.end for e in graph.out(binding, Relation.GRANTS) if isinstance(e.end, KubernetesRole)]
        held = [a for a in accounts if self.steps.known(a, TOKEN) is not None]  # by some pod
        if not held or binding.exists.no:
            return
        here = self.steps.node(binding)
        for account in held:
            start = self.steps.node(account, TOKEN)
            words = f"holds {binding.role_name.text() or 'a role'} through"
            self.steps.add(start, here, Medium.IDENTITY, words, binding.subjects, truth=binding.exists)
        space = "" if binding.cluster_wide.yes else namespace_of(binding)
        name = binding.role_name.text()
        everything = any_of(self._everything(r) for r in roles)
        if binding.cluster_wide.yes and (name in _ADMINISTRATORS or everything.yes):
            self.admins.append(here)
        enters, reads = (YES, YES) if name in _ADMINISTRATORS or everything.yes else _rights(name, roles)
        self._give(here, enters, f"pods of {binding.root} {space}", "enters or replaces", binding)
        self._give(here, reads, f"secrets of {binding.root} {space}", "reads", binding)

    def _everything(self, role: KubernetesRole) -> Truth:
        """Whether a role allows everything; many bindings share one."""
        if role.address not in self._all:
            self._all[role.address] = role.allows(["*"], ["*"], ["*"], all_only=True)
        return self._all[role.address]

    def _give(self, start: int, truth: Truth, hub: str, words: str, binding: RoleBinding) -> None:
        """By way of a hub for each namespace, since many are bound in it and much lies there."""
        if truth.no:
            return
        through = self.steps.hub(hub)
        said = evidence(truth, binding.role_name)
        self.steps.add(start, through, Medium.IDENTITY, "", said, truth=truth, flawed=True)
        if hub in self._led:
            return
        self._led.add(hub)
        space = "" if binding.cluster_wide.yes else namespace_of(binding)
        assets: dict[tuple[str, str], list[Workload]] | dict[tuple[str, str], list[ConfigMap]]
        assets = self._pods if hub.startswith("pods") else self._secrets
        for (root, name), ends in assets.items():
            if root == binding.root and (not space or same_namespace(space, name)):
                for end in ends:
                    self.steps.add(through, self.steps.node(end), Medium.IDENTITY, words, said)


def _rights(name: str, roles: list[KubernetesRole]) -> tuple[Truth, Truth]:
    """Whether a role lets its holder put code into pods, and read secrets."""
    if not roles and name in _BUILT_IN:
        enters, reads = _BUILT_IN[name]
        return Truth(enters), Truth(reads)
    entering = [r.allows(verbs, resources, _GROUPS) for r in roles for verbs, resources in _ENTERS]
    making = [r.allows(_MAKES, _MAKERS, _GROUPS) for r in roles]
    return any_of(entering + making), any_of(r.allows(_READS, ("secrets",)) for r in roles)
