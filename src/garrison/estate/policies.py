"""Policies as one form: statements of values, whoever wrote them and however.

The grammar is that of IAM's JSON policies ("Grammar of the IAM JSON policy language", AWS IAM User Guide); Terraform's
`aws_iam_policy_document` says the same in blocks.
"""

from __future__ import annotations

from typing import Any

import msgspec

from garrison.estate.truth import Truth
from garrison.estate.values import Body, Place, State, Value, absent, dig, known, unknown

_HOLE = "\x01"


class Statement(msgspec.Struct, frozen=True, eq=False, dict=True):
    """One statement. A field that is absent was not said; collections are flat."""

    place: Place | None
    effect: Value
    principals: Value  # every identifier, whatever its type
    not_principals: Value
    actions: Value
    not_actions: Value
    resources: Value
    not_resources: Value
    conditions: Value  # a mapping (operator -> key -> values), or Terraform's condition blocks

    @property
    def allows(self) -> Truth:
        """Whether its effect is Allow."""
        return self.effect.equals("Allow")

    @property
    def conditional(self) -> Truth:
        """Whether it holds only under a condition."""
        return self.conditions.given()

    @property
    def open_to_anyone(self) -> Truth:
        """Whether it allows something to everybody, without a condition."""
        return self.allows & self.principals.any(lambda p: p.equals("*")) & ~self.conditional


def statements(policy: Value) -> tuple[Statement, ...]:
    """The statements of a policy said as text, as a mapping, as a list of either, or as `aws_iam_policy_document`."""
    found: list[Statement] = []
    for document in _documents(policy):
        if document.state is State.UNKNOWN or not isinstance(document.content, Body):
            found.append(_opaque(document))
            continue
        upper = "Statement" in document.content.keys()
        said = document.child("Statement" if upper else "statement")
        found += [_statement(s, upper=upper) for s in said.items()]
        if said.rest is not None or said.state is State.UNKNOWN:
            found.append(_opaque(said.rest or said))
        for key in ("source_policy_documents", "override_policy_documents"):
            found += statements(document.child(key))
    return tuple(found)


def _documents(policy: Value) -> list[Value]:
    """Each document of a policy; nothing for one that is not there."""
    if policy.state is State.ABSENT:
        return []
    if policy.state is State.KNOWN and isinstance(policy.content, tuple):
        found = [d for item in policy.content for d in _documents(item)]
        return found if policy.rest is None else [*found, policy.rest]
    return [_parsed(policy)]


def _statement(said: Value, *, upper: bool) -> Statement:
    if said.state is not State.KNOWN:
        return _opaque(said)
    if upper:
        get, principals, not_principals = said.child, _principals(said, "Principal"), _principals(said, "NotPrincipal")
        names = ("Action", "NotAction", "Resource", "NotResource", "Condition")
    else:
        get = said.child
        principals = dig(said, ("principals", "*", "identifiers", "*"))
        not_principals = dig(said, ("not_principals", "*", "identifiers", "*"))
        names = ("actions", "not_actions", "resources", "not_resources", "condition")
    action, not_action, resource, not_resource, condition = (get(n) for n in names)
    effect = get("Effect" if upper else "effect")
    if not upper:
        effect = effect.or_default("Allow", "the default of aws_iam_policy_document")
    return Statement(
        said.place, effect, principals, not_principals, action, not_action, resource, not_resource, condition
    )


def _principals(said: Value, name: str) -> Value:
    """`"*"`, or the identifiers of every type in a mapping, flat."""
    value = said.child(name)
    if value.state is not State.KNOWN or not isinstance(value.content, Body):
        return value
    found: list[Value] = []
    for _, identifiers in value.content.items():
        found += identifiers.items() if identifiers.state is State.KNOWN else (identifiers,)
    return Value(State.KNOWN, tuple(found), value.place, rest=value.rest)


def _opaque(value: Value) -> Statement:
    """A statement of which nothing is known."""
    hidden = unknown(value.reason or "the policy cannot be read here", value.place, decided_by=value.decided_by)
    return Statement(value.place, hidden, hidden, hidden, hidden, hidden, hidden, hidden, hidden)


def _parsed(policy: Value) -> Value:
    """JSON text to what it means. A hole in it stays one unknown text and does not spoil the rest."""
    if isinstance(policy.content, Body):
        return policy
    pieces = policy.content if isinstance(policy.content, tuple) else (policy,)
    if policy.content is None or not all(isinstance(p.content, str) or p.state is State.UNKNOWN for p in pieces):
        return policy
    text = "".join(
        p.content if p.state is State.KNOWN else f"{_HOLE}{n}{_HOLE}".replace(_HOLE, "\\u0001")
        for n, p in enumerate(pieces)
    )
    try:
        return _structure(msgspec.json.decode(text), pieces, policy)
    except (msgspec.DecodeError, RecursionError):
        if policy.state is State.KNOWN:
            return unknown("the policy is not JSON", policy.place)
        return policy


def _structure(data: Any, pieces: tuple[Value, ...], whole: Value) -> Value:
    if isinstance(data, dict):
        return known(Body.of({k: _structure(v, pieces, whole) for k, v in data.items()}, whole.place), whole.place)
    if isinstance(data, list):
        return known(tuple(_structure(d, pieces, whole) for d in data), whole.place)
    if isinstance(data, str) and _HOLE in data:
        parts = tuple(
            pieces[int(piece)] if n % 2 else known(piece, whole.place)
            for n, piece in enumerate(data.split(_HOLE))
            if n % 2 or piece
        )
        if len(parts) == 1:
            return parts[0]
        return unknown(parts[0].reason or "parts are decided later", whole.place, parts, _deciders(parts))
    return absent(whole.place) if data is None else known(data, whole.place)


def _deciders(parts: tuple[Value, ...]) -> str:
    return ", ".join(dict.fromkeys(p.decided_by for p in parts if p.decided_by))
