"""Environment variables that a container takes from ConfigMaps and Secrets deployed with it."""

from __future__ import annotations

from garrison.estate.assets.cluster_access import ConfigMap
from garrison.estate.assets.started import Started
from garrison.estate.assets.workload import Workload
from garrison.estate.estate import Relations
from garrison.estate.relations import Relation
from garrison.estate.values import State, Value, absent, dig

_KINDS = {"configMap": "ConfigMap", "secret": "Secret"}


def variable_of(container: Started, near: Relations, *names: str) -> Value:
    """What a variable is set to; looked up in what `envFrom` and `valueFrom` name, as far as that is in these files.

    `near` is what is near the container. Unknown where one source of the variable is not found.
    """
    said = container.variable(*names)
    if said.state is not State.UNKNOWN or container.environment.state is State.UNKNOWN:
        return said
    settings = {
        (s.type, s.name.text()): s
        for workload in near.by(Relation.CONTAINS, Workload)
        for s in near.estate.near(workload).to(Relation.MOUNTS, ConfigMap)
    }
    for item in container.environment.items():
        if dig(item, ("name",)).text() in names:
            return _referred(item, settings, said)
    return _from_all(container.environment_sources, settings, names, said)


def _referred(item: Value, settings: dict[tuple[str, str], ConfigMap], said: Value) -> Value:
    for source, kind in _KINDS.items():
        reference = dig(item, ("valueFrom", f"{source}KeyRef"))
        found = settings.get((kind, reference.child("name").text()))
        key = reference.child("key").text()
        if found is not None and key:
            return next((v for k, v in found.settings if k == key), said)
    return said


def _from_all(sources: Value, settings: dict[tuple[str, str], ConfigMap], names: tuple[str, ...], said: Value) -> Value:
    """The last source that has the key counts; nothing is known while one of them is not found."""
    if sources.state is not State.KNOWN or sources.rest is not None:
        return said
    result = absent(sources.place)
    for source in sources.items():
        kind = next((k for k in _KINDS if source.child(f"{k}Ref").state is not State.ABSENT), "")
        found = settings.get((_KINDS.get(kind, ""), dig(source, (f"{kind}Ref", "name")).text()))
        if found is None:
            return said
        prefix = source.child("prefix").text()
        result = next((v for k, v in found.settings if prefix + k in names), result)
    return result
