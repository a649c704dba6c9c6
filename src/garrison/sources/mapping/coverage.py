"""What the tables map: which kind of asset is read from which provider's types, in which format."""

from __future__ import annotations

from functools import cache

import msgspec

from garrison.estate.assets import Asset
from garrison.sources.interface import table_formats
from garrison.sources.mapping.table import Table, all_tables


class Row(msgspec.Struct, frozen=True):
    """One kind of one provider."""

    kind: str
    provider: str
    types: dict[str, tuple[str, ...]]  # by format


@cache
def coverage() -> tuple[Row, ...]:
    """A row for each kind and provider, parts included, by their names."""
    found: dict[tuple[str, str], dict[str, set[str]]] = {}
    for format_ in table_formats():
        for table in all_tables(format_):
            for kind in _kinds(table):
                types = found.setdefault((kind, table.provider), {})
                types.setdefault(format_, set()).update(table.roots)
    return tuple(
        Row(kind, provider, {f: tuple(sorted(t)) for f, t in sorted(types.items())})
        for (kind, provider), types in sorted(found.items())
    )


@cache
def natives(kind: type[Asset]) -> dict[str, tuple[str, ...]]:
    """The providers' own fields that tables declare for a kind, without `native_`, and the providers that have them."""
    found: dict[str, set[str]] = {}
    for format_ in table_formats():
        for table in all_tables(format_):
            for of, fields in ((table.kind, table.fields), *((p.kind, p.fields) for p in table.parts)):
                for name in (f.name for f in fields if of is kind and f.name.startswith("native_")):
                    found.setdefault(name.removeprefix("native_"), set()).add(table.provider)
    return {name: tuple(sorted(providers)) for name, providers in sorted(found.items())}


def _kinds(table: Table) -> list[str]:
    return [table.kind.__name__, *(p.kind.__name__ for p in table.parts if p.paths)]
