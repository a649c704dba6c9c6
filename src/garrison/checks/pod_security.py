"""Workloads and namespaces against the Pod Security Standards.

What other checks tell of alone (privileged containers, root, the node's network and folders, ...) is not told again here.
"""

from __future__ import annotations

import msgspec

from garrison.checks.check import Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.cluster_access import Namespace
from garrison.estate.assets.workload import ESCAPES, Workload, rules_node
from garrison.estate.estate import Relations
from garrison.estate.pod_security import Level, Violation
from garrison.estate.relations import Relation
from garrison.estate.truth import Truth, any_of
from garrison.estate.values import Value, dig

# Controls that checks of their own judge, wholly.
_TOLD = frozenset({"privileged", "hostNamespaces", "allowPrivilegeEscalation", "runAsNonRoot", "runAsUser"})


def _untold(workload: Workload, level: Level) -> tuple[Truth, str]:
    """Whether controls are violated that no other check tells of, and which."""
    found = [v for v in workload.violations if v.control.level is level]
    left = [(v, t) for v in found if not (t := _left(v)).no]
    certain = [(v, t) for v, t in left if t.yes] or left
    names = ", ".join(dict.fromkeys(v.control.name for v, _ in certain))
    because = tuple(_named(value, v.control.name) for v, t in certain for value in t.because)
    return Truth(certain[0][1].answer if certain else False, because), names


def _left(violation: Violation) -> Truth:
    """A violation without the values that other checks tell of."""
    if violation.control.id in _TOLD:
        return Truth(False)
    values = tuple(v for v in violation.truth.because if not _is_told(violation.control.id, v))
    return Truth(violation.truth.answer if values else False, values)


def _is_told(control: str, value: Value) -> bool:
    if control == "capabilities_baseline":
        return value.text().removeprefix("CAP_") in ESCAPES
    if control in ("appArmorProfile", "seccompProfile_baseline"):
        return value.text() == "Unconfined"
    if control == "hostPathVolumes":
        path = dig(value, ("path",))
        return any_of(rules_node(p) for p in path.items()).yes
    return False


def _named(value: Value, control: str) -> Value:
    return msgspec.structs.replace(value, reason=control)


@check(
    id="workload-below-baseline",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=(
        "ATLAS:AML.T0105", "NIST-800-53:AC-6", "NIST-800-53:CM-7", "CIS-Kubernetes-1.12:5.2.1",
        "CIS-Kubernetes-1.12:5.2.10", "CIS-Kubernetes-1.12:5.2.12",
    ),
    native=("pod", "annotations"),
)  # fmt: skip
def workload_below_baseline(workload: Workload) -> Verdict:
    """Workload asks for what the baseline of the Pod Security Standards forbids.

    Why: each of these is a known way from a job or a model server to its node: a namespace that enforces the baseline turns
    the pod away.
    Fix: remove what is marked; what it needs of the node it can most often get from a volume claim, a service or a device
    plug-in.
    """
    truth, names = _untold(workload, Level.BASELINE)
    return fail_if(truth, f"it is below the baseline: {names}")


@check(
    id="workload-below-restricted",
    severity=Severity.LOW,
    pillar=Pillar.CONTAINERS,
    maps=("NIST-800-53:CM-7", "CIS-Kubernetes-1.12:5.2.8", "CIS-Kubernetes-1.12:5.2.9", "CIS-Kubernetes-1.12:5.6.2"),
    native=("pod", "annotations"),
)
def workload_below_restricted(workload: Workload) -> Verdict:
    """Workload does without what the restricted Pod Security Standard asks for.

    Why: model servers and notebooks run code that nobody reviewed; with all capabilities dropped and system calls filtered,
    most holes of the kernel are out of its reach.
    Fix: set `capabilities: {drop: [ALL]}` in each container and `seccompProfile: {type: RuntimeDefault}` for the pod, and take
    volumes by claim.
    """
    truth, names = _untold(workload, Level.RESTRICTED)
    baseline = (v.truth for v in workload.violations if v.control.level is Level.BASELINE)
    far_below = any_of(baseline)  # which is told of first
    return fail_if(truth & ~Truth(far_below.yes), f"it is below restricted: {names}")


@check(
    id="namespace-not-enforcing",
    severity=Severity.LOW,
    pillar=Pillar.CONTAINERS,
    maps=("NIST-800-53:CM-7", "CIS-Kubernetes-1.12:5.2.1"),
)
def namespace_not_enforcing(namespace: Namespace, near: Relations) -> Verdict:
    """A namespace with workloads takes pods of every kind.

    Why: whoever may create a pod there may make it privileged, and owns the node with all models, keys and data on it.
    Fix: label it `pod-security.kubernetes.io/enforce: baseline`, or `restricted`.
    """
    pods = near.to(Relation.CONTAINS, Workload)
    told = any_of(w.about_ml for w in pods).yes  # as ml-namespace-takes-every-pod
    used = Truth(bool(pods) and not told, (namespace.name,))
    return fail_if(used & namespace.enforced_level.equals("privileged"), "no Pod Security Standard is enforced")
