"""How a tree of manifests is laid out: kustomizations, what they list and patch, and Helm charts.

Kustomization fields: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from garrison.estate.values import Value, dig
from garrison.sources.documents import GO_WORDS, Reader, compose, load, report
from garrison.sources.interface import File, Tree

KUSTOMIZATIONS = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
CHART = "Chart.yaml"
_PATCHES = ("patches", "patchesStrategicMerge", "patchesJson6902")
_NOT_OBJECTS = ("transformers", "generators", "validators", "configurations", "replacements")


class Kustomization(msgspec.Struct, frozen=True):
    """What Garrison takes from one."""

    folder: str
    lists: frozenset[str]  # the files it takes as whole objects
    fragments: frozenset[str]  # the files that change objects and are none
    patches: int
    namespace: Value


class Layout(msgspec.Struct, frozen=True):
    """Where the kustomizations and the charts are, by folder."""

    kustomizations: dict[str, Kustomization]
    charts: frozenset[str]
    fragments: frozenset[str]

    def kustomization_of(self, file: File) -> Kustomization | None:
        """The nearest one above a file that lists it."""
        for folder in _above(file.folder):
            found = self.kustomizations.get(folder)
            if found is not None and file.path in found.lists:
                return found
        return None

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
        if file.name in KUSTOMIZATIONS and (found := _kustomization(file, tree)) is not None:
            kustomizations[file.folder] = found
    charts = {file.folder for file in (*tree.files.values(), *files) if file.name == CHART}
    fragments = {path for k in kustomizations.values() for path in k.fragments}
    return Layout(kustomizations, frozenset(charts), frozenset(fragments))


def note_what_is_left_out(layout: Layout, templates: Counter[str], tree: Tree) -> None:
    """Name the charts and the patches, so that nobody takes them for clean."""
    for folder in sorted(layout.charts):
        count = templates[folder]
        message = (
            f"a Helm chart is not rendered: {_count(count, 'template')} not read (scan what `helm template` prints)"
        )
        tree.note(f"{folder}/{CHART}" if folder else CHART, message)
    for folder, found in sorted(layout.kustomizations.items()):
        if found.patches:
            tree.note(
                folder or ".",
                f"a kustomization is read without its patches: {_count(found.patches, 'patch', 'patches')} not applied",
            )


def _count(number: int, one: str, many: str = "") -> str:
    return f"1 {one} is" if number == 1 else f"{number} {many or one + 's'} are"


def _kustomization(file: File, tree: Tree) -> Kustomization | None:
    source = load(file, tree)
    if source is None:
        return None
    for document in compose(source.data):
        if document.node is None:
            if b"{{" not in source.data:
                report(document, file.path, tree)
            continue
        said = Reader(source, GO_WORDS).value(document.node)
        patches = [p for name in _PATCHES for p in said.child(name).items()]
        lists = [p for name in ("resources", "bases", "components") for p in _texts(said.child(name).items())]
        fragments = [*_files_of(patches), *_files_of(p for name in _NOT_OBJECTS for p in said.child(name).items())]
        return Kustomization(
            file.folder,
            frozenset(_joined(file.folder, lists)),
            frozenset(_joined(file.folder, fragments)),
            len(patches),
            said.child("namespace"),
        )
    return None


def _files_of(patches: Iterable[Value]) -> Iterator[str]:
    """The files among patches; one may also be written in place, as text of several lines."""
    for patch in patches:
        path = patch.text() or dig(patch, ("path",)).text()
        if path and "\n" not in path:
            yield path


def _texts(values: Iterable[Value]) -> Iterator[str]:
    return (v.text() for v in values if v.text())


def _joined(folder: str, paths: Iterable[str]) -> Iterator[str]:
    return (posixpath.normpath(posixpath.join(folder, path)) for path in paths)


def _above(folder: str) -> Iterator[str]:
    """A folder and those it is in, the nearest first; "" is the top."""
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
    yield ""
