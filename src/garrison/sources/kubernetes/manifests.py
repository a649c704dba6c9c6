"""A tree of manifests to objects."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence

import msgspec

from garrison.sources.documents import load
from garrison.sources.interface import File, Tree
from garrison.sources.kubernetes.deployed import Deployed
from garrison.sources.kubernetes.kustomization import KUSTOMIZATIONS
from garrison.sources.kubernetes.layout import CHART, Layout, layout_of, note_what_is_left_out
from garrison.sources.kubernetes.objects import Kept, KubernetesObject, Piece
from garrison.sources.kubernetes.overlays import Overlays
from garrison.sources.kubernetes.pipelines import TYPES, as_object
from garrison.sources.kubernetes.scan import documents
from garrison.sources.kubernetes.types import by_kind


def read_manifests(files: Sequence[File], tree: Tree, wanted: Collection[str]) -> list[KubernetesObject]:
    """Every object of a wanted type, with an address of its own: as it is deployed, else as it is written."""
    layout = layout_of(files, tree)
    manifests = _Manifests(files, tree, wanted, layout)
    overlays = Overlays(layout.kustomizations, manifests.objects_of, tree)
    same: dict[str, list[KubernetesObject]] = defaultdict(list)
    for kustomization, deployed in overlays.deployed():
        for one in deployed:
            _add(same, one, kustomization.folder)
    for file in manifests.files.values():
        if file.path in overlays.files or file.path in layout.fragments:
            continue
        objects = manifests.objects_of(file.path) or ()
        if objects and layout.is_unused_patch(file):
            tree.note(file.path, "it is called a patch, and no kustomization names it: not read as an object")
            continue
        for one in objects:
            _add(same, one, file.folder)
    note_what_is_left_out(layout, tree)
    return [found for address, twins in same.items() for found in _addressed(address, twins)]


def _add(same: dict[str, list[KubernetesObject]], one: Deployed, folder: str) -> None:
    root = folder or "."
    same[f"{root}:{one.type}/{one.namespace}/{one.name}"].append(KubernetesObject(one, root))


def _addressed(address: str, twins: list[KubernetesObject]) -> Iterator[KubernetesObject]:
    """Objects that would share an address are told apart by their file, and by number within it."""
    seen: Counter[str] = Counter()
    for found in twins:
        path = found.place.source.path
        seen[path] += 1
        number = f"#{seen[path]}" if seen[path] > 1 else ""
        found.address = f"{address}@{path}{number}" if len(twins) > 1 else address
        yield found


class _Manifests:
    """The files that may hold objects, each read once."""

    def __init__(self, files: Sequence[File], tree: Tree, wanted: Collection[str], layout: Layout) -> None:
        self.files: dict[str, File] = {}
        self._tree, self._kinds, self._kept = tree, by_kind(wanted), Kept()
        self._read: dict[str, list[Deployed]] = {}
        for file in files:
            if layout.chart_of(file) is None and file.name not in KUSTOMIZATIONS and file.name != CHART:
                self.files[file.path] = file

    def objects_of(self, path: str) -> list[Deployed] | None:
        """The objects of a file; None where there is no such file."""
        found = self._read.get(path)
        if found is None:
            file = self.files.get(path)
            if file is None:
                return [] if path in self._tree.files else None
            found = self._read[path] = list(self._objects(file))
        return found

    def _objects(self, file: File) -> Iterator[Deployed]:
        source = load(file, self._tree)
        if source is None:
            return
        templated = False
        for start, end, line in documents(source.data, self._kinds):
            piece = Piece(source, start, end, line, self._kept)
            declared = piece.load()
            met = [(n, d) for n, d in enumerate(declared) if d.type in self._kinds.get(d.type.partition(".")[0], ())]
            broken = any(c.fatal for c in piece.complaints)
            if broken and b"{{" in source.data[start:end]:
                templated = True
            elif broken or met:
                for complaint in piece.complaints:
                    self._tree.problem(file.path, complaint.message, line=complaint.line, hint=complaint.hint)
            for number, one in met:
                deployed = Deployed(piece, number, one.type, one.version, one.name, one.namespace)
                deployed = msgspec.structs.replace(deployed, only_local=one.only_local)
                yield deployed.with_change(as_object) if one.type in TYPES else deployed
        if templated:
            self._tree.note(file.path, "a template, not a manifest, until its {{ }} are filled in: not read")
