"""Who is let in, by an ACL or an IAM binding."""

from __future__ import annotations

from collections.abc import Iterable

from garrison.estate.assets.asset import UNMAPPED, Asset
from garrison.estate.policies import Statement, statements
from garrison.estate.truth import YES, Truth, any_of
from garrison.estate.values import Value

# Google's allUsers and allAuthenticatedUsers; the groups of S3's ACLs, of which the latter is anyone with an account.
PUBLIC_GRANTEE = r"^allUsers$|^allAuthenticatedUsers$|/(AllUsers|AuthenticatedUsers)$"


class AccessGrant(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """One entry of an ACL, or one IAM binding of a resource: who may do what."""

    who: Value = UNMAPPED  # group URIs, members, entities
    what: Value = UNMAPPED  # a permission (READ, FULL_CONTROL) or a role (roles/storage.objectViewer)

    @property
    def to_anyone(self) -> Truth:
        """Whether everybody on the internet, or everybody with an account at the provider, is meant."""
        return self.who.any(lambda w: w.matches(PUBLIC_GRANTEE))

    def gives(self, pattern: str) -> Truth:
        """Whether what is given matches a regular expression."""
        return self.what.any(lambda w: w.matches(pattern))


def granted_to_anyone(grants: Iterable[AccessGrant], pattern: str = "") -> Truth:
    """Whether a grant gives everybody something that matches a regular expression."""
    return any_of(g.exists & g.to_anyone & g.gives(pattern) for g in grants)


def allowed_to_anyone(policy: Value, *actions: str) -> Truth:
    """Whether a policy allows everybody one of these actions (`s3:GetObject`); without them, whichever."""
    return any_of(s.open_to_anyone & _names(s, actions) for s in statements(policy))


def _names(statement: Statement, actions: tuple[str, ...]) -> Truth:
    return any_of(statement.names(action) for action in actions) if actions else YES
