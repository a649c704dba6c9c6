"""Why a client may do something to a model, or may not: the decision, the policies that made it, and what else holds."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from garrison.errors import UsageError, nearest
from garrison.gateway.answering import never, refused_on
from garrison.gateway.envoy.bounds import of_caller, of_model
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.file.form import Rate
from garrison.gateway.planning import Planned
from garrison.policy.actions import Action
from garrison.policy.decide import Judge, Outcome


class Explanation(msgspec.Struct, frozen=True):
    """A decision in words."""

    outcome: str  # allow, deny, or residue: it depends on the request
    role: str
    client: str
    action: Action
    model: str
    reason: str
    policies: tuple[str, ...]  # file:line of each that decided
    holds: tuple[str, ...]  # what holds for requests that are let through


def explain(made: Planned, *, client: str, role: str, action: Action, model: str) -> Explanation:
    """Explain a decision. Raises UsageError for names that are not listed."""
    if not (role := role or _role_of(made.plan, client)):
        roles = ", ".join(sorted(made.bundle.policies.vocabulary.role))
        raise UsageError(f"the role of {client or 'nobody'} is not known", hint=f"add --role, one of: {roles}")
    names = [subject.name for subject in made.bundle.models]
    if model not in names:
        raise UsageError(f"no model is called {model}", hint=nearest(model, names, f"one of: {', '.join(names[:10])}"))
    told_apart = client if client in made.bundle.policies.named("Client") else ""
    decision = Judge(made.bundle.policies, made.bundle.models).decide_ahead(role, action, model, told_apart)
    refused = "" if decision.outcome is Outcome.DENY else never(made.plan, model, action)
    return Explanation(
        outcome=Outcome.DENY.value if refused else decision.outcome.value,
        role=role,
        client=client,
        action=action,
        model=model,
        reason=f"{decision.reason}, but every request is refused: {refused}" if refused else decision.reason,
        policies=tuple(policy.where for policy in decision.policies),
        holds=tuple(_holds(made.plan, client, role, action, model)),
    )


def _role_of(plan: Plan, client: str) -> str:
    """The role of a client that the file or a key names; "" where only a token could tell."""
    for key in plan.keys:
        if key.client == client:
            return key.role
    return next((rule.role for rule in plan.gateway.identity.certificate if rule.client == client), "")


def _holds(plan: Plan, client: str, role: str, action: Action, model: str) -> Iterable[str]:
    limits, said = plan.gateway.limits, plan.gateway.model.get(model)
    own, alike = limits.clients.get(client), limits.role.get(role)
    yield f"{client}: {_rate(own.rate)}" if own and own.rate else f"each client: {_rate(limits.client)}"
    if alike and alike.rate:
        yield f"all of role {role} together: {_rate(alike.rate)}"
    if action is Action.INFER:
        yield from _quotas(plan, client, role, model)
    if said is None:
        return
    if said.limits.rate:
        yield f"all requests to {model} together: {_rate(said.limits.rate)}"
    if said.limits.concurrent:
        yield f"at most {said.limits.concurrent} requests to {model} at a time"
    held = of_model(plan.gateway, model).and_(of_caller(plan.gateway, role, client))
    yield f"bodies of at most {held.request_kb} KB, answers of at most {held.response_kb} KB within {held.timeout_s:g} s"
    if action is Action.INFER and (spoken := refused_on(plan, model)):
        yield f"every request of {spoken} is refused, as what holds below cannot be enforced on it"
    if action is Action.INFER and said.schema:
        yield f"bodies are held against {said.schema}"
    if action is Action.INFER and said.response is not None:
        yield "answers are written anew under its response policy"


def _quotas(plan: Plan, client: str, role: str, model: str) -> Iterable[str]:
    budgets = plan.budgets
    for whose, quota in (
        (client or "each client", budgets.of_client(client)),
        (f"each client, of {model}", budgets.client_model.get(model)),
        (f"all of role {role} together", budgets.role.get(role)),
        (f"all requests to {model} together", budgets.model.get(model)),
    ):
        amounts = ((quota.requests, "requests"), (quota.tokens, "tokens")) if quota else ()
        if told := " and ".join(f"{most:,} {word}" for most, word in amounts if most is not None):
            yield f"{whose}: {told} a day"


def _rate(rate: Rate) -> str:
    return f"{rate.per_second:g} requests a second, {rate.at_once} at once"
