"""Decisions: Cedar is asked, nothing is translated.

`decide` answers one request in full. `decide_ahead` answers for every request of a role, an action and a model at once, if
their policies say the same whatever the context: else the answer is a residue, which has to be decided request by request.

A policy whose condition fails to evaluate is skipped by Cedar, so that a `forbid` that errs forbids nothing. Here a request is
allowed only if Cedar allows it and nothing erred. Cedar's partial evaluation is experimental and promises nothing; an allowance
ahead of time is therefore asked for once more, in full, and a difference is an error.
"""

from __future__ import annotations

import datetime as dt
import enum
import functools
import itertools
import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import msgspec

from garrison.errors import ConfigError, UsageError, nearest
from garrison.policy.actions import Action
from garrison.policy.policies import Policies, Policy
from garrison.policy.request import (
    Json,
    Model,
    Request,
    client_entity,
    context,
    euid,
    model_entities,
    role_entities,
    unknown_client,
    written,
)

if TYPE_CHECKING:
    import cedarpy

_KEPT: Final = 8192  # clients whose entities stay parsed
# Any moment will do: it is where a decision that holds for all of them is looked at a second time.
_MOMENT: Final = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


class Outcome(enum.StrEnum):
    """What a policy says."""

    ALLOW = "allow"
    DENY = "deny"
    RESIDUE = "residue"  # it depends on the request


