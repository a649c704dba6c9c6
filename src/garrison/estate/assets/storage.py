"""Where data and models lie."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, ClassVar

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.assets.grants import AccessGrant, allowed_to_anyone, granted_to_anyone
from garrison.estate.policies import Statement, statements
from garrison.estate.relations import By, Relation, To
from garrison.estate.truth import Truth, any_of
from garrison.estate.values import Value

_GOOGLE_PUBLIC = ("publicRead", "publicReadWrite", "authenticatedRead")  # canned ACLs of Cloud Storage
_READS = ("s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions")
_WRITES = (
    "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectAcl", "s3:PutBucketAcl",
    "s3:PutBucketPolicy", "s3:ReplicateObject",
)  # fmt: skip
# What decides who may do what; AWS Security Hub's S3.6 asks of every one that no other account has it.
_RULES = (
    "s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutBucketAcl", "s3:PutObjectAcl", "s3:PutEncryptionConfiguration",
)  # fmt: skip
# Permissions of S3's and Google's ACLs, and Google's roles.
_READ_GRANT = (
    r"^(READ|FULL_CONTROL|READER|OWNER)$"
    r"|^roles/(storage\..*([vV]iewer|[aA]dmin|[rR]eader|[oO]wner|[uU]ser)|viewer|editor|owner)$"
)
_WRITE_GRANT = (
    r"^(WRITE|WRITE_ACP|FULL_CONTROL|WRITER|OWNER)$"
    r"|^roles/(storage\..*([cC]reator|[aA]dmin|[wW]riter|[oO]wner|[uU]ser)|editor|owner)$"
)


class Bucket(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """An object store: S3 bucket, GCS bucket, Azure storage account and the containers in it."""

    stores: ClassVar[bool] = True

    acl: Value = UNMAPPED  # a canned ACL: private, public-read, public-read-write, authenticated-read, ...
    acls_disabled: Truth = UNMAPPED_TRUTH  # ACLs have no effect: only policies and IAM decide
    policy: Value = UNMAPPED
    blocks_public_acls: Truth = UNMAPPED_TRUTH  # a new public ACL is refused
    ignores_public_acls: Truth = UNMAPPED_TRUTH  # a public ACL has no effect
    refuses_public_policy: Truth = UNMAPPED_TRUTH  # a new public policy is refused
    blocks_public_policy: Truth = UNMAPPED_TRUTH  # a public policy or binding has no effect for strangers
    block_said: Truth = UNMAPPED_TRUTH  # whether the code says anything of blocking public access
    anonymous_access: Truth = UNMAPPED_TRUTH  # the store itself hands out objects without credentials
    encryption: Value = UNMAPPED  # the algorithm
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own
    versioned: Truth = UNMAPPED_TRUTH
    locked: Truth = UNMAPPED_TRUTH  # objects cannot be changed or deleted for a time
    refuses_plain: Truth = UNMAPPED_TRUTH  # the store itself takes no request without TLS
    logged: Truth = UNMAPPED_TRUTH  # who reads and writes objects is recorded
    log_target: Annotated[Value, To(Relation.LOGS_TO)] = UNMAPPED
    account: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED  # the storage account a container is in
    grants: tuple[AccessGrant, ...] = ()  # those that ACLs and IAM bindings name

    @cached_property
    def public_read(self) -> Truth:
        """Whether anybody can read or list objects, by ACL, policy, binding, or because the store hands them out."""
        canned = self.acl.one_of(("public-read", "public-read-write", "authenticated-read", *_GOOGLE_PUBLIC))
        return self._open(canned, _READ_GRANT, _READS) | self.anonymous_access

    @cached_property
    def public_write(self) -> Truth:
        """Whether anybody can change or delete objects, or who may."""
        return self._open(self.acl.one_of(("public-read-write", "publicReadWrite")), _WRITE_GRANT, _WRITES)

    def _open(self, canned: Truth, grant: str, actions: tuple[str, ...]) -> Truth:
        """Each way in counts only where nothing closes it."""
        acl = canned & ~self.ignores_public_acls & ~self.acls_disabled
        bound = granted_to_anyone(self.grants, grant) & ~self.ignores_public_acls
        return acl | bound | (allowed_to_anyone(self.policy, *actions) & ~self.blocks_public_policy)

    @cached_property
    def tls_only(self) -> Truth:
        """Whether requests without TLS are refused, by the store or by its policy."""
        return self.refuses_plain | any_of(_refuses_plain(s) for s in statements(self.policy))

    @cached_property
    def ruled_by_others(self) -> Truth:
        """Whether its policy lets an account that is named by its number change who may do what with it."""
        return any_of(
            s.names_account & ~s.narrowed & any_of(s.permits(action) for action in _RULES)
            for s in statements(self.policy)
        )

    @property
    def public(self) -> Truth:
        return self.public_read | self.public_write


def _refuses_plain(statement: Statement) -> Truth:
    """Whether a statement denies everybody all that does not come over TLS."""
    plain = any_of(
        c.key.matches("(?i)^aws:SecureTransport$") & c.values.any(lambda v: v.one_of((False, "false")))
        for c in statement.clauses
    )
    return statement.effect.equals("Deny") & statement.principals.any(lambda p: p.equals("*")) & plain
