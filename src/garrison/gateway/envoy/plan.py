"""All that Envoy's configuration is made from, with every question answered: nothing below reads a file or asks Cedar."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from garrison.errors import ConfigError, nearest
from garrison.gateway.envoy.names import SERVER
from garrison.gateway.envoy.slots import Kind, Slots, seated, span_of
from garrison.gateway.file.form import Gateway, Rate, Sample
from garrison.gateway.file.read import Loaded
from garrison.gateway.keys.store import Active
from garrison.gateway.protocols.protocol import Protocol, protocol
from garrison.gateway.protocols.route import ModelIn
from garrison.gateway.quota.budgets import UNCOUNTED, Budgets, Spent
from garrison.policy.actions import Action


class Permission(msgspec.Struct, frozen=True, order=True):
    """A role may do something to a model, or to a server if its name has an @ before it.

    With a `client`, of all entries of that action and model only those of that client hold for it; those with `denied` say
    what it may not do although its role may. `residue` says that more has to be asked for each request.
    """

    model: str
    action: Action
    role: str
    client: str = ""
    residue: bool = False
    denied: bool = False


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """A protocol, at a prefix: the upstreams that speak it there, and which of them has which model."""

    name: str
    prefix: str
    protocol: Protocol
    upstreams: tuple[str, ...]
    models: dict[str, str]  # from models to upstreams

    @property
    def server(self) -> str:
        """The upstream that answers what is asked of the server itself; "" where several could."""
        return self.upstreams[0] if len(self.upstreams) == 1 else ""

    @property
    def only(self) -> str:
        """The model that is meant where a request names none; "" where several could be."""
        return next(iter(self.models)) if len(self.models) == 1 else ""


class Plan(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What is compiled. `bodies` is Lua by mount and model, of our own making: it returns what `lua/body.lua` calls."""

    loaded: Loaded
    mounts: tuple[Mount, ...]
    keys: tuple[Active, ...] = ()
    roles: tuple[str, ...] = ()  # those that there are
    permissions: tuple[Permission, ...] = ()
    bodies: Mapping[tuple[str, str], str] = {}
    digest_key: bytes = b""  # for digests of what is asked; none without it
    shut: str = ""  # why nobody is let in
    budgets: Budgets = Budgets()
    spent: Spent = Spent(stopped=UNCOUNTED)  # until somebody counts
    key_sets: Mapping[str, str] | None = (
        None  # of issuers with an address, empty where none is known; None: Envoy fetches them
    )
    tightened: Mapping[str, Rate] = {}  # by client: what is left to some for a while
    before: Slots = ()  # what had which slot until now
    authorise_socket: str = ""  # of the service that decides what the permissions leave open
    lists: Mapping[str, str] = {}  # revocation lists that Envoy is given itself, in place of the file of that name
    log: str = ""  # where the audit feed goes; to where the file says if empty
    files: Mapping[str, str] = {}  # where certificates and keys lie for Envoy, by the name that the file gives them

    @property
    def gateway(self) -> Gateway:
        """What the file says."""
        return self.loaded.gateway

    @property
    def open_questions(self) -> frozenset[tuple[str, Action]]:
        """The models and actions of which the permissions do not tell all."""
        return frozenset((p.model, p.action) for p in self.permissions if p.residue)

    @property
    def has_residue(self) -> bool:
        """Whether there are any."""
        return any(p.residue for p in self.permissions)

    @property
    def rates(self) -> dict[Kind, Mapping[str, Rate]]:
        """The limits that some have and others do not, by kind and name."""
        models = {name: model.limits.rate for name, model in self.gateway.model.items() if model.limits.rate}
        limits = self.gateway.limits
        roles = {name: said.rate for name, said in limits.role.items() if said.rate}
        clients = {name: said.rate for name, said in limits.clients.items() if said.rate}
        less = {name: rate.and_(clients.get(name, limits.client)) for name, rate in self.tightened.items()}
        return {"client": clients | less, "role": roles, "model": models}

    @property
    def slots(self) -> Slots:
        """Where the buckets of those are."""
        return seated(self.before, (span_of(kind, r) for kind, of in self.rates.items() for r in set(of.values())))

    @property
    def digests(self) -> bool:
        """Whether the audit feed tells the digests of bodies that are looked into."""
        return bool(self.digest_key and self.bodies and self.gateway.log.input_digest)

    @property
    def samples(self) -> list[Sample]:
        """Those that go into the audit feed."""
        return [model.sample for model in self.gateway.model.values() if model.sample]

    @property
    def largest_request_bytes(self) -> int:
        """The most that any model takes."""
        own = (model.limits.request_kb or 0 for model in self.gateway.model.values())
        return max([self.gateway.limits.request_kb, *own]) * 1024

    def file(self, name: str) -> str:
        """Where Envoy finds a file that the gateway file names."""
        return self.files.get(name) or str(self.loaded.beside(name).resolve())

    def counts_tokens(self, mount: Mount) -> bool:
        """Whether the answers of a protocol are read for the tokens that they took."""
        return self.budgets.tokens and mount.protocol.tells_tokens

    def guarded(self, model: str) -> bool:
        """Whether what goes to and comes from a model has to be looked into."""
        said = self.gateway.model[model]
        return bool(said.schema) or said.response is not None