class Decision(msgspec.Struct, frozen=True):
    """An answer, and the policies that made it: of a residue, those that it depends on."""

    outcome: Outcome
    policies: tuple[Policy, ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        return self.outcome is Outcome.ALLOW

    @property
    def reason(self) -> str:
        """In words."""
        named = ", ".join(str(p) for p in self.policies)
        if self.errors:
            return f"a policy failed: {'; '.join(self.errors)}"
        if self.outcome is Outcome.RESIDUE:
            return f"it depends on the request: {named}"
        if self.outcome is Outcome.ALLOW:
            return f"permitted by {named}"
        return f"forbidden by {named}" if named else "no policy permits it"


class _Slice(msgspec.Struct, frozen=True):
    """Some policies as Cedar has parsed them; it calls them policy0, policy1, and so on."""

    policies: tuple[Policy, ...]
    parsed: cedarpy.PolicySet
    names: frozenset[str]  # the types of the entities that they name

    @classmethod
    def of(cls, policies: Iterable[Policy]) -> _Slice:
        import cedarpy

        some = tuple(policies)
        names = frozenset(entity.type for policy in some for entity in policy.names)
        return cls(some, cedarpy.PolicySet.from_str("\n".join(p.text for p in some)), names)

    def told(self, ids: Iterable[str]) -> tuple[Policy, ...]:
        """The policies of these ids, in the order of their files."""
        some = (self.policies[int(i.removeprefix("policy"))] for i in ids)
        return tuple(sorted(some, key=lambda policy: (policy.path, policy.line)))

    def errors(self, said: Iterable[str]) -> tuple[str, ...]:
        """Cedar's errors, with the policies' own names."""
        return tuple(re.sub(r"`policy(\d+)`", lambda m: str(self.policies[int(m[1])]), text) for text in said)


class Judge:
    """Policies and models, parsed once and asked many times."""

    def __init__(self, policies: Policies, models: Iterable[Model]) -> None:
        import cedarpy

        self.policies, self.vocabulary = policies, policies.vocabulary
        self.models = {model.name: model for model in models}
        self._schema = cedarpy.Schema.from_str(self.vocabulary.schema())
        self._around = {role: self.vocabulary.around(role) for role in self.vocabulary.role}
        self._by_action = {
            action: _Slice.of(p for p in policies.policies if p.scope.concerns_action(action)) for action in Action
        }
        # By the client and the model of their scope, None for any.
        self._about: dict[tuple[Action, str | None, str | None], list[Policy]] = {}
        for action, slice_ in self._by_action.items():
            for policy in slice_.policies:
                self._about.setdefault((action, policy.scope.client, policy.scope.model), []).append(policy)
        self._slices: dict[tuple[str, ...], _Slice] = {}
        self._ahead: dict[tuple[object, ...], Decision] = {}
        named = policies.named("Client")
        self._nobody = next(name for n in itertools.count() if (name := f"somebody-{n}") not in named)
        self._known = functools.lru_cache(_KEPT)(self._known_entities)
        self._unknown = functools.lru_cache(1)(self._unknown_entities)

    def decide(self, request: Request) -> Decision:
        """The answer to one request: allow or deny.

        Raises UsageError for a role or a model that is not listed, ValueError for a request that is not of the schema.
        """
        self._check_listed(request.role, request.model)
        slice_ = self._by_action[request.action]
        said = self._asked(slice_, request)
        errors = slice_.errors(said.diagnostics.errors)
        if said.decision.value == "NoDecision":
            raise ValueError("; ".join(errors))
        outcome = Outcome.ALLOW if said.allowed and not errors else Outcome.DENY
        return Decision(outcome, slice_.told(said.diagnostics.reasons), errors)

    def decide_ahead(self, role: str, action: Action, model: str, client: str = "") -> Decision:
        """The answer to all requests of a role at once: of one client, or of all clients that no policy names.

        Raises UsageError for a role or a model that is not listed.
        """
        self._check_listed(role, model)
        known, name = self.models[model], client or self._nobody
        slice_ = self._concerned(role, action, known, name)
        # What policies do not name, they cannot tell from another of its kind.
        told_apart = (name if "Client" in slice_.names else "", model if "Model" in slice_.names else "")
        key = (id(slice_), role, action, known.labels, told_apart)
        if key not in self._ahead:
            self._ahead[key] = self._decide_ahead(slice_, role, action, model, name)
        return self._ahead[key]

    def _decide_ahead(self, slice_: _Slice, role: str, action: Action, model: str, name: str) -> Decision:
        import cedarpy

        if not slice_.policies:
            return Decision(Outcome.DENY)
        asked: dict[str, Any] = {
            "principal": written("Client", name), "action": written("Action", action),
            "resource": written("Model", model), "context": None,
        }  # fmt: skip
        said = cedarpy.is_authorized_partial(asked, slice_.parsed, self._unknown(name, role, model), self._schema)
        left, errors = said.diagnostics.nontrivial_residuals, said.diagnostics.errors
        if errors or said.decision.value == "NoDecision":
            return Decision(Outcome.RESIDUE, slice_.told(left), slice_.errors(errors))
        if said.allowed and left:  # permits that are not needed, but may err
            return Decision(Outcome.RESIDUE, slice_.told(left))
        if said.allowed:
            self._check_in_full(slice_, Request(client=name, role=role, action=action, model=model, now=_MOMENT))
        outcome = Outcome.ALLOW if said.allowed else Outcome.DENY
        return Decision(outcome, slice_.told(said.diagnostics.must_be_determining))

    def _asked(self, slice_: _Slice, request: Request) -> cedarpy.AuthzResult:
        import cedarpy

        entities = self._known(request.client, request.role, request.login, request.issuer, request.model)
        asked = {
            "principal": euid("Client", request.client), "action": euid("Action", request.action),
            "resource": euid("Model", request.model),
            "context": msgspec.json.encode(context(request, self.vocabulary)).decode(),
        }  # fmt: skip
        return cedarpy.is_authorized(asked, slice_.parsed, entities, self._schema)

    def _check_in_full(self, slice_: _Slice, request: Request) -> None:
        said = self._asked(slice_, request)
        if not said.allowed or said.diagnostics.errors:
            raise ConfigError(
                f"Cedar lets {request.role} {request.action} {request.model} when asked in part, but not when asked in full",
                hint="install the release of cedarpy that Garrison's lock file names",
            )

    def _check_listed(self, role: str, model: str) -> None:
        for kind, name, listed in (("role", role, self._around), ("model", model, self.models)):
            if name not in listed:
                hint = nearest(name, listed, f"one of: {', '.join(itertools.islice(listed, 10))}")
                raise UsageError(f"no {kind} is called {name}", hint=hint)

    def _concerned(self, role: str, action: Action, model: Model, client: str) -> _Slice:
        """The policies whose scope is about them."""
        some = [
            policy
            for about in itertools.product((None, client), (None, model.name))
            for policy in self._about.get((action, *about), ())
            if policy.scope.concerns_principal(client, self._around[role])
            and policy.scope.concerns_model(model.name, model.labels)
        ]
        key = tuple(p.id for p in some)
        if key not in self._slices:
            self._slices[key] = _Slice.of(some)
        return self._slices[key]

    def _known_entities(self, client: str, role: str, login: str, issuer: str, model: str) -> cedarpy.Entities:
        return self._parsed([client_entity(client, role, login, issuer)], role, model)

    def _unknown_entities(self, client: str, role: str, model: str) -> cedarpy.Entities:
        return self._parsed([unknown_client(client, role)], role, model)

    def _parsed(self, client: list[Json], role: str, model: str) -> cedarpy.Entities:
        import cedarpy

        said = [*client, *role_entities(self.vocabulary, role), *model_entities(self.models[model])]
        return cedarpy.Entities.from_json_str(json.dumps(said), self._schema)
