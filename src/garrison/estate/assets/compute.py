"""Machines, and the clusters that are made of them."""

from __future__ import annotations

import datetime as dt
import re
from functools import cached_property
from typing import Annotated

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.credentials import credential_in, decoded, has_hole
from garrison.estate.kubernetes_versions import supported_until
from garrison.estate.relations import By, Relation, To
from garrison.estate.truth import Truth
from garrison.estate.values import State, Value

# Machine types with accelerators: EC2 (P, G, Trainium, Inferentia, DL), Compute Engine (A, G2, G4), Azure (N series).
ACCELERATED = r"^(p[2-9]\w*|g[3-9]\w*|gr6\w*|trn\d\w*|inf\d\w*|dl[12]\w*)\.|^(a[2-4]|g[24])-|(?i:^Standard_N[CDVG]\d)"
# The right to call every API of the project; what a role then allows is all that limits it.
EVERY_SCOPE = r"^(https://www\.googleapis\.com/auth/)?cloud-platform$"
DEFAULT_SERVICE_ACCOUNT = r"^default$|-compute@developer\.gserviceaccount\.com$|@appspot\.gserviceaccount\.com$"
_FETCHED_AND_RUN = re.compile(
    r"(?i)\b(curl|wget)\b[^|\n;&]{0,999}\|\s{0,9}(sudo\s+(-\w+\s+)*)?(\w+=\S+\s+)*(ba|z|da)?sh\b"
    r"|\b(ba|z)?sh\s+(-c\s+)?[\"']?(<\(|\$\()\s*(curl|wget)\b|\bpython3?\s+<\(\s*(curl|wget)|\biex\b.{0,200}\bdownloadstring\b"
    r"|\b(iwr|invoke-webrequest)\b[^|\n]{0,999}\|\s{0,9}(iex|invoke-expression)\b"
)


