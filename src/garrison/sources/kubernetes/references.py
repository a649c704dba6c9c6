"""References follow what kustomizations rename: service accounts, ConfigMaps, Secrets, services, roles, volumes."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from garrison.estate.values import State, Value, known
from garrison.sources.kubernetes.deployed import Deployed
from garrison.sources.kubernetes.edits import Change, entry, updated, with_entries

_POD_OF = {  # where the specification of a kind's pods stands
    "Pod": ("spec",),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    **dict.fromkeys(
        ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"),
        ("spec", "template", "spec"),
    ),
}
_BINDINGS = frozenset({"RoleBinding", "ClusterRoleBinding"})


def follow_names(objects: list[Deployed]) -> list[Deployed]:
    """All that is deployed together, with what it calls each other by now."""
    book = _Book(objects)
    return [book.follow(one) for one in objects] if book.by_old else objects


class _Book:
    """What was renamed or moved, by its kind and each name it had."""

    def __init__(self, objects: list[Deployed]) -> None:
        self.by_old: dict[tuple[str, str], list[Deployed]] = defaultdict(list)
        for one in objects:
            if any(its != (one.name, one.namespace) for its in one.earlier):
                for name in dict.fromkeys(name for name, _ in one.ids):
                    self.by_old[one.type, name].append(one)

    def follow(self, one: Deployed) -> Deployed:
        """An object whose references follow."""
        if one.type in _BINDINGS:
            return one.with_change(self._in_binding(one))
        paths = [(kind, path) for kind, path in _paths_of(one.type) if any(k == kind for k, _ in self.by_old)]
        return one.with_change(self._in_paths(one, paths)) if paths else one

    def _in_paths(self, one: Deployed, paths: list[tuple[str, tuple[str, ...]]]) -> Change:
        def change(value: Value) -> Value:
            for kind, path in paths:
                value = updated(value, path, lambda said: self._renamed(said, kind, one))  # noqa: B023 - used at once
            return value

        return change

    def _in_binding(self, one: Deployed) -> Change:
        def change(value: Value) -> Value:
            kind = entry(entry(value, "roleRef"), "kind").text()
            value = updated(value, ("roleRef", "name"), lambda said: self._renamed(said, kind, one))
            return updated(value, ("subjects", "*"), self._subject)

        return change

    def _subject(self, subject: Value) -> Value:
        """Kustomize takes every subject for an account, whatever its kind."""
        name, space = entry(subject, "name"), entry(subject, "namespace")
        found = self.by_old.get(("ServiceAccount", name.text()), ())
        there = [a for a in found if any(its[1] == space.text() for its in a.ids)] or list(found)
        if not there:
            return subject
        account = there[0]
        now = {"name": known(account.name, name.place)}
        if account.namespace:
            now["namespace"] = known(account.namespace, space.place)
        return with_entries(subject, now)

    def _renamed(self, said: Value, kind: str, one: Deployed) -> Value:
        """The name by now; of several of that name the one that went the same way."""
        found = self.by_old.get((kind, said.text()), ()) if said.state is State.KNOWN else ()
        near = [f for f in found if f.namespace == one.namespace] or list(found)
        near = [f for f in near if f.affixes == one.affixes] or near
        return known(near[0].name, said.place) if near and near[0].name != said.text() else said


@cache
def _table() -> dict[str, dict[str, dict[str, list[str]] | list[str]]]:
    said: dict[str, dict[str, dict[str, list[str]] | list[str]]]
    said = tomllib.loads(Path(__file__).with_name("references.toml").read_text("utf8"))
    return said


@cache
def _paths_of(type_: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(_paths(type_))


def _paths(type_: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What kind an object of a type names, and where."""
    pod = _POD_OF.get(type_)
    for kind, paths in _table()["pods"].items() if pod is not None else ():
        for path in paths:
            yield kind, (*(pod or ()), *path.split("."))
    for kind, by_type in _table()["objects"].items():
        for path in by_type.get(type_, ()) if isinstance(by_type, dict) else ():
            yield kind, tuple(path.split("."))
