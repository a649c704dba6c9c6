"""Where container images lie."""

from __future__ import annotations

from garrison.checks.check import Pillar, Severity, Verdict, check, fail_if, safe, unsafe
from garrison.estate.assets.registry import Registry


@check(
    id="registry-public-push",
    severity=Severity.CRITICAL,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010.004", "NIST-800-53:AC-3", "OWASP-ML:ML06"),
)
def registry_public_push(registry: Registry) -> Verdict:
    """Everybody may push images.

    Why: the next training job or model server that pulls runs a stranger's code, with its role and its data.
    Fix: let only the build's role push.
    """
    return fail_if(registry.public_push, "everybody is allowed to push")


@check(
    id="registry-public",
    severity=Severity.HIGH,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0035", "NIST-800-53:AC-3", "OWASP-ML:ML05"),
)
def registry_public(registry: Registry) -> Verdict:
    """Everybody may pull images.

    Why: images of model servers carry weights, features' code, and now and then credentials.
    Fix: let only the accounts and roles pull that run them.
    """
    return fail_if(registry.public_pull, "everybody is allowed to pull")


@check(
    id="registry-mutable-tags",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010.004", "NIST-800-53:SI-7", "AWS-FSBP:ECR.2"),
    mend=unsafe(immutable_tags=True),
)
def registry_mutable_tags(registry: Registry) -> Verdict:
    """A tag can be moved to another image.

    Why: what was reviewed and what a training job or model server pulls by the same name need not be the same.
    Fix: make tags immutable, and pull by digest.
    """
    return fail_if(~registry.immutable_tags, "tags can be overwritten")


@check(
    id="registry-unscanned",
    severity=Severity.LOW,
    pillar=Pillar.CONTAINERS,
    maps=("NIST-800-53:RA-5", "AWS-FSBP:ECR.1", "ATLAS:AML.M0016"),
    mend=safe(scans=True),
)
def registry_unscanned(registry: Registry) -> Verdict:
    """Images are not searched for known weaknesses.

    Why: images of machine learning are large and old: nobody sees that a model server has a hole that is being used.
    Fix: scan on push.
    """
    return fail_if(~registry.scans, "pushed images are not scanned")


@check(
    id="registry-shared-login",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-2"),
)
def registry_shared_login(registry: Registry) -> Verdict:
    """One user name and password lets everybody push.

    Why: it is bound to nobody, lies in pipelines and notebooks, and whoever has it swaps the images of model servers.
    Fix: turn the admin user off and use identities.
    """
    return fail_if(registry.shared_login, "its admin user is on")


@check(
    id="registry-open-network",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-7",),
    native=("public_network",),
)
def registry_open_network(registry: Registry) -> Verdict:
    """The registry answers to every network.

    Why: a leaked token of a pipeline pulls and pushes the images of model servers from anywhere.
    Fix: turn public network access off and use a private endpoint, or deny by default in its network rules (Premium).
    """
    return fail_if(
        registry.native("public_network").one_of((True, "true")) & registry.native("network_default").equals("Allow"),
        "every network can reach it",
    )
