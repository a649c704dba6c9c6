"""What a data and machine-learning platform declares of itself: Databricks' clusters, settings, tokens and grants."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.assets.grants import AccessGrant
from garrison.estate.literals import credentials
from garrison.estate.relations import By, Relation, To
from garrison.estate.truth import Truth, any_of
from garrison.estate.values import Body, State, Value

# The groups that hold everybody: of a workspace ("users"), and of the account.
_EVERYBODY = r"(?i)^(users|(all )?account users)$"
_CHANGES = r"^(CAN_MANAGE\w*|CAN_EDIT|IS_OWNER|ALL[_ ]PRIVILEGES|MANAGE|MODIFY|WRITE[_ ](FILES|VOLUME))$"
_QUARTER_S = 90 * 24 * 3600
# "no isolation shared" of the API, and the name it had before ("data_security_mode", Clusters API 2.1).
_NO_ISOLATION = ("NONE", "NO_ISOLATION")


class SparkCluster(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Machines that run notebooks and jobs on Spark: a cluster of Databricks."""

    isolation: Value = UNMAPPED  # of its users from each other: USER_ISOLATION, SINGLE_USER, NONE
    init_scripts: Value = UNMAPPED  # places of the scripts that it runs as root as it starts
    environment: Value = UNMAPPED  # a mapping
    settings: Value = UNMAPPED  # Spark's, a mapping
    ssh_keys: Value = UNMAPPED  # whose holders log in to its machines
    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED

    @cached_property
    def shared_without_isolation(self) -> Truth:
        """Whether its users read each other's memory, data and credentials."""
        return self.isolation.one_of(_NO_ISOLATION)

    @cached_property
    def script_anybody_writes(self) -> Truth:
        """Whether a script that it runs as root lies in the file system that every user writes to."""
        return self.init_scripts.any(lambda s: s.starts_with("dbfs:/") & ~s.starts_with("dbfs:/Volumes/"))

    @cached_property
    def has_credential(self) -> Truth:
        """Whether a credential is written into its environment or its settings."""
        said = (*_entries(self.environment), *_entries(self.settings))
        return credentials(said, self.place)


class SparkJob(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A job that makes clusters of its own."""

    clusters: tuple[SparkCluster, ...] = ()


class PlatformSettings(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Switches of a workspace, each a text: Databricks' workspace configuration."""

    switches: Value = UNMAPPED

    def is_off(self, *names: str) -> Truth:
        """Whether one of some switches is said to be off; one that is not named is as the platform has it."""
        return any_of(self.switches.child(name).one_of(("false", False)) for name in names)

    @cached_property
    def tokens_live_forever(self) -> Truth:
        """Whether personal tokens are allowed without a greatest age: none is what 0 means."""
        return self.switches.child("maxTokenLifetimeDays").one_of(("0", 0)) & ~self.is_off("enableTokensConfig")


class PlatformToken(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A token that stands for a person or a service principal."""

    lifetime_s: Value = UNMAPPED

    @cached_property
    def long_lived(self) -> Truth:
        """Whether it is good for more than a quarter of a year, or for as long as the workspace lets it."""
        return self.lifetime_s.is_absent() | self.lifetime_s.one_of((0,)) | self.lifetime_s.at_least(_QUARTER_S + 1)


class PlatformAccess(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Who may do what with one object of a platform: a cluster, a model, a table, a scope of secrets."""

    of_secrets: Truth = UNMAPPED_TRUTH  # the object is a scope of secrets
    object: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    grants: tuple[AccessGrant, ...] = ()

    @cached_property
    def everybody_changes(self) -> Truth:
        """Whether a group that holds everybody may change or manage it."""
        return any_of(g.who.any(_is_everybody) & g.gives(_CHANGES) for g in self.grants) & ~self.of_secrets

    @cached_property
    def everybody_reads_secrets(self) -> Truth:
        """Whether a group that holds everybody may read its secrets."""
        return any_of(g.who.any(_is_everybody) for g in self.grants) & self.of_secrets


class AddressList(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Addresses from which a workspace may be opened, or may not."""

    enabled: Truth = UNMAPPED_TRUTH
    allows: Truth = UNMAPPED_TRUTH  # else it refuses
    addresses: Value = UNMAPPED

    @cached_property
    def lets_all_in(self) -> Truth:
        """Whether it lets in every address."""
        return self.enabled & self.allows & self.addresses.any(lambda a: a.one_of(("0.0.0.0/0", "::/0")))


class ShareRecipient(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Somebody outside who is given tables or models: a recipient of Delta Sharing."""

    by_token: Truth = UNMAPPED_TRUTH  # who has the token is taken for it
    addresses: Value = UNMAPPED  # from which it may come

    @cached_property
    def bearer_from_anywhere(self) -> Truth:
        """Whether the token is all that is asked for."""
        return self.by_token & self.addresses.is_empty()


class ModelHook(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What is called when a model changes: a webhook of a model registry."""

    verifies_tls: Truth = UNMAPPED_TRUTH


def _is_everybody(who: Value) -> Truth:
    return who.matches(_EVERYBODY)


def _entries(said: Value) -> Iterator[tuple[str, Value]]:
    """The entries of a mapping; Hadoop's setting for the key of a storage account is called what it is."""
    if said.state is State.KNOWN and isinstance(said.content, Body):
        for name, value in said.content.items():
            yield "access_key" if name.startswith("fs.azure.account.key") else name, value
