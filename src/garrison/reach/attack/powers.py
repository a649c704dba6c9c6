"""What identities of AWS may do, statement by statement.

Conservative on purpose: what a statement allows counts, whatever conditions, denials and boundaries take away.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec

from garrison.estate.assets import Asset
from garrison.estate.assets.identity import Policy, Role, User
from garrison.estate.estate import Estate
from garrison.estate.policies import Statement, covers
from garrison.estate.relations import Relation, refs
from garrison.estate.truth import Truth, any_of
from garrison.estate.values import State, Value

Identity = Role | User
PASS, CALL = "iam:PassRole", "sagemaker:InvokeEndpoint"
A = TypeVar("A", bound=Asset)


class Passing(msgspec.Struct, frozen=True):
    """Hands a role to something new of a service."""

    service: str
    what: str
    actions: tuple[str, ...]


class Itself(msgspec.Struct, frozen=True):
    """Makes its holder an administrator."""

    actions: tuple[str, ...]


class Into(msgspec.Struct, frozen=True):
    """Puts code into something of a kind."""

    kind: str
    words: str
    actions: tuple[str, ...]


class Escalations(msgspec.Struct, frozen=True):
    """The data file."""

    passing: tuple[Passing, ...]
    itself: tuple[Itself, ...]
    into: tuple[Into, ...]


@cache
def escalations() -> Escalations:
    """Those that Garrison knows."""
    return msgspec.convert(tomllib.loads(Path(__file__).with_name("escalations.toml").read_text("utf8")), Escalations)


@cache
def _asked() -> frozenset[str]:
    """Every action that a step is made of."""
    known = escalations()
    ways: list[Passing | Itself | Into] = [*known.passing, *known.itself, *known.into]
    return frozenset({PASS, CALL, *(action for way in ways for action in way.actions)})


class Power(msgspec.Struct, frozen=True, eq=False):
    """Actions that an identity may do: on what, and where that is said. `sure` where no condition is asked."""

    resources: Statement
    said: Value
    sure: bool

    @property
    def truth(self) -> Truth:
        """Yes, or not known where a condition is asked."""
        return Truth(True if self.sure else None)

    def everywhere(self, service: str, kind: str = "") -> bool:
        """Whether it is over every resource of a service, or all of one kind."""
        return self.resources.every_resource_of(service, kind).yes

    def names(self) -> Iterator[Value]:
        """The resources one by one."""
        yield from self.resources.resources.items()


class Allowed(msgspec.Struct, frozen=True, eq=False):
    """A statement that allows, and which of the actions asked for it names."""

    statement: Statement
    actions: frozenset[str]


class Powers:
    """Answers for the identities of an estate.

    Many statements name the same actions, and many identities carry one policy: each list of actions is read once.
    """

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        identities: list[Identity] = [*estate.of(Role), *estate.of(User)]
        self.identities = [i for i in identities if i.provider == "aws"]
        self._allowed: dict[str, list[Allowed]] = {}  # by policy
        self._actions: dict[str, frozenset[str]] = {}  # of an identity, by its address
        self._named: dict[tuple[tuple[str, ...], tuple[str, ...]], frozenset[str]] = {}  # by what is said
        self._over: dict[type[Asset], _Kind] = {}
        self._by_name: dict[str, list[Identity]] = defaultdict(list)
        for identity in self.identities:
            if identity.name.text():
                self._by_name[identity.name.text()].append(identity)

    def policies(self, identity: Identity) -> list[Policy]:
        """The policies it carries or has written into it."""
        graph = self.estate.graph
        attached = [e.start for e in graph.into(identity, Relation.GRANTS)]
        found = {p.address: p for p in (*identity.policies, *attached) if isinstance(p, Policy)}
        return list(found.values())

    def _allows(self, identity: Identity) -> Iterator[Allowed]:
        """All that they allow."""
        for policy in self.policies(identity):
            found = self._allowed.get(policy.address)
            if found is None:
                said = [] if policy.exists.no else [s for s in policy.statements if s.allows.yes]
                found = self._allowed[policy.address] = [Allowed(s, self._names(s)) for s in said]
            yield from found

    def _names(self, statement: Statement) -> frozenset[str]:
        """Which of the actions asked for a statement names."""
        key = tuple(v.text() for v in statement.actions.items()), tuple(v.text() for v in statement.not_actions.items())
        whole = all(v.rest is None and v.state is not State.UNKNOWN for v in (statement.actions, statement.not_actions))
        if not whole or "" in key[0] or "" in key[1]:  # some of it is not known
            return frozenset(a for a in _asked() if statement.names(a).yes)
        found = self._named.get(key)
        if found is None:
            found = self._named[key] = frozenset(a for a in _asked() if statement.names(a).yes)
        return found

    def may(self, identity: Identity) -> frozenset[str]:
        """The actions asked for that it may do on something."""
        found = self._actions.get(identity.address)
        if found is None:
            found = frozenset[str]().union(*(a.actions for a in self._allows(identity)))
            self._actions[identity.address] = found
        return found

    def admin(self, identity: Identity) -> Truth:
        """Whether it is an administrator, by a policy of the provider's or one that allows everything."""
        everything = any_of(p.grants_everything for p in self.policies(identity))
        bound = identity.boundary.is_absent() if isinstance(identity, Role) else Truth(True)
        return identity.carries_admin | (everything & bound)

    def of(self, identity: Identity, actions: tuple[str, ...]) -> Power | None:
        """That to do all of some actions; where several statements give the last one, the widest."""
        if not self.may(identity).issuperset(actions):
            return None
        last = actions[-1]
        found = [_power(a.statement, last) for a in self._allows(identity) if last in a.actions]
        return max(found, key=lambda p: (p.everywhere(last.partition(":")[0]), p.sure)) if found[1:] else found[0]

    def named(self, said: Value) -> list[Identity]:
        """The identities that a reference or an ARN names."""
        found = [end for ref, _ in refs(said) for end in self.estate.at(ref.address)]
        known = [end for end in found if isinstance(end, Role | User)]
        if known or said.state is not State.KNOWN:
            return known
        text = said.text()
        return self._by_name.get(text.rpartition("/")[2], []) if ":role/" in text or ":user/" in text else []

    def over(self, power: Power, kind: type[A], root: str, service: str) -> list[A]:
        """The assets of a kind that it is over: all that are deployed together, or those it names by reference or ARN."""
        known = self._over.get(kind)
        if known is None:
            known = self._over[kind] = _Kind(self.estate, kind)
        if power.everywhere(service):
            return known.by_root[root]  # type: ignore[return-value]  # of that kind
        found: dict[str, Asset] = {}
        for said in power.names():
            ends = [end for ref, _ in refs(said) for end in self.estate.at(ref.address)]
            text = said.text()
            if text.startswith("arn:"):
                ends += known.by_name.get((root, text.rpartition("/")[2].rpartition(":")[2]), ())
            found.update((e.address, e) for e in ends if e.root == root and e.address in known.order)
        return sorted(found.values(), key=lambda a: known.order[a.address])  # type: ignore[arg-type]  # of that kind


class _Kind:
    """The assets of AWS of one kind."""

    def __init__(self, estate: Estate, kind: type[Asset]) -> None:
        found = [a for a in estate.of(kind) if a.provider == "aws"]
        self.order = {asset.address: number for number, asset in enumerate(found)}
        self.by_root: dict[str, list[Asset]] = defaultdict(list)
        self.by_name: dict[tuple[str, str], list[Asset]] = defaultdict(list)
        for asset in found:
            self.by_root[asset.root].append(asset)
            if name := asset.name.text():
                self.by_name[asset.root, name].append(asset)


def _power(statement: Statement, action: str) -> Power:
    said = statement.actions if statement.actions.state is State.KNOWN else statement.not_actions
    return Power(statement, _named(said, action), statement.conditional.no)


def _named(said: Value, action: str) -> Value:
    """The item of a list of actions that covers one; the list where that is not plain."""
    return next((item for item in said.items() if covers(item, action, ignore_case=True).yes), said)
