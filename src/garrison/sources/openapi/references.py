"""Documents whose `$ref`s lead to other places: in the same file, or in another file of the tree.

"Reference Object", OpenAPI Specification 3.1.1, section 4.8.23; fragments are JSON Pointers (RFC 6901).
"""

from __future__ import annotations

import posixpath
from urllib.parse import unquote

from garrison.estate.values import Place, Source, Value, unknown
from garrison.sources.documents import Reader, compose, entries, load, report
from garrison.sources.interface import File, Tree
from garrison.sources.nodes import Mapping, Node, Scalar, Sequence, Style

MAX_BYTES = 40_000_000  # of all documents of a scan together; their nodes stay in memory and take ten times as much
# YAML 1.2's core schema, which OpenAPI asks for (section 4.4): `no` and `on` are texts.
WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
_MAX_HOPS = 40  # references to references
_ANNOTATIONS = frozenset({"$ref", "description", "summary", "title", "deprecated", "example", "examples", "default"})


class Library:
    """The documents of a scan, each read once."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._documents: dict[str, Document | None] = {}
        self._size_bytes = 0
        self._told: set[tuple[str, str]] = set()

    def document(self, file: File) -> Document | None:
        """A file's first document; None, and a problem, where it cannot be read."""
        if file.path not in self._documents:
            self._documents[file.path] = self._read(file)
        return self._documents[file.path]

    def beside(self, path: str, said: str) -> Document | None:
        """The document that a relative reference in the file `path` names."""
        file = self.tree.files.get(posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(said))))
        return None if file is None else self.document(file)

    def note(self, path: str, target: str) -> None:
        """Name a target that is not read, once for each file and target."""
        if (path, target) not in self._told:
            self._told.add((path, target))
            self.tree.note(path, f"what it refers to is not read: {target[:120]}")

    def _read(self, file: File) -> Document | None:
        source = load(file, self.tree)
        if source is None:
            return None
        self._size_bytes += len(source.data)
        if self._size_bytes > MAX_BYTES:
            message = f"the descriptions of interfaces have more than {MAX_BYTES // 1_000_000} MB together: not read"
            self.tree.problem(file.path, message, hint="scan it by itself")
            return None
        composed = next(iter(compose(source.data)), None)
        if composed is None:
            return None
        if composed.node is None and b"{{" in source.data:
            self.tree.note(file.path, "a template, not a description, until its {{ }} are filled in: not read")
            return None
        report(composed, file.path, self.tree)
        return Document(source, composed.node, self) if type(composed.node) is Mapping else None


class Document(Reader):
    """One file's nodes to values; a reference gives what it leads to, at the place where that stands."""

    __slots__ = ("_entries", "library", "root")

    def __init__(self, source: Source, root: Mapping, library: Library) -> None:
        super().__init__(source, WORDS)
        self.root, self.library = root, library
        self._entries: dict[int, dict[str, Node]] = {}  # of mappings that pointers lead through, by identity

    def value(self, node: Node) -> Value:
        """What a node says, or what it refers to."""
        if type(node) is not Mapping or (said := _reference(node)) is None:
            return super().value(node)
        if _says_more(node):
            return super().value(_as_all_of(node))
        return self._followed(said.text, self.place(said))

    def at(self, pointer: str) -> Node | None:
        """The node at a JSON Pointer; None where there is none."""
        node: Node = self.root
        for step in pointer.split("/")[1:]:
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            inner: Node | None = None
            if type(node) is Mapping:
                if id(node) not in self._entries:
                    self._entries[id(node)] = entries(node)
                inner = self._entries[id(node)].get(name)
            elif type(node) is Sequence and name.isascii() and name.isdigit() and len(name) < 9:  # noqa: PLR2004
                inner = node.items[int(name)] if int(name) < len(node.items) else None
            if inner is None:
                return None
            node = inner
        return node

    def _followed(self, said: str, place: Place) -> Value:
        """What stands at the end of a reference; a target that is no object is not looked at."""
        document: Document = self
        for _ in range(_MAX_HOPS):
            name, _, pointer = said.partition("#")
            if name:
                found = None if "://" in name else self.library.beside(document.source.path, name)
                if found is None:
                    self.library.note(document.source.path, name)
                    return unknown(f"{name[:120]} is not among the files that are read", place, decided_by=name[:120])
                document = found
            target = document.at(pointer) if not pointer or pointer.startswith("/") else None
            if type(target) is not Mapping:
                return unknown(f"nothing stands at {said[:120]}", place, decided_by=said[:120])
            onward = _reference(target)
            if onward is None or _says_more(target):
                return document.value(target)
            said = onward.text
        return unknown("its references lead round in a circle", place)


def _reference(node: Mapping) -> Scalar | None:
    pairs = node.pairs
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        if type(key) is Scalar and key.text == "$ref" and type(value) is Scalar:
            return value
    return None


def _says_more(node: Mapping) -> bool:
    """Whether something that matters stands beside the `$ref`, as it may in schemas since 3.1."""
    return any(
        type(k) is Scalar and k.text not in _ANNOTATIONS and not k.text.startswith("x-") for k in node.pairs[::2]
    )


def _as_all_of(node: Mapping) -> Mapping:
    """`{$ref: a, maxLength: 5}` as `{maxLength: 5, allOf: [{$ref: a}]}`, which means the same."""
    kept: list[Node] = []
    for key, value in zip(node.pairs[::2], node.pairs[1::2], strict=True):
        if type(key) is Scalar and key.text == "$ref":
            referred = Mapping((key, value), "", key.start, value.end)
            key = Scalar("allOf", "", Style.TEXT, key.start, key.end)  # noqa: PLW2901
            value = Sequence((referred,), "", key.start, value.end)  # noqa: PLW2901
        kept += (key, value)
    return Mapping(tuple(kept), node.tag, node.start, node.end)
