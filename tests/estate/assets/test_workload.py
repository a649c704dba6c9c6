"""What several fields of a container or a workload decide together."""

from __future__ import annotations

from pathlib import Path

import pytest

from garrison.estate.assets.cluster_access import ConfigMap, KubernetesRole
from garrison.estate.assets.workload import Container, Workload
from garrison.estate.estate import Estate
from garrison.sources.discover import discover
from garrison.sources.interface import formats
from garrison.sources.mapping.assemble import assets_of


def estate_of(folder: Path, text: str) -> Estate:
    (folder / "a.yaml").write_text(text)
    tree = discover(folder)
    (reader,) = [f for f in formats() if f.NAME == "kubernetes"]
    estate = Estate(assets_of("kubernetes", reader.read(list(tree.files.values()), tree)))
    assert not tree.problems
    return estate


def pod(spec: str, container: str) -> str:
    return f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{{spec}containers: [{{name: c, image: a/b:1, {container}}}]}}\n"


@pytest.mark.parametrize(
    ("spec", "container", "answer"),
    [
        ("", "", True),
        ("", "securityContext: {runAsNonRoot: true}", False),
        ("securityContext: {runAsNonRoot: true}, ", "", False),
        ("securityContext: {runAsNonRoot: true}, ", "securityContext: {runAsNonRoot: false}", True),
        ("", "securityContext: {runAsUser: 1000}", False),
        ("securityContext: {runAsUser: 1000}, ", "securityContext: {runAsUser: 0}", True),
        ("", "securityContext: {runAsNonRoot: true, runAsUser: 0}", True),
    ],
)
def test_runs_as_root(tmp_path: Path, spec: str, container: str, answer: bool) -> None:
    (found,) = estate_of(tmp_path, pod(spec, container)).of(Container)
    assert found.runs_as_root.answer is answer


@pytest.mark.parametrize(
    ("path", "owns", "devices"),
    [
        ("/", True, False),
        ("/var/run/docker.sock", True, False),
        ("/run/containerd/containerd.sock", True, False),
        ("/etc/kubernetes", True, False),
        ("/var/log", False, False),
        ("/data/models", False, False),
        ("/etcetera", False, False),
        ("/dev/nvidia0", False, True),
        ("/dev/shm", False, False),
        ("/dev", False, True),
    ],
)
def test_node_paths(tmp_path: Path, path: str, owns: bool, devices: bool) -> None:
    spec = f"volumes: [{{name: v, hostPath: {{path: {path}}}}}], "
    (found,) = estate_of(tmp_path, pod(spec, "")).of(Workload)
    assert found.node_paths.answer is owns
    assert found.node_devices.answer is devices


def test_a_proxy_beside_a_server_leaves_it_undecided(tmp_path: Path) -> None:
    text = pod("", "").replace("a/b:1", "qdrant/qdrant:v1.15.0")
    (alone,) = estate_of(tmp_path, text).of(Workload)
    beside = text.replace("containers: [", "containers: [{name: proxy, image: quay.io/oauth2-proxy/oauth2-proxy:v7}, ")
    (guarded,) = estate_of(tmp_path, beside).of(Workload)
    assert alone.unauthenticated.yes
    assert guarded.unauthenticated.unknown


@pytest.mark.parametrize(
    ("kind", "version", "body", "pods"),
    [
        ("CronJob", "batch/v1", "jobTemplate: {spec: {template: {spec: {containers: [C]}}}}", 1),
        ("PyTorchJob", "kubeflow.org/v1", "pytorchReplicaSpecs: {Master: {template: {spec: {containers: [C]}}}, Worker: {template: {spec: {containers: [C]}}}}", 2),
        ("InferenceService", "serving.kserve.io/v1beta1", "predictor: {containers: [C]}", 1),
        ("InferenceService", "serving.kserve.io/v1beta1", "predictor: {minReplicas: 1}, transformer: {containers: [C]}", 2),
        ("ClusterServingRuntime", "serving.kserve.io/v1alpha1", "containers: [C]", 1),
        ("SeldonDeployment", "machinelearning.seldon.io/v1", "predictors: [{componentSpecs: [{spec: {containers: [C]}}]}]", 1),
        ("Workflow", "argoproj.io/v1alpha1", "templates: [{name: a, container: C}, {name: b, script: C}]", 2),
        ("Service", "serving.knative.dev/v1", "template: {spec: {containers: [C]}}", 1),
        ("Notebook", "kubeflow.org/v1", "template: {spec: {containers: [C]}}", 1),
    ],
)  # fmt: skip
def test_pods_are_found_in(tmp_path: Path, kind: str, version: str, body: str, pods: int) -> None:
    said = body.replace("C}", "{image: a/b:1}}").replace("[C]", "[{name: c, image: a/b:1}]")
    estate = estate_of(tmp_path, f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: x}}\nspec: {{{said}}}\n")
    assert len(estate.of(Workload)) == pods
    assert estate.of(Container)
    assert all(c.image.text() == "a/b:1" for c in estate.of(Container))


@pytest.mark.parametrize(
    ("rule", "answer"),
    [
        ('{apiGroups: [""], resources: [secrets], verbs: [get]}', True),
        ('{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}', True),
        ('{apiGroups: [""], resources: [secrets], verbs: [get], resourceNames: [one]}', False),
        ('{apiGroups: [serving.kserve.io], resources: ["*"], verbs: ["*"]}', False),
        ('{apiGroups: [""], resources: [secrets], verbs: [create]}', False),
    ],
)
def test_role_allows(tmp_path: Path, rule: str, answer: bool) -> None:
    text = f"apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: r}}\nrules: [{rule}]\n"
    (role,) = estate_of(tmp_path, text).of(KubernetesRole)
    assert role.allows(["get", "list"], ["secrets"]).answer is answer
    assert role.allows(["*"], ["*"], ["*"], all_only=True).answer is ('apiGroups: ["*"]' in rule)


def test_secrets_are_decoded(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: aGVsbG8=, b: not base64!}\nstringData: {c: plain}\n"
    (secret,) = estate_of(tmp_path, text).of(ConfigMap)
    assert {k: v.text() for k, v in secret.settings} == {"a": "hello", "b": "not base64!", "c": "plain"}
