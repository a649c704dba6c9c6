"""Keys, secrets and the vaults they lie in."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, ClassVar

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.assets.grants import AccessGrant, allowed_to_anyone, granted_to_anyone
from garrison.estate.credentials import credential_in, credential_named
from garrison.estate.facts import Content
from garrison.estate.relations import By, Relation
from garrison.estate.truth import Truth
from garrison.estate.values import State, Value


def written_here(secret: Value) -> Truth:
    """Whether a secret stands in the code. One that something else decides at deploy time does not."""
    if secret.state is State.UNKNOWN and (secret.decided_by or secret.ref is not None):
        return Truth(credential_in(secret).yes, (secret,))
    return credential_named("password", secret)


class Key(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A key that encrypts: KMS, Cloud KMS, a key of an Azure Key Vault."""

    rotates: Truth = UNMAPPED_TRUTH  # by itself, at least once a year
    rotatable: Truth = UNMAPPED_TRUTH  # can rotate by itself: symmetric, and made by the provider
    policy: Value = UNMAPPED
    deletion_days: Value = UNMAPPED  # how long its deletion can be taken back
    grants: tuple[AccessGrant, ...] = ()

    @cached_property
    def open_to_anyone(self) -> Truth:
        """Whether its policy or a binding lets everybody use it."""
        return allowed_to_anyone(self.policy) | granted_to_anyone(self.grants)

    @property
    def public(self) -> Truth:
        return self.open_to_anyone


class Secret(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """One secret in a store for secrets, with the value the code gives it."""

    stores: ClassVar[bool] = True
    keeps: ClassVar[tuple[Content, ...]] = (Content.CREDENTIALS,)

    value: Value = UNMAPPED  # never shown
    rotates: Truth = UNMAPPED_TRUTH
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own
    policy: Value = UNMAPPED
    grants: tuple[AccessGrant, ...] = ()
    vault: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED

    @cached_property
    def written_in_code(self) -> Truth:
        """Whether its value is written in the code."""
        return written_here(self.value)

    @cached_property
    def open_to_anyone(self) -> Truth:
        """Whether its policy or a binding lets everybody read it."""
        return allowed_to_anyone(self.policy) | granted_to_anyone(self.grants)

    @property
    def public(self) -> Truth:
        return self.open_to_anyone


class Vault(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A vault of keys and secrets: Azure Key Vault."""

    stores: ClassVar[bool] = True
    keeps: ClassVar[tuple[Content, ...]] = (Content.CREDENTIALS,)

    purge_protected: Truth = UNMAPPED_TRUTH  # what is deleted cannot be purged before its time
    network_closed: Truth = UNMAPPED_TRUTH  # its endpoint answers to chosen networks only
    role_based: Truth = UNMAPPED_TRUTH  # roles decide on access, not the vault's own policies