class Disk(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A volume: EBS; disks of Google and Azure are always encrypted."""

    encrypted: Truth = UNMAPPED_TRUTH
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own


class Profile(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What hands a role to a machine: an EC2 instance profile."""

    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED


class Instance(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A virtual machine or the template of some: EC2, Compute Engine, Azure VM and scale set."""

    image: Annotated[Value, To(Relation.BUILT_FROM)] = UNMAPPED
    machine_type: Value = UNMAPPED  # p4d.24xlarge, a2-highgpu-1g, Standard_NC6s_v3
    accelerators: Value = UNMAPPED  # GPUs attached beside the machine type's own
    public_address: Truth = UNMAPPED_TRUTH  # asks for an address on the internet
    chooses_address: Truth = UNMAPPED_TRUTH  # says itself whether it gets one; else its subnet decides
    fixed_address: Truth = UNMAPPED_TRUTH  # a lasting address is given to it (Elastic IP)
    interfaces: Annotated[Value, By(Relation.EXPOSES)] = UNMAPPED  # network interfaces declared beside it
    metadata_service: Truth = UNMAPPED_TRUTH  # it can ask the provider for its credentials over HTTP
    open_metadata: Truth = UNMAPPED_TRUTH  # the metadata service answers without a session token (IMDSv1)
    password_login: Truth = UNMAPPED_TRUTH  # people log in with a password
    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    scopes: Value = UNMAPPED  # Google's access scopes, an upper bound of what its service account may do
    start_script: Value = UNMAPPED  # what it runs when it first starts; text or base64
    root_disk_encrypted: Truth = UNMAPPED_TRUTH
    plain_disk: Truth = UNMAPPED_TRUTH  # a further disk that it declares is not encrypted
    network: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    subnet: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    firewalls: Annotated[Value, By(Relation.SHIELDS)] = UNMAPPED
    network_tags: Value = UNMAPPED  # words by which firewall rules of Google Cloud mean it

    @cached_property
    def accelerated(self) -> Truth:
        """Whether it has a GPU or another accelerator: such machines train or serve models."""
        return self.machine_type.matches(ACCELERATED) | ~self.accelerators.is_empty()

    @cached_property
    def script_has_credential(self) -> Truth:
        """Whether a key or password is written into its start script."""
        return credential_in(self.start_script)

    @cached_property
    def script_runs_download(self) -> Truth:
        """Whether its start script pipes a download into a shell."""
        return runs_download(self.start_script)

    @cached_property
    def default_identity(self) -> Truth:
        """Whether it runs as the account that the provider made, which everything else in the project runs as too."""
        return is_default_account(self.role)

    @cached_property
    def every_scope(self) -> Truth:
        """Whether it may call every API."""
        return self.scopes.any(lambda s: s.matches(EVERY_SCOPE))

    @property
    def public(self) -> Truth:
        return self.public_address | self.fixed_address


class LoginSettings(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """How people log in to all machines of a project: Compute Engine's project metadata."""

    by_identity: Truth = UNMAPPED_TRUTH  # the identity provider decides, not keys that somebody put into metadata


class Interface(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A network interface declared beside its machine."""

    public_address: Truth = UNMAPPED_TRUTH  # has an address on the internet
    subnet: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    firewalls: Annotated[Value, By(Relation.SHIELDS)] = UNMAPPED

    @property
    def public(self) -> Truth:
        return self.public_address


class NodePool(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Machines of a cluster that are alike: GKE node pool, EKS node group, AKS node pool."""

    cluster: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    machine_type: Value = UNMAPPED
    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    scopes: Value = UNMAPPED  # Google's access scopes
    public_address: Truth = UNMAPPED_TRUTH  # each node has an address on the internet

    @cached_property
    def default_identity(self) -> Truth:
        """Whether its nodes run as the account that the provider made."""
        return is_default_account(self.role)

    @property
    def public(self) -> Truth:
        return self.public_address


class Cluster(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """The control plane of a managed Kubernetes: EKS, GKE, AKS."""

    version: Value = UNMAPPED  # of Kubernetes: 1.34
    upgrades_itself: Truth = UNMAPPED_TRUTH  # it goes on to newer minor versions without being asked
    extended_support: Truth = UNMAPPED_TRUTH  # it gets fixes after the time in which everybody does
    public_endpoint: Truth = UNMAPPED_TRUTH  # its API has an address on the internet
    allowed_sources: Value = UNMAPPED  # CIDRs that reach that address; absent where all do
    audit_log: Truth = UNMAPPED_TRUTH  # who called its API is recorded
    legacy_authorization: Truth = UNMAPPED_TRUTH  # ABAC: static permissions that RBAC cannot take away
    local_accounts: Truth = UNMAPPED_TRUTH  # an administrator's certificate works beside the identity provider
    secrets_encrypted: Truth = UNMAPPED_TRUTH  # with a key of the customer's own, beside the disk's
    workload_identity: Truth = UNMAPPED_TRUTH  # pods can have an identity other than their node's
    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    network: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    log_target: Annotated[Value, To(Relation.LOGS_TO)] = UNMAPPED

    def unpatched(self, today: dt.date) -> Truth:
        """Whether its version of Kubernetes gets no fixes any more."""

        def over(*, extended: bool) -> Truth:
            def ended(version: object) -> bool:
                last = supported_until(str(version), self.provider, extended=extended)
                return last is not None and last < today

            return self.version.test(ended)

        without_more = over(extended=False) & ~self.extended_support
        return (over(extended=True) | without_more) & ~self.upgrades_itself

    @cached_property
    def reachable_by_anyone(self) -> Truth:
        """Whether anyone on the internet can connect to its API."""
        anyone = self.allowed_sources.is_absent() | self.allowed_sources.any(lambda s: s.one_of(("0.0.0.0/0", "::/0")))
        return self.public_endpoint & anyone

    @property
    def public(self) -> Truth:
        return self.reachable_by_anyone


def runs_download(script: Value) -> Truth:
    """Whether a script, plain or in base64, pipes a download into a shell.

    What a parameter or another resource puts into it counts as a word.
    """
    run = _FETCHED_AND_RUN.search
    if script.state is State.UNKNOWN and isinstance(script.content, tuple):
        text = "".join(p.content if isinstance(p.content, str) else "x" for p in script.content)
        return Truth(True if run(text) else None if has_hole(script) else False, (script,))
    return script.test(lambda said: isinstance(said, str) and bool(run(said) or run(decoded(said))))


def is_default_account(role: Value) -> Truth:
    """One that is declared in the same files is not the provider's."""
    if role.state is State.UNKNOWN and role.ref is not None:
        return Truth("_default_service_account." in role.ref.address, (role,))
    return role.any(lambda r: r.matches(DEFAULT_SERVICE_ACCOUNT))
