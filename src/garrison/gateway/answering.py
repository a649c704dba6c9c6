"""Whether a model can be asked for something at all, whatever policies say: along which routes, and what is refused on all of them."""

from __future__ import annotations

from collections.abc import Iterator

from garrison.gateway.envoy.ask import fits
from garrison.gateway.envoy.names import SERVER
from garrison.gateway.envoy.plan import Mount, Plan
from garrison.gateway.protocols.route import ModelIn, Route
from garrison.policy.actions import Action


def never(plan: Plan, subject: str, action: Action) -> str:
    """Why no request for this is let through; "" if some can be. A subject is a model, or a server with an @ before its name."""
    found = list(_routes(plan, subject, action))
    if not found:
        spoken = sorted({mount.protocol.name for mount in plan.mounts if _has(mount, subject)})
        said = f"no request of {' or '.join(spoken)} is {action}"
        return (
            said if spoken else "several upstreams speak its protocol at one place, and no request tells which is meant"
        )
    guarded = action is Action.INFER and subject in plan.gateway.model and plan.guarded(subject)
    if guarded and not any(fits(route) for _, route in found):
        return f"its {_rules(plan, subject)} cannot be enforced on {_spoken(found)}"
    return ""


def refused_on(plan: Plan, model: str) -> str:
    """The protocols on which every request to infer is refused, though not on all; "" if there are none."""
    found = [way for way in _routes(plan, model, Action.INFER) if plan.guarded(model)]
    fit = {mount.name for mount, route in found if fits(route)}
    return _spoken([way for way in found if way[0].name not in fit]) if fit else ""


def unanswering(plan: Plan) -> Iterator[str]:
    """What to say of models that can answer nobody, although something is said of what they take and answer."""
    for name in plan.gateway.model:
        if plan.guarded(name) and not plan.gateway.batch and (why := never(plan, name, Action.INFER)):
            yield f"model {name} answers nobody, as every request to infer is refused: {why}"


def _routes(plan: Plan, subject: str, action: Action) -> Iterator[tuple[Mount, Route]]:
    for mount in plan.mounts:
        for route in mount.protocol.routes if _has(mount, subject) else ():
            if route.action is action and (route.model is ModelIn.NONE) is subject.startswith(SERVER):
                yield mount, route


def _has(mount: Mount, subject: str) -> bool:
    return subject in mount.models or subject == f"{SERVER}{mount.server}"


def _spoken(found: list[tuple[Mount, Route]]) -> str:
    return " or ".join(sorted({mount.protocol.name for mount, _ in found}))


def _rules(plan: Plan, model: str) -> str:
    said = plan.gateway.model[model]
    names = [name for name, value in (("schema", said.schema), ("response policy", said.response)) if value]
    return " and ".join(names)
