"""Models as a managed service keeps and serves them."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.literals import credentials
from garrison.estate.policies import statements
from garrison.estate.relations import By, Relation, To
from garrison.estate.truth import Truth, any_of
from garrison.estate.values import Body, State, Value

# Instance types with disks of their own take no key: their hardware encrypts ("CreateEndpointConfig", SageMaker API).
_OWN_DISKS = r"^ml\.(\w*d|g4dn|g5|g6e?|gr6|p3dn|p4de?|p5(e|en)?|p6\w*|trn\w+)\."
_FLOATING_TAG = r"(^|/)[^/:@]+(:latest)?$"
_NAMES_REPOSITORY = ("repository_url", "RepositoryUri")  # without a version
_TRUSTS_CODE = re.compile(r"(?i)(^|_)TRUST_REMOTE_CODE$")
_ON = ("true", "True", "TRUE", "1", "yes", True, 1)


class ModelContainer(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """One container of a model: the code that loads the weights, and the weights."""

    image: Annotated[Value, To(Relation.BUILT_FROM)] = UNMAPPED
    model_data: Annotated[Value, To(Relation.READS)] = UNMAPPED  # URI of the weights
    environment: Value = UNMAPPED

    @cached_property
    def image_floats(self) -> Truth:
        """Whether another image can be put behind the name it is started by."""
        if self.image.ref is not None and self.image.ref.attribute in _NAMES_REPOSITORY:
            return Truth(True, (self.image,))
        parts = self.image.content if isinstance(self.image.content, tuple) else ()
        if not parts or not isinstance(parts[-1].content, str):
            return self.image.matches(_FLOATING_TAG)
        # The end tells; what stands before it (an account, a region) is a word.
        text = "".join(p.content if isinstance(p.content, str) else "x" for p in parts)
        return Truth(re.search(_FLOATING_TAG, text) is not None, (self.image,))

    @cached_property
    def has_credential(self) -> Truth:
        """Whether a credential is written into its environment."""
        return credentials(_entries(self.environment), self.environment.place or self.place)

    @cached_property
    def trusts_remote_code(self) -> Truth:
        """Whether it runs the Python files that come with the weights."""
        named = [value for name, value in _entries(self.environment) if _TRUSTS_CODE.search(name)]
        hidden = self.environment if self.environment.state is State.UNKNOWN else self.environment.rest
        said = any_of(value.one_of(_ON) for value in named)
        return said if hidden is None else said | Truth(None, (hidden,))


class Model(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A model ready to be served: a SageMaker model."""

    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    network_isolation: Truth = UNMAPPED_TRUTH  # its containers have no network at all
    subnets: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    firewalls: Annotated[Value, By(Relation.SHIELDS)] = UNMAPPED
    containers: tuple[ModelContainer, ...] = ()

    @cached_property
    def reaches_internet(self) -> Truth:
        """Whether its containers have a network, and that is the provider's."""
        return ~self.network_isolation & self.subnets.is_absent()


class ModelRegistry(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Versions of a model, and which of them is approved: a SageMaker model package group."""

    policy: Value = UNMAPPED  # who else may use it

    @cached_property
    def open_to_anyone(self) -> Truth:
        """Whether every AWS account may use it."""
        return any_of(s.open_to_anyone for s in statements(self.policy))

    @property
    def public(self) -> Truth:
        return self.open_to_anyone


class Endpoint(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """How models are served: SageMaker endpoint configuration, Vertex AI endpoint, Azure ML inference cluster."""

    models: Annotated[Value, To(Relation.SERVES)] = UNMAPPED
    machine_types: Value = UNMAPPED
    instance_counts: Value = UNMAPPED  # machines at the start, for each variant
    serverless: Truth = UNMAPPED_TRUTH  # has no machines of its own
    records: Truth = UNMAPPED_TRUTH  # requests and responses are kept
    record_location: Annotated[Value, To(Relation.WRITES)] = UNMAPPED
    shell_access: Truth = UNMAPPED_TRUTH  # people open a shell in its containers
    tls: Truth = UNMAPPED_TRUTH  # answers over TLS only
    shared_address: Truth = UNMAPPED_TRUTH  # called over the provider's public address, with credentials
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own
    network: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED

    @cached_property
    def keyless(self) -> Truth:
        """Whether its disks are encrypted with the provider's key only, although they could take another."""
        own_disks = self.machine_types.given() & self.machine_types.all(lambda t: t.matches(_OWN_DISKS))
        return self.encryption_key.is_absent() & ~self.serverless & ~own_disks

    @cached_property
    def single(self) -> Truth:
        """Whether a variant is served by one machine."""
        return self.instance_counts.any(lambda n: n.at_most(1))

    @cached_property
    def off_network(self) -> Truth:
        """Whether it is called past the customer's own network."""
        return self.shared_address & self.network.is_absent()


class LiveEndpoint(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """An endpoint that is up: it deploys a configuration, and replaces it when another is named."""

    configuration: Annotated[Value, To(Relation.DEPLOYS)] = UNMAPPED
    rolls_back: Truth = UNMAPPED_TRUTH  # an alarm takes a bad update back


def _entries(environment: Value) -> tuple[tuple[str, Value], ...]:
    if environment.state is State.KNOWN and isinstance(environment.content, Body):
        return tuple(environment.content.items())
    return ()
