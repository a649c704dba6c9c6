"""What identities of AWS may do, statement by statement.

Conservative on purpose: what a statement allows counts, whatever conditions, denials and boundaries take away.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

from garrison.estate.assets import Asset
from garrison.estate.assets.identity import Policy, Role, User
from garrison.estate.estate import Estate
from garrison.estate.policies import Statement, covers
from garrison.estate.relations import Relation, refs
from garrison.estate.truth import Truth, any_of
from garrison.estate.values import State, Value

Identity = Role | User


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


class Powers:
    """Answers for the identities of an estate."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        identities: list[Identity] = [*estate.of(Role), *estate.of(User)]
        self.identities = [i for i in identities if i.provider == "aws"]
        self._statements: dict[str, list[Statement]] = {}
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

    def statements(self, identity: Identity) -> list[Statement]:
        """All that they allow."""
        found = self._statements.get(identity.address)
        if found is None:
            said = (s for p in self.policies(identity) if not p.exists.no for s in p.statements)
            found = self._statements[identity.address] = [s for s in said if s.allows.yes]
        return found

    def admin(self, identity: Identity) -> Truth:
        """Whether it is an administrator, by a policy of the provider's or one that allows everything."""
        everything = any_of(p.grants_everything for p in self.policies(identity))
        bound = identity.boundary.is_absent() if isinstance(identity, Role) else Truth(True)
        return identity.carries_admin | (everything & bound)

    def of(self, identity: Identity, actions: tuple[str, ...]) -> Power | None:
        """That to do all of some actions; where several statements give the last one, the widest."""
        found: list[Power] = []
        for statement in self.statements(identity):
            if statement.names(actions[-1]).yes:
                said = statement.actions if statement.actions.state is State.KNOWN else statement.not_actions
                found.append(Power(statement, _named(said, actions[-1]), statement.conditional.no))
        others = all(any(s.names(a).yes for s in self.statements(identity)) for a in actions[:-1])
        if not found or not others:
            return None
        return max(found, key=lambda p: (p.everywhere(actions[-1].partition(":")[0]), p.sure))

    def named(self, said: Value) -> list[Identity]:
        """The identities that a reference or an ARN names."""
        found = [end for ref, _ in refs(said) for end in self.estate.at(ref.address)]
        known = [end for end in found if isinstance(end, Role | User)]
        if known or said.state is not State.KNOWN:
            return known
        text = said.text()
        return self._by_name.get(text.rpartition("/")[2], []) if ":role/" in text or ":user/" in text else []

    def covers(self, power: Power, asset: Asset, service: str, kind: str = "") -> bool:
        """Whether it is over an asset: over all of them, or over this one by reference or name."""
        if power.everywhere(service, kind):
            return True
        name = asset.name.text()
        for said in power.names():
            if any(end.address == asset.address for ref, _ in refs(said) for end in self.estate.at(ref.address)):
                return True
            text = said.text()
            if name and text.startswith("arn:") and text.rpartition("/")[2].rpartition(":")[2] == name:
                return True
        return False


def _named(said: Value, action: str) -> Value:
    """The item of a list of actions that covers one; the list where that is not plain."""
    return next((item for item in said.items() if covers(item, action, ignore_case=True).yes), said)
