"""Fields that name other assets become edges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from garrison.estate.assets.asset import Asset, shape
from garrison.estate.estate import Estate
from garrison.estate.relations import By, Relation, To, refs
from garrison.estate.values import State, Value

Names = dict[tuple[str, str], list[Asset]]


def link(estate: Estate) -> None:
    """Resolve every annotated field, by reference, else by name inside one root; dangling ends are kept."""
    names: Names = defaultdict(list)
    for asset in estate.assets:
        if asset.name.state is State.KNOWN and isinstance(asset.name.content, str):
            names[asset.root, asset.name.content].append(asset)
    for asset in estate.assets:
        for part in asset.parts:
            estate.graph.add(asset, Relation.CONTAINS, part, part.name)
        for field, relations in shape(type(asset)).relations.items():
            value: Value = getattr(asset, field)
            for named, ends in _ends(value, asset, estate, names):
                for end in ends or (None,):
                    for relation in relations:
                        _add(estate, asset, relation, end, named)


def _add(estate: Estate, asset: Asset, relation: To | By, end: Asset | None, named: Value) -> None:
    if isinstance(relation, To):
        estate.graph.add(asset, relation.relation, end, named)
    else:
        estate.graph.add(end, relation.relation, asset, named)


def _ends(value: Value, asset: Asset, estate: Estate, names: Names) -> Iterator[tuple[Value, list[Asset]]]:
    """Each thing a value names, and the assets it was found to be; none for one that is not in these files."""
    if value.state is State.ABSENT:
        return
    for item in value.items() or (value,):
        found = [ref for ref, _ in refs(item)]
        if found:
            for ref in found:
                yield item, estate.at(ref.address)
        elif item.state is State.KNOWN and isinstance(item.content, str):
            yield item, names.get((asset.root, _last(item.content)), [])


def _last(name: str) -> str:
    """The name at the end of an ARN or URL; any other name as it is."""
    if name.startswith("arn:"):
        return name.rpartition("/")[2] if "/" in name else name.rpartition(":")[2]
    return name
