"""Configuration files to resources."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from garrison.estate.values import Body, Place, Source, Value, absent, known
from garrison.sources.documents import GO_WORDS, Reader, compose, load, report
from garrison.sources.interface import File, Tree
from garrison.sources.settings import kind_of
from garrison.sources.settings.python import assignments
from garrison.sources.written import Written

_MAX_BYTES = 2_000_000
_COMMENT = re.compile(rb"[ \t]*(?:[#;!].*)?\r?$")
_SECTION = re.compile(r"""\s*\[\s*(?P<name>[^\]]+?)\s*\]\s*$""")
_PAIR = re.compile(r"\s*(?P<key>[\w.\"'-]+)\s*(?P<sign>[=:])\s*(?P<value>.*?)\s*$")
_WORDS = re.compile(r"\s*(?P<key>[\w.-]+)[ \t=]+(?P<value>\S.*?)\s*$")
_EXPORTED = re.compile(r"\s*(?:export\s+)?(?P<key>[A-Za-z_]\w*)=(?P<value>.*?)\s*$")
_OPENED = re.compile(r"\s*(?P<key>[\w.-]+)\s*[:=]?\s*\{\s*$")


def read_settings(files: Sequence[File], tree: Tree) -> Iterator[Written]:
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
            component = known(kind.component, place)
            body = Body.of({"name": component, "component": component, name: said}, place)
            yield Written("settings", "settings", place, body)


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