def subjects(mounts: tuple[Mount, ...]) -> list[str]:
    """What permissions are about: each model, and each server with an @ before it."""
    return sorted(
        {m for mount in mounts for m in mount.models} | {SERVER + u for mount in mounts for u in mount.upstreams}
    )


def mounts_of(loaded: Loaded) -> tuple[Mount, ...]:
    """The protocols that are spoken, and where. Raises ConfigError for names that lead nowhere."""
    gateway = loaded.gateway
    grouped: dict[tuple[str, str], list[str]] = {}
    for name, upstream in gateway.upstream.items():
        grouped.setdefault((upstream.protocol, upstream.prefix), []).append(name)
    served = _served(loaded)
    found = []
    for (spoken, prefix), names in sorted(grouped.items()):
        steps = ("upstream", names[0], "protocol")
        what = _protocol(loaded, *names)
        models = {model: name for name in names for model in served.get(name, ())}
        mount = Mount(name=f"{spoken}{prefix}", prefix=prefix, protocol=what, upstreams=tuple(names), models=models)
        if not mount.only and any(route.model is ModelIn.FILE for route in what.routes):
            message = f"{spoken} names no model in its requests, so it stands for one only, not {len(models)}"
            raise loaded.wrong(
                steps, message, f'give each model an upstream with a prefix = "/NAME" (here: {", ".join(names)})'
            )
        _hold_names(loaded, mount)
        found.append(mount)
    return tuple(found)


def _protocol(loaded: Loaded, name: str, *others: str) -> Protocol:
    """What upstreams at one place speak."""
    upstream = loaded.gateway.upstream[name]
    if upstream.protocol != "openapi":
        try:
            return protocol(upstream.protocol)
        except ConfigError as error:
            raise loaded.wrong(("upstream", name, "protocol"), error.message, error.hint) from error
    for other in others:
        one = loaded.gateway.upstream[other]
        if (one.description, one.actions) != (upstream.description, upstream.actions):
            message, hint = f"{name} is described otherwise, at the same place", f'add prefix = "/{other}"'
            raise loaded.wrong(("upstream", other), message, hint)
    if not upstream.description:
        hint = 'add description = "FILE": the OpenAPI file'
        raise loaded.wrong(("upstream", name, "protocol"), "openapi needs a description", hint)
    from garrison.gateway.protocols.openapi import RuleError, read_openapi

    try:
        return read_openapi(loaded.beside(upstream.description), upstream.actions).protocol
    except RuleError as error:
        raise loaded.wrong(("upstream", name, "actions", error.rule), error.message, error.hint) from error
    except ConfigError as error:
        message = f"{upstream.description}: {error.message}"
        raise loaded.wrong(("upstream", name, "description"), message, error.hint) from error


def _served(loaded: Loaded) -> dict[str, list[str]]:
    """From upstreams to their models."""
    gateway = loaded.gateway
    served: dict[str, list[str]] = {}
    for name, model in gateway.model.items():
        mounted = set()
        for upstream in model.upstreams:
            steps = ("model", name, "upstream")
            if upstream not in gateway.upstream:
                hint = nearest(upstream, gateway.upstream, f"one of: {', '.join(sorted(gateway.upstream))}")
                raise loaded.wrong(steps, f"no upstream is called {upstream}", hint)
            at = (gateway.upstream[upstream].protocol, gateway.upstream[upstream].prefix)
            if at in mounted:
                raise loaded.wrong(steps, f"two upstreams speak {at[0]} at the same place", "keep one of them")
            mounted.add(at)
            served.setdefault(upstream, []).append(name)
    return served


def _hold_names(loaded: Loaded, mount: Mount) -> None:
    for model in mount.models:
        if reason := mount.protocol.unusable(model):
            raise loaded.wrong(("model", model), f"{mount.protocol.name} cannot serve it: {reason}", "rename it")
