"""How containers run."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if, unsafe
from garrison.estate.assets.image_build import ImageBuild
from garrison.estate.assets.workload import DIGEST, MOVING_TAG, TAG, Container
from garrison.estate.estate import Relations
from garrison.estate.relations import Relation
from garrison.estate.truth import NO


@check(
    id="container-privileged",
    severity=Severity.HIGH,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0105", "NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.2.2"),
    mend=unsafe(privileged=False),
)
def container_privileged(container: Container) -> Verdict:
    """Container is privileged.

    Why: it is root on its node: whoever gets into a training job or a model server owns every job, volume and
    credential there.
    Fix: remove `privileged: true`; ask for single capabilities or a device plug-in instead.
    """
    return fail_if(container.privileged, "it runs privileged")


@check(
    id="container-runs-as-root",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.2.7"),
    confidence=Confidence.MEDIUM,
    mend=unsafe(run_as_non_root=True),
)
def container_runs_as_root(container: Container, near: Relations) -> Verdict:
    """Container may run as root.

    Why: model servers load pickles and run custom code; as root, one bad model file needs a single kernel or runtime
    flaw to reach the node and its accelerators.
    Fix: set `runAsNonRoot: true` and a user id above 0 in the pod's or the container's security context; in Compose
    `user: "10001:10001"`.
    """
    truth = container.runs_as_root
    if truth.unknown and near.to(Relation.BUILT_FROM, ImageBuild):
        truth = NO  # its Dockerfile decides, and is judged itself
    return fail_if(truth, "nothing keeps it from being root")


@check(
    id="container-privilege-escalation",
    severity=Severity.LOW,
    pillar=Pillar.CONTAINERS,
    maps=("NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.2.6"),
    mend=unsafe(escalates=False),
)
def container_privilege_escalation(container: Container) -> Verdict:
    """Processes in the container may gain more rights than their parent.

    Why: a set-uid program in a large ML base image turns code that runs as a plain user into root.
    Fix: set `allowPrivilegeEscalation: false`; in Compose `security_opt: [no-new-privileges:true]`.
    """
    return fail_if(container.escalates & ~container.privileged, "privilege escalation is not turned off")


@check(
    id="container-escape-capability",
    severity=Severity.HIGH,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0105", "NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.2.9"),
)
def container_escape_capability(container: Container) -> Verdict:
    """Container has a capability with which a process leaves it.

    Why: code in a notebook or a job mounts the node's disk or loads a kernel module, and reads every other team's data.
    Fix: drop ALL capabilities and add back only what the program cannot do without; `IPC_LOCK` is enough for RDMA.
    """
    return fail_if(container.escape_capabilities & ~container.privileged, "it is given a capability to leave it")


@check(
    id="container-unconfined",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0105", "NIST-800-53:AC-6", "NIST-800-53:SC-7"),
)
def container_unconfined(container: Container) -> Verdict:
    """Container's confinement is turned off.

    Why: the filter of system calls is what stands between code that a model file or a notebook runs and the kernel's rarely
    tried parts, where most ways out of a container begin.
    Fix: remove `seccomp=unconfined` and `apparmor=unconfined` (`type: Unconfined` in Kubernetes); allow the single call
    that is missing in a profile of your own.
    """
    return fail_if(container.unconfined & ~container.privileged, "it says that it is not to be confined")


@check(
    id="container-image-may-change",
    severity=Severity.LOW,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010.004", "NIST-800-53:SI-7", "OWASP-ML:ML06"),
    confidence=Confidence.MEDIUM,
)
def container_image_may_change(container: Container) -> Verdict:
    """Container's image is named by a tag that moves, or by none.

    Why: the next restart may run other code than was tested: what served or trained a model can no longer be told,
    and whoever can push the tag runs code here.
    Fix: name the image by its digest (`image@sha256:...`), or at least by the tag of one release.
    """
    image = container.image
    untagged = image.given() & ~image.matches(TAG) & ~image.is_empty()
    moves = ~image.matches(DIGEST) & (image.matches(MOVING_TAG) | untagged)
    return fail_if(moves & ~container.built_here, "its tag moves")


@check(
    id="container-no-memory-limit",
    severity=Severity.LOW,
    pillar=Pillar.CONTAINERS,
    maps=("NIST-800-53:SC-5", "OWASP-API:API4"),
)
def container_no_memory_limit(container: Container) -> Verdict:
    """Container may take all memory of its node.

    Why: one large request, batch or data set ends the other models and jobs on that node.
    Fix: set `resources.limits.memory`; in Compose `mem_limit`.
    """
    return fail_if(container.memory_limit.is_absent(), "no memory limit is set")


@check(
    id="container-credential-in-environment",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "CIS-Kubernetes-1.12:5.4.1"),
    confidence=Confidence.MEDIUM,
)
def container_credential_in_environment(container: Container) -> Verdict:
    """A credential is written out in the container's environment.

    Why: whoever reads the repository, the pod or a crash report has the key to the data, the model hub or the tracker.
    Fix: put it in a secret store and take the variable from there (`valueFrom.secretKeyRef`; in Compose `secrets`, or a
    variable that `.env` does not hold); change the credential.
    """
    return fail_if(container.written_credentials, "a credential is written out")
