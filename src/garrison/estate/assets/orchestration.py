"""What runs the steps of a model's life one after the other."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.literals import credentials, named_values
from garrison.estate.policies import parsed
from garrison.estate.relations import By, Relation, To
from garrison.estate.truth import Truth
from garrison.estate.values import Value, entries


class Orchestration(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Steps that a service runs: a Step Functions state machine, a SageMaker pipeline."""

    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    definition: Value = UNMAPPED  # JSON, as a text or as what it says
    logged: Truth = UNMAPPED_TRUTH  # what each execution did is kept

    @cached_property
    def has_credential(self) -> Truth:
        """Whether a credential is written into a step."""
        return credentials(named_values(parsed(self.definition)), self.definition.place or self.place)


class Airflow(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Airflow as a service: an MWAA environment."""

    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    public_page: Truth = UNMAPPED_TRUTH  # its web page has an address on the internet
    options: Value = UNMAPPED  # a mapping: section.name to text
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own
    code: Annotated[Value, To(Relation.READS)] = UNMAPPED  # the bucket its workflows lie in
    subnets: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    firewalls: Annotated[Value, By(Relation.SHIELDS)] = UNMAPPED

    @cached_property
    def has_credential(self) -> Truth:
        """Whether a credential is written into its options."""
        return credentials(entries(self.options), self.options.place or self.place)
