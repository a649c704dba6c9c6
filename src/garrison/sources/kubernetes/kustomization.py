"""One kustomization as it is written.

Its fields: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

import msgspec

from garrison.estate.values import Source, State, Value, dig
from garrison.sources.documents import GO_WORDS, compose, load, report
from garrison.sources.interface import File, Tree
from garrison.sources.kubernetes.edits import entry, listed
from garrison.sources.kubernetes.objects import Entry

KUSTOMIZATIONS = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
_REMOTE = re.compile(
    r"^[\w.+-]+://|^git@|^(www\.)?(github|gitlab|bitbucket)\.(com|org)[/:]|\?ref=|\?version=|\.git(/|$|\?)"
)
_PATCHES = ("patches", "patchesStrategicMerge", "patchesJson6902")
_NOT_OBJECTS = ("transformers", "generators", "validators", "configurations", "replacements", "crds")
# What Garrison does not apply. `sortOptions`, `buildMetadata` and the like change nothing that is judged.
_NOT_APPLIED = (
    "vars", "configurations", "crds", "openapi", "generators", "transformers", "helmCharts", "helmChartInflationGenerator",
)  # fmt: skip


class Kustomization(msgspec.Struct, frozen=True, eq=False):
    """What one says, by its folder."""

    folder: str
    path: str  # of the file
    said: Value
    source: Source

    def all(self, *names: str) -> tuple[Value, ...]:
        """The items of some lists, in the order of the names."""
        return tuple(item for name in names for item in listed(self.said.child(name)) or ())

    @property
    def is_component(self) -> bool:
        """Whether it only adds to the kustomization that lists it."""
        return entry(self.said, "kind").text() == "Component"

    @property
    def lists(self) -> tuple[Value, ...]:
        """What it takes objects from: files, folders, addresses."""
        return self.all("resources", "bases")

    @property
    def fragments(self) -> Iterator[str]:
        """The files that change objects and are none."""
        patches = self.all(*_PATCHES, *_NOT_OBJECTS)
        return (self.beside(path) for path in _files_of(patches))

    @property
    def not_applied(self) -> tuple[str, ...]:
        """The fields it says that Garrison does not apply."""
        return tuple(name for name in _NOT_APPLIED if self.said.child(name).is_empty().no)

    def beside(self, path: str) -> str:
        """A path as it means it: from its own folder; "" is the top of the scan."""
        joined = posixpath.normpath(posixpath.join(self.folder, path))
        return "" if joined == "." else joined


def is_remote(path: str) -> bool:
    """Whether what is listed is fetched when it is deployed."""
    return _REMOTE.search(path) is not None


def read_kustomization(file: File, tree: Tree) -> Kustomization | None:
    """What a file says; None, and a problem, where it cannot be read."""
    source = load(file, tree)
    if source is None:
        return None
    for document in compose(source.data):
        if document.node is not None:
            return Kustomization(file.folder, file.path, Entry(source, GO_WORDS).value(document.node), source)
        if b"{{" not in source.data:
            report(document, file.path, tree)
    return None


def documents_in(text: Value, source: Source) -> Iterator[Value]:
    """The documents of a text that stands in a file, with their places in it.

    A literal block is read as it is indented, so that every line and column is right; of other texts the lines are.
    """
    place = text.place
    data, line = text.text().encode(), 0
    if place is not None and place.source is source:
        line = place.line - 1
        if place.text.startswith("|"):
            first, last = source.starts[line + 1], source.starts[min(place.end_line, len(source.starts) - 1)]
            data, line = source.data[first:last], line + 1
    for document in compose(data, line):
        if document.node is not None:
            yield Entry(source, GO_WORDS).value(document.node)


def documents_of(file: File, tree: Tree) -> Iterator[Value]:
    """The documents of a file that are no objects: patches, replacements."""
    source = load(file, tree)
    for document in compose(source.data) if source is not None else ():
        report(document, file.path, tree)
        if document.node is not None and source is not None:
            yield Entry(source, GO_WORDS).value(document.node)


def _files_of(patches: Iterable[Value]) -> Iterator[str]:
    """The files among patches; one may also be written in place, as text of several lines."""
    for patch in patches:
        path = patch.text() or (dig(patch, ("path",)).text() if patch.state is State.KNOWN else "")
        if path and "\n" not in path:
            yield path
