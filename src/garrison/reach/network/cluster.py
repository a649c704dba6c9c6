"""Network policies of a cluster, as the API defines them.

A pod that no policy selects takes and sends all; one that some select takes and sends what one of them lets pass. Both
ends must agree. Policies do not hold for pods in their node's network. Kubernetes leaves open whether the address of a
pod counts as one of an `ipBlock`: that may pass, and is not sure ("Network Policies", Kubernetes documentation).
That the cluster's network enforces policies at all is taken for granted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from garrison.estate.assets.cluster_access import Namespace
from garrison.estate.assets.exposure import NetworkPolicy, Service
from garrison.estate.assets.workload import Workload
from garrison.estate.estate import Estate
from garrison.estate.relations import Relation
from garrison.estate.values import Body, State, Value, entries, known, number
from garrison.reach.network.rules import FREE, UNKNOWN, Flow, flow, join
from garrison.reach.network.sets import (
    ALL_TRAFFIC,
    NOTHING,
    Ranges,
    addresses,
    is_anyone,
    protocol,
    traffic,
)
from garrison.reach.selectors import Labels, labels_of, namespace_of, same_namespace, selects

_OWN_NAME = "kubernetes.io/metadata.name"  # a label that every namespace has


class Cluster:
    """The pods of all roots, and what their policies let pass."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self._labels: dict[str, Labels] = {}
        self._policies: dict[str, tuple[list[NetworkPolicy], list[NetworkPolicy]]] = {}

    @cached_property
    def _namespaces(self) -> dict[tuple[str, str], Namespace]:
        return {(n.root, n.name.text()): n for n in self.estate.of(Namespace) if n.name.text()}

    @cached_property
    def _senders(self) -> dict[tuple[str, ...], list[tuple[str, Value, NetworkPolicy]]]:
        """The peers of all rules for what comes in, by root and word, with a mark of their own."""
        found: dict[tuple[str, ...], list[tuple[str, Value, NetworkPolicy]]] = defaultdict(list)
        for policy in self.estate.of(NetworkPolicy):
            for number_, rule in enumerate(policy.incoming.items()):
                for place, item in enumerate(rule.child("from").items()):
                    if (word := _word(item, policy)) is not None:
                        found[policy.root, *word].append((f"{policy.address} {number_} {place}", item, policy))
        return found

    @cached_property
    def _spaces(self) -> dict[str, set[str]]:
        """The namespaces that policies are in, by root."""
        found: dict[str, set[str]] = defaultdict(set)
        for policy in self.estate.of(NetworkPolicy):
            found[policy.root].add(namespace_of(policy))
        return found

    def between(self, start: Workload, end: Workload) -> Flow | None:
        """What one can open to the other; None for pods that are not deployed together."""
        if start.root != end.root:
            return None
        return self._sent(start, end) & self._taken(end, start)

    def from_outside(self, pod: Workload) -> Flow:
        """What comes to a pod from outside the cluster, if a service leads there.

        It comes with the address of its sender, of a node, or from a pod that serves as the cluster's door.
        """
        return self._taken(pod, None)

    def to_internet(self, pod: Workload) -> Flow:
        """What a pod can open to anywhere on the internet."""
        return self._sent(pod, None)

    def served(self, service: Service, pod: Workload) -> Ranges:
        """The ports of a pod that a service leads to."""
        found = NOTHING
        for item in service.ports.items():
            target = item.child("targetPort")
            found |= self._port(item, target if target.state is not State.ABSENT else item.child("port"), pod)
        return found if service.ports.items() else ALL_TRAFFIC

    def marks(self, pod: Workload) -> tuple[str, ...]:
        """What policies make of a pod as a sender; pods of the same marks are sent to and answered alike."""
        _, outgoing = self._selecting(pod)
        return (pod.root, *sorted(p.address for p in outgoing), *sorted(self._met(pod)))

    def _met(self, pod: Workload) -> Iterator[str]:
        """Which peers of the policies' rules mean a pod; only those are asked whose first word fits it."""
        for word in self._words(pod):
            for mark, item, policy in self._senders.get((pod.root, *word), ()):
                if self._peer(item, pod, policy)[1]:
                    yield mark

    def _words(self, pod: Workload) -> Iterator[tuple[str, ...]]:
        """What peers may ask of a pod, as `_word` puts it."""
        space = namespace_of(pod)
        spaces = ("", space) if space else self._spaces[pod.root]
        yield from (("in", name) for name in spaces)
        yield from (("space", key, value.text()) for key, value in self._of_namespace(pod).items())
        yield from (("pod", key, value.text()) for key, value in self._of_pod(pod).items())
        yield ("any",)

    def _selecting(self, pod: Workload) -> tuple[list[NetworkPolicy], list[NetworkPolicy]]:
        """The policies about what comes to a pod, and about what it sends."""
        found = self._policies.get(pod.address)
        if found is None:
            shields = [e.start for e in self.estate.graph.into(pod, Relation.SHIELDS)]
            mine = [] if pod.host_network.yes else [p for p in shields if isinstance(p, NetworkPolicy)]
            found = [p for p in mine if not p.about_incoming.no], [p for p in mine if not p.about_outgoing.no]
            self._policies[pod.address] = found
        return found

    def _taken(self, pod: Workload, other: Workload | None) -> Flow:
        """What a pod takes in from another, or from outside."""
        policies, _ = self._selecting(pod)
        if not policies:
            return FREE
        return join(
            flow(p.about_incoming) & self._ruled(rule, rule.child("from"), other, pod, p)
            for p in policies
            for rule in (*p.incoming.items(), *_hidden(p.incoming))
        )

    def _sent(self, pod: Workload, other: Workload | None) -> Flow:
        """What a pod sends to another, or to anywhere on the internet."""
        _, policies = self._selecting(pod)
        if not policies:
            return FREE
        return join(
            flow(p.about_outgoing) & self._ruled(rule, rule.child("to"), other, other, p)
            for p in policies
            for rule in (*p.outgoing.items(), *_hidden(p.outgoing))
        )

    def _ruled(
        self, rule: Value, peers: Value, other: Workload | None, receiver: Workload | None, policy: NetworkPolicy
    ) -> Flow:
        if rule.state is not State.KNOWN:
            return UNKNOWN
        sure, perhaps = self._peers(peers, other, policy)
        if not perhaps:
            return Flow()
        said = rule.child("ports")
        found = ALL_TRAFFIC
        if said.items():
            found = NOTHING
            for item in said.items():
                found |= self._port(item, item.child("port"), receiver)
        exists = flow(policy.exists)
        return exists & Flow(found if sure and said.rest is None else NOTHING, found, (rule,))

    def _peers(self, peers: Value, other: Workload | None, policy: NetworkPolicy) -> tuple[bool, bool]:
        """Whether a rule means the other end for sure, or may; one that names nobody means all."""
        if peers.is_empty().yes:
            return True, True
        answers = [self._peer(item, other, policy) for item in peers.items()]
        if peers.state is State.UNKNOWN or peers.rest is not None:
            answers.append((False, True))
        return any(sure for sure, _ in answers), any(perhaps for _, perhaps in answers)

    def _peer(self, item: Value, other: Workload | None, policy: NetworkPolicy) -> tuple[bool, bool]:
        block = item.child("ipBlock")
        if block.state is not State.ABSENT:
            return _blocked(block, outside=other is None)
        pods, spaces = item.child("podSelector"), item.child("namespaceSelector")
        if other is None:
            # From outside by way of a pod that serves as the door: it is in a namespace of its own.
            return False, spaces.state is not State.ABSENT
        if spaces.state is State.ABSENT:
            inside = same_namespace(namespace_of(policy), namespace_of(other))
        else:
            inside = selects(spaces, self._of_namespace(other))
        meant = inside and (pods.state is State.ABSENT or selects(pods, self._of_pod(other)))
        return meant, meant

    def _of_pod(self, pod: Workload) -> Labels:
        found = self._labels.get(pod.address)
        if found is None:
            found = self._labels[pod.address] = labels_of(pod)
        return found

    def _of_namespace(self, pod: Workload) -> Labels:
        name = namespace_of(pod)
        own: Labels = {_OWN_NAME: known(name)} if name else {}
        space = self._namespaces.get((pod.root, name))
        if space is not None and space.tags.state is State.KNOWN and isinstance(space.tags.content, Body):
            own.update(space.tags.content.items())
        return own

    def _port(self, item: Value, said: Value, receiver: Workload | None) -> Ranges:
        """The traffic of one port, by number or by the name a container of the receiver gives it."""
        proto = protocol(item.child("protocol").text("TCP")) or 0
        if said.state is State.ABSENT:
            return traffic(proto)
        first = number(said.content) if said.state is State.KNOWN else None
        if first is None:
            named = [p for p in _ports(receiver) if p.child("name").text() == said.text() != ""]
            numbers = [n for p in named if (n := number(p.child("containerPort").content)) is not None]
            found = NOTHING
            for each in numbers:
                found |= traffic(proto, int(each), int(each))
            return found if said.state is State.KNOWN else traffic(proto)
        last = number(item.child("endPort").content)
        return traffic(proto, int(first), int(first if last is None else last))


