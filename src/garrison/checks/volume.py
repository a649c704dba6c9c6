"""What training data and models lie on in a cluster."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.volume import Volume
from garrison.estate.assets.workload import Container
from garrison.estate.estate import Relations
from garrison.estate.relations import Relation
from garrison.estate.truth import Truth, any_of
from garrison.estate.values import Value


@check(
    id="volume-on-node",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.2.11"),
)
def volume_on_node(volume: Volume) -> Verdict:
    """A volume is a folder of the node's own disk.

    Why: what a job writes there every other pod of the node with that folder reads; it goes with the node, and no Pod
    Security Standard sees it behind a claim.
    Fix: use a storage class of the provider; for scratch space an `emptyDir` or a generic ephemeral volume.
    """
    return fail_if(volume.on_node, "it is a folder of the node")


@check(
    id="volume-plain-network",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-8", "OWASP-ML:ML02"),
)
def volume_plain_network(volume: Volume) -> Verdict:
    """A volume's data travel in plain, to a server that believes what a client says of itself.

    Why: whoever is on the network reads training data and models, and writes his own samples and weights.
    Fix: mount with `sec=krb5p` or `xprtsec=tls`, or use a storage class that encrypts in transit.
    """
    return fail_if(volume.plain_network, "NFS is mounted without encryption")


@check(
    id="model-volume-writable",
    severity=Severity.LOW,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0018", "NIST-800-53:SI-7", "NIST-800-53:AC-6", "OWASP-ML:ML10"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def model_volume_writable(container: Container, near: Relations) -> Verdict:
    """A model server may change the models it serves.

    Why: a flaw in the server becomes a poisoned model that stays after it was mended, and is served by all that share the
    volume.
    Fix: set `readOnly: true` on the mount; let only the job that publishes models write.
    """
    claims = {v.child("name").text() for w in near.by(Relation.CONTAINS) for v in _claims(w)}

    def writable(mount: Value) -> Truth:
        path = mount.child("mountPath")
        claimed = Truth(mount.child("name").text() in claims, (path,))
        return claimed & path.matches(r"(?i)model|weights|checkpoint") & ~mount.child("readOnly").equals(True)

    serves = Truth(container.is_ml_server.yes, (container.image,))
    return fail_if(serves & any_of(container.mounts.each(writable)), "it mounts models to be written")


def _claims(owner: object) -> tuple[Value, ...]:
    volumes = getattr(owner, "volumes", None)
    items = volumes.items() if isinstance(volumes, Value) else ()
    return tuple(v for v in items if v.child("persistentVolumeClaim").given().yes)
