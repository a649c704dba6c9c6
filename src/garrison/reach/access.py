"""What a role may read or write, as far as its policies name it.

Conservative on purpose: a statement that allows an action on a store counts, conditions and denials do not take it away,
and only what a policy names by reference, by ARN, or as "everything" is followed. A full evaluation of IAM comes later.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator

import msgspec

from garrison.estate.assets import Asset
from garrison.estate.assets.data import Database
from garrison.estate.assets.identity import Policy, Role, User
from garrison.estate.assets.keys import Secret
from garrison.estate.assets.registry import Registry
from garrison.estate.assets.storage import Bucket
from garrison.estate.estate import Estate
from garrison.estate.policies import Statement, covers
from garrison.estate.relations import Relation, refs
from garrison.estate.values import State, Value, known

_SECTIONS = 5  # colons before the name in an ARN: arn:partition:service:region:account:name


class Store(msgspec.Struct, frozen=True):
    """A kind of store of AWS: what reads and writes it, and how its ARN ends before its name."""

    kind: type[Asset]
    service: str
    reads: str
    writes: str
    before: str = ""
    after: str = ""  # what the service adds to the name
    types: str = ""  # its resource types have this in their name


_STORES = (
    Store(Bucket, "s3", "s3:GetObject", "s3:PutObject"),
    Store(
        Secret, "secretsmanager", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secret:", "-AbCdEf"
    ),
    Store(Database, "dynamodb", "dynamodb:GetItem", "dynamodb:PutItem", "table/", types="dynamodb"),
    Store(Registry, "ecr", "ecr:BatchGetImage", "ecr:PutImage", "repository/"),
)


class Found:
    """The stores of one kind: by root, and by what their ARN ends with, in order."""

    def __init__(self, store: Store, estate: Estate) -> None:
        self.by_root: dict[str, list[Asset]] = defaultdict(list)
        named: list[tuple[str, Asset]] = []
        for asset in estate.of(store.kind):
            if asset.provider == "aws" and store.types in asset.type.lower():
                self.by_root[asset.root].append(asset)
                if name := asset.name.text():
                    named += [(store.before + name + after, asset) for after in {"", store.after}]
        named.sort(key=lambda pair: pair[0])
        self._names, self._assets = [n for n, _ in named], [a for _, a in named]

    def meant(self, pattern: Value) -> Iterator[Asset]:
        """Those that a pattern covers; only names that begin as it does are compared."""
        text = pattern.text()
        known_part = re.split(r"[*?]", text, maxsplit=1)[0]
        for at in range(bisect_left(self._names, known_part), len(self._names)):
            if not self._names[at].startswith(known_part):
                return
            if covers(pattern, self._names[at]).yes:
                yield self._assets[at]


def link_access(estate: Estate) -> None:
    """Roles and users READ and WRITE the stores that their policies allow them to."""
    stores = [(store, Found(store, estate)) for store in _STORES]
    for policy in estate.of(Policy):
        holders = list(_holders(policy, estate))
        for statement in policy.statements if holders else ():
            for store, found in stores:
                for relation, action in ((Relation.READS, store.reads), (Relation.WRITES, store.writes)):
                    if found.by_root and statement.permits(action).yes:
                        _add(estate, holders, relation, _named(statement, estate, store, found, policy.root))


def _holders(policy: Policy, estate: Estate) -> Iterator[Asset]:
    """The roles and users that carry a policy, or that it is written into."""
    yield from (e.end for e in estate.graph.out(policy, Relation.GRANTS) if isinstance(e.end, Role | User))
    yield from (e.start for e in estate.graph.into(policy, Relation.CONTAINS) if isinstance(e.start, Role | User))


def _add(estate: Estate, holders: list[Asset], relation: Relation, found: Iterable[tuple[Asset, Value]]) -> None:
    for asset, stated in found:
        for holder in holders:
            estate.graph.add(holder, relation, asset, stated)


def _named(
    statement: Statement, estate: Estate, store: Store, found: Found, root: str
) -> Iterator[tuple[Asset, Value]]:
    """The stores a statement speaks of, and the value that names each: the whole list where it names all."""
    if statement.every_resource_of(store.service).yes:
        yield from ((asset, statement.resources) for asset in found.by_root.get(root, ()))
        return
    seen: set[str] = set()
    for resource in statement.resources.items():
        ends = [a for ref, _ in refs(resource) for a in estate.at(ref.address) if isinstance(a, store.kind)]
        pattern = _pattern(resource, store)
        if pattern is not None:
            ends += found.meant(pattern)
        for asset in ends:
            if asset.address not in seen:
                seen.add(asset.address)
                yield asset, resource


def _pattern(resource: Value, store: Store) -> Value | None:
    """The part of an ARN that names a store, objects in it left out; None where it is not known."""
    parts = resource.content if resource.state is State.UNKNOWN and isinstance(resource.content, tuple) else (resource,)
    text = "".join(p.content if isinstance(p.content, str) else "\0" for p in parts)
    sections = text.split(":", _SECTIONS)
    if len(sections) <= _SECTIONS or sections[2] != store.service or "\0" in sections[-1]:
        return None
    name = sections[-1]
    return known(name.partition("/")[0] if store.service == "s3" else name, resource.place)
