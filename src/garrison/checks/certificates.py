"""Certificates that a cluster makes for itself."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.certificates import Issuer, ServedCertificate
from garrison.estate.estate import Relations
from garrison.estate.relations import Relation


@check(
    id="certificate-weak-key",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("NIST-800-53:SC-12", "NIST-800-53:SC-13"),
)
def certificate_weak_key(certificate: ServedCertificate) -> Verdict:
    """A certificate's key is too short.

    Why: whoever recorded the traffic of a model's interface reads prompts, features and tokens once the key is found.
    Fix: use ECDSA with 256 bits, or RSA with 2048 at least.
    """
    return fail_if(certificate.weak, "its key is too short")


@check(
    id="certificate-long-lived",
    severity=Severity.LOW,
    pillar=Pillar.API,
    maps=("NIST-800-53:SC-12",),
)
def certificate_long_lived(certificate: ServedCertificate) -> Verdict:
    """A certificate is valid for more than thirteen months.

    Why: a key that was copied from a pod or a backup answers in the name of the model's interface all that time, and renewal
    is tried so seldom that it fails when it is due.
    Fix: leave `duration` out (90 days); cert-manager renews by itself.
    """
    return fail_if(certificate.long_lived, "it is valid too long")


@check(
    id="certificate-self-signed",
    severity=Severity.LOW,
    pillar=Pillar.API,
    maps=("NIST-800-53:SC-8", "NIST-800-53:SC-23"),
    confidence=Confidence.MEDIUM,
)
def certificate_self_signed(certificate: ServedCertificate, near: Relations) -> Verdict:
    """The certificate of a name that people call vouches for itself.

    Why: clients of the platform learn to switch the check off, and then take whoever answers for the model or the dashboard.
    Fix: use an issuer that they trust: ACME, Vault, or your own authority.
    """
    signed = near.any_to(Relation.TRUSTS, Issuer, lambda i: i.self_signed)
    return fail_if(signed & certificate.for_outside & ~certificate.authority, "its issuer is self-signed")
