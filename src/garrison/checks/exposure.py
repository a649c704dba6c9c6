"""What stands before workloads in a cluster."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if, unsafe
from garrison.estate.assets.exposure import Ingress, MeshAuthorization, MeshEncryption, MeshGateway, ReferenceGrant


@check(
    id="ingress-without-tls",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("NIST-800-53:SC-8",),
    confidence=Confidence.MEDIUM,
)
def ingress_without_tls(ingress: Ingress) -> Verdict:
    """An Ingress is served without TLS.

    Why: tokens, inputs and predictions are read and changed on the way.
    Fix: add `tls` with a certificate.
    """
    return fail_if(ingress.direct & ~ingress.encrypted, "no certificate is named")


@check(
    id="gateway-without-tls",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("NIST-800-53:SC-8",),
    confidence=Confidence.MEDIUM,
)
def gateway_without_tls(gateway: MeshGateway) -> Verdict:
    """A gateway takes plain HTTP.

    Why: whoever logs in to the platform or calls a model sends his token and his data in clear.
    Fix: serve HTTPS; leave port 80 only with `tls.httpsRedirect: true`.
    """
    return fail_if(gateway.plain & ~gateway.inside, "it serves plain HTTP")


@check(
    id="mesh-takes-plain-traffic",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("NIST-800-53:SC-8", "NIST-800-53:SC-23"),
    mend=unsafe(mode="STRICT"),
)
def mesh_takes_plain_traffic(encryption: MeshEncryption) -> Verdict:
    """The mesh takes traffic that is not mutual TLS.

    Why: a caller without an identity passes: policies that go by who calls, as Kubeflow's and KServe's do, see none.
    Fix: set `mtls.mode: STRICT`.
    """
    return fail_if(encryption.mode.one_of(("PERMISSIVE", "DISABLE")), "mutual TLS is not demanded")


@check(
    id="mesh-allows-anyone",
    severity=Severity.LOW,
    pillar=Pillar.API,
    maps=("NIST-800-53:AC-3", "OWASP-API:API5"),
    confidence=Confidence.MEDIUM,
)
def mesh_allows_anyone(policy: MeshAuthorization) -> Verdict:
    """A mesh policy allows every call.

    Why: an empty rule lets all in, and switches off what other policies leave out: the model server or the pipeline
    API behind it is open to every pod.
    Fix: say in `from` which accounts or namespaces may call.
    """
    return fail_if(policy.allows_anyone, "a rule says neither who nor what")


@check(
    id="gateway-open-to-routes",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-4", "NIST-800-53:AC-6"),
    confidence=Confidence.MEDIUM,
)
def gateway_open_to_routes(gateway: MeshGateway) -> Verdict:
    """Every namespace may hang routes on a gateway.

    Why: whoever may create a route in some namespace takes over the host name or path of a model, and receives its requests.
    Fix: set `allowedRoutes.namespaces.from: Selector` and label the namespaces that may.
    """
    return fail_if(gateway.open_to_routes, "routes are taken from all namespaces")


@check(
    id="reference-grant-every-secret",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "NIST-800-53:IA-5"),
)
def reference_grant_every_secret(grant: ReferenceGrant) -> Verdict:
    """Another namespace may use every secret of this one.

    Why: a gateway of theirs serves with the certificate and key of any model's interface here.
    Fix: name the one secret in `to`.
    """
    return fail_if(grant.every_secret, "it grants secrets without a name")
