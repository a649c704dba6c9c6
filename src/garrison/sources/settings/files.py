"""Configuration files to resources."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from garrison.estate.truth import YES, Truth
from garrison.estate.values import Body, Place, Source, Value, absent, dig, known
from garrison.sources.documents import GO_WORDS, Reader, compose, load, report
from garrison.sources.interface import File, Tree
from garrison.sources.settings import kind_of
from garrison.sources.settings.python import assignments

_MAX_BYTES = 2_000_000
_COMMENT = re.compile(rb"[ \t]*(?:[#;!].*)?\r?$")
_SECTION = re.compile(r"""\s*\[\s*(?P<name>[^\]]+?)\s*\]\s*$""")
_PAIR = re.compile(r"\s*(?P<key>[\w.\"'-]+)\s*(?P<sign>[=:])\s*(?P<value>.*?)\s*$")
_WORDS = re.compile(r"\s*(?P<key>[\w.-]+)[ \t=]+(?P<value>\S.*?)\s*$")
_EXPORTED = re.compile(r"\s*(?:export\s+)?(?P<key>[A-Za-z_]\w*)=(?P<value>.*?)\s*$")
_OPENED = re.compile(r"\s*(?P<key>[\w.-]+)\s*[:=]?\s*\{\s*$")


class Settings:
    """One configuration file, as a table reads it."""

    __slots__ = ("_body", "address", "place", "root")

    def __init__(self, place: Place, component: str, said: dict[str, Value]) -> None:
        path = place.source.path
        self.root, self.place = path.rpartition("/")[0] or ".", place
        self.address = f"{self.root}:{path.rpartition('/')[2]}"
        name = {"name": known(component, place), "component": known(component, place)}
        self._body = known(Body.of({**name, **said}, place), place)

    @property
    def format(self) -> str:
        """The name of the source."""
        return "settings"

    @property
    def type(self) -> str:
        """As the tables call it."""
        return "settings"

    @property
    def exists(self) -> Truth:
        """What is written is read by its server."""
        return YES

    @property
    def condition(self) -> str:
        """There is none."""
        return ""

    def at(self, path: tuple[str, ...]) -> Value:
        """What is said at a path."""
        return dig(self._body, path)


def read_settings(files: Sequence[File], tree: Tree) -> Iterator[Settings]:
    """A resource for each file that says something."""
    for file in files:
        kind, source = kind_of(file), load(file, tree)
        if kind is None or source is None:
            continue
        if len(source.data) > _MAX_BYTES:
            limit = _MAX_BYTES // 1_000_000
            tree.problem(file.path, f"it is larger than {limit} MB, too large for a configuration", hint="split it")
            continue
        first = source.data.split(b"\n", 1)[0].decode("utf8", "replace")
        place = Place.at(source, (0, 0), (0, len(first.rstrip("\r"))))
        said = _said(source, kind.syntax, tree)
        if said is not None:
            name = "environment" if kind.syntax == "variables" else "settings"
            yield Settings(place, kind.component, {name: said})


def _said(source: Source, syntax: str, tree: Tree) -> Value | None:
    """What a file says, by name; None, and a problem, where it cannot be read."""
    if syntax == "python":
        return assignments(source, tree)
    if syntax == "yaml":
        for document in compose(source.data):
            report(document, source.path, tree)
            return None if document.node is None else Reader(source, GO_WORDS).value(document.node)
        return None
    return _lines(source, syntax)


def _lines(source: Source, syntax: str) -> Value:
    """Settings of which each has a line. One that comes several times has several values."""
    found: dict[str, list[Value]] = defaultdict(list)
    prefix: list[str] = []
    form = {"words": _WORDS, "variables": _EXPORTED}.get(syntax, _PAIR)
    for number, raw in enumerate(source.data.split(b"\n")):
        if _COMMENT.match(raw):
            continue
        line = raw.decode("utf8", "replace")
        if syntax in ("ini", "flat") and (section := _SECTION.match(line)) is not None:
            prefix = [] if syntax == "flat" else [section["name"]]
        elif syntax == "braces" and (opened := _OPENED.match(line)) is not None:
            prefix.append(opened["key"])
        elif syntax == "braces" and line.strip(" \t,\r") == "}":
            prefix = prefix[:-1]
        elif (pair := form.match(line)) is not None:
            place = Place.at(source, (number, pair.start("key")), (number, pair.end("value")))
            name = ".".join((*prefix, pair["key"].strip("\"'")))
            found[name].append(known(_plain(pair["value"]), place))
    whole = {
        name: values[0] if len(values) == 1 else known(tuple(values), values[0].place) for name, values in found.items()
    }
    return known(Body.of(whole), Place.at(source, (0, 0), (0, 0))) if whole else absent()


def _plain(text: str) -> str:
    """A value without quotes, and without a comment behind it."""
    quoted = re.match(r"""(["'])(.*?)\1""", text)
    return quoted[2] if quoted else re.sub(r"\s+[#;].*$", "", text)
