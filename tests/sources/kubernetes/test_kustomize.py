"""Kustomizations, applied. Every case of the first table is also given to kustomize itself, where kubectl is here."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from garrison.estate.values import Body, State, Value
from garrison.sources.discover import discover
from garrison.sources.interface import Tree
from garrison.sources.kubernetes import claims
from garrison.sources.kubernetes.manifests import read_manifests
from garrison.sources.kubernetes.objects import KubernetesObject

KINDS = frozenset(
    {
        "Pod", "Deployment", "StatefulSet", "CronJob", "Service", "ConfigMap", "Secret", "ServiceAccount", "Namespace",
        "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "Ingress", "NetworkPolicy",
        "Service.serving.knative.dev", "Notebook.kubeflow.org",
    }
)  # fmt: skip
Files = dict[str, str]


class Scanned:
    """What was read of a folder."""

    def __init__(self, objects: list[KubernetesObject], tree: Tree) -> None:
        self.objects, self.tree = {o.address: o for o in objects}, tree

    def plain(self, address: str, path: str = "") -> Any:
        """What an object says at a path, as plain data."""
        return plain(self.at(address, path))

    def at(self, address: str, path: str = "") -> Value:
        """What an object says at a path."""
        return self.objects[address].at(tuple(path.split("."))) if path else self.objects[address].at(())

    @property
    def notes(self) -> list[tuple[str, str]]:
        return [(n.path, n.message) for n in self.tree.notes]

    @property
    def problems(self) -> list[tuple[str, int, str]]:
        return [(p.path, p.line, p.message) for p in self.tree.problems]


Read = Callable[[Files], Scanned]


@pytest.fixture
def scanned(tmp_path: Path) -> Read:
    """Writes files, and reads them."""

    def read(files: Files) -> Scanned:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        tree = discover(tmp_path)
        claimed = [file for file in tree.files.values() if claims(file)]
        return Scanned(read_manifests(claimed, tree, KINDS), tree)

    return read


def plain(value: Value) -> Any:
    """A value as plain data; null and what is empty in a mapping is left out."""
    content = value.content
    if value.state is State.UNKNOWN:
        return "?"
    if isinstance(content, Body):
        return {k: plain(v) for k, v in content.items() if v.state is not State.ABSENT}
    return [plain(v) for v in content] if isinstance(content, tuple) else content


DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: scorer, labels: {tier: serving}}
spec:
  selector: {matchLabels: {app: scorer}}
  template:
    metadata: {labels: {app: scorer}}
    spec:
      serviceAccountName: scorer
      hostNetwork: true
      tolerations: [{key: gpu}, {key: spot}]
      volumes: [{name: data, hostPath: {path: /}}, {name: tmp, emptyDir: {}}]
      containers:
      - name: scorer
        image: registry.example.com/scorer:1
        args: [serve, --port=80]
        env: [{name: A, value: "1"}, {name: B, value: "2"}]
        ports: [{containerPort: 80, hostPort: 80}, {containerPort: 90}]
        volumeMounts: [{name: data, mountPath: /data}, {name: tmp, mountPath: /tmp}]
        securityContext: {privileged: true, capabilities: {add: [SYS_ADMIN]}}
      - {name: proxy, image: "proxy:2"}
"""
POD = "spec.template.spec"
HEAD = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: scorer}\n"
NOTEBOOK = """\
apiVersion: kubeflow.org/v1
kind: Notebook
metadata: {name: lab}
spec: {template: {spec: {containers: [{name: a, image: "lab:1"}, {name: b, image: "b:1"}]}}}
"""
ACCESS = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: scorer}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reads}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: scorer}]
"""


def one(kustomization: str, **files: str) -> Files:
    """An overlay `o` of a base `b`; the names of further files have `_` for the point."""
    base = {"b/kustomization.yaml": "resources: [d.yaml]\n", "b/d.yaml": DEPLOYMENT}
    over = {"o/kustomization.yaml": f"resources: [../b]\n{kustomization}"}
    return {**base, **over, **{f"o/{name.replace('_', '.')}": text for name, text in files.items()}}


def patch(text: str) -> Files:
    return one("patches: [{path: p.yaml}]\n", p_yaml=HEAD + text)


def operations(text: str) -> Files:
    return one("patches: [{path: p.yaml, target: {kind: Deployment}}]\n", p_yaml=text)


D = "o:Deployment//scorer"
# what is said, the object, where in it, what then stands there
CASES: dict[str, tuple[Files, str, str, Any]] = {
    "a scalar": (patch("spec: {template: {spec: {hostNetwork: false}}}"), D, f"{POD}.hostNetwork", False),
    "null takes away": (patch("spec: {template: {spec: {hostNetwork: null}}}"), D, f"{POD}.hostNetwork", None),
    "containers by name": (
        patch("spec: {template: {spec: {containers: [{name: proxy, image: 'proxy:3'}, {name: new, image: new}]}}}"),
        D, f"{POD}.containers.*.image", ["registry.example.com/scorer:1", "proxy:3", "new"],
    ),
    "variables by name": (
        patch("spec: {template: {spec: {containers: [{name: scorer, env: [{name: B, value: x}, {name: C, value: z}]}]}}}"),
        D, f"{POD}.containers.*.env.*.value", ["1", "x", "z"],
    ),
    "ports by number": (
        patch("spec: {template: {spec: {containers: [{name: scorer, ports: [{containerPort: 80, hostPort: null}]}]}}}"),
        D, f"{POD}.containers.*.ports", [{"containerPort": 80}, {"containerPort": 90}],
    ),
    "mounts by path": (
        patch("spec: {template: {spec: {containers: [{name: scorer, volumeMounts: [{mountPath: /data, name: tmp}]}]}}}"),
        D, f"{POD}.containers.*.volumeMounts.*.name", ["tmp", "tmp"],
    ),
    "volumes by name": (
        patch("spec: {template: {spec: {volumes: [{name: data, hostPath: null, emptyDir: {}}]}}}"),
        D, f"{POD}.volumes", [{"name": "data", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}],
    ),
    "tolerations are one": (
        patch("spec: {template: {spec: {tolerations: [{key: x}]}}}"), D, f"{POD}.tolerations", [{"key": "x"}],
    ),
    "plain lists are one": (
        patch("spec: {template: {spec: {containers: [{name: scorer, args: [other]}]}}}"),
        D, f"{POD}.containers.*.args", ["other"],
    ),
    "an item is deleted": (
        patch("spec: {template: {spec: {containers: [{name: proxy, $patch: delete}]}}}"),
        D, f"{POD}.containers.*.name", ["scorer"],
    ),
    "a list is replaced": (
        patch("spec: {template: {spec: {volumes: [{$patch: replace}, {name: new, emptyDir: {}}]}}}"),
        D, f"{POD}.volumes", [{"name": "new", "emptyDir": {}}],
    ),
    "a mapping is replaced": (
        patch("spec: {template: {spec: {containers: [{name: scorer, securityContext: {$patch: replace, runAsUser: 1}}]}}}"),
        D, f"{POD}.containers.*.securityContext", [{"runAsUser": 1}],
    ),
    "a mapping is deleted": (
        patch("spec: {template: {spec: {containers: [{name: scorer, securityContext: {$patch: delete}}]}}}"),
        D, f"{POD}.containers.*.securityContext", None,
    ),
    "lists of custom resources are replaced": (
        {
            "o/kustomization.yaml": "resources: [n.yaml]\npatches: [{path: p.yaml}]\n", "o/n.yaml": NOTEBOOK,
            "o/p.yaml": NOTEBOOK.split("spec", maxsplit=1)[0] + "spec: {template: {spec: {containers: [{name: a}]}}}\n",
        },
        "o:Notebook.kubeflow.org//lab", f"{POD}.containers", [{"name": "a"}],
    ),
    "operations": (
        operations(
            f"- {{op: replace, path: /{POD.replace('.', '/')}/hostNetwork, value: false}}\n"
            f"- {{op: add, path: /{POD.replace('.', '/')}/containers/1/args, value: [x]}}\n"
            f"- {{op: add, path: /{POD.replace('.', '/')}/containers/0/args/-, value: last}}\n"
            f"- {{op: add, path: /{POD.replace('.', '/')}/containers/0/args/0, value: first}}\n"
            f"- {{op: remove, path: /{POD.replace('.', '/')}/containers/0/args/1}}\n"
        ),
        D, f"{POD}.containers.*.args", ["first", "--port=80", "last", "x"],
    ),
    "operations with odd names": (
        operations("- {op: add, path: /metadata/annotations, value: {}}\n"
                   "- {op: add, path: /metadata/annotations/a.b~1c~0d, value: x}\n"),
        D, "metadata.annotations", {"a.b/c~d": "x"},
    ),
    "move, copy and test": (
        operations(f"- {{op: test, path: /metadata/name, value: scorer}}\n"
                   f"- {{op: copy, from: /metadata/labels, path: /{POD.replace('.', '/')}/nodeSelector}}\n"
                   f"- {{op: move, from: /metadata/labels/tier, path: /metadata/labels/rank}}\n"),
        D, "metadata.labels", {"rank": "serving"},
    ),
    "a patch in place": (
        one(f"patches:\n- patch: |-\n    {HEAD.replace(chr(10), chr(10) + '    ')}spec: {{replicas: 3}}\n"), D, "spec.replicas", 3,
    ),
    "the older fields": (
        one("patchesStrategicMerge: [p.yaml]\npatchesJson6902:\n- target: {group: apps, version: v1, kind: Deployment, "
            "name: scorer}\n  patch: '[{\"op\": \"add\", \"path\": \"/spec/paused\", \"value\": true}]'\n",
            p_yaml=HEAD + "spec: {replicas: 3}\n---\n" + HEAD + "spec: {minReadySeconds: 4}\n"),
        D, "spec.minReadySeconds", 4,
    ),
    "a pattern and labels say whom": (
        one("patches: [{target: {kind: Dep.*, name: 'sc.r?er', labelSelector: 'tier in (serving),!x'}, path: p.yaml}]\n",
            p_yaml=HEAD.replace("scorer", "any") + "spec: {replicas: 3}\n"),
        D, "spec.replicas", 3,
    ),
    "a pattern is of the whole": (
        one("patches: [{target: {kind: Deploy, name: scorer}, path: p.yaml}]\n", p_yaml=HEAD + "spec: {replicas: 3}\n"),
        D, "spec.replicas", None,
    ),
    "a label says no": (
        one("patches: [{target: {labelSelector: 'tier!=serving'}, path: p.yaml}]\n", p_yaml=HEAD + "spec: {replicas: 3}\n"),
        D, "spec.replicas", None,
    ),
    "an image's tag": (one("images: [{name: proxy, newTag: '9'}]\n"), D, f"{POD}.containers.*.image",
                       ["registry.example.com/scorer:1", "proxy:9"]),
    "an image's name and digest": (
        one("images: [{name: registry.example.com/scorer, newName: other, digest: 'sha256:abc'}, {name: prox, newTag: x}]\n"),
        D, f"{POD}.containers.*.image", ["other@sha256:abc", "proxy:2"],
    ),
    "an image of a custom resource": (
        {"o/kustomization.yaml": "resources: [n.yaml]\nimages: [{name: lab, newName: mine}]\n", "o/n.yaml": NOTEBOOK},
        "o:Notebook.kubeflow.org//lab", f"{POD}.containers.*.image", ["mine:1", "b:1"],
    ),
    "replicas": (one("replicas: [{name: scorer, count: 5}]\n"), D, "spec.replicas", 5),
    "labels": (one("labels: [{pairs: {a: b}}]\n"), D, f"{POD.rpartition('.')[0]}.metadata.labels", {"app": "scorer"}),
    "labels of templates": (
        one("labels: [{pairs: {a: b}, includeTemplates: true}]\n"), D, "spec.template.metadata.labels",
        {"app": "scorer", "a": "b"},
    ),
    "labels of selectors": (
        one("commonLabels: {a: b}\n"), D, "spec.selector.matchLabels", {"app": "scorer", "a": "b"},
    ),
    "annotations": (one("commonAnnotations: {a: b}\n"), D, "spec.template.metadata.annotations", {"a": "b"}),
    "a namespace, and the accounts of bindings": (
        {"o/kustomization.yaml": "namespace: ml\nresources: [a.yaml]\n", "o/a.yaml": ACCESS},
        "o:RoleBinding/ml/reads", "subjects",
        [{"kind": "ServiceAccount", "name": "scorer", "namespace": "ml"}],
    ),
    "a prefix, and who names it": (
        {"o/kustomization.yaml": "namePrefix: a-\nnameSuffix: -z\nresources: [a.yaml]\n", "o/a.yaml": ACCESS},
        "o:RoleBinding//a-reads-z", "roleRef.name", "a-reader-z",
    ),
    "a pod's account": (
        one("namePrefix: a-\nresources: [../b, a.yaml]\n", a_yaml=ACCESS), "o:Deployment//a-scorer", f"{POD}.serviceAccountName",
        "a-scorer",
    ),
    "settings are generated": (
        one("configMapGenerator: [{name: s, literals: [A=1, 'B=\"x=y\"'], envs: [e.env], files: [f.txt, k=f.txt]}]\n",
            e_env="# why\nC=3\n\nD=four five\n", f_txt="all\nof it\n"),
        "o:ConfigMap//s", "data",
        {"C": "3", "D": "four five", "f.txt": "all\nof it\n", "k": "all\nof it\n", "A": "1", "B": "x=y"},
    ),
    "generated settings are merged": (
        {
            "b/kustomization.yaml": "configMapGenerator: [{name: s, literals: [A=1, B=2]}]\n",
            "o/kustomization.yaml": "resources: [../b]\nnamePrefix: p-\n"
            "configMapGenerator: [{name: s, behavior: merge, literals: [B=3]}]\n",
        },
        "o:ConfigMap//p-s", "data", {"A": "1", "B": "3"},
    ),
    "a component": (
        {
            **one("components: [../c]\n"),
            "c/kustomization.yaml": "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\n"
            "patches: [{path: p.yaml}]\n",
            "c/p.yaml": HEAD + "spec: {replicas: 7}\n",
        },
        D, "spec.replicas", 7,
    ),
    "a replacement": (
        one("replacements:\n- source: {kind: Deployment, fieldPath: metadata.labels.tier}\n  targets:\n"
            "  - {select: {kind: Deployment}, fieldPaths: ['spec.template.spec.containers.[name=proxy].image'], "
            "options: {delimiter: ':', index: 1}}\n"),
        D, f"{POD}.containers.*.image", ["registry.example.com/scorer:1", "proxy:serving"],
    ),
    "a replacement of a literal, made": (
        one("replacements: [{path: r.yaml}]\n",
            r_yaml="source: {kind: Deployment}\ntargets:\n- {select: {name: scorer}, fieldPaths: ['metadata.annotations."
                   "[a.b/c]'], options: {create: true}}\n"),
        D, "metadata.annotations", {"a.b/c": "scorer"},
    ),
    "two levels": (
        {
            **one("namePrefix: a-\n"),
            "p/kustomization.yaml": "resources: [../o]\nnamePrefix: b-\nnamespace: prod\npatches: [{path: p.yaml}]\n",
            "p/p.yaml": HEAD + "spec: {replicas: 8}\n",
        },
        "p:Deployment/prod/b-a-scorer", "spec.replicas", 8,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_a_kustomization_says_is_done(case: str, scanned: Read) -> None:
    files, address, path, expected = CASES[case]
    found = scanned(files)
    assert found.plain(address, path) == expected
    assert found.problems == []
    assert found.notes == []


KUSTOMIZE = shutil.which("kubectl")
_HASH = re.compile(r"-(?=[a-z]*[0-9])[a-z0-9]{10}$")


@pytest.mark.slow
@pytest.mark.skipif(KUSTOMIZE is None, reason="kubectl, which carries kustomize, is not installed")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_kustomize_does_the_same(case: str, scanned: Read, tmp_path: Path) -> None:
    files, address, _, _ = CASES[case]
    found = scanned(files)
    root, _, rest = address.partition(":")
    assert KUSTOMIZE is not None
    run = subprocess.run([KUSTOMIZE, "kustomize", tmp_path / root], capture_output=True, text=True, check=True)
    type_, namespace, name = rest.split("/")
    theirs = next(
        d
        for d in yaml.safe_load_all(run.stdout)
        if d["kind"] == type_.partition(".")[0]
        and _HASH.sub("", d["metadata"]["name"]) == name
        and d["metadata"].get("namespace", "") == namespace
    )
    theirs["metadata"]["name"] = name
    assert _comparable(found.plain(address)) == _comparable(theirs)


def _comparable(said: Any) -> Any:
    """Without what is empty, lists of named things in the order of their names."""
    if isinstance(said, dict):
        return {k: v for k, s in said.items() if (v := _comparable(s)) not in (None, {}, [])}
    if isinstance(said, list):
        items = [_comparable(s) for s in said]
        return (
            sorted(items, key=lambda i: json.dumps(i, sort_keys=True))
            if items and isinstance(items[0], dict)
            else items
        )
    return said


def test_a_base_is_judged_as_its_overlays_deploy_it(scanned: Read) -> None:
    found = scanned(
        {
            **one("patches: [{path: p.yaml}]\n", p_yaml=HEAD + "spec: {template: {spec: {hostNetwork: false}}}\n"),
            "q/kustomization.yaml": "resources: [../b]\nnamespace: q\n",
            "unused/kustomization.yaml": "resources: [d.yaml]\n",
            "unused/d.yaml": DEPLOYMENT,
            "b/beside.yaml": DEPLOYMENT,
        }
    )
    assert sorted(found.objects) == [
        "b:Deployment//scorer",  # the file that nothing lists
        "o:Deployment//scorer",
        "q:Deployment/q/scorer",
        "unused:Deployment//scorer",
    ]
    assert str(found.at(D, f"{POD}.hostNetwork").place) == "o/p.yaml:4:39"
    assert str(found.at("q:Deployment/q/scorer", f"{POD}.hostNetwork").place) == "b/d.yaml:10:20"
    assert str(found.objects[D].place) == "b/d.yaml:1:1"


def test_places_are_where_things_are_said(scanned: Read) -> None:
    found = scanned(
        one(
            "images: [{name: proxy, newTag: latest}]\nnamespace: ml\npatches:\n- target: {kind: Deployment}\n  patch: |-\n"
            "    - op: add\n      path: /spec/replicas\n      value: 4\n"
            "configMapGenerator: [{name: s, literals: [A=1], envs: [e.env]}]\nsecretGenerator: [{name: t, envs: [e.env]}]\n",
            e_env="X=1\nTOKEN=abc\n",
        )
    )
    places = {
        path: str(found.at(f"o:{what}/ml/{name}", path).place)
        for what, name, path in (
            ("Deployment", "scorer", "spec.replicas"),
            ("Deployment", "scorer", "metadata.namespace"),
            ("ConfigMap", "s", "data.A"),
            ("ConfigMap", "s", "data.TOKEN"),
            ("Secret", "t", "stringData.TOKEN"),
        )
    }
    image = found.at("o:Deployment/ml/scorer", f"{POD}.containers.*.image").items()[1]
    assert str(image.place) == "o/kustomization.yaml:2:32"
    assert places == {
        "spec.replicas": "o/kustomization.yaml:9:14",
        "metadata.namespace": "o/kustomization.yaml:3:12",
        "data.A": "o/kustomization.yaml:10:43",
        "data.TOKEN": "o/e.env:2:7",
        "stringData.TOKEN": "o/kustomization.yaml:11:19",
    }


def test_what_a_patch_deletes_is_not_deployed(scanned: Read) -> None:
    assert scanned(patch("$patch: delete\n")).objects == {}


def test_a_patch_that_nothing_names_is_no_object(scanned: Read) -> None:
    found = scanned({**one("resources: [../b]\n"), "o/manager_patch.yaml": DEPLOYMENT, "x/patch.yaml": DEPLOYMENT})
    assert list(found.objects) == [D, "x:Deployment//scorer"]  # the latter lies with no kustomization
    assert found.notes == [
        ("o/manager_patch.yaml", "it is called a patch, and no kustomization names it: not read as an object")
    ]


def test_what_is_only_local_is_not_deployed(scanned: Read) -> None:
    local = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {config.kubernetes.io/local-config: 'true'}}\n"
    assert scanned({"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": local}).objects == {}


def test_a_patch_that_does_not_fit_is_a_problem(scanned: Read) -> None:
    found = scanned(operations("- op: remove\n  path: /spec/nothing\n"))
    assert found.plain(D, "metadata.name") == "scorer"
    assert found.problems == [("o/p.yaml", 1, "the patch does not fit Deployment scorer: /spec/nothing is not there")]


def test_what_is_not_applied_is_named(scanned: Read) -> None:
    found = scanned(
        one(
            "resources: [../b, https://github.com/x/y//deploy?ref=v1, gone.yaml, ../out]\ncomponents: [../none]\n"
            "vars: [{name: X}]\nhelmCharts: [{name: h}]\npatches: [{path: gone-too.yaml}]\n"
        )
    )
    assert {message for _, message in found.notes} == {
        "https://github.com/x/y//deploy?ref=v1 is fetched when it is deployed: not read",
        "gone.yaml is not among what is scanned: not read",
        "../out is not among what is scanned: not read",
        "../none is not among what is scanned: not read",
        "its patch gone-too.yaml is not among what is scanned: not applied",
        "what it says of vars, helmCharts is not applied",
    }
    assert found.problems == []
    assert list(found.objects) == [D]


def test_a_circle_is_a_problem_and_the_rest_is_read(scanned: Read) -> None:
    found = scanned(
        {
            "a/kustomization.yaml": "resources: [../b]\n",
            "b/kustomization.yaml": "resources: [../a, p.yaml]\n",
            "b/p.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n",
        }
    )
    assert found.problems == [
        ("b/kustomization.yaml", 1, "it lists ../a, which lists it again: kustomize refuses a circle")
    ]
    assert list(found.objects) == ["a:Pod//p"]


def test_kustomizations_that_multiply_are_cut_off(scanned: Read) -> None:
    files = {
        "k0/kustomization.yaml": "resources: [p.yaml]\n",
        "k0/p.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n",
    }
    for n in range(1, 40):
        files[f"k{n}/kustomization.yaml"] = (
            f"resources: [../k{n - 1}, ../k{n - 1}, ../k{n - 1}]\ncomponents: [../c{n}]\n"
        )
        files[f"c{n}/kustomization.yaml"] = f"kind: Component\ncomponents: [../c{n - 1}, ../c{n - 1}]\n"
    began = time.process_time()
    found = scanned(files)
    assert time.process_time() - began < 20
    assert any("more than 500,000 objects" in message for _, _, message in found.problems)


def test_a_chain_deeper_than_anything_real_is_a_problem(scanned: Read) -> None:
    files = {f"k{n}/kustomization.yaml": f"resources: [../k{n + 1}]\n" for n in range(2_000)}
    assert {m for _, _, m in scanned(files).problems} == {
        "kustomizations are nested deeper than 50: the rest is not read"
    }


@pytest.mark.parametrize(
    "kustomization",
    [
        "resources: {a: b}\npatches: text\nimages: [1, [2]]\nnamespace: [x]\nlabels: [a]\nreplicas: [{}]\n",
        "patches: [{target: {name: '(a+)+$'}, path: d.yaml}, {patch: '[', target: {kind: x}}, {patch: 7}, null]\n",
        "configMapGenerator: [{}, {name: x, literals: [1, A], files: [no.txt, 3], envs: [5]}, x]\n",
        "replacements: [{}, {source: {kind: x}}, {sourceValue: x, targets: [{}, {select: {}, fieldPaths: ['[', '']}]}]\n",
        'patchesJson6902: [{target: {kind: Deployment}, patch: \'[{"op": "add", "path": "/a/b/c"}, {}, 3]\'}]\n',
        "- a list\n",
        "commonLabels: {a: [b], c: {d: e}}\nnamePrefix: {}\n",
    ],
)
def test_nonsense_crashes_nothing(kustomization: str, scanned: Read) -> None:
    found = scanned({"kustomization.yaml": f"{kustomization}", "o/kustomization.yaml": "resources: [d.yaml, ..]\n",
                     "o/d.yaml": DEPLOYMENT.replace("scorer", "a" * 200)})  # fmt: skip
    assert all(o.at(("spec", "replicas")) is not None for o in found.objects.values())


def test_a_patch_of_very_many_operations_is_refused(scanned: Read) -> None:
    found = scanned(operations("- {op: add, path: /metadata/labels/x, value: y}\n" * 3_000))
    found.plain(D)
    assert [m for _, _, m in found.problems] == [
        "the patch does not fit Deployment scorer: it has more than 1,000 operations"
    ]
