"""Where a field of an asset is written, and as what: a mapping table, read the other way round."""

from __future__ import annotations

from garrison.estate.assets import Asset
from garrison.estate.truth import Truth
from garrison.estate.values import Place, State, Value
from garrison.fix.document import PROPERTIES
from garrison.fix.spot import Spot
from garrison.sources.interface import formats, tables_of
from garrison.sources.mapping.field import OWN, Field
from garrison.sources.mapping.table import EVERY, Table, tables_for

_PROPERTIES = {"cloudformation": (PROPERTIES,)}  # what a resource says lies a step below it


def written(asset: Asset, name: str, wanted: object) -> object | None:
    """What a format writes for a field that is to be `wanted`; None where its table does not tell."""
    field = _field(asset, name)
    if field is None or not field.mapped or field.none_of is not None or field.given or field.lookup:
        return None
    if field.truth and field.one_of is not None:
        return field.one_of[0] if wanted is True else None
    return wanted


def is_so(asset: Asset, name: str, wanted: object) -> bool:
    """Whether the field is as wanted already."""
    read: Truth | Value = getattr(asset, name)
    return read.answer is wanted if isinstance(read, Truth) else read.equals(wanted).yes


def said_at(asset: Asset, name: str) -> list[Place]:
    """Where the field is said as a plain value, in the asset itself or beside it."""
    read: Truth | Value = getattr(asset, name)
    values = read.because if isinstance(read, Truth) else (read,)
    plain = (v for v in values if v.state is State.KNOWN and not v.reason and not v.decided_by and v.ref is None)
    return [v.place for v in plain if v.place is not None]


def spot_of(asset: Asset, name: str) -> Spot | None:
    """The place the field's table looks at first; None where a value cannot be put there."""
    table, field = _read_by(asset, name)
    if table is None or field is None or not field.paths:
        return None
    owner, steps = field.paths[0]
    if "*" in steps:
        return None
    if owner == OWN:
        return Spot((*_PROPERTIES.get(asset.format, ()), *steps))
    beside = {alias: (type_, by) for type_, (alias, by) in reversed(table.companions.items())}
    if owner not in beside or asset.format != "terraform":
        return None
    type_, by = beside[owner]
    return Spot(steps, type_, by[0][0]) if len(by) == 1 and len(by[0]) == 1 and by[0] != EVERY else None


def _field(asset: Asset, name: str) -> Field | None:
    return _read_by(asset, name)[1]


def _read_by(asset: Asset, name: str) -> tuple[Table | None, Field | None]:
    """The table that made the asset, and how it reads a field."""
    format_ = next((f for f in formats() if asset.format == f.NAME), None)
    for table in tables_for(tables_of(format_), [asset.type]) if format_ is not None else ():
        if table.provider == asset.provider and asset.type in table.roots:
            fields = [table.fields] if table.kind is type(asset) else []
            fields += [part.fields for part in table.parts if part.kind is type(asset)]
            for found in (f for some in fields for f in some if f.name == name):
                return table, found
    return None, None
