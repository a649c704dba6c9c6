"""Where people write and run code next to the data."""

from __future__ import annotations

from typing import Annotated

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.relations import By, Relation, To
from garrison.estate.truth import Truth
from garrison.estate.values import Value


class Notebook(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """SageMaker notebook instance, Vertex AI Workbench, Azure ML compute instance, Kubeflow Notebook, Jupyter."""

    direct_internet: Truth = UNMAPPED_TRUTH  # reaches the internet past the customer's own network
    public_address: Truth = UNMAPPED_TRUTH  # has a public IP address
    root_access: Truth = UNMAPPED_TRUTH  # its users are root
    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED
    subnet: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    firewalls: Annotated[Value, By(Relation.SHIELDS)] = UNMAPPED
