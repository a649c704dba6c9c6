"""Revocation lists of clients' certificates (CRLs, RFC 5280, section 5).

Envoy takes an empty file for no list at all, and lets those in that are revoked; beside any other file that it cannot use, and
one whose time is over, it refuses every certificate, and says neither.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from garrison.errors import ConfigError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, CertificateRevocationList

_BEGIN: Final = b"-----BEGIN X509 CRL-----"
_BLOCK: Final = re.compile(_BEGIN + rb"[^-]*-----END X509 CRL-----")
_SOON: Final = dt.timedelta(days=14)
_SOON_SHARE: Final = 4  # of a list that holds for days, less than a quarter of its time


def hold(file: str, data: bytes, authorities: Sequence[Certificate], now: dt.datetime) -> list[str]:
    """Warnings of lists that end soon. Raises ConfigError, without a place, where not each that is meant can be used.

    Lists of others than the `authorities` are for other listeners: there has to be one of these.
    """
    ours = [
        (one, signers) for one in _read(file, data) if (signers := [a for a in authorities if a.subject == one.issuer])
    ]
    if not ours:
        hint = "add the certificate of who signed the list to client-ca"
        raise ConfigError(f"no list in {file} is of an authority in client-ca", hint=hint)
    found = []
    for one, signers in ours:
        issuer = one.issuer.rfc4514_string()
        if not any(_signed(one, signer) for signer in signers):
            hint = "ask the authority for its list once more"
            raise ConfigError(f"the list of {issuer} in {file} is not signed by it, or it may sign none", hint=hint)
        if one.last_update_utc > now:
            hint = "put the one in its place that holds today"
            raise ConfigError(f"the list of {issuer} in {file} begins on {_written(one.last_update_utc)}", hint=hint)
        end = one.next_update_utc
        if end is None:
            continue
        if end <= now:
            hint = "put a newer one in its place: with this, no client's certificate is taken"
            raise ConfigError(f"the list of {issuer} in {file} ended on {_written(end)}", hint=hint)
        if end - now < min(_SOON, (end - one.last_update_utc) / _SOON_SHARE):
            found.append(f"the list of {issuer} in {file} ends on {_written(end)}: renew it")
    return found


def text_of(data: bytes) -> str:
    """The lists of a file that holds some, without what stands between them."""
    return "".join(f"{block.decode('ascii')}\n" for block in _BLOCK.findall(data))


def _read(file: str, data: bytes) -> list[CertificateRevocationList]:
    """All that stand in a file. Raises ConfigError where none does, or one that cannot be read."""
    from cryptography.x509 import load_pem_x509_crl

    blocks = _BLOCK.findall(data)
    if not blocks or len(blocks) != data.count(_BEGIN):
        hint = (
            "name a file in PEM (-----BEGIN X509 CRL-----); while nobody is revoked, the authority signs an empty list"
        )
        raise ConfigError(f"{file} holds no revocation list, or not all of one", hint=hint)
    try:
        return [load_pem_x509_crl(block) for block in blocks]
    except ValueError as error:
        raise ConfigError(
            f"a list in {file} cannot be read: {error}", hint="ask the authority for it once more"
        ) from error


def _signed(one: CertificateRevocationList, signer: Certificate) -> bool:
    """Whether a certificate's key has signed a list, and may (section 4.2.1.3)."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509 import ExtensionNotFound, KeyUsage

    try:
        may = signer.extensions.get_extension_for_class(KeyUsage).value.crl_sign
    except ExtensionNotFound:
        may = True
    except ValueError:  # extensions that are no extensions
        return False
    try:
        return may and one.is_signature_valid(signer.public_key())  # type: ignore[arg-type]
    except (TypeError, ValueError, UnsupportedAlgorithm):  # TypeError: a key that signs nothing
        return False


def _written(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
