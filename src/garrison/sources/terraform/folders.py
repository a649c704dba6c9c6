"""A folder of configuration: what is declared in it, indexed by what it can be referred to as."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path

from garrison.estate.values import Place, Source
from garrison.sources.interface import File, Tree
from garrison.sources.terraform.syntax import Block, Expression, parse
from garrison.sources.terraform.variables import Converter

_VALIDATE = "terraform validate says more"
_IGNORED = frozenset({"terraform", "moved", "import", "check", "removed", "ephemeral", "action", "list"})
_NAMED = {"variable": "var", "module": "module", "output": "output", "data": "data"}
_LABELS = {"resource": 2, "data": 2, "variable": 1, "module": 1, "output": 1, "provider": 1}


class Folder:
    """All configuration of one folder.

    `named` has its blocks by `var.x`, `module.x`, `output.x`, `type.x` and `data.type.x`; `given` has the values of
    its variable files, later ones over earlier ones.
    """

    __slots__ = ("absolute", "constraints", "given", "locals", "named", "path", "providers")

    def __init__(self, path: str, absolute: Path) -> None:
        self.path, self.absolute = path, absolute
        self.named: dict[str, Block] = {}
        self.locals: dict[str, Expression] = {}
        self.providers: dict[str, Block] = {}  # "aws", "aws.alias"
        self.given: dict[str, Expression] = {}
        self.constraints: dict[str, Converter] = {}  # of its variables, compiled when first met

    @property
    def shown(self) -> str:
        """As it is named in addresses."""
        return self.path or "."

    @property
    def empty(self) -> bool:
        """Whether nothing is configured here."""
        return not (self.named or self.locals or self.providers)

    def sources(self) -> list[str]:
        """The folders its local modules are in, as shown."""
        found = []
        for block in self.named.values():
            source = block.attributes.get("source") if block.type == "module" else None
            text = source.text.strip('"') if source is not None else ""
            if text.startswith(("./", "../")) or text in (".", ".."):
                found.append(joined(self.path, text))
        return found


def joined(folder: str, path: str) -> str:
    """A path seen from a folder, both as shown; "" is the top, and what begins with ".." lies outside of it."""
    found = posixpath.normpath(posixpath.join(folder or ".", path))
    return "" if found == "." else found


def read_folder(path: str, files: Sequence[File], tree: Tree) -> Folder:
    """What the files of a folder declare; problems go to the tree."""
    folder = Folder(path, files[0].absolute.parent)
    names = {f.name for f in files}
    configuration = [f for f in files if not f.name.endswith((".tfvars", ".tfvars.json"))]
    configuration = [f for f in configuration if not _replaced(f.name, names)]
    for file in sorted(configuration, key=lambda f: (_overrides(f.name), f.name)):
        for block in _blocks(file, tree):
            _add(folder, block, tree, override=_overrides(file.name))
    for file in sorted(
        (f for f in files if _automatic(f.name)), key=lambda f: (not f.name.startswith("terraform.tfvars"), f.name)
    ):
        for block in _blocks(file, tree):
            if not block.type:
                folder.given.update(block.attributes)
    return folder


def _replaced(name: str, names: set[str]) -> bool:
    """OpenTofu reads `x.tofu` instead of `x.tf` where both are there."""
    for ending in (".tf", ".tf.json"):
        if name.endswith(ending):
            return f"{name.removesuffix(ending)}{ending.replace('.tf', '.tofu')}" in names
    return False


def _overrides(name: str) -> bool:
    stem = name.partition(".")[0]
    return stem == "override" or stem.endswith("_override")


def _automatic(name: str) -> bool:
    """Whether Terraform reads the values by itself."""
    return name.endswith((".auto.tfvars", ".auto.tfvars.json")) or name in ("terraform.tfvars", "terraform.tfvars.json")


def _blocks(file: File, tree: Tree) -> list[Block]:
    try:
        source = file.source(byte_columns=True)
    except OSError as error:
        message = f"it cannot be read: {error.strerror or 'unknown reason'}"
        tree.problem(file.path, message, hint="check its permissions")
        return []
    data = source.data
    if not data.strip():
        return []

    def report(line: int, message: str) -> None:
        tree.problem(file.path, message, line=line, hint=_VALIDATE)

    if b"\0" in data[:8000]:
        tree.problem(file.path, "it is binary", hint="rename it, or exclude it from the scan")
        return []
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        tree.problem(file.path, "it is not UTF-8", line=line, hint="save it as UTF-8")
    if file.name.endswith(".json"):
        from garrison.sources.terraform.json_syntax import parse_json

        plain = Source(source.path, data)
        values = file.name.endswith(".tfvars.json")
        return list(parse_json(plain, report, values=values))
    return list(parse(source, report))


def _add(folder: Folder, block: Block, tree: Tree, *, override: bool) -> None:
    kind = block.type
    if kind == "locals":
        for name, expression in block.attributes.items():
            if name in folder.locals and not override:
                _twice(f"local.{name}", expression.place, tree)
            folder.locals[name] = expression
        return
    if kind in _IGNORED or not kind:
        return
    if kind not in _LABELS:
        place = block.place
        tree.problem(place.source.path, f"a block {kind} is not known", line=place.line, hint=_VALIDATE)
        return
    if len(block.labels) != _LABELS[kind]:
        place = block.place
        tree.problem(place.source.path, f"{kind} needs {_LABELS[kind]} labels", line=place.line, hint=_VALIDATE)
        return
    if kind == "provider":
        alias = block.attributes.get("alias")
        name = block.labels[0] + (f".{alias.text.strip(chr(34))}" if alias is not None else "")
        index = folder.providers
    else:
        name = ".".join((_NAMED[kind], *block.labels) if kind in _NAMED else block.labels)
        index = folder.named
    if name not in index:
        index[name] = block
    elif override:
        merge(index[name], block)
    elif kind != "provider":
        _twice(name, block.place, tree)


def _twice(name: str, place: Place, tree: Tree) -> None:
    tree.problem(place.source.path, f"{name} is declared twice", line=place.line, hint="keep one of them")


def merge(block: Block, over: Block) -> None:
    """An override: its attributes, and its blocks of each type, stand for those of the block."""
    block.attributes.update(over.attributes)
    block.blocks.update(over.blocks)
