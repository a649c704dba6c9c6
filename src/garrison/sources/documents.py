"""YAML and JSON documents as values: what is written, and what its reader takes it for."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Sequence

from garrison.estate.values import Body, Place, Source, State, Value, absent, deciders, known, unknown
from garrison.sources.interface import File, Tree
from garrison.sources.json_nodes import compose_json
from garrison.sources.nodes import (
    MAX_DOCUMENT_BYTES,
    Complaint,
    Composed,
    Mapping,
    Node,
    Scalar,
    Style,
    too_large,
)
from garrison.sources.nodes import Sequence as SequenceNode
from garrison.sources.yaml_nodes import compose_yaml

_JSON = re.compile(rb"(?:\xef\xbb\xbf)?(?:---[ \t]*\r?\n)?[ \t\r\n]*[{\[]")
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_MAX_TEXT = 1_000_000  # characters of a text that is put together
_MAX_PARTS = 10_000
_MAX_NUMBER = 400  # characters; Python refuses to convert more than 4,300 digits
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9_]*|0[xX][0-9a-fA-F_]+|0[oO]?[0-7_]+|0[bB][01_]+)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?")
_NUMERIC = frozenset("0123456789+-.")
_OCTAL = re.compile(r"[-+]?0[0-7_]+")
_STANDARD = "tag:yaml.org,2002:"
_JSON_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}

# YAML 1.1's words. Both goyaml.v2, which Kubernetes reads with, and CloudFormation still follow it; y and n alone only
# the former (resolve.go of sigs.k8s.io/yaml).
YAML_WORDS: dict[str, bool | None] = {
    **{form: True for word in ("true", "yes", "on") for form in (word, word.title(), word.upper())},
    **{form: False for word in ("false", "no", "off") for form in (word, word.title(), word.upper())},
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
}
GO_WORDS = {**YAML_WORDS, "y": True, "Y": True, "n": False, "N": False}


def load(file: File, tree: Tree) -> Source | None:
    """A file's text as UTF-8, whichever Unicode it is saved in; None, and a problem, where it cannot be read."""
    try:
        data = file.data
    except OSError as error:
        tree.problem(file.path, f"it cannot be read: {error.strerror}", hint="check its permissions")
        return None
    encoding = _UTF16.get(data[:2])
    if encoding is not None:
        data = data[2:].decode(encoding, "replace").encode()
    return Source(file.path, data)


def compose(data: bytes, first_line: int = 0) -> Iterator[Composed]:
    """The documents of a piece of YAML or JSON; `first_line`, from 0, is where the piece begins in its file."""
    if len(data) > MAX_DOCUMENT_BYTES:
        yield Composed(None, (too_large(first_line + 1, len(data)),))
        return
    if not _JSON.match(data):
        yield from compose_yaml(data, first_line)
        return
    found = _as_json(data, first_line)
    if not found[-1].readable:
        # Comments, trailing commas and bare words are YAML's flow style.
        lenient = list(compose_yaml(data, first_line))
        found = lenient if lenient and lenient[-1].readable else found
    yield from found


def _as_json(data: bytes, first_line: int) -> list[Composed]:
    start = _JSON.match(data).end() - 1  # type: ignore[union-attr]  # the caller has matched it
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + first_line + 1
        return [Composed(None, (Complaint(line, f"it is not UTF-8 text ({error.reason})", "save it as UTF-8"),))]
    return list(compose_json(text, first_line, len(data[:start].decode())))


def report(composed: Composed, path: str, tree: Tree) -> None:
    """Tell the scan what is wrong with a document."""
    for complaint in composed.complaints:
        tree.problem(path, complaint.message, line=complaint.line, hint=complaint.hint)


def plain(text: str, words: dict[str, bool | None]) -> str | bool | int | float | None:
    """What an unquoted scalar means; None is null."""
    if text in words:
        return words[text]
    if text[0] not in _NUMERIC or len(text) > _MAX_NUMBER:
        return text
    try:
        if _INTEGER.fullmatch(text):
            return int(text.replace("_", ""), 8 if _OCTAL.fullmatch(text) else 0)
        return float(text.replace("_", "")) if _FLOAT.fullmatch(text) else text
    except ValueError:  # 0x_ and the like
        return text


