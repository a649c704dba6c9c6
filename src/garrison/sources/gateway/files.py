"""Gateway files to resources. Their form is `garrison.gateway.file`'s; what is wrong with it `garrison gateway check` tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from garrison.estate.values import Body, Place, Source, State, Value, absent, dig, known
from garrison.sources.documents import Reader, compose, load, report
from garrison.sources.interface import File, Tree
from garrison.sources.toml_nodes import compose_toml
from garrison.sources.written import Written

_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}  # YAML 1.2


def read_gateways(files: Sequence[File], tree: Tree) -> Iterator[Written]:
    """A resource for each file that says something."""
    for file in files:
        source = load(file, tree)
        said = None if source is None else _said(source, file, tree)
        if source is None or said is None:
            continue
        first = source.data.split(b"\n", 1)[0].decode("utf8", "replace")
        place = Place.at(source, (0, 0), (0, len(first.rstrip("\r"))))
        lists = {f"{name}s": _named(said.child(name)) for name in ("listener", "upstream", "model")}
        lists["upstreams"] = known(tuple(_upstream(item) for item in lists["upstreams"].items()), place)
        lists["issuers"] = _named(dig(said, ("identity", "jwt")))
        name = known(file.name, place)
        rest = {key: said.child(key) for key in ("gateway", "identity", "limits", "log")}
        yield Written("gateway", "gateway", place, Body.of({"name": name, **lists, **rest}))


def _said(source: Source, file: File, tree: Tree) -> Value | None:
    documents = [compose_toml(source.data)] if file.name.endswith(".toml") else list(compose(source.data))[:1]
    for document in documents:
        report(document, file.path, tree)
        if document.node is not None:
            return Reader(source, _WORDS).value(document.node)
    return None


def _named(tables: Value) -> Value:
    """`[kind.NAME]` tables as a list, each with its name."""
    if tables.state is not State.KNOWN or not isinstance(tables.content, Body):
        return tables if tables.state is State.UNKNOWN else absent(tables.place)
    items = []
    for name, said in tables.content.items():
        if isinstance(said.content, Body):
            items.append(known(Body.of({**dict(said.content.items()), "name": known(name, said.place)}), said.place))
    return known(tuple(items), tables.place)


def _upstream(said: Value) -> Value:
    """An upstream with the host and the port of its address."""
    body, url = said.content, said.child("url")
    if not isinstance(body, Body) or url.state is not State.KNOWN:
        return said
    try:
        parts = urlsplit(url.text())
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return said
    more = {"host": known(parts.hostname, url.place) if parts.hostname else absent(url.place)}
    more["port"] = known(port, url.place) if port else absent(url.place)
    return known(Body.of({**dict(body.items()), **more}), said.place)
