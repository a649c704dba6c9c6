"""Revocation lists, as an authority signs them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

DAY = dt.timedelta(days=1)


def revocation_list(
    folder: Path,
    revoked: Sequence[str] = (),
    *,
    begins: dt.datetime | None = None,
    holds: dt.timedelta = DAY,
    key: Path | None = None,
    issuer: x509.Name | None = None,
) -> bytes:
    """A list of the authority in a folder, in PEM; by another's key or name where one is given."""
    authority = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    signer = serialization.load_pem_private_key((key or folder / "ca.key").read_bytes(), None)
    assert isinstance(signer, EllipticCurvePrivateKey)
    begins = begins or dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    made = x509.CertificateRevocationListBuilder(issuer or authority.subject, begins, begins + holds)
    for name in revoked:
        serial = x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes()).serial_number
        made = made.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(begins).build()
        )
    return made.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