def _ports(pod: Workload | None) -> list[Value]:
    return [] if pod is None else [p for c in pod.containers for p in c.ports.items()]


def _hidden(rules: Value) -> tuple[Value, ...]:
    if rules.state is State.UNKNOWN:
        return (rules,)
    return () if rules.rest is None else (rules.rest,)


def _word(item: Value, policy: NetworkPolicy) -> tuple[str, ...] | None:
    """One thing that a pod must have to be meant; None where all pods are meant alike."""
    if item.child("ipBlock").state is not State.ABSENT:
        return None
    spaces, pods = item.child("namespaceSelector"), item.child("podSelector")
    if spaces.state is State.ABSENT:
        return "in", namespace_of(policy)
    for kind, selector in (("space", spaces), ("pod", pods)):
        wanted = selector.child("matchLabels")
        for key, value in entries(wanted):
            if value.state is State.KNOWN:
                return kind, key, value.text()
    asks = any(selector.child("matchExpressions").items() for selector in (spaces, pods))
    return ("any",) if asks else None


def _blocked(block: Value, *, outside: bool) -> tuple[bool, bool]:
    """Whether a block of addresses takes in anyone outside; pods and nodes may have addresses in it."""
    cidr = addresses(block.child("cidr").text())
    if cidr is None:
        return False, True
    for item in block.child("except").items():
        cidr -= addresses(item.text()) or NOTHING
    if not outside:
        return False, bool(cidr)
    return is_anyone(cidr), bool(cidr)
