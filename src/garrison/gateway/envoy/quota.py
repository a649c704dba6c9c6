"""How much a day: who has nothing left is refused, and answers are read for the tokens that they took."""

from __future__ import annotations

from typing import Any

from garrison.gateway.envoy import names
from garrison.gateway.envoy.lua_text import literal, shipped
from garrison.gateway.envoy.plan import Mount, Plan
from garrison.gateway.envoy.typed import LUA_PER_ROUTE, Json, lua, typed
from garrison.gateway.file.form import Quota
from garrison.policy.actions import Action

_OFF = typed(LUA_PER_ROUTE, disabled=True)


def quota(plan: Plan) -> Json | None:
    """The filter that refuses; None where there are no quotas. It alone changes when one is spent."""
    if not plan.budgets.any:
        return None
    spent = plan.spent
    filled: dict[str, Any] = {
        "UNTIL": spent.until,
        "CLIENTS": spent.clients,
        "ROLES": spent.roles,
        "MODELS": spent.models | _over_all(plan, spent.models),
        "PAIRS": spent.pairs | _over_all(plan, spent.pairs),
        "STOPPED": spent.stopped or None,
        "LIMITED": _limited(plan) if spent.stopped else {},
    }
    return lua(names.QUOTA, "\n".join([*(f"local {k} = {literal(v)}" for k, v in filled.items()), shipped("quota")]))


def tokens_told(plan: Plan) -> Json | None:
    """The filter that reads answers; None where no tokens are counted."""
    return lua(names.TOKENS, shipped("tokens")) if any(map(plan.counts_tokens, plan.mounts)) else None


def tokens_on(plan: Plan, mount: Mount, action: Action) -> dict[str, Json]:
    """What a route says of it: it reads what is inferred by a protocol that tells tokens."""
    if not any(map(plan.counts_tokens, plan.mounts)) or (action is Action.INFER and plan.counts_tokens(mount)):
        return {}
    return {names.TOKENS: _OFF}


def _over_all(plan: Plan, spent: dict[str, Any]) -> dict[str, Any]:
    """The same for requests that may speak of each model of a mount: one of which anything is spent stands for all."""
    return {names.EVERY + mount.name: spent[m] for mount in plan.mounts for m in sorted(mount.models) if m in spent}


def _limited(plan: Plan) -> dict[str, Any]:
    """Who has a quota at all."""
    budgets = plan.budgets
    models = dict.fromkeys(sorted({*budgets.model, *budgets.client_model}), True)
    return {
        "everybody": budgets.client != Quota(),
        "clients": dict.fromkeys(sorted(budgets.clients), True),
        "roles": dict.fromkeys(sorted(budgets.role), True),
        "models": models | _over_all(plan, models),
    }
