"""Where people write and run code next to the data."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.assets.compute import is_default_account, runs_download
from garrison.estate.credentials import credential_in
from garrison.estate.relations import By, Relation, To
from garrison.estate.truth import Truth
from garrison.estate.values import Value

# SageMaker's Amazon Linux 1, and JupyterLab 1 and 3 on Amazon Linux 2: no longer patched.
_RETIRED_PLATFORM = r"^notebook-(al1-v\d+|al2-v[12])$"


class Notebook(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """SageMaker notebook instance, Vertex AI Workbench, Azure ML compute instance, Kubeflow Notebook."""

    direct_internet: Truth = UNMAPPED_TRUTH  # reaches the internet past the customer's own network
    public_address: Truth = UNMAPPED_TRUTH  # has a public IP address
    root_access: Truth = UNMAPPED_TRUTH  # its users are root
    open_metadata: Truth = UNMAPPED_TRUTH  # the metadata service answers without a session token (IMDSv1)
    ssh_open: Truth = UNMAPPED_TRUTH  # people log in by SSH
    secure_boot: Truth = UNMAPPED_TRUTH  # starts only a system that its maker has signed
    platform: Value = UNMAPPED  # the provider's name of its system: notebook-al2-v3
    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    start_script: Annotated[Value, To(Relation.BUILT_FROM)] = UNMAPPED
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own
    workspace: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED  # what it belongs to
    subnet: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    firewalls: Annotated[Value, By(Relation.SHIELDS)] = UNMAPPED

    @cached_property
    def in_cluster(self) -> Truth:
        """Whether it is a pod: its disk, its network and its machine are those of a cluster."""
        return Truth(self.provider == "kubernetes")

    @cached_property
    def default_identity(self) -> Truth:
        """Whether it runs as the account that the provider made, which everything else in the project runs as too."""
        return is_default_account(self.role)

    @cached_property
    def platform_retired(self) -> Truth:
        """Whether its system gets no more patches."""
        return self.platform.matches(_RETIRED_PLATFORM)

    @property
    def public(self) -> Truth:
        return self.public_address


class StartScript(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What notebooks or the machines of a platform run as they start: a SageMaker lifecycle configuration."""

    scripts: Value = UNMAPPED  # texts, plain or in base64

    @cached_property
    def runs_download(self) -> Truth:
        """Whether one of them pipes a download into a shell."""
        return self.scripts.any(runs_download)

    @cached_property
    def has_credential(self) -> Truth:
        """Whether a key or password is written into one of them."""
        return self.scripts.any(credential_in)
