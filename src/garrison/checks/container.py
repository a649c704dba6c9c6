"""How containers run."""

from __future__ import annotations

from garrison.checks.check import Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.workload import Container


@check(
    id="container-privileged",
    severity=Severity.HIGH,
    pillar=Pillar.CONTAINERS,
    maps=("NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.2.2"),
)
def container_privileged(container: Container) -> Verdict:
    """Container is privileged.

    Why: it is root on its node: whoever gets into a training job or a model server owns every job, volume and
    credential there.
    Fix: remove `privileged: true`; ask for single capabilities or a device plug-in instead.
    """
    return fail_if(container.privileged, "it runs privileged")
