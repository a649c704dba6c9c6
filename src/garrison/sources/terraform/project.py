"""All configuration of a scan: folders, roots, the modules they call, and the files that functions read."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from garrison.estate.resource import Resource
from garrison.estate.values import Place, Source, State
from garrison.sources.interface import File, Tree
from garrison.sources.terraform.evaluation import MAX_TURNS, Expr
from garrison.sources.terraform.folders import Folder, joined, read_folder
from garrison.sources.terraform.instances import instances_of
from garrison.sources.terraform.modules import Module
from garrison.sources.terraform.plan import read_plan, what_is_wrong
from garrison.sources.terraform.resource import TerraformResource
from garrison.sources.terraform.syntax import Block, parse_template

_MAX_MODULES = 10_000  # instances of modules in one scan
_MAX_DEPTH = 30  # modules inside of modules
_MAX_READ_BYTES = 1_000_000
_MANIFEST = ".terraform/modules/modules.json"
_CONFIGURATION = (".tf", ".tf.json", ".tofu", ".tofu.json")
_VALUES = (".tfvars", ".tfvars.json")


class _Installed(msgspec.Struct):
    Key: str
    Dir: str


class _Manifest(msgspec.Struct):
    """What `terraform init` writes down of the modules it has fetched."""

    Modules: list[_Installed]


class Project:
    """What all modules of a scan share."""

    def __init__(self, files: Sequence[File], tree: Tree) -> None:
        self.tree = tree
        self.turns, self.modules = MAX_TURNS, 0
        self._fetched: set[str] = set()  # folders of installed modules
        self._manifests: dict[str, dict[str, str]] = {}
        self._said: set[tuple[str, str]] = set()
        self._texts: dict[str, Source | None] = {}
        self._templates: dict[str, Expr] = {}
        by_folder: dict[str, list[File]] = defaultdict(list)
        for file in files:
            by_folder[file.folder].append(file)
        self.folders = {path: read_folder(path, found, tree) for path, found in sorted(by_folder.items())}

    def roots(self) -> list[Folder]:
        """The folders that no other calls; of folders that only call each other, the first."""
        calls = {path: [s for s in f.sources() if s != path] for path, f in self.folders.items()}
        called = {source for sources in calls.values() for source in sources}
        roots = [path for path in self.folders if path not in called]
        reached: set[str] = set()
        _reach(roots, calls, reached)
        for path in self.folders:
            if path not in reached:
                roots.append(path)
                _reach([path], calls, reached)
        return [self.folders[path] for path in roots if not self.folders[path].empty]

    def resources(self) -> Iterator[TerraformResource]:
        """Every resource of every root; walked, not recursed into: a module may call itself."""
        for folder in self.roots():
            stack = [Module(self, folder, folder.shown, f"{folder.shown}:")]
            while stack:
                module = stack.pop()
                inner: list[Module] = []
                for name, block in module.folder.named.items():
                    if block.type == "resource":
                        for instance in instances_of(block, module):
                            yield TerraformResource(module, block, instance)
                    elif block.type == "module":
                        inner += [m for _, m in module.children(name.partition(".")[2]) or ()]
                stack.extend(reversed(inner))

    # What modules ask for.

    def called_folder(self, module: Module, name: str, block: Block) -> Folder | None:
        """The folder a module's call names; None, and a note, where it is not at hand."""
        source = block.attributes.get("source")
        value = source.value(module.env) if source is not None else None
        text = value.content if value is not None and value.state is State.KNOWN else None
        if not isinstance(text, str):
            self.note(block, f"module {name} is not read: its source is not known")
            return None
        if text.startswith(("./", "../")) or text in (".", ".."):
            path = joined(module.folder.path, text)
            folder = self.folders.get(path)
            if folder is None and module.folder.path in self._fetched:
                folder = self._fetch(path, posixpath.relpath(path, module.folder.path or "."), module.folder)
            if folder is None:
                where = "outside of what is scanned" if path.startswith("..") else "not there"
                self.note(block, f"module {name} is not read: {text} is {where}")
            return folder
        folder = self._installed(module.top.folder, ".".join((*module.key, name)))
        if folder is None:
            self.note(block, f"module {name} is not read: {text} is not in this folder; terraform init fetches it")
        return folder

    def _installed(self, root: Folder, key: str) -> Folder | None:
        """A module that `terraform init` has put below a root, by the names of the calls that lead to it."""
        if root.path not in self._manifests:
            self._manifests[root.path] = self._manifest(root)
        path = self._manifests[root.path].get(key)
        if path is None:
            return None
        return self._fetch(joined(root.path, path), path, root)

    def _manifest(self, root: Folder) -> dict[str, str]:
        source = self.text_of(root, _MANIFEST)
        if source is None:
            return {}
        try:
            found = msgspec.json.decode(source.data, type=_Manifest)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            line, why = what_is_wrong(source.data, error)
            message = f"the list of installed modules cannot be read: {why}"
            self.tree.problem(source.path, message, line=line, hint="terraform init writes it anew")
            return {}
        return {m.Key: m.Dir for m in found.Modules if m.Key}

    def _fetch(self, shown: str, path: str, beside: Folder) -> Folder | None:
        """A folder of installed modules: not scanned by itself, read because it is called."""
        if shown in self.folders:
            return self.folders[shown]
        try:
            absolute = (beside.absolute / path).resolve()
            if not absolute.is_relative_to(self.tree.top) or not absolute.is_dir():
                return None
            found = [f for f in sorted(absolute.iterdir()) if f.name.endswith(_CONFIGURATION) and self._is_inside(f)]
            files = [File(f"{shown}/{f.name}", f) for f in found]
        except (OSError, RuntimeError, ValueError):  # among them: links in a circle, a zero byte
            return None
        if not files:
            return None
        self._fetched.add(shown)
        folder = self.folders[shown] = read_folder(shown, files, self.tree)
        return folder

    def may_add(self, module: Module, block: Block) -> bool:
        """Whether one more module instance is within limits."""
        self.modules += 1
        if self.modules > _MAX_MODULES:
            self.problem(block, f"there are more than {_MAX_MODULES} module instances; the others are not read")
            return False
        if module.depth >= _MAX_DEPTH:
            self.problem(block, f"modules are nested more than {_MAX_DEPTH} levels deep")
            return False
        return True

    def spend(self, turns: int) -> bool:
        """Whether loops may turn that many times more."""
        self.turns -= turns
        return self.turns > 0

    def text_of(self, root: Folder, path: str) -> Source | None:
        """A file of the tree, by its path from a root module."""
        shown = joined(root.path, path)
        if shown not in self._texts:
            self._texts[shown] = self._read(root.absolute / path, shown)
        return self._texts[shown]

    def template_of(self, root: Folder, path: str, place: Place) -> Expr | None:
        """A file of the tree as a template."""
        source = self.text_of(root, path)
        if source is None:
            return None
        if source.path not in self._templates:
            self._templates[source.path] = parse_template(source.data, place, source)
        return self._templates[source.path]

    def _read(self, path: Path, shown: str) -> Source | None:
        try:
            absolute = path.resolve()
            if not self._is_inside(absolute):
                return None
            if absolute.stat().st_size > _MAX_READ_BYTES:
                return None
            return Source(shown, absolute.read_bytes(), byte_columns=True)
        except (OSError, RuntimeError, ValueError):  # among them: links in a circle, a zero byte
            return None

    def _is_inside(self, path: Path) -> bool:
        """Whether it is a file below what is scanned, links followed."""
        return path.resolve().is_relative_to(self.tree.top) and path.is_file()

    def note(self, block: Block, message: str) -> None:
        """Once for each file and message."""
        path = block.place.source.path
        if (path, message) not in self._said:
            self._said.add((path, message))
            self.tree.note(path, message)

    def problem(self, block: Block, message: str) -> None:
        """Once for each file and message."""
        place = block.place
        if (place.source.path, message) not in self._said:
            self._said.add((place.source.path, message))
            self.tree.problem(place.source.path, message, line=place.line, hint="terraform validate says more")


def _reach(starts: Iterable[str], calls: dict[str, list[str]], reached: set[str]) -> None:
    stack = list(starts)
    while stack:
        path = stack.pop()
        if path not in reached:
            reached.add(path)
            stack += calls.get(path, ())


def read_project(files: Sequence[File], tree: Tree) -> Iterator[Resource]:
    """The resources of all configuration and all plans among the files."""
    configuration = [f for f in files if f.name.endswith((*_CONFIGURATION, *_VALUES))]
    yield from Project(configuration, tree).resources()
    for file in files:
        if not file.name.endswith((*_CONFIGURATION, *_VALUES)):
            yield from read_plan(file, tree)
