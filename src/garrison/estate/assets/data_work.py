"""Where data is prepared for models: jobs, the catalogue they look tables up in, and the clusters they run on."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.assets.grants import allowed_to_anyone
from garrison.estate.assets.keys import written_here
from garrison.estate.literals import credentials
from garrison.estate.policies import parsed
from garrison.estate.relations import By, Relation, To
from garrison.estate.support import ended
from garrison.estate.truth import Truth
from garrison.estate.values import Value, dig, entries


class DataJob(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A job that cleans, joins or reshapes data: a Glue job."""

    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    script: Annotated[Value, To(Relation.BUILT_FROM)] = UNMAPPED
    arguments: Value = UNMAPPED  # a mapping: --NAME to text
    engine_version: Value = UNMAPPED
    security_settings: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # say what of its data is encrypted

    @cached_property
    def arguments_have_credential(self) -> Truth:
        """Whether a credential is written into its arguments."""
        return credentials(entries(self.arguments), self.arguments.place or self.place)

    @cached_property
    def retired(self) -> Truth:
        """Whether its engine gets no more patches."""
        return ended("glue", self.engine_version)


class DataJobSettings(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What of the data of jobs is encrypted: a Glue security configuration."""

    output_encrypted: Truth = UNMAPPED_TRUTH  # what they write to buckets, with a key that the jobs name
    log_encrypted: Truth = UNMAPPED_TRUTH
    bookmark_encrypted: Truth = UNMAPPED_TRUTH  # how far they came in which data


class DevelopmentEndpoint(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A machine on which people try out data jobs: a Glue development endpoint."""

    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    subnet: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    firewalls: Annotated[Value, By(Relation.SHIELDS)] = UNMAPPED

    @property
    def public(self) -> Truth:
        return self.subnet.is_absent()


class DataCatalog(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What an account's catalogue of tables keeps secret: the settings of Glue's data catalogue."""

    encrypted: Truth = UNMAPPED_TRUTH  # its metadata are
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED
    hides_passwords: Truth = UNMAPPED_TRUTH  # those of connections leave it encrypted only


class CatalogPolicy(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Who else may use an account's catalogue of tables."""

    policy: Value = UNMAPPED

    @cached_property
    def open_to_anyone(self) -> Truth:
        """Whether it lets everybody with an account at the provider in."""
        return allowed_to_anyone(self.policy)

    @property
    def public(self) -> Truth:
        return self.open_to_anyone


class DataConnection(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """How jobs reach a database: a connection of Glue's catalogue."""

    type_name: Value = UNMAPPED  # JDBC, KAFKA, NETWORK, ...
    properties: Value = UNMAPPED  # a mapping
    subnet: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    firewalls: Annotated[Value, By(Relation.SHIELDS)] = UNMAPPED

    @cached_property
    def allows_plain(self) -> Truth:
        """Whether it connects to a database without TLS too."""
        enforced = self.properties.child("JDBC_ENFORCE_SSL").one_of(("true", "True", "TRUE", True))
        return self.type_name.equals("JDBC") & ~enforced

    @cached_property
    def has_password(self) -> Truth:
        """Whether a password is written into it."""
        return credentials(entries(self.properties), self.properties.place or self.place)


class DataCluster(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Machines for Spark and its kin: an EMR cluster."""

    engine_version: Value = UNMAPPED  # emr-7.9.0
    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED  # what its jobs run as
    security_settings: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED
    log_location: Annotated[Value, To(Relation.LOGS_TO)] = UNMAPPED
    realm_password: Value = UNMAPPED  # of the administrator of its Kerberos realm
    subnet: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    firewalls: Annotated[Value, By(Relation.SHIELDS)] = UNMAPPED

    @cached_property
    def password_in_code(self) -> Truth:
        """Whether the password of its realm is written in the code."""
        return written_here(self.realm_password)


class DataClusterSettings(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """How clusters encrypt, and whom they ask who he is: an EMR security configuration.

    Its document is described in "Create a security configuration" (Amazon EMR Management Guide).
    """

    document: Value = UNMAPPED  # JSON, as a text or as what it says

    def _says(self, *path: str) -> Value:
        return dig(parsed(self.document), path)

    @cached_property
    def encrypts_disks(self) -> Truth:
        """Whether what lies on disks and in buckets is encrypted."""
        return self._says("EncryptionConfiguration", "EnableAtRestEncryption").one_of((True, "true"))

    @cached_property
    def encrypts_traffic(self) -> Truth:
        """Whether machines talk to each other over TLS."""
        return self._says("EncryptionConfiguration", "EnableInTransitEncryption").one_of((True, "true"))

    @cached_property
    def closes_metadata(self) -> Truth:
        """Whether credentials are handed out to requests with a session token only (IMDSv2)."""
        said = self._says("InstanceMetadataServiceConfiguration", "MinimumInstanceMetadataServiceVersion")
        return said.at_least(2)

    @cached_property
    def asks_for_identity(self) -> Truth:
        """Whether Kerberos, the identity centre or run-time roles tell its users apart."""
        kerberos = self._says("AuthenticationConfiguration").given()
        return (
            kerberos
            | self._says("IdentityCenterConfiguration").given()
            | self._says("AuthorizationConfiguration").given()
        )


class DataClusterGuard(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Whether an account starts clusters that the internet can reach: EMR's block of public access."""

    blocks: Truth = UNMAPPED_TRUTH
