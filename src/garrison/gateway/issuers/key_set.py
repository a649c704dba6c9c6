"""Key sets (RFC 7517) over HTTPS."""

from __future__ import annotations

import base64
import http.client
import ssl
import urllib.error
import urllib.request
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurve,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from garrison.errors import ConfigError

_MAX_BYTES = 1_000_000
_TIMEOUT_S = 5.0
_RSA_BITS = 2048  # RFC 7518, section 3.3
_CURVES: dict[str, tuple[type[EllipticCurve], str]] = {
    "P-256": (SECP256R1, "ES256"),
    "P-384": (SECP384R1, "ES384"),
    "P-521": (SECP521R1, "ES512"),
}
_RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")


class KeyServer(msgspec.Struct, frozen=True):
    """Where an issuer publishes its keys. `ca` is a file, or empty for the system's."""

    url: str
    ca: str
    every_s: float


class _Said(msgspec.Struct, frozen=True):
    keys: tuple[dict[str, Any], ...]


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Keys come from where the file says, and from nowhere else."""


def fetch(server: KeyServer) -> str:
    """The public keys of an issuer, as a key set. Raises ConfigError, with the reason, where none can be had."""
    context = ssl.create_default_context(cafile=server.ca or None)
    handlers = (urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context), _Stay())
    try:
        with urllib.request.build_opener(*handlers).open(server.url, timeout=_TIMEOUT_S) as answer:
            data = answer.read(_MAX_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise ConfigError(f"{server.url}: {reason}", hint="see whether it answers, and by which certificate") from error
    return public(data, server.url)


def public(data: bytes, url: str) -> str:
    """The keys of a key set that signatures of tokens are verified with; nothing where there are none. Raises ConfigError.

    Envoy takes no key set without a key that it knows; and one that is symmetric is nobody's secret once it is published.
    """
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"{url} answers with more than {_MAX_BYTES:,} bytes", hint="this is no key set")
    try:
        said = msgspec.json.decode(data, type=_Said)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{url} answers with no key set: {error}", hint="name the issuer's jwks_uri") from error
    kept = [key for key in said.keys if key.get("use", "sig") == "sig" and _verifies(key)]
    return msgspec.json.encode({"keys": kept}, order="sorted").decode() if kept else ""


def usable(data: bytes) -> str:
    """What keeps a file from being a key set that tokens can be verified with; "" if nothing does.

    Beside what `public` keeps it can hold symmetric keys (RFC 7518, section 6.4), as it is published to nobody.
    """
    try:
        said = msgspec.json.decode(data, type=_Said)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return f"is no key set: {error}"
    if any(key.get("use", "sig") == "sig" and (_verifies(key) or _is_secret(key)) for key in said.keys):
        return ""
    return "has no key that tokens are verified with: RSA of 2048 bits or more, EC, Ed25519 or oct"


def _is_secret(key: dict[str, Any]) -> bool:
    try:
        return bool(key["kty"] == "oct" and _bytes(key["k"]))
    except (KeyError, TypeError, ValueError):
        return False


def _verifies(key: dict[str, Any]) -> bool:
    """Whether it is a public key (RFC 7518, section 6; RFC 8037) of an algorithm that is known here."""
    try:
        if key["kty"] == "RSA":
            n, e = _number(key["n"]), _number(key["e"])
            RSAPublicNumbers(e, n).public_key()
            return n.bit_length() >= _RSA_BITS and key.get("alg", "RS256") in _RSA_ALGORITHMS
        if key["kty"] == "EC":
            curve, algorithm = _CURVES[key["crv"]]
            EllipticCurvePublicNumbers(_number(key["x"]), _number(key["y"]), curve()).public_key()
            return bool(key.get("alg", algorithm) == algorithm)
        if key["kty"] == "OKP":
            Ed25519PublicKey.from_public_bytes(_bytes(key["x"]))
            return bool(key["crv"] == "Ed25519" and key.get("alg", "EdDSA") == "EdDSA")
    except (KeyError, TypeError, ValueError):
        return False
    return False


def _number(text: str) -> int:
    return int.from_bytes(_bytes(text), "big")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
