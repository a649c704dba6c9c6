"""Kubernetes objects in YAML and JSON, kustomizations included, charts named and left alone.

The *type* of an object is its kind alone where its API group is one of Kubernetes itself (`Deployment`, `Service`,
`NetworkPolicy`), else `Kind.group` (`Service.serving.knative.dev`, `Notebook.kubeflow.org`), whatever the version.
Its *root* is the folder of the nearest kustomization that lists its file, else the file's own folder; "." is the top.
Its *address* is `root:type/namespace/name`, with `@file` where several objects of a root would share it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from garrison.estate.resource import Resource
    from garrison.sources.interface import File, Tree

NAME, LABEL = "kubernetes", "Kubernetes"
ENDING, LANGUAGE = "kubernetes.yaml", "yaml"  # of examples

_ENDINGS = (".yaml", ".yml", ".json")
_KUSTOMIZATIONS = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
_PIPELINE = (b"pipelineInfo", b"deploymentSpec")  # said by every compiled pipeline of Kubeflow
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def claims(file: File) -> bool:
    """Whether it may hold an object, or is a kustomization or a chart."""
    name = file.name
    if name in _KUSTOMIZATIONS or name == "Chart.yaml":
        return True
    if not name.endswith(_ENDINGS):
        return False
    data = file.data
    is_object = b"kind" in data and b"apiVersion" in data
    return is_object or all(m in data for m in _PIPELINE) or data.startswith(_UTF16)


def read(files: Sequence[File], tree: Tree) -> Sequence[Resource]:
    """The objects of the kinds that some table names."""
    from garrison.sources.kubernetes.manifests import read_manifests
    from garrison.sources.mapping.table import wanted

    return read_manifests(files, tree, wanted(NAME))
