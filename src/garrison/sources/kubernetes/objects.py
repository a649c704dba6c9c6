"""Kubernetes objects, composed again from their bytes when they are asked for after they were put aside."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

import msgspec

from garrison.estate.truth import YES, Truth
from garrison.estate.values import Place, Source, Value, absent, dig, known, unknown
from garrison.sources.documents import GO_WORDS, Reader, compose, entries, joined, pieces
from garrison.sources.kubernetes.deployed import Deployed
from garrison.sources.kubernetes.edits import Change
from garrison.sources.kubernetes.pipelines import KIND, MARKS, TYPES, VERSION
from garrison.sources.kubernetes.types import type_of
from garrison.sources.nodes import Complaint, Mapping, Node, Scalar, Sequence

_TEMPLATE = re.compile(r"\{\{.*?(?:\}\}|\Z)", re.DOTALL)
_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_LOCAL = "config.kubernetes.io/local-config"
_KEEP_BYTES = 8_000_000  # of text whose nodes stay in memory; they take about twenty times as much
_MAX_SWELLING = 8  # packed nodes take about twice what their text does; shared ones are packed each time
_unpack = msgspec.msgpack.Decoder(list[Mapping]).decode


class Entry(Reader):
    """A manifest's nodes to values: what a template or envsubst fills in later is unknown."""

    __slots__ = ()

    def scalar(self, content: str | bool | float, place: Place) -> Value:
        """A scalar; unknown where it has a placeholder."""
        if type(content) is str:
            if "{{" in content:
                return joined(pieces(content, _TEMPLATE, lambda hole: _filled_in(hole, place), place), place)
            if content.startswith("${") and _PLACEHOLDER.fullmatch(content):
                return _filled_in(content, place)
        return known(content, place)


def _filled_in(hole: str, place: Place) -> Value:
    return unknown("a template fills it in", place, decided_by=" ".join(hole.split())[:80])


class Piece:
    """The documents in a span of a file, most often one."""

    __slots__ = ("_changed", "_kept", "_packed", "complaints", "end", "line", "objects", "source", "start")

    def __init__(self, source: Source, start: int, end: int, line: int, kept: Kept) -> None:
        self.source, self.start, self.end, self.line, self._kept = source, start, end, line, kept
        self.objects: list[Value] | None = None
        self.complaints: tuple[Complaint, ...] = ()
        self._packed: bytes | None = None
        self._changed: dict[tuple[int, tuple[Change, ...]], Value] = {}

    def load(self) -> list[Declared]:
        """Compose it, and say which objects it declares."""
        declared: list[Declared] = []
        complaints: list[Complaint] = []
        for document in compose(self.source.data[self.start : self.end], self.line):
            complaints += document.complaints
            if document.node is not None:
                declared += _declared(document.node)
        self.complaints = tuple(complaints)
        if declared:
            self._hold([d.node for d in declared])
            packed = msgspec.msgpack.encode([d.node for d in declared])
            self._packed = packed if len(packed) < _MAX_SWELLING * (self.end - self.start) else None
        return declared

    def value(self, number: int) -> Value:
        """One of its objects."""
        if self.objects is None:
            if self._packed is None:
                self.load()
            else:
                self._hold(_unpack(self._packed))
        return self.objects[number] if self.objects is not None else absent()

    def changed(self, number: int, changes: tuple[Change, ...]) -> Value:
        """One of its objects after some changes."""
        value = self.value(number)
        if not changes:
            return value
        found = self._changed.get((number, changes))
        if found is None:
            for change in changes:
                value = change(value)
            found = self._changed[number, changes] = value
        return found

    def put_aside(self) -> None:
        """Free the nodes; they are made again when they are asked for."""
        self.objects = None
        self._changed = {}

    def reader(self) -> Reader:
        """What turns its nodes into values."""
        return Entry(self.source, GO_WORDS)

    def _hold(self, nodes: list[Mapping]) -> None:
        reader = self.reader()
        self.objects = [reader.value(node) for node in nodes]
        self._kept.add(self)


class Kept:
    """The pieces whose nodes are in memory: the latest that fit."""

    def __init__(self) -> None:
        self._pieces: deque[Piece] = deque()
        self._size_bytes = 0

    def add(self, piece: Piece) -> None:
        """Keep a piece, and put the oldest aside."""
        self._pieces.append(piece)
        self._size_bytes += piece.end - piece.start
        while self._size_bytes > _KEEP_BYTES and len(self._pieces) > 1:
            oldest = self._pieces.popleft()
            self._size_bytes -= oldest.end - oldest.start
            oldest.put_aside()


class Declared:
    """What an object says of itself."""

    __slots__ = ("name", "namespace", "node", "only_local", "type", "version")

    def __init__(self, node: Mapping, kind: str, version: str) -> None:
        about = _mapping(entries(node).get("metadata"))
        self.node, self.version, self.type = node, version, type_of(version, kind)
        named = _mapping(entries(node).get("pipelineInfo")) if self.type in TYPES else {}
        self.name = _text((about or named).get("name")) or _text(about.get("generateName"))
        self.namespace = _text(about.get("namespace"))
        # what kustomize reads, and does not deploy
        self.only_local = _text(_mapping(about.get("annotations")).get(_LOCAL)) not in ("", "false")


def _declared(root: Node) -> Iterator[Declared]:
    """The objects of a document; those of a list each for itself."""
    stack: list[tuple[Node, str, str]] = [(root, "", "")]
    while stack:
        node, kind, version = stack.pop()
        if type(node) is not Mapping:
            continue
        said = entries(node)
        kind, version = _text(said.get("kind")) or kind, _text(said.get("apiVersion")) or version
        items = said.get("items")
        if kind.endswith("List") and type(items) is Sequence:
            stack += [(item, kind.removesuffix("List"), version) for item in reversed(items.items)]
        elif kind and version:
            yield Declared(node, kind, version)
        elif all(mark.decode() in said for mark in MARKS):
            yield Declared(node, KIND, VERSION)


def _text(node: Node | None) -> str:
    return node.text if type(node) is Scalar else ""


def _mapping(node: Node | None) -> dict[str, Node]:
    return entries(node) if type(node) is Mapping else {}


class KubernetesObject:
    """One object, as a table reads it."""

    __slots__ = ("_deployed", "address", "place", "root")

    format = "kubernetes"

    def __init__(self, deployed: Deployed, root: str) -> None:
        self._deployed, self.root, self.address = deployed, root, ""
        self.place: Place = deployed.origin.changed(deployed.number, ()).place  # type: ignore[assignment]  # what is written has one

    @property
    def type(self) -> str:
        """Its kind, with its group where that is not one of Kubernetes itself."""
        return self._deployed.type

    @property
    def exists(self) -> Truth:
        """An object has no condition."""
        return YES

    @property
    def condition(self) -> str:
        """An object has no condition."""
        return ""

    def at(self, path: tuple[str, ...]) -> Value:
        """What is said at a path, after all that kustomizations change."""
        return dig(self._deployed.value(), path)

    def __repr__(self) -> str:
        return f"<{self.address} at {self.place}>"
