"""Resources to assets. An asset costs one look-up per field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from garrison.estate.assets import Asset
from garrison.estate.estate import without_index
from garrison.estate.resource import Resource
from garrison.estate.values import Body, Ref, State, Value, absent, dig, known
from garrison.sources.mapping.field import OWN, WHOLE, Companions, Field, Holder, matches, stray
from garrison.sources.mapping.table import EVERY, Part, Table, tables_for

_MAX_STRAY = 1


def assets_of(format_: str, resources: Iterable[Resource]) -> Iterator[Asset]:
    """The assets that resources of one format describe, parts after their owner."""
    by_type: dict[str, list[Resource]] = defaultdict(list)
    for resource in resources:
        by_type[resource.type].append(resource)
    yield from assemble(tables_for(format_, by_type), by_type)


def assemble(tables: Iterable[Table], by_type: Mapping[str, list[Resource]]) -> Iterator[Asset]:
    """The same, with the tables at hand and the resources by their type."""
    for table in tables:
        owners, strays = _companions(table, by_type)
        for type_, roots in table.roots.items():
            for resource in by_type.get(type_, ()):
                companions: Companions = owners.get(resource.address, {})
                whole = Holder(resource, None, None, companions, strays.get(resource.root))
                for suffix, steps in roots.items():
                    yield from _rooted(table, whole, suffix, steps)


def _rooted(table: Table, whole: Holder, suffix: str, steps: tuple[str, ...]) -> Iterator[Asset]:
    """The asset that begins at `steps` in a resource; several where the path has a `*`."""
    address = whole.resource.address
    if not steps:
        yield from _asset(table, whole, f"{address}#{suffix}" if suffix else address)
        return
    found = whole.resource.at(steps)
    many = "*" in steps
    for number, item in enumerate(found.items() if many else (found,)):
        if item.state is State.KNOWN and isinstance(item.content, Body):
            name = f"{address}#{suffix}" if suffix else address
            holder = Holder(whole.resource, item, None, whole.companions, whole.stray)
            yield from _asset(table, holder, f"{name}[{number}]" if many else name)


def _asset(table: Table, holder: Holder, address: str) -> Iterator[Asset]:
    resource = holder.resource
    owner, steps = table.name
    name = resource.at(steps) if owner == WHOLE else holder.at(steps)
    common: dict[str, Any] = {
        "provider": table.provider,
        "format": resource.format,
        "type": resource.type,
        "root": resource.root,
        "place": (holder.value.place if holder.value is not None else None) or resource.place,
        "exists": resource.exists,
        "condition": resource.condition,
    }
    tags_owner, tags_steps = table.tags
    tags = _tags(resource.at(tags_steps) if tags_owner == WHOLE else holder.at(tags_steps))
    said = _read(table.fields, holder)
    parts: list[Asset] = []
    more = dict(table.unread)
    for part in table.parts:
        pieces, rest = _pieces(part, holder)
        made = tuple(_parts(part, pieces, address, common))
        said[part.name] = made
        parts += made
        if rest is not None:
            more[part.name] = rest
    if more:
        said["more_"] = more
    yield table.kind(address=address, name=name if steps else absent(resource.place), tags=tags, **common, **said)
    yield from parts


def _read(fields: list[Field], holder: Holder) -> dict[str, Any]:
    said: dict[str, Any] = {}
    native: dict[str, Value] = {}
    for field in fields:
        value = field.read(holder)
        if field.name.startswith("native_"):
            native[field.name.removeprefix("native_")] = value  # type: ignore[assignment]
        else:
            said[field.name] = value
    if native:
        said["native_"] = native
    return said


def _pieces(part: Part, holder: Holder) -> tuple[list[Holder], Value | None]:
    """What its assets are cut from, and an unknown that may stand for more of them."""
    pieces: list[Holder] = []
    rest: Value | None = None
    for owner, steps in part.paths:
        if owner in (OWN, WHOLE):
            places = [(holder.resource, holder.at(steps) if owner == OWN else holder.resource.at(steps))]
        else:
            companions = holder.companions.get(owner, ())
            places = [(c, c.at(steps) if steps else known(_Lazy(c), c.place)) for c in companions]
            if strays := holder.stray.get(owner):
                rest = stray(strays[0])
        where = part.where.get(owner, {})
        for resource, found in places:
            if found.state is State.UNKNOWN:
                rest = found
            elif found.rest is not None:
                rest = found.rest
            for item in found.items():
                inner = Holder(resource, item, holder)
                asked = [(inner.at((key,)), expected) for key, expected in where.items()]
                if all(matches(said, expected) for said, expected in asked):
                    pieces.append(inner)
                else:
                    rest = next((said for said, _ in asked if said.state is State.UNKNOWN), rest)
    return pieces, rest


def _parts(part: Part, pieces: list[Holder], address: str, common: dict[str, Any]) -> Iterator[Asset]:
    taken: dict[str, int] = {}  # how many parts have a name
    for inner in pieces:
        resource = inner.resource
        name = inner.at(part.name_path)
        label = name.text() or str(len(taken))
        number = taken[label] = taken.get(label, 0) + 1
        if number > 1:
            label = f"{label}'{number}"
        exists: dict[str, Any] = {
            "exists": resource.exists,
            "condition": resource.condition,
            "place": (inner.value.place if inner.value is not None else None) or resource.place,
        }
        yield part.kind(
            address=f"{address}/{part.name}[{label}]",
            name=name,
            **{**common, **exists},
            **_read(part.fields, inner),
        )


class _Lazy(Body):
    """A companion taken as a part: its attributes are read when asked for."""

    __slots__ = ()

    def __init__(self, resource: Resource) -> None:
        super().__init__(lambda name: resource.at((name,)), tuple)


def _companions(
    table: Table, by_type: Mapping[str, list[Resource]]
) -> tuple[dict[str, dict[str, list[Resource]]], dict[str, dict[str, list[Resource]]]]:
    """By the owner's address, and by root for those whose owner is not known; one look-up each."""
    owners: dict[str, dict[str, list[Resource]]] = defaultdict(lambda: defaultdict(list))
    strays: dict[str, dict[str, list[Resource]]] = defaultdict(lambda: defaultdict(list))
    met = [type_ for type_ in table.companions if type_ in by_type]
    if not met:
        return owners, strays
    by_name: dict[tuple[str, Any], str] = {}
    by_base: dict[str, list[str]] = defaultdict(list)
    for type_ in table.roots:
        for resource in by_type.get(type_, ()):
            by_base[without_index(resource.address)].append(resource.address)
            name = resource.at(table.name[1])
            if isinstance(name.content, str):
                by_name[resource.root, name.content] = resource.address
    for type_ in met:
        alias, by = table.companions[type_]
        for companion in by_type[type_]:
            if EVERY in by:
                named = _peers(companion, table, by_type)
            else:
                said = (companion.at(path) for path in by)
                first = next((v for v in said if v.state is not State.ABSENT), absent(companion.place))
                named = _owners(companion, first, by_name, by_base)
            for address in named:
                if address:
                    owners[address][alias].append(companion)
                elif len(strays[companion.root][alias]) < _MAX_STRAY:
                    strays[companion.root][alias].append(companion)
    return owners, strays


