"""Relations that Kubernetes states by labels and names instead of references.

A selector reaches only what is deployed with it: pods of the same root and namespace. An object that names no namespace
is taken to be in that of the others: its kustomization or whoever applies it says where.
Names that operators give: the labels of KubeRay, Kubeflow, KServe, Knative and the Job controller on their pods.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TypeVar

from garrison.estate.assets.asset import Asset
from garrison.estate.assets.certificates import Issuer, ServedCertificate
from garrison.estate.assets.cluster_access import ConfigMap, KubernetesRole, Namespace, RoleBinding, ServiceAccount
from garrison.estate.assets.exposure import Ingress, MeshAuthentication, MeshAuthorization, NetworkPolicy, Service
from garrison.estate.assets.identity import Role
from garrison.estate.assets.ml_serving import ComputeCluster, InferenceService
from garrison.estate.assets.volume import Volume
from garrison.estate.assets.workload import Workload
from garrison.estate.estate import Estate
from garrison.estate.relations import Relation, refs
from garrison.estate.values import Body, State, Value, dig, known

Labels = dict[str, Value]
A = TypeVar("A", bound=Asset)
_EVERY_NAMESPACE = frozenset({"istio-system", "istio-config"})  # Istio's root namespace: its policies hold everywhere


def link_selectors(estate: Estate) -> None:
    """Add the edges to the estate's graph."""
    roots: dict[str, list[Asset]] = defaultdict(list)
    for asset in estate.assets:
        if asset.provider == "kubernetes":
            roots[asset.root].append(asset)
    for assets in roots.values():
        _Root(assets, estate).link()
    _become_cloud_roles(estate)


