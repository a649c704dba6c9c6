"""Which files make a project, and what its services are once all are merged."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from garrison.estate.values import Body, State, Value, shown, unknown
from garrison.sources.compose.files import ComposeFile, Service, read_file
from garrison.sources.compose.merge import merge_services
from garrison.sources.compose.resources import ComposeResource, Declared
from garrison.sources.interface import File, Tree

# In the order in which Compose looks for them (cli/options.go of compose-go).
_BASES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_OVERRIDE = re.compile(r"(docker-)?compose\.override\.ya?ml")
_MAX_CHAIN = 50  # of services that extend one another
_MAX_MERGED = 500_000  # entries that are taken over into other services, in one scan


def read_projects(files: Sequence[File], tree: Tree) -> list[ComposeResource]:
    """The services and networks of every project."""
    return _Projects(files, tree).resources()


class _Projects:
    """All Compose files of a tree."""

    def __init__(self, files: Sequence[File], tree: Tree) -> None:
        self.tree = tree
        self.files = {f.path: made for f in files if (made := read_file(f, tree)) is not None}
        self.bases = self._bases()
        self.read: set[str] = set()  # files that are a part of some project
        self.merged = 0

    def resources(self) -> list[ComposeResource]:
        """Every project's, one after the other."""
        found: list[ComposeResource] = []
        parts = self._parts()
        for path, file in self.files.items():
            if path not in parts:
                found += self._project(file).resources(self.tree)
        for path, file in self.files.items():
            if path not in self.read:  # files that include one another
                found += self._project(file).resources(self.tree)
        return found

    def _project(self, file: ComposeFile) -> Declared:
        declared = Declared(file.path, {}, {}, {})
        self._add(declared, file)
        base = self.bases.get(file.folder)
        if base is file:
            for override in self._overrides(file.folder):
                self._lay_over(declared, override)
        elif file.is_overlay:
            self._lay_under(declared, base)
        return declared

    def _parts(self) -> set[str]:
        """Files that are read as a part of others: overrides beside their base, what is included or only extended."""
        found = {path for path, f in self.files.items() if _is_override(path) and f.folder in self.bases}
        for file in self.files.values():
            found.update(path for path in _included(file) if path != file.path)
            extended = (s["extends"].child("path").text() for s in file.services.values() if "extends" in s)
            found.update(path for path in extended if path and path != file.path and not _is_base(path))
        return found

    def _bases(self) -> dict[str, ComposeFile]:
        """The file of each folder that Compose takes by itself."""
        found: dict[str, ComposeFile] = {}
        for name in reversed(_BASES):
            for path, file in self.files.items():
                if path.rpartition("/")[2] == name:
                    found[file.folder] = file
        return found

    def _overrides(self, folder: str) -> Iterator[ComposeFile]:
        return (f for path, f in self.files.items() if f.folder == folder and _is_override(path))

    def _add(self, declared: Declared, top: ComposeFile) -> None:
        """A file's services and those of the files it includes; what is declared first stays."""
        waiting, seen = [top], {top.path}
        while waiting:
            file = waiting.pop()
            self.read.add(file.path)
            declared.networks = {**file.networks, **declared.networks}
            declared.volumes = {**file.volumes, **declared.volumes}
            for name in file.services:
                if name not in declared.services:
                    declared.services[name] = self._extended(file, name, ())
            for path in _included(file):
                inner = self.files.get(path)
                if inner is None:
                    self.tree.note(file.path, f"includes {path}, which is not here or cannot be read")
                elif path not in seen:
                    seen.add(path)
                    waiting.append(inner)

    def _lay_over(self, declared: Declared, override: ComposeFile) -> None:
        self.read.add(override.path)
        for name in override.services:
            over = self._extended(override, name, ())
            declared.services[name] = self._merged(declared.services.get(name, {}), over)
        declared.networks.update(override.networks)
        declared.volumes.update(override.volumes)

    def _lay_under(self, declared: Declared, base: ComposeFile | None) -> None:
        """For a file that names services without an image: they are those of the folder's base file, if it is here."""
        for name, service in list(declared.services.items()):
            if {"image", "build"} & service.keys() or service.get("extends") is not None:
                continue
            if base is not None and name in base.services:
                declared.services[name] = self._merged(self._extended(base, name, ()), service)
            else:
                where = "" if base is None else f" in {base.path}"
                hidden = unknown(
                    f"the file that it is laid over says it, and is not here{where}", service["name"].place
                )
                declared.services[name] = {**service, "rest": hidden}
        if base is not None:
            declared.networks = {**base.networks, **declared.networks}
            declared.volumes = {**base.volumes, **declared.volumes}

    def _extended(self, file: ComposeFile, name: str, chain: tuple[tuple[str, str], ...]) -> Service:
        """A service laid over the one it extends."""
        service = file.services[name]
        extends = service.get("extends")
        if extends is None:
            return service
        wanted = extends.child("service").text()
        if not wanted:
            said = extends.child("service")
            return {**service, "rest": said} if said.state is State.UNKNOWN else service
        path = extends.child("path").text() or file.path
        key, base = (path, wanted), self.files.get(path)
        if key in chain or (file.path, name) == key or len(chain) >= _MAX_CHAIN:
            message = f"{name} extends {wanted}, and that again {name}"
            if len(chain) >= _MAX_CHAIN:
                message = f"more than {_MAX_CHAIN} services extend one another"
            line = extends.place.line if extends.place else 0
            self.tree.problem(file.path, message, line=line, hint="let one of them stand alone")
            return {**service, "rest": unknown(message, extends.place)}
        if base is None or wanted not in base.services:
            hidden = unknown(
                f"it extends {wanted} of {shown(extends.child('path')) or path}, which is not here", extends.place
            )
            return {**service, "rest": hidden}
        self.read.add(path)
        below = self._extended(base, wanted, (*chain, (file.path, name)))
        return self._merged({k: v for k, v in below.items() if k not in ("extends", "depends_on")}, service)

    def _merged(self, base: Service, over: Service) -> Service:
        self.merged += sum(map(_size, base.values()))
        if self.merged > _MAX_MERGED:
            return {**over, "rest": unknown("too much is merged", next(iter(over.values())).place)}
        return merge_services(base, over)


def _size(value: Value) -> int:
    """How many entries a value has, as far as they are copied when it is merged."""
    content = value.content
    return len(content.keys()) if isinstance(content, Body) else len(content) if isinstance(content, tuple) else 1


def _is_override(path: str) -> bool:
    return _OVERRIDE.fullmatch(path.rpartition("/")[2]) is not None


def _is_base(path: str) -> bool:
    return path.rpartition("/")[2] in _BASES


def _included(file: ComposeFile) -> Iterator[str]:
    """The paths below the top of what a file includes."""
    for item in file.include.items():
        paths = item.child("path") if isinstance(item.content, Body) else item
        for path in paths.items():
            if path.text():
                yield posixpath.normpath(posixpath.join(file.folder, path.text()))