def _peers(companion: Resource, table: Table, by_type: Mapping[str, list[Resource]]) -> list[str]:
    """The addresses of all that is deployed with it, in the same account."""
    account = _account(companion)
    return [
        resource.address
        for type_ in table.roots
        for resource in by_type.get(type_, ())
        if resource.root == companion.root and _account(resource) == account
    ]


def _account(resource: Resource) -> str:
    """The provider a Terraform resource is said to use; "" for the one it has by itself."""
    said = resource.at(("provider",))
    return "" if said.state is State.ABSENT or said.place is None else said.place.text


def _owners(
    companion: Resource, named: Value, by_name: dict[tuple[str, Any], str], by_base: dict[str, list[str]]
) -> list[str]:
    """The addresses it speaks of; "" where that is not decided."""
    if named.state is State.KNOWN and isinstance(named.content, tuple):
        return [a for item in named.content for a in _owners(companion, item, by_name, by_base)]
    if found := [named.ref] if named.ref is not None else _segments(named):
        for ref in found:
            if exact := by_base.get(without_index(ref.address)):
                return [ref.address] if ref.address in exact else exact
        return []
    if named.state is State.KNOWN:
        address = by_name.get((companion.root, named.content))
        return [address] if address else []
    return [""] if named.state is State.UNKNOWN else []


def _segments(text: Value) -> list[Ref]:
    """The references in a path: `${account.id}/blobServices/default`, `projects/p/secrets/${secret.id}`."""
    if text.state is not State.UNKNOWN or not isinstance(text.content, tuple):
        return []
    found, parts = [], text.content
    for n, part in enumerate(parts):
        before, after = parts[n - 1].text() if n else "/", parts[n + 1].text() if n + 1 < len(parts) else "/"
        if part.ref is not None and before.endswith("/") and after.startswith("/"):
            found.append(part.ref)
    return found


def _tags(said: Value) -> Value:
    """CloudFormation says tags as a list of Key and Value; the others as a mapping."""
    if said.state is State.KNOWN and isinstance(said.content, tuple):
        items = {dig(t, ("Key",)).text(): dig(t, ("Value",)) for t in said.content}
        return Value(State.KNOWN, Body.of(items, said.place), said.place, rest=said.rest)
    return said
