"""Data stores: databases, caches, search indexes, streams, file systems."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, ClassVar

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.assets.grants import AccessGrant, allowed_to_anyone, granted_to_anyone
from garrison.estate.assets.keys import written_here
from garrison.estate.relations import By, Relation, To
from garrison.estate.truth import Truth
from garrison.estate.values import Value


class Database(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """RDS, Aurora, DocumentDB, Neptune, Redshift, DynamoDB, Cloud SQL, BigQuery, Azure SQL, PostgreSQL, Cosmos DB."""

    stores: ClassVar[bool] = True

    public_address: Truth = UNMAPPED_TRUTH  # its endpoint has an address on the internet
    any_address: Truth = UNMAPPED_TRUTH  # its own filter lets every address in, or it has none (security groups do)
    encrypted: Truth = UNMAPPED_TRUTH  # its storage is
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own
    refuses_plain: Truth = UNMAPPED_TRUTH  # takes no connection without TLS
    password: Value = UNMAPPED  # of its administrator
    recoverable: Truth = UNMAPPED_TRUTH  # it can be put back to an earlier time
    grants: tuple[AccessGrant, ...] = ()
    subnet: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    firewalls: Annotated[Value, By(Relation.SHIELDS)] = UNMAPPED

    @cached_property
    def password_in_code(self) -> Truth:
        """Whether the administrator's password is written in the code."""
        return written_here(self.password)

    @cached_property
    def open_to_anyone(self) -> Truth:
        """Whether a binding gives everybody its data."""
        return granted_to_anyone(self.grants)

    @property
    def public(self) -> Truth:
        return (self.public_address & self.any_address) | self.open_to_anyone


class Cache(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Redis, Valkey or Memcached as a service: the online feature store, sessions, prompts and answers."""

    stores: ClassVar[bool] = True

    private_only: Truth = UNMAPPED_TRUTH  # its endpoint has no address on the internet
    authenticates: Truth = UNMAPPED_TRUTH  # asks its clients who they are
    encrypts_transit: Truth = UNMAPPED_TRUTH  # takes no connection without TLS
    encrypted: Truth = UNMAPPED_TRUTH  # what it writes to disk is
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own
    subnet: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    firewalls: Annotated[Value, By(Relation.SHIELDS)] = UNMAPPED

    @property
    def public(self) -> Truth:
        return ~self.private_only & ~self.authenticates


class SearchIndex(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """OpenSearch, Azure AI Search, Vertex AI Vector Search: where embeddings and documents for retrieval lie."""

    stores: ClassVar[bool] = True

    private_only: Truth = UNMAPPED_TRUTH  # its endpoint has no address on the internet
    policy: Value = UNMAPPED
    authenticates: Truth = UNMAPPED_TRUTH  # asks for users of its own, beside its policy
    encrypted: Truth = UNMAPPED_TRUTH
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own
    encrypts_between_nodes: Truth = UNMAPPED_TRUTH
    refuses_plain: Truth = UNMAPPED_TRUTH  # takes no connection without TLS
    shared_keys: Truth = UNMAPPED_TRUTH  # takes keys that are not bound to a person or a role
    subnet: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    firewalls: Annotated[Value, By(Relation.SHIELDS)] = UNMAPPED

    @cached_property
    def open_policy(self) -> Truth:
        """Whether its policy lets everybody who reaches it ask and change it."""
        return allowed_to_anyone(self.policy)

    @property
    def public(self) -> Truth:
        return self.open_policy & ~self.authenticates & ~self.private_only


class SearchNetwork(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """From where the collections of a serverless search service are reached: its network policy."""

    policy: Value = UNMAPPED  # JSON, as a text or as what it says

    @cached_property
    def from_anywhere(self) -> Truth:
        """Whether it lets requests in from the internet (who asks is decided elsewhere)."""
        said = self.policy.any(lambda rule: rule.child("AllowFromPublic").equals(True))
        written = self.policy.matches(r'"AllowFromPublic"\s*:\s*true') | self.policy.contains('"AllowFromPublic":true')
        return said | written


class Stream(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Kinesis, Firehose, MSK, SQS, SNS, Pub/Sub, Event Hubs: what carries events to features and predictions away."""

    stores: ClassVar[bool] = True

    policy: Value = UNMAPPED
    public_address: Truth = UNMAPPED_TRUTH  # its endpoint has an address on the internet beside the provider's API
    unauthenticated: Truth = UNMAPPED_TRUTH  # its brokers take clients that do not say who they are
    encrypted: Truth = UNMAPPED_TRUTH  # what waits in it is
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own
    refuses_plain: Truth = UNMAPPED_TRUTH  # takes no connection without TLS
    target: Annotated[Value, To(Relation.WRITES)] = UNMAPPED  # the bucket a delivery stream writes to
    grants: tuple[AccessGrant, ...] = ()
    subnet: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    firewalls: Annotated[Value, By(Relation.SHIELDS)] = UNMAPPED

    @cached_property
    def open_to_anyone(self) -> Truth:
        """Whether a policy or a binding lets everybody read from it or write to it."""
        return allowed_to_anyone(self.policy) | granted_to_anyone(self.grants)

    @property
    def public(self) -> Truth:
        return self.open_to_anyone | (self.public_address & self.unauthenticated)


class FileSystem(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """EFS, FSx, Filestore: what training jobs and notebooks mount."""

    stores: ClassVar[bool] = True

    encrypted: Truth = UNMAPPED_TRUTH
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own
    policy: Value = UNMAPPED
    firewalls: Annotated[Value, By(Relation.SHIELDS)] = UNMAPPED
