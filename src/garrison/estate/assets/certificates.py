"""Certificates, and who signs them, as cert-manager declares it."""

from __future__ import annotations

import re
from functools import cached_property

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.truth import Truth
from garrison.estate.values import Value

_RSA_BITS, _ECDSA_BITS = (
    2048,
    256,
)  # https://nvlpubs.nist.gov/nistpubs/SpecialPublications/NIST.SP.800-57pt1r5.pdf, table 2
_LONGEST_HOURS = 398 * 24  # https://cabforum.org/working-groups/server/baseline-requirements/, section 6.3.2
_HOURS = {"h": 1.0, "m": 1 / 60, "s": 1 / 3600, "ms": 1 / 3_600_000}
_INSIDE = r"\.svc(\.cluster\.local)?$|\.svc\.\$\(|^\$\(|\.internal$|\.local$|^localhost$"


class Issuer(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What signs certificates: cert-manager's Issuer and ClusterIssuer."""

    namespace: Value = UNMAPPED
    self_signed: Truth = UNMAPPED_TRUTH  # each certificate vouches for itself


class ServedCertificate(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A certificate and its key, made and renewed by cert-manager."""

    namespace: Value = UNMAPPED
    algorithm: Value = UNMAPPED  # RSA, ECDSA, Ed25519
    size: Value = UNMAPPED  # of the key, in bits
    duration: Value = UNMAPPED  # 2160h
    authority: Truth = UNMAPPED_TRUTH  # it signs others
    issuer: Value = UNMAPPED  # its name
    issuer_kind: Value = UNMAPPED  # Issuer, ClusterIssuer
    names: Value = UNMAPPED  # of the hosts it is for

    @cached_property
    def weak(self) -> Truth:
        """Whether its key can be found out with means that exist."""
        rsa = self.algorithm.equals("RSA") & self.size.test(lambda n: isinstance(n, int) and n < _RSA_BITS)
        return rsa | (self.algorithm.equals("ECDSA") & self.size.test(lambda n: isinstance(n, int) and n < _ECDSA_BITS))

    @cached_property
    def long_lived(self) -> Truth:
        """Whether it is valid longer than browsers take; an authority may be."""
        return self.duration.test(lambda d: _hours(str(d)) > _LONGEST_HOURS) & ~self.authority

    @cached_property
    def for_outside(self) -> Truth:
        """Whether it is for a name that people call, not only for services of the cluster."""
        return self.names.any(lambda n: n.test(lambda said: not re.search(_INSIDE, str(said)) and "." in str(said)))


def _hours(text: str) -> float:
    """A duration as Go writes it: 2160h, 90m."""
    return sum(float(n) * _HOURS[unit] for n, unit in re.findall(r"(\d{1,9}(?:\.\d{1,9})?)(ms|h|m|s)", text))
