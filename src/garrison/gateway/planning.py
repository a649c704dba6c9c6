"""From a gateway file to a plan: what it names is read, and every question of who may do what is answered ahead."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import msgspec

from garrison.errors import ConfigError
from garrison.gateway.certificates import usable
from garrison.gateway.envoy.plan import Mount, Permission, Plan, mounts_of, subjects
from garrison.gateway.file import rules
from garrison.gateway.file.read import Loaded
from garrison.policy.actions import Action

if TYPE_CHECKING:
    from garrison.gateway.validation.schema import Where
    from garrison.policy.policies import Policies
    from garrison.policy.table import Table


class Planned(msgspec.Struct, frozen=True, eq=False):
    """A plan, and what has to be told of it."""

    plan: Plan
    table: Table
    warnings: tuple[str, ...] = ()


def planned(loaded: Loaded, now: dt.datetime) -> Planned:
    """Everything that a gateway file leads to. Raises ConfigError for the first thing that is wrong."""
    rules.hold(loaded)
    warnings = [*rules.warnings(loaded), *usable.hold(loaded, now)]
    mounts = mounts_of(loaded)
    decided = decide(loaded, mounts)
    plan = Plan(
        loaded=loaded,
        mounts=mounts,
        permissions=tuple(permissions(decided)),
        validators=validators(loaded),
    )
    return Planned(plan, decided, tuple(warnings))


def policies_of(loaded: Loaded) -> Policies:
    """The policies that the file names, over those that are shipped."""
    from garrison.policy.policies import read_policies
    from garrison.policy.vocabulary import read_vocabulary

    policy = loaded.gateway.policy
    vocabulary = read_vocabulary(loaded.beside(policy.roles) if policy.roles else None)
    return read_policies([loaded.beside(name) for name in policy.cedar], vocabulary)


def decide(loaded: Loaded, mounts: tuple[Mount, ...]) -> Table:
    """Cedar's answer for every role, action and model; a server is a model whose name has an @ before it."""
    from garrison.policy.request import Model
    from garrison.policy.table import table

    models = loaded.gateway.model
    labels = {name: frozenset(model.labels) for name, model in models.items()}
    return table(policies_of(loaded), [Model(name, labels.get(name, frozenset())) for name in subjects(mounts)])


def permissions(decided: Table) -> Iterable[Permission]:
    """What a table allows, entry by entry. A client that is told apart has all of its entries listed."""
    from garrison.policy.decide import Outcome

    for group in decided.groups:
        rows: dict[tuple[str, str], Mapping[Action, Outcome]] = {("", role): row for role, row in group.roles.items()}
        for client in {client for client, _ in group.clients}:
            rows |= {(client, role): group.row(role, client) for role in group.roles}
        for (client, role), row in rows.items():
            for action, outcome in row.items():
                if outcome is not Outcome.DENY:
                    for model in group.models:
                        yield Permission(model, action, role, client, outcome is Outcome.RESIDUE)


def validators(loaded: Loaded) -> dict[str, str]:
    """The validator of each model with a schema, as Lua that defines `validate`."""
    from garrison.gateway.validation import Limits, prelude, validator

    limits = loaded.gateway.limits
    found = {}
    for name, model in loaded.gateway.model.items():
        if model.schema:
            said, where = _schema(loaded, name, model.schema)
            largest = Limits(size_bytes=(model.limits.request_kb or limits.request_kb) * 1024)
            found[name] = f"{prelude()}local validate = {validator(said, where=where, limits=largest)}"
    return found


def _schema(loaded: Loaded, model: str, file: str) -> tuple[object, Where]:
    from garrison.gateway.validation.schema import Where

    path = loaded.beside(file)
    try:
        return msgspec.json.decode(path.read_bytes()), Where(str(path))
    except msgspec.DecodeError as error:
        raise ConfigError(f"not JSON: {error}", path=str(path), hint=f"it is named by model {model}") from error
