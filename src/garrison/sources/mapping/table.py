"""A table: how one provider says one kind of asset. See ESTATE in the documentation for the forms."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import garrison.sources
from garrison.errors import ConfigError
from garrison.estate.assets import Asset, kinds
from garrison.estate.assets.asset import shape
from garrison.estate.values import unknown
from garrison.sources.interface import table_formats
from garrison.sources.mapping.field import Field, Steps, parse_path

EVERY: Steps = ("*",)  # in a companion's `by`: it speaks of all in its root, as a setting of the account does
_IN_WORDS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:")
_TO_WORDS = bytes(byte if byte in _IN_WORDS else ord(" ") for byte in range(256))
_TAGS = {"terraform": "tags", "cloudformation": "Tags", "kubernetes": "/metadata.labels"}
_KEYS = frozenset({"kind", "provider", "name", "tags", "companions", "fields", "parts"})


class Part:
    """Assets inside an asset: the containers of a pod, the rules of a security group."""

    __slots__ = ("fields", "kind", "name", "name_path", "paths", "where")

    def __init__(self, name: str, said: dict[str, Any], format_: str, kind: type[Asset]) -> None:
        self.name, self.kind = name, kind
        places = said.get(format_, [])
        self.paths = [parse_path(p) for p in ([places] if isinstance(places, str) else places)]
        self.name_path = parse_path(said.get("name", "name"))[1]
        self.where: dict[str, dict[str, Any]] = said.get("where", {})
        self.fields = _fields(kind, said.get("fields", {}), format_)


class Table:
    """One provider's words for one kind, in one format."""

    def __init__(self, said: dict[str, Any], format_: str, source: str) -> None:
        strange = said.keys() - _KEYS - table_formats().keys()
        if strange:
            raise ConfigError(f"unknown key {', '.join(sorted(strange))}", path=source)
        if said.get("kind") not in kinds():
            raise ConfigError(f"no kind is called {said.get('kind')!r}", path=source, hint="see estate/assets")
        self.source, self.format, self.provider = source, format_, str(said["provider"])
        self.kind = kinds()[said["kind"]]
        # type -> where in it the asset begins, by a suffix of the address ("" for the resource itself)
        self.roots: dict[str, dict[str, Steps]] = _roots(said[format_])
        self.name = _path_for(said.get("name"), format_)
        self.tags = _path_for(said.get("tags", _tags(format_, self.provider)), format_)
        try:
            self.fields = _fields(self.kind, said.get("fields", {}), format_)
            known_parts = shape(self.kind).parts
            self.parts = [Part(n, p, format_, known_parts[n]) for n, p in said.get("parts", {}).items()]
            read = {n for n, p in said.get("parts", {}).items() if format_ in p}
            self.unread = {
                n: unknown(f"Garrison does not read this from {format_}") for n in known_parts if n not in read
            }
        except KeyError as error:
            raise ConfigError(f"{self.kind.__name__} has no part {error}", path=source) from error
        except ConfigError as error:
            error.path = source
            raise
        # type -> its alias, the attributes of which the first that is said names the owner
        self.companions: dict[str, tuple[str, tuple[Steps, ...]]] = {}
        for alias, companion in said.get("companions", {}).items():
            types = companion.get(format_, [])
            named = companion["by"].get(format_, "") if isinstance(companion["by"], dict) else companion["by"]
            by = tuple(parse_path(path)[1] for path in ([named] if isinstance(named, str) else named))
            for type_ in [types] if isinstance(types, str) else types:
                self.companions[type_] = alias, by


def _roots(said: Any) -> dict[str, dict[str, Steps]]:
    """`"type"`, `["type", ...]`, `{type = "path"}` or `{type = {suffix = "path"}}`."""
    if isinstance(said, str):
        return {said: {"": ()}}
    if isinstance(said, list):
        return {type_: {"": ()} for type_ in said}
    return {
        type_: {"": parse_path(where)[1]} if isinstance(where, str) else {s: parse_path(p)[1] for s, p in where.items()}
        for type_, where in said.items()
    }


def _path_for(said: Any, format_: str) -> tuple[str, Steps]:
    path = said.get(format_, "") if isinstance(said, dict) else said or ""
    return parse_path(path)


def _tags(format_: str, provider: str) -> str:
    return "labels" if format_ == "terraform" and provider == "gcp" else _TAGS.get(format_, "")


def _fields(kind: type[Asset], said: dict[str, Any], format_: str) -> list[Field]:
    form, formats = shape(kind), frozenset(table_formats())
    for name in said:
        if name not in form.truths | form.values and not name.startswith("native_"):
            raise ConfigError(f"{kind.__name__} has no field {name}", hint="add it to the kind, or call it native_...")
    fields = [Field(n, s, format_, formats, truth=n in form.truths) for n, s in said.items()]
    missing = sorted((form.truths | form.values) - said.keys())
    return fields + [Field(n, {}, format_, formats, truth=n in form.truths) for n in missing]


@cache
def _files() -> tuple[tuple[Path, frozenset[str]], ...]:
    """Every table file with the words in it: enough to tell whether it can concern a type, at no cost of parsing."""
    files = sorted(Path(garrison.sources.__path__[0], "tables").glob("*/*.toml"))
    return tuple((f, frozenset(f.read_bytes().translate(_TO_WORDS).decode().split())) for f in files)


@cache
def _load(file: Path, format_: str) -> Table | None:
    try:
        said = tomllib.loads(file.read_text("utf8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(error), path=file.name) from error
    return Table(said, format_, f"{file.parent.name}/{file.name}") if format_ in said else None


def all_tables(format_: str) -> Iterator[Table]:
    """Every table that speaks of a format, in the order of their names."""
    for file, words in _files():
        if format_ in words and (table := _load(file, format_)) is not None:
            yield table


def tables_for(format_: str, types: Iterable[str]) -> list[Table]:
    """The tables that concern any of the types; the others are not parsed."""
    met = frozenset(types)
    near = (f for f, words in _files() if format_ in words and any(_is_named(t, words) for t in met))
    loaded = (_load(f, format_) for f in near)
    return [t for t in loaded if t is not None and not met.isdisjoint(t.roots)]


def _is_named(type_: str, words: frozenset[str]) -> bool:
    """`Service.serving.knative.dev` is several words in a table's text; the first one tells enough."""
    return type_.partition(".")[0] in words


@cache
def wanted(format_: str) -> frozenset[str]:
    """Every type that some table names."""
    return frozenset(t for table in all_tables(format_) for t in (*table.roots, *table.companions))


@cache
def native_names() -> frozenset[str]:
    """Every `native_...` field that some table declares."""
    return frozenset(w for _, words in _files() for w in words if w.startswith("native_"))
