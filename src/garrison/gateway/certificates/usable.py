"""Whether a certificate and its key can be shown: what Envoy would only say once it is too late."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from garrison.forms.places import Steps
from garrison.gateway.file.read import Loaded

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

SOON = dt.timedelta(days=14)


def hold(loaded: Loaded, now: dt.datetime) -> list[str]:
    """Warnings of certificates that end soon. Raises ConfigError for one that cannot be used."""
    found: list[str] = []
    for name, listener in loaded.gateway.listener.items():
        if listener.tls is None:
            continue
        tls = listener.tls
        found += _pair(loaded, ("listener", name, "tls"), tls.certificate, tls.key, now)
        for key, file in (("client-ca", tls.client_ca),):
            if file:
                certificates(loaded, ("listener", name, "tls", key), file)
    for name, upstream in loaded.gateway.upstream.items():
        if upstream.tls and upstream.tls.certificate:
            found += _pair(loaded, ("upstream", name, "tls"), upstream.tls.certificate, upstream.tls.key, now)
        if upstream.tls and upstream.tls.ca:
            certificates(loaded, ("upstream", name, "tls", "ca"), upstream.tls.ca)
    return found


def _pair(loaded: Loaded, steps: Steps, certificate: str, key: str, now: dt.datetime) -> list[str]:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    leaf = certificates(loaded, (*steps, "certificate"), certificate)[0]
    try:
        private = load_pem_private_key(loaded.beside(key).read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        hint = "name a private key in PEM that is not encrypted"
        raise loaded.wrong((*steps, "key"), f"{key} is no private key", hint) from error
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if private.public_key().public_bytes(*form) != leaf.public_key().public_bytes(*form):
        raise loaded.wrong(
            (*steps, "key"), f"{key} is not the key of {certificate}", "name the two that were made together"
        )
    end = leaf.not_valid_after_utc
    if end <= now or leaf.not_valid_before_utc > now:
        said = f"ended on {end:%Y-%m-%d}" if end <= now else f"begins on {leaf.not_valid_before_utc:%Y-%m-%d}"
        raise loaded.wrong((*steps, "certificate"), f"{certificate} {said}", "put one in its place that is valid today")
    return [f"{certificate} ends on {end:%Y-%m-%d %H:%M} UTC: renew it"] if end - now < SOON else []


def certificates(loaded: Loaded, steps: Steps, file: str) -> list[Certificate]:
    """Those of a file that a gateway file names. Raises ConfigError."""
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return load_pem_x509_certificates(loaded.beside(file).read_bytes())
    except OSError as error:
        raise loaded.unread(steps, file, error) from error
    except ValueError as error:
        raise loaded.wrong(
            steps, f"{file} holds no certificate", "name a file in PEM (-----BEGIN CERTIFICATE-----)"
        ) from error
