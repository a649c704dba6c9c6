"""Whether certificates, keys and revocation lists can be used: what Envoy would only say once it is too late, or never."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from garrison.errors import ConfigError
from garrison.forms.places import Steps
from garrison.gateway.certificates import lists
from garrison.gateway.file.form import ServerTls, UpstreamTls
from garrison.gateway.file.read import Loaded

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

SOON = dt.timedelta(days=14)
_NONE: Final[Mapping[str, str]] = {}


class _Files(msgspec.Struct, frozen=True):
    """The files that a gateway file names; where `copies` has one of that name, that one is meant."""

    loaded: Loaded
    copies: Mapping[str, str]

    def read(self, steps: Steps, name: str) -> bytes:
        """What is in one. Raises ConfigError."""
        try:
            return Path(self.copies.get(name) or self.loaded.beside(name)).read_bytes()
        except OSError as error:
            raise self.loaded.unread(steps, name, error) from error


def hold(loaded: Loaded, now: dt.datetime, copies: Mapping[str, str] = _NONE) -> list[str]:
    """Warnings of what ends soon. Raises ConfigError for what cannot be used.

    `copies` are the files that stand for those that are named: what is put in force has to be what was looked at.
    """
    files = _Files(loaded, copies)
    found: list[str] = []
    for name, listener in loaded.gateway.listener.items():
        if listener.tls is not None:
            found += _pair(files, ("listener", name, "tls"), listener.tls, now)
            found += _clients(files, ("listener", name, "tls"), listener.tls, now)
    for name, upstream in loaded.gateway.upstream.items():
        if upstream.tls and upstream.tls.certificate:
            found += _pair(files, ("upstream", name, "tls"), upstream.tls, now)
        if upstream.tls and upstream.tls.ca:
            _certificates(files, ("upstream", name, "tls", "ca"), upstream.tls.ca)
    return found


def _pair(files: _Files, steps: Steps, tls: ServerTls | UpstreamTls, now: dt.datetime) -> list[str]:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    certificate, key = tls.certificate, tls.key
    leaf = _certificates(files, (*steps, "certificate"), certificate)[0]
    try:
        private = load_pem_private_key(files.read((*steps, "key"), key), password=None)
    except (ValueError, TypeError) as error:
        hint = "name a private key in PEM that is not encrypted"
        raise files.loaded.wrong((*steps, "key"), f"{key} is no private key", hint) from error
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if private.public_key().public_bytes(*form) != leaf.public_key().public_bytes(*form):
        hint = "name the two that were made together"
        raise files.loaded.wrong((*steps, "key"), f"{key} is not the key of {certificate}", hint)
    end = leaf.not_valid_after_utc
    if end <= now or leaf.not_valid_before_utc > now:
        said = f"ended on {end:%Y-%m-%d}" if end <= now else f"begins on {leaf.not_valid_before_utc:%Y-%m-%d}"
        hint = "put one in its place that is valid today"
        raise files.loaded.wrong((*steps, "certificate"), f"{certificate} {said}", hint)
    return _soon(certificate, leaf, now)


def _clients(files: _Files, steps: Steps, tls: ServerTls, now: dt.datetime) -> list[str]:
    """Who signs the certificates of clients, and which of them are revoked."""
    if not tls.client_ca:
        return []
    authorities = _certificates(files, (*steps, "client-ca"), tls.client_ca)
    found = [warning for one in authorities for warning in _soon(tls.client_ca, one, now)]
    if tls.client_crl:
        found += _lists(files, steps, tls, authorities, now)[1]
    return found


def revocation_lists(loaded: Loaded, now: dt.datetime) -> dict[str, str]:
    """Those of all listeners, by their file, for an Envoy that nobody guards from a file that is emptied. Raises ConfigError."""
    files, found = _Files(loaded, _NONE), {}
    for name, listener in loaded.gateway.listener.items():
        if (tls := listener.tls) and tls.client_crl:
            steps: Steps = ("listener", name, "tls")
            authorities = _certificates(files, (*steps, "client-ca"), tls.client_ca)
            found[tls.client_crl] = lists.text_of(_lists(files, steps, tls, authorities, now)[0])
    return found


def _lists(
    files: _Files, steps: Steps, tls: ServerTls, authorities: list[Certificate], now: dt.datetime
) -> tuple[bytes, list[str]]:
    """A file that holds lists that can be used, and warnings of those. Raises ConfigError."""
    steps = (*steps, "client-crl")
    data = files.read(steps, tls.client_crl)
    try:
        return data, lists.hold(tls.client_crl, data, authorities, now)
    except ConfigError as error:
        raise files.loaded.wrong(steps, error.message, error.hint) from error


def _soon(file: str, one: Certificate, now: dt.datetime) -> list[str]:
    end = one.not_valid_after_utc
    said = "ended" if end <= now else "ends"
    return [f"{file} {said} on {end:%Y-%m-%d %H:%M} UTC: renew it"] if end - now < SOON else []


def certificates(loaded: Loaded, steps: Steps, file: str) -> list[Certificate]:
    """Those of a file that a gateway file names. Raises ConfigError."""
    return _certificates(_Files(loaded, _NONE), steps, file)


def _certificates(files: _Files, steps: Steps, file: str) -> list[Certificate]:
    from cryptography.x509 import load_pem_x509_certificates

    data = files.read(steps, file)
    try:
        return load_pem_x509_certificates(data)
    except ValueError as error:
        hint = "name a file in PEM (-----BEGIN CERTIFICATE-----)"
        raise files.loaded.wrong(steps, f"{file} holds no certificate", hint) from error
