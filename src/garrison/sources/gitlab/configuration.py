"""One pipeline's configuration: files merged, `extends` and `!reference` followed.

"CI/CD YAML syntax reference" and "Optimize GitLab CI/CD configuration files", GitLab Docs: mappings are merged, the later
one counts; everything else is replaced. `extends` is followed through at most eleven levels, `!reference` through ten, and at
most 150 files are included.
"""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Iterator

from garrison.estate.values import Body, Source, State, Value, absent, known, unknown
from garrison.sources.documents import YAML_WORDS, Reader, compose, load, report
from garrison.sources.interface import File, Tree
from garrison.sources.nodes import Mapping, Node, Scalar
from garrison.sources.nodes import Sequence as SequenceNode

MAX_FILES = 150
_MAX_EXTENDS = 11
_MAX_REFERENCES = 10
_MAX_LINES = 10_000  # of one script, what it refers to written out


class Configuration:
    """What a pipeline says, by the names at its top."""

    def __init__(self, file: File, tree: Tree) -> None:
        self.file, self.tree = file, tree
        self.entries: dict[str, Value] = {}
        self.includes: list[Value] = []  # what it takes from outside the tree
        self.files: set[str] = set()
        self._jobs: dict[str, Value] = {}
        self._extending: list[str] = []
        self._referred: dict[tuple[str, ...], Value] = {}
        self._following: list[tuple[str, ...]] = []
        self.place = self._add(file)

    def _add(self, file: File) -> Value:
        """Merge a file, what it includes before it; where it stands."""
        self.files.add(file.path)
        top = self._top(file)
        for include in top.child("include").items():
            for inner in self._included(include, file):
                if inner.path not in self.files and len(self.files) < MAX_FILES:
                    self._add(inner)
        for name, said in entries_of(top):
            self.entries[name] = merged(self.entries[name], said) if name in self.entries else said
        return top

    def _top(self, file: File) -> Value:
        """The configuration of a file: its last document, as `spec` may stand in one before it."""
        source = load(file, self.tree)
        found = absent()
        if source is not None:
            for document in compose(source.data):
                report(document, file.path, self.tree)
                if type(document.node) is Mapping:
                    found = _Reader(source, self).value(document.node)
        return found

    def _included(self, include: Value, file: File) -> Iterator[File]:
        """The files of the tree that an `include` names; what is elsewhere is kept to be judged."""
        path = _local(include)
        if not path:
            if (outside := _outside(include)) is not None:
                self.includes.append(outside)
            return
        found = self._in_tree(path.lstrip("/"))
        if not found:
            self.tree.note(file.path, f"what it includes is not among the files that are read: {path[:120]}")
        yield from found

    def _in_tree(self, path: str) -> list[File]:
        """Files by their path from the top of the repository, which is one of the folders above the pipeline."""
        folder = posixpath.dirname(self.file.path)
        while True:
            wanted = posixpath.normpath(posixpath.join(folder, path))
            if "*" in wanted:
                found = [f for p, f in self.tree.files.items() if fnmatch.fnmatchcase(p, wanted)]
            else:
                found = [self.tree.files[wanted]] if wanted in self.tree.files else []
            if found or not folder:
                return found
            folder = posixpath.dirname(folder)

    def job(self, name: str) -> Value:
        """A job with all that it extends; what extends itself, or is not there, leaves it open."""
        if name not in self._jobs:
            own = self.entries.get(name)
            if own is None or name in self._extending or len(self._extending) > _MAX_EXTENDS:
                reason = f"{name} is not in the files that are read" if own is None else f"{name} extends itself"
                return Value(State.KNOWN, Body.of({}), None, rest=unknown(reason, decided_by=name))
            self._extending.append(name)
            found: Value | None = None
            for parent in own.child("extends").items()[:_MAX_EXTENDS]:
                base = self.job(parent.text())
                found = base if found is None else merged(found, base)
            self._extending.pop()
            self._jobs[name] = own if found is None else merged(found, own)
        return self._jobs[name]

    def referred(self, names: tuple[str, ...]) -> Value:
        """What `!reference [job, key]` stands for."""
        if names in self._following or len(self._following) >= _MAX_REFERENCES or not names:
            return unknown("it refers to itself, or through too many others", decided_by=" ".join(names))
        if names not in self._referred:
            self._following.append(names)
            try:
                said = self.job(names[0])
                for name in names[1:]:
                    said = said.child(name)
                self._referred[names] = said
            finally:
                self._following.pop()
        return self._referred[names]


class _Reader(Reader):
    """A file's nodes to values; references are followed when they are met."""

    __slots__ = ("_configuration",)

    def __init__(self, source: Source, configuration: Configuration) -> None:
        super().__init__(source, YAML_WORDS)
        self._configuration = configuration

    def value(self, node: Node) -> Value:
        """What a node says, or what it refers to."""
        if type(node) is SequenceNode and node.tag == "!reference":
            names = tuple(item.text for item in node.items if type(item) is Scalar)
            found = self._configuration.referred(names)
            return (
                found if found.place is not None else Value(found.state, found.content, self.place(node), found.reason)
            )
        return super().value(node)


def merged(base: Value, over: Value) -> Value:
    """Mappings merged, the one `over` the other; all else replaced."""
    if over.state is State.ABSENT:
        return base
    if not isinstance(base.content, Body) or not isinstance(over.content, Body):
        return over
    below, above = base.content, over.content
    names = dict.fromkeys((*below.keys(), *above.keys()))
    body = Body(lambda name: merged(below.child(name), above.child(name)), lambda: tuple(names))
    rest = base.rest if over.rest is None else over.rest
    return Value(State.KNOWN, body, over.place or base.place, rest=rest)


def flat(said: Value) -> Value:
    """A script as one list of texts, what it refers to put in its place."""
    if said.state is not State.KNOWN:
        return said
    found: list[Value] = []
    rest = said.rest
    waiting = list(reversed(said.items()))
    for _ in range(_MAX_LINES):
        if not waiting:
            return Value(State.KNOWN, tuple(found), said.place, rest=rest)
        item = waiting.pop()
        if item.state is State.UNKNOWN:
            rest = item
        elif isinstance(item.content, tuple):
            waiting += reversed(item.content)
        elif isinstance(item.content, str):
            found.append(item)
    return Value(State.KNOWN, tuple(found), said.place, rest=unknown("it has too many lines", said.place))


def entries_of(said: Value) -> Iterator[tuple[str, Value]]:
    """The entries of a mapping; none of anything else."""
    if said.state is State.KNOWN and isinstance(said.content, Body):
        yield from said.content.items()


def _local(include: Value) -> str:
    said = include.child("local") if isinstance(include.content, Body) else include
    return "" if "://" in said.text() else said.text()


def _outside(include: Value) -> Value | None:
    """What is taken from elsewhere, and which version: a digest, a ref; absent where none is said."""
    if not isinstance(include.content, Body):
        kind, what, version = "remote", include, absent(include.place)
    elif (what := include.child("remote")).text():
        kind, version = "remote", include.child("integrity")
    elif (what := include.child("project")).text():
        kind, version = "project", include.child("ref")
    elif (what := include.child("component")).text():
        kind, version = "component", known(what.text().rpartition("@")[2], what.place)
    else:
        return None  # a template of GitLab's own
    body = {"kind": known(kind, what.place), "what": what, "version": version}
    return known(Body.of(body, include.place), include.place)
