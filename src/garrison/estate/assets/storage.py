"""Where data and models lie."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, ClassVar

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.policies import statements
from garrison.estate.relations import By, Relation, To
from garrison.estate.truth import Truth, any_of
from garrison.estate.values import Value

PUBLIC_GRANTEE = r"^allUsers$|^allAuthenticatedUsers$|/(AllUsers|AuthenticatedUsers)$"


class Bucket(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """An object store: S3 bucket, GCS bucket, Azure storage container or account."""

    stores: ClassVar[bool] = True

    acl: Value = UNMAPPED  # a canned ACL: private, public-read, public-read-write, authenticated-read, ...
    grants: Value = UNMAPPED  # those an ACL or IAM binding names: group URIs, members
    policy: Value = UNMAPPED
    ignores_public_acls: Truth = UNMAPPED_TRUTH
    blocks_public_policy: Truth = UNMAPPED_TRUTH
    anonymous_access: Truth = UNMAPPED_TRUTH  # the store itself hands out objects without credentials
    encryption: Value = UNMAPPED
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own
    versioned: Truth = UNMAPPED_TRUTH
    log_target: Annotated[Value, To(Relation.LOGS_TO)] = UNMAPPED

    @cached_property
    def public_read(self) -> Truth:
        """Whether anybody can read objects, by ACL, by policy, or because the store allows anonymous access."""
        by_acl = self.acl.one_of(("public-read", "public-read-write", "authenticated-read"))
        by_acl = by_acl | self.grants.any(lambda g: g.matches(PUBLIC_GRANTEE))
        by_policy = any_of(s.open_to_anyone for s in statements(self.policy))
        return (by_acl & ~self.ignores_public_acls) | (by_policy & ~self.blocks_public_policy) | self.anonymous_access

    @property
    def public(self) -> Truth:
        return self.public_read
