"""From a gateway file to a plan: what it names is read, and every question of who may do what is answered ahead."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Iterable, Mapping

import msgspec

from garrison.gateway import response, validation
from garrison.gateway.answering import unanswering
from garrison.gateway.authorise.bundle import Bundle
from garrison.gateway.callers import active_keys, store_of
from garrison.gateway.certificates import usable
from garrison.gateway.digests import read_key
from garrison.gateway.envoy import bounds
from garrison.gateway.envoy.lua_text import literal
from garrison.gateway.envoy.names import EVERY
from garrison.gateway.envoy.plan import Mount, Permission, Plan, mounts_of, subjects
from garrison.gateway.file import batch, quotas, rules, servers
from garrison.gateway.file.form import Model, Sample
from garrison.gateway.file.read import Loaded
from garrison.gateway.keys.store import Store
from garrison.gateway.protocols.protocol import Protocol, Transport
from garrison.gateway.protocols.route import Body
from garrison.gateway.quota.budgets import budgets_of
from garrison.gateway.validation.carriers import carried, carriers
from garrison.gateway.validation.contract import Contract, load
from garrison.gateway.validation.remarks import remarks
from garrison.policy.actions import Action
from garrison.policy.decide import Outcome
from garrison.policy.policies import Policies, read_policies, unheard_of
from garrison.policy.request import Model as Subject
from garrison.policy.table import Group, Table, table
from garrison.policy.vocabulary import read_vocabulary

AUTHORISE_SOCKET = "authorise.sock"


class Planned(msgspec.Struct, frozen=True, eq=False):
    """A plan, what it was decided by, and what has to be told of it."""

    plan: Plan
    bundle: Bundle
    warnings: tuple[str, ...] = ()


def planned(loaded: Loaded, now: dt.datetime) -> Planned:
    """Everything that a gateway file leads to. Raises ConfigError for the first thing that is wrong."""
    rules.hold(loaded)
    bounds.hold(loaded)
    warnings = [*rules.warnings(loaded), *usable.hold(loaded, now), *_nobody(loaded), *_keys(loaded), *_ledger(loaded)]
    mounts = mounts_of(loaded)
    bundle = Bundle(policies_of(loaded), tuple(models_of(loaded, mounts)))
    roles = tuple(bundle.policies.vocabulary.role)
    rules.hold_roles(loaded, roles)
    quotas.hold(loaded, mounts)
    batch.hold(loaded)
    warnings += [*servers.warnings(loaded), *bounds.warnings(loaded), *_unheard_of(bundle)]
    contracts = {name: load(loaded.beside(one.schema)) for name, one in loaded.gateway.model.items() if one.schema}
    decided = table(bundle.policies, bundle.models)
    plan = Plan(
        loaded=loaded,
        mounts=mounts,
        permissions=(*permissions(decided), *over_all(loaded, mounts, decided)),
        bodies=bodies(loaded, mounts, contracts),
        keys=active_keys(loaded, now),
        budgets=budgets_of(loaded.gateway),
        roles=roles,
        digest_key=read_key(loaded.state),
        lists=usable.revocation_lists(loaded, now),
        authorise_socket=str(loaded.state.resolve() / AUTHORISE_SOCKET),
    )
    said = (remark for contract in contracts.values() for remark in remarks(contract))
    return Planned(plan, bundle, tuple(dict.fromkeys((*warnings, *batch.warnings(loaded), *unanswering(plan), *said))))


def _nobody(loaded: Loaded) -> Iterable[str]:
    identity = loaded.gateway.identity
    if not (identity.keys or identity.jwt or identity.certificate):
        yield "nobody is let in, as nobody can prove who he is: add [identity.keys], [identity.jwt.NAME] or [[identity.certificate]]"


def _keys(loaded: Loaded) -> Iterable[str]:
    store = store_of(loaded)
    if store is not None and not store.exists():
        yield f"there are no keys yet: garrison keys issue --gateway {loaded.path} ..."
    elif store is not None and loaded.gateway.gateway.ledger:
        with Store(store) as opened:
            if opened.ledger is None:
                yield f"no entry tells of the keys in {store}: garrison keys issue --gateway {loaded.path} ... makes up for it"


def _ledger(loaded: Loaded) -> Iterable[str]:
    if not loaded.gateway.gateway.ledger:
        folder = shlex.quote(str(loaded.beside("audit")))
        yield (
            "no ledger is named, so that no entry tells of changes of this file, of policies, roles and keys: "
            f'garrison ledger init {folder} --origin example.com/audit, and ledger = "audit" under [gateway]'
        )


def _unheard_of(bundle: Bundle) -> Iterable[str]:
    labels = {label for model in bundle.models for label in model.labels}
    return unheard_of(bundle.policies, {model.name for model in bundle.models}, labels)


def policies_of(loaded: Loaded) -> Policies:
    """The policies that the file names, over those that are shipped."""
    policy = loaded.gateway.policy
    vocabulary = read_vocabulary(loaded.beside(policy.roles) if policy.roles else None)
    return read_policies([loaded.beside(name) for name in policy.cedar], vocabulary)


def models_of(loaded: Loaded, mounts: tuple[Mount, ...]) -> Iterable[Subject]:
    """What policies decide about: models with their labels, and servers as models whose names have an @ before them."""
    labels = {name: frozenset(model.labels) for name, model in loaded.gateway.model.items()}
    return [Subject(name, labels.get(name, frozenset())) for name in subjects(mounts)]


def permissions(decided: Table) -> Iterable[Permission]:
    """What a table allows, entry by entry.

    Where a client is told apart, all that it may and may not do is listed, or it would be taken for one of its role.
    """
    for group in decided.groups:
        for role, row in group.roles.items():
            for action, outcome in row.items():
                if outcome is not Outcome.DENY:
                    yield from _alike(group.models, Permission("", action, role, residue=outcome is Outcome.RESIDUE))
        for client, action in _told_apart(group):
            for role in group.roles:
                outcome = group.row(role, client)[action]
                residue, denied = outcome is Outcome.RESIDUE, outcome is Outcome.DENY
                yield from _alike(group.models, Permission("", action, role, client, residue=residue, denied=denied))


def _told_apart(group: Group) -> list[tuple[str, Action]]:
    """The clients that may do more or less than others in a role of theirs, and the actions of which that holds."""
    rows = group.clients.items()
    return sorted(
        {(who[0], action) for who, row in rows for action in row if row[action] is not group.roles[who[1]][action]}
    )


def _alike(models: Iterable[str], permission: Permission) -> Iterable[Permission]:
    return (msgspec.structs.replace(permission, model=model) for model in models)


def over_all(loaded: Loaded, mounts: tuple[Mount, ...], decided: Table) -> Iterable[Permission]:
    """What may be asked where the gateway does not see of which model: only what may be asked of every one of them.

    Nothing of the kind is allowed beside a model whose bodies have to be looked into.
    """
    guarded = {name for name, model in loaded.gateway.model.items() if model.schema or model.response}
    for mount in mounts:
        actions = {route.action for route in mount.protocol.routes if not route.decides_model}
        if not mount.models or guarded & mount.models.keys():
            continue
        rows = [group.roles for group in decided.groups if mount.models.keys() & set(group.models)]
        told_apart = any(group.clients for group in decided.groups if mount.models.keys() & set(group.models))
        for action in sorted(actions) if not told_apart else ():
            for role in sorted(rows[0]):
                if all(row[role][action] is Outcome.ALLOW for row in rows):
                    yield Permission(EVERY + mount.name, action, role)


def bodies(loaded: Loaded, mounts: tuple[Mount, ...], contracts: Mapping[str, Contract]) -> dict[tuple[str, str], str]:
    """What is done to bodies, by mount and model, as Lua that returns `carried`, `validate` and, under a policy, `shape`."""
    found = {}
    for name, model in loaded.gateway.model.items():
        if not (model.schema or model.response):
            continue
        for mount in mounts:
            if name in mount.models and mount.protocol.transport is Transport.HTTP:
                found[mount.name, name] = _body(loaded, model, mount.protocol, contracts.get(name))
    return found


def _body(loaded: Loaded, model: Model, spoken: Protocol, contract: Contract | None) -> str:
    tensors = any(route.body is Body.TENSORS for route in spoken.routes)
    limits = loaded.gateway.limits
    asked = validation.Limits(size_bytes=(model.limits.request_kb or limits.request_kb) * 1024)
    answered = validation.Limits(size_bytes=(model.limits.response_kb or limits.response_kb) * 1024)
    shapes = model.response is not None
    validator = validation.contract_validator(
        contract or Contract(schema=True), tensors=tensors, json_outputs=shapes, limits=asked
    )
    carrier = carried(carriers()["tensors" if tensors else "json"])
    fields = [f"carried = {carrier}", f"validate = {validator}"]
    if model.response is not None or model.sample is not None:
        fields.append(f"answer_bytes = {answered.size_bytes}")
    if model.response is not None:
        shaper = response.shaper(model.response, protocol=spoken.name, tensors=tensors, limits=answered)
        fields.append(f"shape = {shaper}")
    if model.sample is not None:
        largest = msgspec.structs.replace(asked, size_bytes=max(asked.size_bytes, answered.size_bytes))
        fields.append(f"sample = {_sample(model.sample, largest)}")
    return f"return {{ {', '.join(fields)} }}"


def _sample(sample: Sample, limits: validation.Limits) -> str:
    redacted = response.redactor(sample.redact, limits=limits)
    said = {"below": int(sample.share * 2**32), "bytes": sample.size_kb * 1024}
    flags = {"input": sample.input, "output": sample.output}
    fields = [f"{name} = {literal(value)}" for name, value in {**said, **flags}.items()]
    return f"{{ {', '.join(fields)}, redacted = {redacted} }}"
