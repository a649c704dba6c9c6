"""The first look at a request: who asks, and for what (`lua/ask.lua`, filled in)."""

from __future__ import annotations

from typing import Any

from garrison.gateway.envoy import names
from garrison.gateway.envoy.bounds import bounds_table
from garrison.gateway.envoy.lua_text import literal, shipped
from garrison.gateway.envoy.plan import Mount, Plan
from garrison.gateway.envoy.responses import upstream_errors
from garrison.gateway.envoy.slots import Kind, draft
from garrison.gateway.envoy.tokens import REFUSED, verified_by
from garrison.gateway.envoy.tree import Leaf, Tree
from garrison.gateway.envoy.typed import Json, lua
from garrison.gateway.file.form import Jwt
from garrison.gateway.keys.secret import PREFIX
from garrison.gateway.protocols.route import Route
from garrison.policy.actions import Action
from garrison.policy.identity import LUA, TokenRules


def ask(plan: Plan) -> Json:
    """The filter that finds out who asks for what, and hands it on in headers that clients cannot set."""
    return lua(names.ASK, code(plan))


def code(plan: Plan) -> str:
    """Its Lua."""
    tree, leaves = tree_of(plan).as_lua()
    identity = plan.gateway.identity
    filled = {
        "TREE": tree,
        "LEAVES": leaves,
        "MOUNTS": {mount.name: mount_table(mount, plan) for mount in plan.mounts},
        "DEFAULT_PROTOCOL": plan.mounts[0].protocol.name if len(plan.mounts) == 1 else None,
        "KEYS_TEXT": "".join(
            f"{k.digest} {k.expires} {k.role} {k.client}\n" for k in sorted(plan.keys, key=lambda k: k.digest)
        ),
        "KEY_HEADER": identity.keys.header if identity.keys else "x-api-key",
        "KEY_MARK": PREFIX,
        "ISSUERS": [
            {"header": header, "refused": REFUSED + name, **token_rules(name, identity.jwt[name]).for_lua(plan.roles)}
            for name, header in verified_by(plan).items()
        ],
        "CERTIFICATES": [rule.for_lua() for rule in identity.certificate],
        "CHALLENGE": 'Bearer realm="garrison"',
        "LIMITS": limits_table(plan, "client", "role", "model"),
        "BOUNDS": bounds_table(plan.gateway),
        "SHUT": plan.shut or None,
        "TELL": plan.has_residue,
    }
    values = "\n".join(f"local {name} = {literal(value)}" for name, value in filled.items())
    read = (shipped("sha256"), LUA.read_text(encoding="utf-8"))
    return "\n".join([upstream_errors(plan), *read, values, shipped("limit"), shipped("timeout"), shipped("ask")])


def tree_of(plan: Plan) -> Tree:
    """All routes of all that is mounted."""
    tree = Tree()
    for mount in plan.mounts:
        for route in mount.protocol.routes:
            unfit = route.action is Action.INFER and not fits(route)
            tree.add(mount.prefix, Leaf(mount=mount.name, protocol=mount.protocol.name, route=route, unfit=unfit))
    return tree


def fits(route: Route) -> bool:
    """Whether a schema and a response policy can be enforced on what goes along a route."""
    return route.can_validate and route.can_reshape and route.decides_model


def mount_table(mount: Mount, plan: Plan) -> dict[str, Any]:
    """What Lua has to know of a mount."""
    return {
        "models": dict.fromkeys(mount.models, True),
        "guarded": {model: True for model in mount.models if plan.guarded(model)},
        "shaped": {model: True for model in mount.models if plan.gateway.model[model].response},
        "server": mount.server or None,
        "only": mount.only or None,
    }


def limits_table(plan: Plan, *kinds: Kind) -> dict[str, dict[str, Any]]:
    """What Lua has to know of the limits that not all have (`lua/limit.lua`): texts, which cost it no time until they are used."""
    slots, rates = plan.slots, plan.rates
    found: dict[str, dict[str, Any]] = {}
    for kind in filter(rates.get, kinds):
        drafts = {rate: draft(slots, kind, rate) for rate in set(rates[kind].values())}
        drawn = {name: drafts[rate] for name, rate in rates[kind].items()}
        found[kind] = {
            "header": names.LIMIT + kind,
            "buckets": {name: one.label for name, one in drawn.items()},
            "costs": {name: str(one.cost) for name, one in drawn.items()},
            "waits": {name: str(one.wait_s) for name, one in drawn.items() if one.wait_s > 1},
        }
    return found


def token_rules(name: str, jwt: Jwt) -> TokenRules:
    """What the claims of an issuer's tokens mean."""
    return TokenRules(
        name=name,
        client_claim=tuple(jwt.client.split(".")),
        role_claim=tuple(jwt.role.split(".")),
        roles=tuple(jwt.roles.items()),
        require=tuple((tuple(claim.split(".")), value) for claim, value in sorted(jwt.require.items())),
    )
