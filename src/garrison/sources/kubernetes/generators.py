"""ConfigMaps and Secrets that a kustomization generates from literals and files.

https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/configmapgenerator/. The hash at the end of their
names is left out: references to them are followed without it too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from garrison.estate.values import Place, Source, State, Value, known, unknown
from garrison.sources.documents import load
from garrison.sources.interface import File, Tree
from garrison.sources.kubernetes.deployed import Deployed
from garrison.sources.kubernetes.edits import Change, entry, listed, mapping_of, updated, with_entries
from garrison.sources.kubernetes.kustomization import Kustomization

_KINDS = {"configMapGenerator": ("ConfigMap", "data"), "secretGenerator": ("Secret", "stringData")}
_MAX_FILE_BYTES = 1_000_000  # what fits into a ConfigMap
_LINE = re.compile(rb"[ \t]*(?P<key>[\w.-]+)=(?P<value>[^\r\n]*)")


class Generated:
    """An object that is written nowhere as one."""

    __slots__ = ("_said",)

    def __init__(self, said: Value) -> None:
        self._said = said

    def changed(self, _number: int, changes: tuple[Change, ...]) -> Value:
        """The object after some changes."""
        value = self._said
        for change in changes:
            value = change(value)
        return value


def generate(kustomization: Kustomization, objects: list[Deployed], tree: Tree) -> list[Deployed]:
    """The objects, and what is generated beside or into them."""
    for field in _KINDS:
        for said in kustomization.all(field):
            objects = _generated(field, said, kustomization, objects, tree)
    return objects


def _generated(
    field: str, said: Value, kustomization: Kustomization, objects: list[Deployed], tree: Tree
) -> list[Deployed]:
    kind, where = _KINDS[field]
    name, namespace = entry(said, "name"), entry(said, "namespace")
    behavior = entry(said, "behavior").text()
    entries = dict(_entries(said, kustomization, tree))
    if kind == "Secret":  # what it says stands in one place, so that no report shows a file of secrets
        entries = {k: msgspec.structs.replace(v, place=said.place) for k, v in entries.items()}
    if behavior in ("merge", "replace"):

        def change(data: Value) -> Value:
            return with_entries(data if behavior == "merge" else known(None), entries)

        return [
            one.with_change(lambda v: updated(v, (where,), change))
            if one.type == kind and any(name.text() == its for its, _ in one.ids)
            else one
            for one in objects
        ]
    about = {"name": name, "namespace": namespace}
    about |= {n: entry(entry(said, "options"), n) for n in ("labels", "annotations")}
    whole = {
        "apiVersion": known("v1", said.place),
        "kind": known(kind, said.place),
        "metadata": mapping_of(about, said.place),
        where: mapping_of(entries, said.place),
    }
    origin = Generated(mapping_of(whole, said.place))
    return [*objects, Deployed(origin, 0, kind, "v1", name.text(), namespace.text())]


def _entries(said: Value, kustomization: Kustomization, tree: Tree) -> Iterator[tuple[str, Value]]:
    """What it holds, by key, as kustomize reads it: variables from files, whole files, literals."""
    for listing in (entry(said, "envs"), entry(said, "env")):
        for path in listing.items():
            file = tree.files.get(kustomization.beside(path.text()))
            if file is not None:
                yield from _variables(file, tree)
    for path in listed(entry(said, "files")) or ():
        key, _, where = path.text().rpartition("=")
        yield key or where.rpartition("/")[2], _whole(kustomization.beside(where), path, tree)
    for literal in listed(entry(said, "literals")) or ():
        key, equals, value = literal.text().partition("=")
        if equals:
            yield key, known(_unquoted(value), literal.place)
        elif literal.state is State.UNKNOWN:
            yield "", literal


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value


def _variables(file: File, tree: Tree) -> Iterator[tuple[str, Value]]:
    """The `KEY=value` lines of a file; a key alone is taken from the environment of whoever builds."""
    source = load(file, tree)
    for number, line in enumerate(source.data.split(b"\n") if source is not None else ()):
        match = _LINE.match(line)
        if match is not None and source is not None:
            start, end = (
                len(line[: match.start("value")].decode("utf8", "replace")),
                len(line.decode("utf8", "replace")),
            )
            place = Place.at(source, (number, start), (number, end))
            yield match["key"].decode(), known(match["value"].decode("utf8", "replace"), place)


def _whole(path: str, said: Value, tree: Tree) -> Value:
    """The text of a file."""
    file = tree.files.get(path)
    if file is None:
        return unknown(f"{path} is not among what is scanned", said.place)
    try:
        source = Source(path, file.data if file.size_bytes <= _MAX_FILE_BYTES else b"\0")
        text = source.data.decode()
    except (OSError, UnicodeDecodeError):
        text = "\0"
    if "\0" in text:
        return unknown(f"{path} is no text that fits into a ConfigMap", said.place)
    return known(text, Place.at(source, (0, 0), (text.count("\n"), 0)))