class Reader:
    """Nodes of one source to values."""

    __slots__ = ("source", "words")

    def __init__(self, source: Source, words: dict[str, bool | None]) -> None:
        self.source, self.words = source, words

    def place(self, node: Node) -> Place:
        """Where a node stands."""
        return Place(self.source, node.start, node.end)

    def value(self, node: Node) -> Value:
        """What a node says. A mapping's values are made when they are asked for."""
        place = Place(self.source, node.start, node.end)
        if type(node) is Mapping:
            return known(NodeBody(self, node, place), place)
        if type(node) is SequenceNode:
            return known(tuple([self.value(item) for item in node.items]), place)
        content = self.content(node)  # type: ignore[arg-type]  # only a scalar is left
        return absent(place) if content is None else self.scalar(content, place)

    def content(self, node: Scalar) -> str | bool | int | float | None:
        """What a scalar is; None is null."""
        if node.style is Style.PLAIN or (node.tag.startswith(_STANDARD) and node.tag[len(_STANDARD) :] != "str"):
            return plain(node.text, self.words)
        if node.style is Style.WORD:
            return _JSON_WORDS[node.text] if node.text in _JSON_WORDS else plain(node.text, self.words)
        return node.text

    def scalar(self, content: str | bool | float, place: Place) -> Value:
        """The value of a scalar; a dialect in which text can have holes says so here."""
        return known(content, place)


class NodeBody(Body):
    """A mapping of a document. Its nodes give way to values as these are asked for."""

    __slots__ = ("_absent", "_entries", "_reader")

    def __init__(self, reader: Reader, node: Mapping, place: Place) -> None:  # without the closures of Body
        self._reader = reader
        self._absent = absent(place)
        self._entries: dict[str, Node | Value] | Mapping = node

    @property
    def entries(self) -> dict[str, Node | Value]:
        """What is said, by name."""
        found = self._entries
        if type(found) is Mapping:
            found = self._entries = entries(found)  # type: ignore[assignment]  # values come to stand among the nodes
        return found  # type: ignore[return-value]  # a mapping no more

    def keys(self) -> Sequence[str]:
        """The names that are said, in the order of the source."""
        return tuple(self.entries)

    def child(self, name: str) -> Value:
        """The value called `name`, absent where there is none."""
        said = self.entries
        found = said.get(name)
        if found is None:
            return self._absent
        if type(found) is not Value:
            found = said[name] = self._reader.value(found)  # type: ignore[arg-type]  # only a node is left
        return found


def entries(node: Mapping) -> dict[str, Node]:
    """The nodes of a mapping by name, merge keys followed (https://yaml.org/type/merge.html); the last of two counts."""
    own = _own(node)
    if "<<" not in own:
        return own
    found: dict[str, Node] = {}
    visited: set[int] = set()
    stack: list[Node] = [node]
    while stack:
        one = stack.pop()
        if type(one) is SequenceNode:
            stack.extend(reversed(one.items))
        elif type(one) is Mapping and id(one) not in visited:
            visited.add(id(one))
            said = _own(one)
            merged = said.pop("<<", None)
            for name, value in said.items():
                found.setdefault(name, value)
            if merged is not None:
                stack.append(merged)
    return found


def _own(node: Mapping) -> dict[str, Node]:
    pairs = node.pairs
    return {key.text: value for key, value in zip(pairs[::2], pairs[1::2], strict=True) if type(key) is Scalar}


def pieces(text: str, hole: re.Pattern[str], fill: Callable[[str], Value], place: Place | None) -> tuple[Value, ...]:
    """A text cut at its holes: known pieces and what `fill` makes of each hole, in order."""
    found: list[Value] = []
    at = 0
    for match in hole.finditer(text):
        if match.start() > at:
            found.append(known(text[at : match.start()], place))
        found.append(fill(match[0]))
        at = match.end()
    if at < len(text):
        found.append(known(text[at:], place))
    return tuple(found)


def joined(parts: Sequence[Value], place: Place | None) -> Value:
    """One text of several pieces: known where all are, else unknown with what is known of it."""
    said = [p for p in parts if p.state is not State.ABSENT and p.content != ""]
    if len(said) == 1 and not isinstance(said[0].content, bool | int | float):
        only = said[0]
        return Value(only.state, only.content, place, only.reason, only.ref, only.decided_by, only.rest)
    flat: list[Value] = []
    size = 0
    for part in said:
        inner = part.content if part.state is State.UNKNOWN and isinstance(part.content, tuple) else (part,)
        size += sum(len(as_text(p.content)) for p in inner if p.state is State.KNOWN)
        if size > _MAX_TEXT or len(flat) + len(inner) > _MAX_PARTS:
            return unknown("too long to be evaluated", place)
        flat += inner
    if all(p.state is State.KNOWN for p in flat):
        origins = dict.fromkeys(p.reason for p in flat if p.reason)
        text = "".join(as_text(p.content) for p in flat)
        return Value(State.KNOWN, text, place, ", ".join(origins), None, deciders(flat))
    holes = [p for p in flat if p.state is not State.KNOWN]
    return unknown(holes[0].reason, place, tuple(flat), deciders(holes))


def as_text(content: object) -> str:
    """A scalar as it is written into a text."""
    if isinstance(content, bool):
        return "true" if content else "false"
    return str(content)
