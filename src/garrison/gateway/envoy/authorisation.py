"""Who may do what, as Envoy decides it: the table of permissions, and the verdict that must stand at the end.

The table is one look-up per level: model, action, role. What is not in it is denied. Headers can carry it because those
of clients are gone before the first filter runs; should our Lua fail, no header is set and nothing is in the table.
"""

from __future__ import annotations

from typing import Any, Final

from garrison.gateway.envoy import names
from garrison.gateway.envoy.plan import Permission, Plan
from garrison.gateway.envoy.typed import HEADER_MUTATION, RBAC, Json, exactly, extension, typed

DENIED = "not-permitted"


def table(plan: Plan) -> Json:
    """The filter that lets pass what is permitted, and nothing while the gateway is shut."""
    nested: dict[str, dict[str, list[Permission]]] = {}
    for permission in () if plan.shut else sorted(plan.permissions):
        nested.setdefault(permission.model, {}).setdefault(permission.action, []).append(permission)
    models = {
        model: _matcher(exactly(names.ACTION, {action: _matcher(_callers(some)) for action, some in actions.items()}))
        for model, actions in nested.items()
    }
    # A tree without branches is no valid configuration; where nothing is permitted only the answer is left.
    matcher = {**exactly(names.MODEL, models), **_OTHERWISE} if models else _OTHERWISE
    return extension(names.TABLE, RBAC, matcher=matcher)


def _callers(alike: list[Permission]) -> Json:
    """Clients that are told apart by name, then everybody by role."""
    by_client: dict[str, list[Permission]] = {}
    for permission in alike:
        by_client.setdefault(permission.client, []).append(permission)
    everybody = by_client.pop("", [])
    if not by_client:
        return _roles(everybody)
    clients = {client: _matcher(_roles(some)) for client, some in by_client.items()}
    return {**exactly(names.CLIENT, clients), "on_no_match": _matcher(_roles(everybody))}


def _roles(alike: list[Permission]) -> Json:
    """Everything about one caller: a role that is not in it must not be looked for further on."""
    allowed = {p.role: _verdict("permitted", "ALLOW") for p in alike if not p.denied}
    return {**exactly(names.ROLE, allowed), **_OTHERWISE} if allowed else _OTHERWISE


def _matcher(nested: Json) -> Json:
    return {"matcher": nested}


def _verdict(name: str, action: str) -> Json:
    return {"action": extension(name, "envoy.config.rbac.v3.Action", name=name, action=action)}


_OTHERWISE: Final[Json] = {"on_no_match": _verdict(DENIED, "DENY")}


def require() -> Json:
    """The last filter before the router: nothing passes on which not all was decided.

    A Lua filter that fails lets a request pass; this one does not, as only what went well sets the verdict.
    """
    return extension(names.REQUIRE, RBAC, rules=_rules(names.CHECKED))


def require_asked() -> Json:
    """What holds on routes whose bodies are not looked into."""
    return typed("envoy.extensions.filters.http.rbac.v3.RBACPerRoute", rbac={"rules": _rules(names.ASKED)})


def _rules(verdict: str) -> dict[str, Any]:
    permission = {"header": {"name": names.VERDICT, "string_match": {"exact": verdict}}}
    return {
        "action": "ALLOW",
        "policies": {verdict: {"permissions": [permission], "principals": [{"any": True}]}},
    }


def mark() -> Json:
    """Says, for the log, that a request passed all filters: what does not carry it was refused. Upstreams are told of no limits."""
    header = {"header": {"key": names.DECISION, "value": "allow"}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
    told = {"remove_on_match": {"key_matcher": {"prefix": names.LIMIT}}}
    return extension(names.MARK, HEADER_MUTATION, mutations={"request_mutations": [{"append": header}, told]})
