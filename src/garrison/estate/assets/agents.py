"""Where agents run, what they browse with, and what they remember."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, ClassVar

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.literals import credentials
from garrison.estate.relations import By, Relation, To
from garrison.estate.truth import Truth
from garrison.estate.values import Value, entries


class AgentRuntime(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Where the code of an agent runs: a Bedrock AgentCore runtime."""

    network_mode: Value = UNMAPPED  # PUBLIC, VPC
    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    image: Annotated[Value, To(Relation.BUILT_FROM)] = UNMAPPED
    environment: Value = UNMAPPED  # a mapping
    subnets: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    firewalls: Annotated[Value, By(Relation.SHIELDS)] = UNMAPPED

    @cached_property
    def has_credential(self) -> Truth:
        """Whether a credential is written into its environment."""
        return credentials(entries(self.environment), self.environment.place or self.place)


class AgentBrowser(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A browser that agents drive: a Bedrock AgentCore browser."""

    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    recorded: Truth = UNMAPPED_TRUTH  # what it is made to do is kept
    record_location: Annotated[Value, To(Relation.LOGS_TO)] = UNMAPPED


class AgentMemory(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What agents remember from one conversation to the next: a Bedrock AgentCore memory."""

    stores: ClassVar[bool] = True

    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own


class Prompt(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Instructions for a model that are kept by the provider: a Bedrock prompt or flow."""

    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own
