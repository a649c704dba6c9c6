"""Objects on their way through kustomizations: what they are, what they were called, and what is changed in them."""

from __future__ import annotations

from typing import Protocol

import msgspec

from garrison.estate.values import Place, Value, known
from garrison.sources.kubernetes.edits import Change, put
from garrison.sources.kubernetes.types import is_cluster_wide

MAX_CHANGES = 1_000  # of one object; people write fewer than ten


class Origin(Protocol):
    """Where an object is written: a piece of a file, or a generator."""

    def changed(self, number: int, changes: tuple[Change, ...]) -> Value:
        """Object `number` of it after some changes."""
        ...


class Deployed(msgspec.Struct, frozen=True, eq=False):
    """One object as a kustomization hands it on. Frozen: a base is shared by its overlays."""

    origin: Origin
    number: int
    type: str
    version: str  # apps/v1
    name: str
    namespace: str
    earlier: tuple[tuple[str, str], ...] = ()  # the names and namespaces it had, the first one first
    affixes: tuple[str, ...] = ()  # the prefixes and suffixes it was given, the innermost first
    changes: tuple[Change, ...] = ()
    only_local: bool = False  # kustomize reads it, and deploys it not

    @property
    def kind(self) -> str:
        """Without its group."""
        return self.type.partition(".")[0]

    @property
    def built_in(self) -> bool:
        """Whether Kubernetes itself knows the kind."""
        return "." not in self.type

    @property
    def ids(self) -> tuple[tuple[str, str], ...]:
        """Every name and namespace it can be spoken of by."""
        return (*self.earlier, (self.name, self.namespace))

    def value(self) -> Value:
        """The whole object."""
        return self.origin.changed(self.number, self.changes)

    def with_change(self, *changes: Change) -> Deployed:
        """The same with further changes, as long as there are not too many."""
        if len(self.changes) >= MAX_CHANGES:
            return self
        return msgspec.structs.replace(self, changes=(*self.changes, *changes))

    def placed(self, namespace: Value) -> Deployed:
        """The same in a namespace; a Namespace is called so itself."""
        text = namespace.text()
        if self.type == "Namespace":
            return self.named(text, namespace.place)
        if is_cluster_wide(self.type):
            return self
        moved = msgspec.structs.replace(self, namespace=text, earlier=self.ids)
        return moved.with_change(put(("metadata", "namespace"), namespace))

    def named(self, name: str, place: Place | None, affix: str = "") -> Deployed:
        """The same under another name; `affix` is the prefix or suffix that made it."""
        affixes = (*self.affixes, affix) if affix else self.affixes
        renamed = msgspec.structs.replace(self, name=name, earlier=self.ids, affixes=affixes)
        return renamed.with_change(put(("metadata", "name"), known(name, place)))
