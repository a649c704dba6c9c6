"""Where container images lie."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, ClassVar

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.assets.grants import AccessGrant, allowed_to_anyone, granted_to_anyone
from garrison.estate.relations import By, Relation
from garrison.estate.truth import Truth
from garrison.estate.values import Value

_PUSHES = (
    "ecr:PutImage", "ecr:InitiateLayerUpload", "ecr:BatchDeleteImage", "ecr:SetRepositoryPolicy",
    "ecr:DeleteRepository",
)  # fmt: skip
_PUSH_ROLE = r"roles/(artifactregistry\..*([wW]riter|[aA]dmin)|editor|owner)$"


class Registry(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """ECR repository, Artifact Registry repository, Azure Container Registry."""

    stores: ClassVar[bool] = True

    immutable_tags: Truth = UNMAPPED_TRUTH  # a tag once pushed stays what it is
    scans: Truth = UNMAPPED_TRUTH  # what is pushed is searched for known weaknesses
    policy: Value = UNMAPPED
    anonymous_pull: Truth = UNMAPPED_TRUTH  # the registry itself hands out images without credentials
    shared_login: Truth = UNMAPPED_TRUTH  # one user name and password for all, with the right to push
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own
    grants: tuple[AccessGrant, ...] = ()

    @cached_property
    def public_pull(self) -> Truth:
        """Whether everybody can pull its images."""
        return self.anonymous_pull | allowed_to_anyone(self.policy) | granted_to_anyone(self.grants)

    @cached_property
    def public_push(self) -> Truth:
        """Whether everybody can push, delete or open it further."""
        return allowed_to_anyone(self.policy, *_PUSHES) | granted_to_anyone(self.grants, _PUSH_ROLE)

    @property
    def public(self) -> Truth:
        return self.public_pull
