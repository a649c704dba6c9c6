"""What a role may read or write, as far as its policies name it.

Conservative on purpose: a statement that allows an action on a store counts, conditions and denials do not take it away,
and only what a policy names by reference, by ARN, or as "everything" is followed. A full evaluation of IAM comes later.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from garrison.estate.assets import Asset
from garrison.estate.assets.identity import Policy, Role
from garrison.estate.assets.storage import Bucket
from garrison.estate.estate import Estate
from garrison.estate.policies import Statement
from garrison.estate.relations import Relation, refs
from garrison.estate.values import State, Value

_READS, _WRITES = "s3:GetObject", "s3:PutObject"
_ARN = "arn:aws:s3:::"


def link_access(estate: Estate) -> None:
    """Roles READ and WRITE the buckets that their policies allow them to."""
    named: dict[str, list[Asset]] = defaultdict(list)
    in_root: dict[str, list[Asset]] = defaultdict(list)
    for bucket in estate.of(Bucket):
        if bucket.provider == "aws":
            in_root[bucket.root].append(bucket)
            if name := bucket.name.text():
                named[name].append(bucket)
    for policy in estate.of(Policy) if in_root else ():
        holders = list(_holders(policy, estate))
        for statement in policy.statements if holders else ():
            for relation, action in ((Relation.READS, _READS), (Relation.WRITES, _WRITES)):
                if statement.permits(action).yes:
                    _add(estate, holders, relation, _buckets(statement, estate, named, in_root[policy.root]))


def _holders(policy: Policy, estate: Estate) -> Iterator[Asset]:
    """The roles that carry a policy, or that it is written into."""
    yield from (e.end for e in estate.graph.out(policy, Relation.GRANTS) if isinstance(e.end, Role))
    yield from (e.start for e in estate.graph.into(policy, Relation.CONTAINS) if isinstance(e.start, Role))


def _add(estate: Estate, holders: list[Asset], relation: Relation, buckets: Iterable[tuple[Asset, Value]]) -> None:
    for bucket, stated in buckets:
        for holder in holders:
            estate.graph.add(holder, relation, bucket, stated)


def _buckets(
    statement: Statement, estate: Estate, named: dict[str, list[Asset]], everything: list[Asset]
) -> Iterator[tuple[Asset, Value]]:
    """The buckets a statement speaks of, and the value that names each."""
    if statement.every_resource_of("s3").yes:
        yield from ((bucket, statement.resources) for bucket in everything)
        return
    for resource in statement.resources.items():
        for ref, _ in refs(resource):
            yield from ((a, resource) for a in estate.at(ref.address) if isinstance(a, Bucket))
        if resource.state is State.KNOWN and resource.text().startswith(_ARN):
            name = resource.text().removeprefix(_ARN).partition("/")[0]
            yield from ((bucket, resource) for bucket in named.get(name, ()))
