"""Who may do what: roles, users, grants, and the policies they carry."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.policies import Statement, statements
from garrison.estate.relations import By, Relation, To
from garrison.estate.truth import Truth, any_of
from garrison.estate.values import State, Value

ANYBODY = r"^(principal:)?(allUsers|allAuthenticatedUsers)$"
# Managed policies that are, or lead at once to, full administration.
ADMIN_POLICY = r"(^|/)(AdministratorAccess|PowerUserAccess|IAMFullAccess)$"
SAGEMAKER_FULL = r"(^|/)AmazonSageMakerFullAccess$"
# Services that run the code and models of data scientists.
ML_SERVICE = r"^(sagemaker|bedrock|bedrock-agentcore|edge\.sagemaker|personalize|forecast|comprehend)\.amazonaws\.com"
_SUBSCRIPTION = r"^/subscriptions/[^/]+/?$|^/providers/Microsoft\.Management/managementGroups/[^/]+/?$"
_OWNS_ALL = re.compile(r"\bazurerm_(subscription|management_group)\.")
_GIVES_ROLES = r"(?i)^Microsoft\.Authorization/(\*|roleAssignments/(\*|write))$"


class Policy(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A document of permissions: managed, or written into what carries it."""

    document: Value = UNMAPPED
    holder: Annotated[Value, To(Relation.GRANTS)] = UNMAPPED  # the role, user or group it is written into

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """What it says, statement by statement."""
        return statements(self.document)

    @cached_property
    def grants_everything(self) -> Truth:
        """Whether it allows every action on every resource."""
        return any_of(s.grants_everything for s in self.statements)

    def allows_everywhere(self, action: str, service: str, kind: str = "") -> Truth:
        """Whether it allows an action, unconditionally, on every resource of a service or kind; full administration too."""
        return any_of(s.permits(action) & s.every_resource_of(service, kind) & ~s.conditional for s in self.statements)


class Role(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """An identity that programs take on: IAM role, service account, managed identity."""

    trust: Value = UNMAPPED  # the policy that says who may take it on
    managed: Annotated[Value, By(Relation.GRANTS)] = UNMAPPED  # the managed policies it carries
    boundary: Value = UNMAPPED  # a policy that bounds what the others can give
    policies: tuple[Policy, ...] = ()  # written into it

    @cached_property
    def trusted(self) -> tuple[Statement, ...]:
        """Who may take it on, statement by statement."""
        return statements(self.trust)

    @cached_property
    def for_ml(self) -> Truth:
        """Whether a machine-learning service takes it on."""
        return any_of(s.allows & s.services.any(lambda p: p.matches(ML_SERVICE)) for s in self.trusted)

    @cached_property
    def carries_admin(self) -> Truth:
        """Whether a managed policy of the provider's makes it an administrator."""
        return self.carries(ADMIN_POLICY) & self.boundary.is_absent()

    def carries(self, pattern: str) -> Truth:
        """Whether it carries a managed policy whose ARN or name matches a regular expression."""
        return self.managed.any(lambda p: like(p, pattern))

    @cached_property
    def open_trust(self) -> Truth:
        """Whether anybody with an account at the provider can take it on."""
        return any_of(s.open_to_anyone for s in self.trusted)

    @cached_property
    def trusts_account(self) -> Truth:
        """Whether an account that is named by its number can take it on, and nothing but that is asked."""
        return any_of(s.allows & s.permits("sts:AssumeRole") & s.names_account & ~s.narrowed for s in self.trusted)


class Provider(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """An outside identity provider whose tokens are trusted: OIDC of GitHub, of a cluster."""

    url: Value = UNMAPPED


class User(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A long-lived identity of a person, or of a program that should have a role."""

    managed: Annotated[Value, By(Relation.GRANTS)] = UNMAPPED  # the managed policies attached to it directly
    policies: tuple[Policy, ...] = ()

    @cached_property
    def carries_admin(self) -> Truth:
        """Whether a managed policy of the provider's makes it an administrator."""
        return self.managed.any(lambda p: like(p, ADMIN_POLICY))


class AccessKey(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A long-lived secret that stands for an identity: IAM access key, key of a service account."""

    identity: Annotated[Value, To(Relation.ASSUMES)] = UNMAPPED
    active: Truth = UNMAPPED_TRUTH


class Grant(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A role given to principals on a scope: an IAM binding of Google's, a role assignment of Azure's."""

    principals: Annotated[Value, To(Relation.GRANTS)] = UNMAPPED  # members, object ids
    role: Value = UNMAPPED  # roles/owner, Contributor
    role_id: Value = UNMAPPED  # Azure: the id of a definition, where no name is said
    scope: Value = UNMAPPED  # project, folder, organisation, subscription, resource
    whole_project: Truth = UNMAPPED_TRUTH  # the scope is a project, a folder or an organisation of Google's

    @cached_property
    def to_anybody(self) -> Truth:
        """Whether everybody, or everybody with an account at the provider, is meant."""
        return self.principals.any(lambda p: p.matches(ANYBODY))

    @cached_property
    def wide(self) -> Truth:
        """Whether its scope is a whole project, folder, organisation, subscription or management group."""
        if self.scope.ref is not None:
            return Truth(_OWNS_ALL.search(self.scope.ref.address) is not None, (self.scope,)) | self.whole_project
        return self.whole_project | like(self.scope, _SUBSCRIPTION)


class CustomRole(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A role that its owner put together: Azure's role definition."""

    actions: Value = UNMAPPED
    exceptions: Value = UNMAPPED  # actions that are taken out again
    scopes: Value = UNMAPPED  # where it can be given

    @cached_property
    def allows_all(self) -> Truth:
        """Whether it allows every action, on whatever it is given."""
        return self.actions.any(lambda a: a.equals("*")) & self.exceptions.is_empty()

    @cached_property
    def gives_itself_more(self) -> Truth:
        """Whether its holder may give roles, and with them take every other."""
        gives = self.actions.any(lambda a: a.matches(_GIVES_ROLES))
        return gives & ~self.exceptions.any(lambda a: a.matches(_GIVES_ROLES))


class PasswordPolicy(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What an account asks of its users' passwords."""

    minimum_length: Value = UNMAPPED
    remembered: Value = UNMAPPED  # how many old passwords cannot be used again


def like(said: Value, pattern: str) -> Truth:
    """Whether a text matches a regular expression at its end, where parts before that may be decided later.

    What is declared in the same files is never one of the provider's own.
    """
    if said.state is not State.UNKNOWN:
        return said.matches(pattern)
    if said.ref is not None:
        return Truth(None if ":data." in said.ref.address else False, (said,))
    parts = said.content if isinstance(said.content, tuple) else ()
    if not parts or not isinstance(parts[-1].content, str):
        return Truth(None, (said,))
    text = "".join(p.content if isinstance(p.content, str) else "x" for p in parts)
    return Truth(re.search(pattern, text) is not None, (said,))
