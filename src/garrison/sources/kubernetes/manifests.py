"""A tree of manifests to objects."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from garrison.estate.values import Value
from garrison.sources.documents import load
from garrison.sources.interface import File, Tree
from garrison.sources.kubernetes.layout import CHART, KUSTOMIZATIONS, Layout, layout_of, note_what_is_left_out
from garrison.sources.kubernetes.objects import Declared, Kept, KubernetesObject, Piece
from garrison.sources.kubernetes.scan import documents
from garrison.sources.kubernetes.types import by_kind

# Of the kinds that belong to no namespace, those that people write; a kustomization sets none for them.
_CLUSTER_WIDE = frozenset(
    {
        "APIService", "CSIDriver", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "IngressClass",
        "MutatingWebhookConfiguration", "Namespace", "Node", "PersistentVolume", "PriorityClass", "Profile.kubeflow.org",
        "RuntimeClass", "StorageClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    }
)  # fmt: skip


def read_manifests(files: Sequence[File], tree: Tree, wanted: Collection[str]) -> list[KubernetesObject]:
    """Every object of a wanted type, with an address of its own."""
    layout = layout_of(files, tree)
    kinds = by_kind(wanted)
    kept = Kept()
    templates: Counter[str] = Counter()
    same: dict[str, list[tuple[KubernetesObject, str]]] = defaultdict(list)
    for file in files:
        chart = layout.chart_of(file)
        if chart is not None:
            templates[chart] += 1
        elif file.name not in KUSTOMIZATIONS and file.name != CHART and file.path not in layout.fragments:
            for address, found in _objects(file, tree, kinds, kept, layout):
                same[address].append((found, file.path))
    note_what_is_left_out(layout, templates, tree)
    return [found for address, twins in same.items() for found in _addressed(address, twins)]


def _addressed(address: str, twins: list[tuple[KubernetesObject, str]]) -> Iterator[KubernetesObject]:
    """Objects that would share an address are told apart by their file, and by number within it."""
    seen: Counter[str] = Counter()
    for found, path in twins:
        seen[path] += 1
        number = f"#{seen[path]}" if seen[path] > 1 else ""
        found.address = f"{address}@{path}{number}" if len(twins) > 1 else address
        yield found


def _objects(
    file: File, tree: Tree, kinds: Mapping[str, Collection[str]], kept: Kept, layout: Layout
) -> Iterator[tuple[str, KubernetesObject]]:
    source = load(file, tree)
    if source is None:
        return
    kustomization = layout.kustomization_of(file)
    root = (file.folder if kustomization is None else kustomization.folder) or "."
    namespace = None if kustomization is None or not kustomization.namespace.text() else kustomization.namespace
    templated = False
    for start, end, line in documents(source.data, kinds):
        piece = Piece(source, start, end, line, kept)
        declared = piece.load()
        met = [(n, d) for n, d in enumerate(declared) if d.type in kinds.get(d.type.partition(".")[0], ())]
        broken = any(c.fatal for c in piece.complaints)
        if broken and b"{{" in source.data[start:end]:
            templated = True
        elif broken or met:
            for complaint in piece.complaints:
                tree.problem(file.path, complaint.message, line=complaint.line, hint=complaint.hint)
        for number, one in met:
            placed = None if one.type in _CLUSTER_WIDE else namespace
            yield _address(root, one, placed), KubernetesObject(piece, number, root, one.type, placed)
    if templated:
        tree.note(file.path, "a template, not a manifest, until its {{ }} are filled in: not read")


def _address(root: str, declared: Declared, placed: Value | None) -> str:
    namespace = placed.text() if placed is not None else declared.namespace
    return f"{root}:{declared.type}/{namespace}/{declared.name}"
