"""The table: what every role may do with every model, decided before anybody asks.

Clients that no policy names cannot be told apart by policies, as Cedar has no way to look into a name: a role stands for all
of them. Those that are named have rows of their own where these differ. Models that no policy names and that carry the same
labels cannot be told apart either: one of them stands for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from garrison.policy.actions import Action
from garrison.policy.decide import Judge, Outcome
from garrison.policy.policies import Policies
from garrison.policy.request import Model

Row = Mapping[Action, Outcome]


class Group(msgspec.Struct, frozen=True):
    """Models of which the same holds.

    `roles` has a row for each role. `clients` has one for each client and role for whom it differs from the role's.
    """

    models: tuple[str, ...]
    roles: dict[str, dict[Action, Outcome]]
    clients: dict[tuple[str, str], dict[Action, Outcome]]

    def row(self, role: str, client: str = "") -> Row:
        """What a client in a role may do; nothing in a role that is not listed."""
        return self.clients.get((client, role)) or self.roles.get(role) or dict.fromkeys(Action, Outcome.DENY)


class Table(msgspec.Struct, frozen=True):
    """Every decision; each model is in exactly one group."""

    groups: tuple[Group, ...]

    def look_up(self, role: str, action: Action, model: str, client: str = "") -> Outcome:
        """One decision. What is not listed is denied."""
        rows = (group.row(role, client) for group in self.groups if model in group.models)
        return next((row[action] for row in rows), Outcome.DENY)

    @property
    def has_residue(self) -> bool:
        """Whether anything is left for the authorisation service."""
        rows = (row for g in self.groups for row in (*g.roles.values(), *g.clients.values()))
        return any(outcome is Outcome.RESIDUE for row in rows for outcome in row.values())


def table(policies: Policies, models: Iterable[Model]) -> Table:
    """Decide for every role, action and model. Raises ConfigError if Cedar contradicts itself."""
    alike: dict[tuple[str, frozenset[str]], list[Model]] = {}
    named = policies.named("Model")
    for model in models:
        alike.setdefault((model.name if model.name in named else "", model.labels), []).append(model)
    judge = Judge(policies, [some[0] for some in alike.values()])
    clients = sorted(policies.named("Client"))
    return Table(tuple(_group(judge, some, clients) for some in alike.values()))


def _group(judge: Judge, models: list[Model], clients: list[str]) -> Group:
    one = models[0].name
    roles = {role: _row(judge, role, one) for role in judge.vocabulary.role}
    own = {(client, role): _row(judge, role, one, client) for client in clients for role in roles}
    return Group(tuple(m.name for m in models), roles, {who: row for who, row in own.items() if row != roles[who[1]]})


def _row(judge: Judge, role: str, model: str, client: str = "") -> dict[Action, Outcome]:
    return {action: judge.decide_ahead(role, action, model, client).outcome for action in Action}
