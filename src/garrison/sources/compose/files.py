"""One Compose file: its services in long form, and what it says of other files."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from garrison.estate.values import Body, Place, State, Value
from garrison.sources.compose.environment import variables_in
from garrison.sources.compose.interpolation import Entry, Variables
from garrison.sources.compose.long_form import long_form
from garrison.sources.compose.merge import merge, merge_services
from garrison.sources.documents import Reader, compose, entries, load, report
from garrison.sources.interface import File, Tree
from garrison.sources.nodes import Mapping, Node, Scalar

MAX_SERVICES = 5_000  # of one file; people write fewer than a hundred
Service = dict[str, Value]


class ComposeFile(msgspec.Struct, frozen=True, eq=False):
    """What a file says."""

    path: str
    folder: str
    services: dict[str, Service]
    networks: dict[str, Value]
    volumes: dict[str, Value]
    include: Value

    @property
    def is_overlay(self) -> bool:
        """Whether it only changes services that another file makes: one of them has no image of its own."""
        return any(not {"image", "build", "extends"} & s.keys() for s in self.services.values())


def read_file(file: File, tree: Tree) -> ComposeFile | None:
    """A file's services; None, and a problem or a note, where it cannot be read. Documents of one file are merged."""
    source = load(file, tree)
    if source is None:
        return None
    reader = Entry(source, Variables(_dot_env(file.folder, tree)))
    services: dict[str, Service] = {}
    others: dict[str, dict[str, Value]] = {"networks": {}, "volumes": {}}
    include = Value(State.ABSENT)
    for document in compose(source.data):
        if document.node is None and b"{{" in source.data:
            tree.note(file.path, "a template, not a Compose file, until its {{ }} are filled in: not read")
            return None
        report(document, file.path, tree)
        if document.node is None:
            continue
        said = reader.value(document.node)
        places = _places(document.node, reader)
        for name, service in _entries(said.child("services")):
            if name not in services and len(services) >= MAX_SERVICES:
                tree.problem(file.path, f"only the first {MAX_SERVICES:,} services are read", hint="split the file")
                break
            made = long_form(name, service, file.folder, places.get(name, service.place))
            if made:  # else no mapping: it says nothing
                services[name] = merge_services(services[name], made) if name in services else made
        for key, found in others.items():
            found.update(_entries(said.child(key)))
        include = merge(include, said.child("include"))
    return ComposeFile(file.path, file.folder, services, others["networks"], others["volumes"], include)


def _entries(said: Value) -> Iterator[tuple[str, Value]]:
    if said.state is State.KNOWN and isinstance(said.content, Body):
        yield from said.content.items()


def _places(root: Node, reader: Reader) -> dict[str, Place]:
    """Where each service stands, its name included."""
    services = entries(root).get("services") if type(root) is Mapping else None
    if type(services) is not Mapping:
        return {}
    pairs = zip(services.pairs[::2], services.pairs[1::2], strict=True)
    return {k.text: Place(reader.source, k.start, v.end) for k, v in pairs if type(k) is Scalar}


def _dot_env(folder: str, tree: Tree) -> dict[str, Value]:
    file = tree.files.get(f"{folder}/.env" if folder else ".env")
    source = None if file is None else load(file, tree)
    return {} if source is None else variables_in(source)
