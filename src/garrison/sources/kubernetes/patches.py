"""The patches of a kustomization, applied to what it deploys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from garrison.estate.values import State, Value, absent
from garrison.sources.interface import Tree
from garrison.sources.kubernetes.deployed import Deployed
from garrison.sources.kubernetes.edits import Change, body_of, entry, listed, updated
from garrison.sources.kubernetes.json_patch import DoesNotFit, patched, steps_of
from garrison.sources.kubernetes.kustomization import Kustomization, documents_in, documents_of
from garrison.sources.kubernetes.merge import merged
from garrison.sources.kubernetes.targets import Selector, meant

_NAME = (("metadata", "name"), ("metadata", "namespace"))
_STAYS = (*_NAME, ("kind",), ("apiVersion",))


class Patches:
    """Applies patches, and says which do not fit."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def strategic(self, said: Value, kustomization: Kustomization, objects: list[Deployed]) -> list[Deployed]:
        """An item of `patchesStrategicMerge`: a file, or the patch itself."""
        text = said.text()
        documents = self._written(said, kustomization) if "\n" in text else self._in_file(said, kustomization)
        for patch in documents:
            objects = self._merge(patch, _meant_by(patch), objects)
        return objects

    def targeted(self, said: Value, kustomization: Kustomization, objects: list[Deployed]) -> list[Deployed]:
        """An item of `patches` or `patchesJson6902`: a patch of either form, and whom it is for."""
        written, target = entry(said, "patch"), entry(said, "target")
        found = (
            self._in_file(entry(said, "path"), kustomization)
            if written.state is State.ABSENT
            else self._written(written, kustomization)
        )
        renames = entry(entry(said, "options"), "allowNameChange").equals(True).yes
        for patch in found:
            selects = _meant_by(patch) if body_of(target) is None else Selector(target).selects
            if listed(patch) is None:
                objects = self._merge(patch, selects, objects, renames=renames)
            elif body_of(target) is not None:
                objects = [self._operated(patch, one) if selects(one) else one for one in objects]
        return objects

    def _merge(
        self, patch: Value, selects: Callable[[Deployed], bool], objects: list[Deployed], *, renames: bool = False
    ) -> list[Deployed]:
        if body_of(patch) is None:
            return objects
        deletes = entry(patch, "$patch").text() == "delete"
        name = entry(entry(patch, "metadata"), "name")
        said = patch
        for path in _STAYS:
            said = updated(said, path, lambda v: absent(v.place))
        found = []
        for one in objects:
            if not selects(one):
                found.append(one)
            elif not deletes:
                changed = one.with_change(_merging(said, built_in=one.built_in))
                found.append(changed.named(name.text(), name.place) if renames and name.text() else changed)
        return found

    def _operated(self, patch: Value, one: Deployed) -> Deployed:
        """After JSON Patch operations; those on its name say what it is called from here on."""
        named = {steps_of(entry(o, "path").text()): entry(o, "value") for o in patch.items()}
        one = one.with_change(self._operating(patch, one))
        name, namespace = (named.get(path, absent()) for path in _NAME)
        if name.text():
            one = one.named(name.text(), name.place)
        return one.placed(namespace) if namespace.text() else one

    def _operating(self, patch: Value, one: Deployed) -> Change:
        def change(value: Value) -> Value:
            try:
                return patched(value, patch)
            except DoesNotFit as error:
                if patch.place is not None:
                    message = f"the patch does not fit {one.kind} {one.name}: {error}"
                    self._tree.problem(
                        patch.place.source.path, message, line=patch.place.line, hint="kustomize refuses it too"
                    )
                return value

        return change

    def _in_file(self, path: Value, kustomization: Kustomization) -> Iterator[Value]:
        where = kustomization.beside(path.text())
        file = self._tree.files.get(where)
        if file is not None:
            yield from documents_of(file, self._tree)
        elif path.text():
            self._tree.note(kustomization.path, f"its patch {path.text()} is not among what is scanned: not applied")

    def _written(self, text: Value, kustomization: Kustomization) -> Iterator[Value]:
        yield from documents_in(text, kustomization.source)


def apply_patches(
    names: Sequence[str], kustomization: Kustomization, objects: list[Deployed], patches: Patches
) -> list[Deployed]:
    """All patches of some fields of a kustomization, in order."""
    for name in names:
        apply = patches.strategic if name == "patchesStrategicMerge" else patches.targeted
        for said in kustomization.all(name):
            objects = apply(said, kustomization, objects)
    return objects


def _meant_by(patch: Value) -> Callable[[Deployed], bool]:
    return lambda one: meant(patch, one)


def _merging(patch: Value, *, built_in: bool) -> Change:
    return lambda value: merged(value, patch, built_in=built_in)