class _Root:
    """What is deployed together, by kind."""

    def __init__(self, assets: Iterable[Asset], estate: Estate) -> None:
        self.estate, self.graph = estate, estate.graph
        self.kinds: dict[type[Asset], list[Asset]] = defaultdict(list)
        self.by_name: dict[tuple[type[Asset], str], list[Asset]] = defaultdict(list)
        for asset in assets:
            self.kinds[type(asset)].append(asset)
            self.by_name[type(asset), asset.name.text()].append(asset)
        self.pods = [(w, labels_of(w)) for w in self.kinds[Workload] if isinstance(w, Workload)]
        self.by_label: dict[tuple[str, str], list[int]] = defaultdict(list)
        for number, (_, labels) in enumerate(self.pods):
            for key, value in labels.items():
                self.by_label[key, value.text()].append(number)

    def link(self) -> None:
        """All relations of this root."""
        self._services()
        self._policies()
        self._identities()
        self._mounts()
        self._certificates()
        self._owners()

    def _services(self) -> None:
        for service in self._all(Service):
            if service.selector.state is State.KNOWN and not service.selector.is_empty().yes:
                for pod, _ in self._having(_entries(service.selector), namespace_of(service)):
                    self.graph.add(service, Relation.EXPOSES, pod, service.selector)
        for route in self._all(Ingress):
            for backend in route.backends.items():
                name, _, rest = backend.text().partition(".")
                for service in self._named(Service, name, rest.partition(".")[0] or namespace_of(route)):
                    self.graph.add(route, Relation.ROUTES_TO, service, backend)

    def _policies(self) -> None:
        for policy in self._all(NetworkPolicy):
            wanted = _entries(policy.pods.child("matchLabels"))
            for pod, labels in self._having(wanted, namespace_of(policy)):
                if selects(policy.pods, labels):
                    self.graph.add(policy, Relation.SHIELDS, pod, policy.pods)
        rules: list[MeshAuthorization | MeshAuthentication]
        rules = [*self._all(MeshAuthorization), *self._all(MeshAuthentication)]
        for rule in rules:
            space = "" if namespace_of(rule) in _EVERY_NAMESPACE else namespace_of(rule)
            for pod, _ in self._having(_entries(rule.pods), space):
                self.graph.add(rule, Relation.SHIELDS, pod, rule.pods)
            for service in self._all(InferenceService):
                if same_namespace(space, namespace_of(service)) and _concerns(rule.pods, service):
                    self.graph.add(rule, Relation.SHIELDS, service, rule.pods)

    def _identities(self) -> None:
        for pod, _ in self.pods:
            name = pod.service_account.text()
            ends: list[Asset | None] = [*self._named(ServiceAccount, name, namespace_of(pod))]
            for end in ends or ([None] if name and name != "default" else []):
                self.graph.add(pod, Relation.RUNS_AS, end, pod.service_account)
        for binding in self._all(RoleBinding):
            space = namespace_of(binding) if binding.role_kind.text() == "Role" else ""
            roles = self._named(KubernetesRole, binding.role_name.text(), space)
            for role in roles:
                if role.type == binding.role_kind.text():
                    self.graph.add(binding, Relation.GRANTS, role, binding.role_name)
            for subject in binding.subjects.items():
                if dig(subject, ("kind",)).text() == "ServiceAccount":
                    space = dig(subject, ("namespace",)).text() or namespace_of(binding)
                    for account in self._named(ServiceAccount, dig(subject, ("name",)).text(), space):
                        self.graph.add(binding, Relation.GRANTS, account, subject)

    def _mounts(self) -> None:
        for pod, _ in self.pods:
            for named, kind in _settings_of(pod):
                for settings in self._named(ConfigMap, named.text(), namespace_of(pod)):
                    if settings.type == kind:
                        self.graph.add(pod, Relation.MOUNTS, settings, named)
            for volume in pod.volumes.items():
                claim = dig(volume, ("persistentVolumeClaim", "claimName"))
                for disk in self._named(Volume, claim.text(), namespace_of(pod)):
                    self.graph.add(pod, Relation.READS, disk, claim)

    def _certificates(self) -> None:
        """Who signs a certificate; an Issuer only in its namespace."""
        for certificate in self._all(ServedCertificate):
            space = namespace_of(certificate) if certificate.issuer_kind.text() == "Issuer" else ""
            for issuer in self._named(Issuer, certificate.issuer.text(), space):
                self.graph.add(certificate, Relation.TRUSTS, issuer, certificate.issuer)

    def _owners(self) -> None:
        """What a namespace holds, and what an operator makes of an object: its address is the object's and a `#`."""
        owners = {a.address: a for kind in (ComputeCluster, InferenceService) for a in self.kinds[kind]}
        for pod, _ in self.pods:
            owner = owners.get(pod.address.partition("#")[0])
            if owner is not None:
                self.graph.add(owner, Relation.CONTAINS, pod, pod.name)
        for asset in (*(p for p, _ in self.pods), *self._all(NetworkPolicy)):
            for namespace in self.by_name.get((Namespace, namespace_of(asset)), ()):
                self.graph.add(namespace, Relation.CONTAINS, asset, asset.name)

    def _all(self, kind: type[A]) -> list[A]:
        return self.kinds[kind]  # type: ignore[return-value]

    def _named(self, kind: type[A], name: str, space: str) -> list[A]:
        found = self.by_name.get((kind, name), []) if name else []
        return [a for a in found if same_namespace(space, namespace_of(a))]  # type: ignore[misc]

    def _having(self, wanted: Labels, space: str) -> Iterator[tuple[Workload, Labels]]:
        """The pods that have all of these labels; one label is looked up first, so that few are compared."""
        numbers: Iterable[int] = range(len(self.pods))
        if wanted:
            key, value = next(iter(wanted.items()))
            numbers = self.by_label.get((key, value.text()), ())
        for number in numbers:
            pod, labels = self.pods[number]
            if same_namespace(space, namespace_of(pod)) and _has(labels, wanted):
                yield pod, labels


def _become_cloud_roles(estate: Estate) -> None:
    """A service account's annotation names an AWS role by its ARN, or a Google service account by its address."""
    roles: dict[tuple[str, str], list[Role]] = defaultdict(list)
    for role in estate.of(Role):
        if role.name.text():
            roles[role.provider, role.name.text()].append(role)
    for account in estate.of(ServiceAccount):
        said = account.cloud_role
        text = said.text()
        ends: list[Asset] = [end for ref, _ in refs(said) for end in estate.at(ref.address)]
        if text.startswith("arn:"):
            ends += roles.get(("aws", text.rpartition("/")[2]), ())
        elif "@" in text:
            ends += roles.get(("gcp", text.partition("@")[0]), ())
        for end in ends:
            estate.graph.add(account, Relation.ASSUMES, end, said)
        if text and not ends:
            estate.graph.add(account, Relation.ASSUMES, None, said)


