"""What each kustomization deploys: the objects of its bases, as it changes them.

A kustomization that no other one lists is deployed; the others are judged as those deploy them. In the order of
kustomize: what is listed, what is generated, components, patches, names, labels, further patches, counts and images,
replacements; at the very end the names in references follow.
https://github.com/kubernetes-sigs/kustomize/blob/master/api/internal/target/kusttarget.go
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from garrison.estate.values import Value
from garrison.sources.interface import Tree
from garrison.sources.kubernetes.deployed import Deployed
from garrison.sources.kubernetes.generators import generate
from garrison.sources.kubernetes.kustomization import Kustomization, is_remote
from garrison.sources.kubernetes.patches import Patches, apply_patches
from garrison.sources.kubernetes.references import follow_names
from garrison.sources.kubernetes.replacements import replace
from garrison.sources.kubernetes.transformers import apply_counts_and_images, apply_labels, apply_names

_MAX_DEPTH = 50  # of kustomizations in kustomizations
_MAX_HANDED_ON = 500_000  # objects, counted in each kustomization they go through; kubeflow/manifests has 10,000


class Overlays:
    """Builds kustomizations, each once."""

    def __init__(
        self,
        kustomizations: dict[str, Kustomization],
        objects_of: Callable[[str], Sequence[Deployed] | None],
        tree: Tree,
    ) -> None:
        self._all, self._objects_of, self._tree = kustomizations, objects_of, tree
        self._patches = Patches(tree)
        self._built: dict[str, list[Deployed]] = {}
        self._open: list[str] = []
        self._entered: set[str] = set()
        self._count = 0
        self.files: set[str] = set()  # that some kustomization takes objects from

    def deployed(self) -> Iterator[tuple[Kustomization, list[Deployed]]]:
        """Every kustomization that is deployed for itself, with its objects."""
        listed = {k.beside(path.text()) for k in self._all.values() for path in (*k.lists, *k.all("components"))}
        roots = [folder for folder in self._all if folder not in listed]
        for folder in (*roots, *(f for f in self._all if f in listed)):
            if folder in roots or folder not in self._entered:  # those that list each other in a circle have no root
                found = self._build(folder)
                yield self._all[folder], [one for one in follow_names(found) if not one.only_local]

    def _build(self, folder: str) -> list[Deployed]:
        found = self._built.get(folder)
        if found is None:
            found = self._built[folder] = self._added(self._all[folder], [])
        return found

    def _added(self, one: Kustomization, objects: list[Deployed]) -> list[Deployed]:
        """The objects after a kustomization, or a component, has added its own and changed them all."""
        self._open.append(one.folder)
        self._entered.add(one.folder)
        objects = list(objects)
        for path in one.lists:
            objects += self._taken(path, one)
        if not self._afford(len(objects), one):
            self._open.pop()
            return objects
        objects = generate(one, objects, self._tree)
        for path in one.all("components"):
            component = self._all.get(one.beside(path.text()))
            if component is None:
                self._left_out(path, one)
            elif self._may_enter(component, path, one):
                objects = self._added(component, objects)
        objects = apply_patches(("patchesStrategicMerge", "patches"), one, objects, self._patches)
        objects = apply_labels(one, apply_names(one, objects))
        objects = apply_patches(("patchesJson6902",), one, objects, self._patches)
        objects = replace(one, apply_counts_and_images(one, objects), self._tree)
        self._open.pop()
        return objects

    def _taken(self, path: Value, one: Kustomization) -> Sequence[Deployed]:
        """What is listed: a file, or a folder with a kustomization."""
        where = one.beside(path.text())
        inner = self._all.get(where)
        if inner is not None:
            return self._build(where) if self._may_enter(inner, path, one) else ()
        found = self._objects_of(where) if path.text() else ()
        if found is None:
            self._left_out(path, one)
            return ()
        self.files.add(where)
        return found

    def _afford(self, number: int, one: Kustomization) -> bool:
        """Whether so many objects may be handed on; said once where they may not."""
        before, self._count = self._count, self._count + number + 1
        if self._count <= _MAX_HANDED_ON:
            return True
        if before <= _MAX_HANDED_ON:
            message = f"kustomizations hand on more than {_MAX_HANDED_ON:,} objects: the rest is not read"
            self._tree.problem(one.path, message, hint="scan a part of them")
        return False

    def _may_enter(self, inner: Kustomization, path: Value, one: Kustomization) -> bool:
        line = path.place.line if path.place is not None else 0
        if self._count > _MAX_HANDED_ON:
            return False
        if inner.folder in self._open:
            message = f"it lists {path.text()}, which lists it again: kustomize refuses a circle"
            self._tree.problem(one.path, message, line=line, hint="take one of the two out")
            return False
        if len(self._open) >= _MAX_DEPTH:
            message = f"kustomizations are nested deeper than {_MAX_DEPTH}: the rest is not read"
            self._tree.problem(one.path, message, line=line, hint="nothing real needs that")
            return False
        return True

    def _left_out(self, path: Value, one: Kustomization) -> None:
        text = path.text()[:200]
        if is_remote(path.text()):
            self._tree.note(one.path, f"{text} is fetched when it is deployed: not read")
        elif text:
            self._tree.note(one.path, f"{text} is not among what is scanned: not read")
