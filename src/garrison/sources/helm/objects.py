"""What was rendered, as Kubernetes objects whose places are those of the template."""

from __future__ import annotations

from itertools import zip_longest

import msgspec

from garrison.estate.values import Place, Source, Value, unknown
from garrison.sources.documents import GO_WORDS, Reader
from garrison.sources.helm.lines import origins
from garrison.sources.kubernetes.objects import Kept, KubernetesObject, Piece
from garrison.sources.nodes import Node, Scalar

_COLUMNS = (1 << 20) - 1


class HelmObject(KubernetesObject):
    """One object of a chart."""

    __slots__ = ()

    format = "helm"


class Template:
    """A template and what became of it, twice: what differs is made anew each time (`genCA`, `randAlphaNum`)."""

    def __init__(self, source: Source, rendered: str, again: str) -> None:
        text = source.data.decode("utf8", "replace")
        self.source, self.rendered = source, Source(source.path, rendered.encode())
        self._lines = text.split("\n")
        self._origins = origins(text, rendered)
        pairs = zip_longest(rendered.split("\n"), again.split("\n"))
        self._random = frozenset(n for n, (one, other) in enumerate(pairs) if one != other)

    def moved(self, node: Node) -> Node:
        """A node of what was rendered, with the lines of the template that made it as its span."""
        first, last = self._line(node.start), self._line(node.end if node.end & _COLUMNS else node.end - 1)
        begin = len(self._lines[first]) - len(self._lines[first].lstrip())
        start, end = first << 20 | begin, last << 20 | len(self._lines[last].rstrip())
        return msgspec.structs.replace(node, start=start, end=max(start, end))

    def is_random(self, node: Node) -> bool:
        """Whether what stands there is another each time."""
        return any(n in self._random for n in range(node.start >> 20, (node.end >> 20) + 1))

    def puts_in(self, place: Place) -> bool:
        """Whether what stands at a place is put in by an action of the template."""
        return "{{" in self._lines[place.line - 1]

    def _line(self, packed: int) -> int:
        return self._origins[min(packed >> 20, len(self._origins) - 1)]


class RenderedPiece(Piece):
    """The documents in a span of what was rendered."""

    __slots__ = ("_template",)

    def __init__(self, template: Template, span: tuple[int, int], line: int, kept: Kept) -> None:
        super().__init__(template.rendered, *span, line, kept)
        self._template = template

    def reader(self) -> Reader:
        """See Piece."""
        return _RenderedReader(self._template)


class _RenderedReader(Reader):
    """Nodes of what was rendered to values."""

    __slots__ = ("_template",)

    def __init__(self, template: Template) -> None:
        super().__init__(template.source, GO_WORDS)
        self._template = template

    def value(self, node: Node) -> Value:
        """What a node says, at the place of what made it."""
        moved = self._template.moved(node)
        if type(node) is Scalar and self._template.is_random(node):
            return unknown("Helm makes it anew each time", self.place(moved))
        return super().value(moved)

    def scalar(self, content: str | bool | float, place: Place) -> Value:
        """A scalar. One that the template puts in says what it became, as long as that is no text: it may be a secret."""
        value = super().scalar(content, place)
        if isinstance(content, str) or not self._template.puts_in(place):
            return value
        said = str(content).lower() if isinstance(content, bool) else str(content)
        return msgspec.structs.replace(value, reason=f"{said} with the chart's values")