def namespace_of(asset: Asset) -> str:
    """The name of its namespace; empty where none is said."""
    said: Value = getattr(asset, "namespace", asset.name)
    return said.text()


def same_namespace(one: str, other: str) -> bool:
    """Whether two may be one: what says none is taken to be where the others are."""
    return not one or not other or one == other


def _entries(said: Value) -> Labels:
    return dict(said.content.items()) if said.state is State.KNOWN and isinstance(said.content, Body) else {}


def labels_of(pod: Workload) -> Labels:
    """The labels its pods will have, those that its operator adds included."""
    labels = _entries(pod.labels)
    name, kind = pod.name.text(), pod.type
    group = pod.address.rpartition("#")[2].partition("[")[0]
    added: dict[str, str] = {}
    if kind.endswith(".ray.io"):
        role = "head" if group == "head" else "worker"
        added = {"ray.io/node-type": role, "ray.io/identifier": f"{name}-{role}", "app.kubernetes.io/name": "kuberay"}
        if kind == "RayCluster.ray.io":
            added["ray.io/cluster"] = name
    elif kind == "Notebook.kubeflow.org":
        added = {"notebook-name": name, "statefulset": name}
    elif kind == "InferenceService.serving.kserve.io":
        added = {"serving.kserve.io/inferenceservice": name, "component": group}
    elif kind == "Service.serving.knative.dev":
        added = {"serving.knative.dev/service": name}
    elif kind in ("Job", "CronJob"):
        added = {"job-name": name, "batch.kubernetes.io/job-name": name}
    elif kind.endswith("Job.kubeflow.org"):
        added = {"training.kubeflow.org/job-name": name, "training.kubeflow.org/replica-type": group}
    return {**{k: known(v, pod.place) for k, v in added.items()}, **labels}


def _has(labels: Labels, wanted: Labels) -> bool:
    return all(k in labels and labels[k].equals(v.content).yes for k, v in wanted.items() if v.state is State.KNOWN)


def selects(selector: Value, labels: Labels) -> bool:
    """Whether a selector of labels and expressions means what has these labels; an empty one means everything."""
    wanted = _entries(selector.child("matchLabels"))
    return _has(labels, wanted) and all(_meets(labels, e) for e in selector.child("matchExpressions").items())


def _meets(labels: Labels, expression: Value) -> bool:
    key, operator = expression.child("key").text(), expression.child("operator").text()
    value = labels.get(key)
    said = value is not None and expression.child("values").any(lambda v: v.equals(value.content)).yes
    return {"In": said, "NotIn": not said, "Exists": value is not None, "DoesNotExist": value is None}.get(
        operator, False
    )


def _concerns(selector: Value, service: InferenceService) -> bool:
    """Whether a selector for pods is about those of an inference service: it has no labels, or names it."""
    wanted = _entries(selector)
    said = {**_entries(service.labels), "serving.kserve.io/inferenceservice": service.name}
    named = {k: v for k, v in wanted.items() if k in said}
    return not wanted or _has(said, named or wanted) or any(re.search(r"component$", k) for k in wanted)


def _settings_of(pod: Workload) -> Iterator[tuple[Value, str]]:
    """The name of every ConfigMap and Secret that its volumes and variables are taken from."""
    for volume in pod.volumes.items():
        for source in (volume, *dig(volume, ("projected", "sources")).items()):
            yield dig(source, ("configMap", "name")), "ConfigMap"
            yield dig(source, ("secret", "secretName")), "Secret"
            yield dig(source, ("secret", "name")), "Secret"
    for container in pod.containers:
        for item in container.environment.items():
            yield dig(item, ("valueFrom", "configMapKeyRef", "name")), "ConfigMap"
            yield dig(item, ("valueFrom", "secretKeyRef", "name")), "Secret"
        for item in container.environment_sources.items():
            yield dig(item, ("configMapRef", "name")), "ConfigMap"
            yield dig(item, ("secretRef", "name")), "Secret"
