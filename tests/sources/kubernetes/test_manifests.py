"""Kubernetes manifests to objects."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from garrison.estate.values import State
from garrison.sources.discover import discover
from garrison.sources.interface import Tree
from garrison.sources.kubernetes import claims
from garrison.sources.kubernetes.manifests import read_manifests
from garrison.sources.kubernetes.objects import KubernetesObject

WANTED = frozenset(
    {"Pod", "Deployment", "Service", "Service.serving.knative.dev", "ClusterRole", "Notebook.kubeflow.org"}
)
Found = tuple[list[KubernetesObject], Tree]


def read(folder: Path, files: dict[str, str | bytes]) -> Found:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    tree = discover(folder)
    claimed = [file for file in tree.files.values() if claims(file)]
    return read_manifests(claimed, tree, WANTED), tree


def pod(name: str, extra: str = "") -> str:
    return f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n{extra}"


def addresses(found: Found) -> list[str]:
    return [o.address for o in found[0]]


def problems(found: Found) -> list[tuple[str, int, str]]:
    return [(p.path, p.line, p.message) for p in found[1].problems]


def test_an_object_has_its_type_root_address_and_places(tmp_path: Path) -> None:
    text = pod("b", "  namespace: ml\nspec:\n  containers:\n  - name: x\n    image: one\n")
    found = read(tmp_path, {"apps/all.yaml": f"{pod('a')}---\n# second\n{text}"})
    assert addresses(found) == ["apps:Pod//a", "apps:Pod/ml/b"]
    second = found[0][1]
    assert (second.type, second.root, second.exists.yes, second.condition) == ("Pod", "apps", True, "")
    assert str(second.place) == "apps/all.yaml:7:1"
    (image,) = second.at(("spec", "containers", "*", "image")).items()
    assert (image.content, str(image.place)) == ("one", "apps/all.yaml:15:12")
    assert second.at(("spec", "hostNetwork")).state is State.ABSENT
    assert str(second.at(("spec", "hostNetwork")).place) == "apps/all.yaml:13:3"


@pytest.mark.parametrize(
    "text",
    [
        '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}',
        '{\n\t"kind": "Pod",\n\t"apiVersion": "v1",\n\t"metadata": {"name": "a"}\n}',
        "{apiVersion: v1, kind: Pod, metadata: {name: a}}\n",
        "--- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n",
        '"apiVersion": v1\n"kind": "Pod"\nmetadata: {name: a}\n',
        "'apiVersion': v1\nkind: 'Pod' # why\nmetadata: {name: a}\n",
        "  apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n",
        "kind:\n  Pod\napiVersion: v1\nmetadata: {name: a}\n",
        "kind: &k Pod\napiVersion: v1\nmetadata: {name: a}\n",
        "kind: !!str Pod\napiVersion: v1\nmetadata: {name: a}\n",
        "? kind\n: Pod\n? apiVersion\n: v1\n? metadata\n: {name: a}\n",
        "\ufeffkind: Pod\napiVersion: v1\nmetadata: {name: a}\n",
        "apiVersion: v1\r\nkind: Pod\r\nmetadata:\r\n  name: a\r\n",
        "%YAML 1.1\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n",
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n",
        "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a}\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {generateName: a}\n",
        "a: 1\n---\n---\n...\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n",
    ],
)
def test_every_way_to_write_an_object_is_read(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, {"a.yaml": text})
    assert addresses(found) == [".:Pod//a"]
    assert problems(found) == []


def test_a_file_in_utf16_is_read(tmp_path: Path) -> None:
    assert addresses(read(tmp_path, {"a.yaml": pod("a").encode("utf-16")})) == [".:Pod//a"]


@pytest.mark.parametrize(
    ("version", "kind", "type_"),
    [
        ("v1", "Service", "Service"),
        ("apps/v1", "Deployment", "Deployment"),
        ("extensions/v1beta1", "Deployment", "Deployment"),
        ("serving.knative.dev/v1", "Service", "Service.serving.knative.dev"),
        ("kubeflow.org/v1beta1", "Notebook", "Notebook.kubeflow.org"),
        ("example.org/v1", "Pod", None),
        ("example.org/v1", "Widget", None),
    ],
)
def test_the_group_tells_equal_kinds_apart(tmp_path: Path, version: str, kind: str, type_: str | None) -> None:
    found = read(tmp_path, {"a.yaml": f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\n"})
    assert [o.type for o in found[0]] == ([type_] if type_ else [])


def test_what_is_no_object_is_passed_over_in_silence(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {
            "a.yaml": "kind: Pod\nmetadata: {name: a}\n# no apiVersion\n",
            "b.yaml": "- kind: Pod\n  apiVersion: v1\n",
            "c.yaml": "spec:\n  kind: Pod\n  apiVersion: v1\n",
            "d.json": '{"kind": ["Pod"], "apiVersion": 1}',
            "e.yaml": "apiVersion: v1\nkind: CustomThing\nthis: [is never parsed\n",
        },
    )
    assert (addresses(found), problems(found), found[1].notes) == ([], [], [])


def test_objects_of_one_name_are_told_apart_by_their_files(tmp_path: Path) -> None:
    found = read(tmp_path, {"a.yaml": pod("x"), "b.yaml": f"{pod('x')}---\n{pod('x')}", "c/d.yaml": pod("x")})
    assert addresses(found) == [".:Pod//x@a.yaml", ".:Pod//x@b.yaml", ".:Pod//x@b.yaml#2", "c:Pod//x"]


def test_a_broken_document_spoils_no_other(tmp_path: Path) -> None:
    text = f"{pod('a')}---\n{pod('b', 'spec: [')}\n---\n{pod('c')}---\n{pod('d')}"
    found = read(tmp_path, {"a.yaml": text})
    assert addresses(found) == [".:Pod//a", ".:Pod//c", ".:Pod//d"]
    assert [(path, line) for path, line, _ in problems(found)] == [("a.yaml", 10)]


def test_hostile_documents_are_problems_and_the_others_are_read(tmp_path: Path) -> None:
    hostile = {
        "alias": "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)),
        "deep": "spec: " + "[" * 100_000,
        "blocks": "spec:\n " + "- " * 100_000,
        "large": "spec: " + "x" * 12_000_000,
        "nul": "spec: \x00\n",
        "tab": "spec:\n\ta: 1\n",
    }
    files: dict[str, str | bytes] = {
        f"{name}.yaml": f"{pod(name, text)}\n---\n{pod('good')}" for name, text in hostile.items()
    }
    files["latin.yaml"] = pod("latin", "spec: né\n").encode("latin-1") + b"---\n" + pod("good").encode()
    began = time.process_time()
    found = read(tmp_path, files)
    assert time.process_time() - began < 10
    assert [a.partition("@")[2] for a in addresses(found) if "/good@" in a] == sorted(files)
    assert sorted({path for path, _, _ in problems(found)}) == sorted(files)
    assert all(line > 0 for _, line, _ in problems(found))


@pytest.mark.slow
def test_a_hundred_megabytes_of_documents_are_read(tmp_path: Path) -> None:
    filler = f"---\napiVersion: v1\nkind: CustomThing\nspec: {'x' * 9_000_000}\n"
    began = time.process_time()
    found = read(tmp_path, {"a.yaml": f"{filler * 11}---\n{pod('a')}"})
    assert time.process_time() - began < 5
    assert addresses(found) == [".:Pod//a"]


def test_a_key_said_twice_is_a_problem_and_the_last_counts(tmp_path: Path) -> None:
    found = read(tmp_path, {"a.yaml": pod("a", "spec:\n  hostNetwork: true\n  hostNetwork: false\n")})
    assert found[0][0].at(("spec", "hostNetwork")).equals(False).yes
    assert problems(found) == [("a.yaml", 7, "'hostNetwork' is said twice, first in line 6; only the last counts")]


def test_what_a_template_fills_in_is_unknown(tmp_path: Path) -> None:
    text = pod("a", 'spec:\n  image: "repo/{{ image }}:1"\n  tag: ${TAG}\n  args: "run ${HOME}"\n')
    one = read(tmp_path, {"a.yaml": text})[0][0]
    assert one.at(("spec", "image")).state is State.UNKNOWN
    assert one.at(("spec", "image")).starts_with("repo/").yes
    assert one.at(("spec", "image")).equals("other/x:1").no
    assert one.at(("spec", "tag")).decided_by == "${TAG}"
    assert one.at(("spec", "args")).content == "run ${HOME}"


def test_a_template_that_is_no_yaml_is_a_note(tmp_path: Path) -> None:
    found = read(tmp_path, {"a.yaml": pod("a", "spec:\n  {{ if x }}\n  a: 1\n  {{ end }}\n")})
    assert (addresses(found), problems(found)) == ([], [])
    assert [(n.path, n.message[:10]) for n in found[1].notes] == [("a.yaml", "a template")]


def test_the_templates_of_a_chart_are_left_to_helm(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {
            "charts/model/Chart.yaml": "apiVersion: v2\nname: model\n",
            "charts/model/templates/pod.yaml": pod("{{ .Values.name }}", "{{- if .Values.x }}\n"),
            "charts/model/templates/sub/pod.yaml": pod("plain"),
            "charts/model/crds/pod.yaml": pod("real"),
        },
    )
    assert addresses(found) == ["charts/model/crds:Pod//real"]
    assert problems(found) == []
    assert found[1].notes == []


def test_a_kustomization_is_a_root_and_places_its_objects(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {
            "base/kustomization.yaml": "namespace: ml\nresources: [pod.yaml, rbac/role.yaml]\n",
            "base/pod.yaml": pod("a", "  namespace: other\n"),
            "base/rbac/role.yaml": "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r}\n",
            "base/rbac/example.yaml": pod("unlisted"),
        },
    )
    assert addresses(found) == ["base:Pod/ml/a", "base:ClusterRole//r", "base/rbac:Pod//unlisted"]
    assert found[0][0].at(("metadata", "namespace")).content == "ml"
    assert str(found[0][0].at(("metadata", "namespace")).place) == "base/kustomization.yaml:1:12"
    assert found[0][1].at(("metadata", "namespace")).state is State.ABSENT


def test_patches_are_no_objects(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {
            "o/kustomization.yaml": "resources: [../base]\npatches:\n- path: one.yaml\n"
            "patchesStrategicMerge: [../shared/two.yaml]\n",
            "o/one.yaml": pod("a", "spec: {hostNetwork: true}\n"),
            "shared/two.yaml": pod("a"),
            "base/pod.yaml": pod("a"),
        },
    )
    assert addresses(found) == ["base:Pod//a"]


def test_a_broken_kustomization_is_a_problem(tmp_path: Path) -> None:
    found = read(tmp_path, {"kustomization.yaml": "resources: [\n", "pod.yaml": pod("a")})
    assert addresses(found) == [".:Pod//a"]
    assert [(path, line) for path, line, _ in problems(found)] == [("kustomization.yaml", 1)]


def test_objects_put_aside_read_the_same_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("garrison.sources.kubernetes.objects._KEEP_BYTES", 1)
    shared = "spec:\n  a: &a {k: [1, two, true, null]}\n  b: {<<: *a, 'c': \"d\"}\n"
    found = read(tmp_path, {"a.yaml": f"{pod('a', shared)}---\n{pod('b', shared)}"})[0]
    for one in (*found, *found):
        assert one.at(("spec", "b", "c")).content == "d"
        assert [v.content for v in one.at(("spec", "b", "k", "*")).items()] == [1, "two", True]
        assert one.at(("metadata", "name")).place is not None
