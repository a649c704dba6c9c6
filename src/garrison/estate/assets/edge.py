"""What stands between the internet and what serves: content delivery networks, and doors to stores."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.assets.grants import allowed_to_anyone
from garrison.estate.relations import By, Relation, To
from garrison.estate.truth import Truth
from garrison.estate.values import Value


class Distribution(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A content delivery network before a site, an interface or a bucket: a CloudFront distribution."""

    origins: Annotated[Value, To(Relation.ROUTES_TO)] = UNMAPPED
    takes_plain: Truth = UNMAPPED_TRUTH  # answers requests without TLS, instead of redirecting them
    plain_to_origin: Truth = UNMAPPED_TRUTH  # may ask its origin without TLS
    tls_floor: Value = UNMAPPED  # TLSv1, TLSv1.2_2021, ...
    logged: Truth = UNMAPPED_TRUTH
    firewalled: Truth = UNMAPPED_TRUTH  # a web application firewall stands before it

    @property
    def public(self) -> Truth:
        return Truth(True)


class AccessPoint(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A door of its own to a bucket, with a policy of its own: an S3 access point."""

    bucket: Annotated[Value, To(Relation.ROUTES_TO)] = UNMAPPED
    policy: Value = UNMAPPED
    blocks_public_policy: Truth = UNMAPPED_TRUTH  # a public policy has no effect for strangers
    network: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED  # the only one that reaches it

    @cached_property
    def open_to_anyone(self) -> Truth:
        """Whether everybody gets in by it, as far as the bucket's own policy lets it."""
        return allowed_to_anyone(self.policy) & ~self.blocks_public_policy & self.network.is_absent()

    @property
    def public(self) -> Truth:
        return self.open_to_anyone


class SharedCopy(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A snapshot or machine image that others may copy."""

    shared_with: Value = UNMAPPED  # account numbers; "all" is everybody

    @cached_property
    def with_everybody(self) -> Truth:
        """Whether every account may copy it."""
        return self.shared_with.any(lambda w: w.equals("all"))

    @property
    def public(self) -> Truth:
        return self.with_everybody
