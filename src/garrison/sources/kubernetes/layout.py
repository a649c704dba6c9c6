"""How a tree of manifests is laid out: kustomizations, the files that belong to them, and Helm charts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from garrison.sources.interface import File, Tree
from garrison.sources.kubernetes.kustomization import KUSTOMIZATIONS, Kustomization, read_kustomization

CHART = "Chart.yaml"
_PATCH = re.compile(r"(^|[-_.])patch(es)?\.[a-z]+$|(^|/)patch(es)?[-_/][^/]+$", re.IGNORECASE)


class Layout(msgspec.Struct, frozen=True):
    """Where the kustomizations and the charts are, by folder."""

    kustomizations: dict[str, Kustomization]
    charts: frozenset[str]
    fragments: frozenset[str]  # files that change objects and are none

    def is_unused_patch(self, file: File) -> bool:
        """Whether it is called a patch and lies with a kustomization, none of which names it: a part of an object."""
        return _PATCH.search(file.path) is not None and any(
            folder in self.kustomizations for folder in _above(file.folder)
        )

    def chart_of(self, file: File) -> str | None:
        """The folder of the chart whose template a file is."""
        for folder in _above(file.folder):
            parent, _, name = folder.rpartition("/")
            if name == "templates" and parent in self.charts:
                return parent
        return None


def layout_of(files: Sequence[File], tree: Tree) -> Layout:
    """Read the kustomizations and find the charts."""
    kustomizations = {}
    for file in files:
        if file.name in KUSTOMIZATIONS and (found := read_kustomization(file, tree)) is not None:
            kustomizations[file.folder] = found
    charts = {file.folder for file in (*tree.files.values(), *files) if file.name == CHART}
    fragments = {path for k in kustomizations.values() for path in k.fragments}
    return Layout(kustomizations, frozenset(charts), frozenset(fragments))


def note_what_is_left_out(layout: Layout, tree: Tree) -> None:
    """Name what kustomizations say that is not applied, so that nobody takes them for clean."""
    for _, found in sorted(layout.kustomizations.items()):
        if found.not_applied:
            tree.note(found.path, f"what it says of {', '.join(found.not_applied)} is not applied")


def _above(folder: str) -> Iterator[str]:
    """A folder and those it is in, the nearest first; "" is the top."""
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
    yield ""
