"""The scope of a policy, and whether it can concern a request: those that cannot are not given to Cedar.

That is Cedar's policy slicing (Cutler et al., "Cedar: A New Language for Expressive, Fast, Safe, and Analyzable
Authorization", OOPSLA 2024, section 3.4): a policy whose scope does not match is not satisfied, and cannot err. What is not
understood here is taken to match.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from garrison.policy.actions import Action


class Entity(msgspec.Struct, frozen=True, order=True):
    """A Cedar entity by its type and id."""

    type: str
    id: str


class Scope(msgspec.Struct, frozen=True):
    """What the head of a policy says: the entities that it holds for, None where it holds for any."""

    client: str | None = None  # `principal == Client::"..."`
    role: str | None = None  # `principal in Role::"..."`
    actions: tuple[str, ...] | None = None
    model: str | None = None  # `resource == Model::"..."`
    label: str | None = None  # `resource in Label::"..."`

    def concerns_action(self, action: Action) -> bool:
        return self.actions is None or action in self.actions

    def concerns_principal(self, client: str, roles: Collection[str]) -> bool:
        """Whether a client of these roles, which are those around its own too, can be meant."""
        return self.client in (None, client) and (self.role is None or self.role in roles)

    def concerns_model(self, model: str, labels: Collection[str]) -> bool:
        return self.model in (None, model) and (self.label is None or self.label in labels)


def scope_of(policy: dict[str, Any]) -> Scope:
    """The scope of a policy in Cedar's JSON form (https://docs.cedarpolicy.com/policies/json-format.html)."""
    principal, action, resource = policy["principal"], policy["action"], policy["resource"]
    return Scope(
        client=_named(principal, "==", "Client"),
        role=_named(principal, "in", "Role"),
        actions=None
        if action["op"] == "All"
        else tuple(e["id"] for e in action.get("entities", [action.get("entity")])),
        model=_named(resource, "==", "Model"),
        label=_named(resource, "in", "Label"),
    )


def _named(constraint: dict[str, Any], operator: str, kind: str) -> str | None:
    """The entity of a constraint such as `in Role::"a"` or `is Client in Role::"a"`."""
    if constraint["op"] == "is" and operator == "in":
        constraint = {"op": "in", **constraint.get("in", {})}
    entity = constraint.get("entity", {})
    return entity["id"] if constraint["op"] == operator and entity.get("type") == kind else None
