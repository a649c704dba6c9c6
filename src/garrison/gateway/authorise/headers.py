"""What Envoy tells the authorisation service, in headers that the gateway takes from clients before it sets its own."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Sequence
from typing import Any, Final, Protocol

from garrison.policy.actions import Action
from garrison.policy.request import Login, Request

PREFIX: Final = "x-garrison-"
CLIENT: Final = "x-garrison-client"
ROLE: Final = "x-garrison-role"
ACTION: Final = "x-garrison-action"
MODEL: Final = "x-garrison-model"
LOGIN: Final = "x-garrison-login"  # key, jwt or certificate
SOURCE: Final = "x-garrison-source"  # the client's address, without its port
ISSUER: Final = "x-garrison-issuer"  # of a token: its name in the gateway file
CLAIMS: Final = "x-garrison-claims"  # of a token: base64url of the JSON of its payload, as jwt_authn forwards it
PROTOCOL: Final = "x-garrison-protocol"
SIZE: Final = "x-garrison-size"  # of the body in bytes, where it is told beforehand
SECRET: Final = "x-garrison-secret"  # noqa: S105 - the name of a header
POLICY: Final = "x-garrison-policy"  # of an answer: the policies that made it

_MAX_CLAIMS_BYTES = 64 * 1024


class Headers(Protocol):
    """What Granian has of headers."""

    def get_all(self, key: str) -> Sequence[str]:
        """All values of one name."""


class NotFromEnvoyError(Exception):
    """The headers are not those that the gateway sets: it is configured wrongly, or something else is asking."""


def read_request(method: str, path: str, headers: Headers, now: dt.datetime) -> Request:
    """What is asked. Raises NotFromEnvoyError, and ValueError for claims that cannot be read."""
    try:
        action, login = Action(_one(headers, ACTION)), Login(_one(headers, LOGIN))
        size = _one(headers, SIZE, "")
        size_bytes = int(size) if size else None
    except ValueError as error:
        raise NotFromEnvoyError(str(error)) from error
    return Request(
        client=_one(headers, CLIENT),
        role=_one(headers, ROLE),
        action=action,
        model=_one(headers, MODEL),
        now=now,
        source=_one(headers, SOURCE),
        login=login,
        issuer=_one(headers, ISSUER, ""),
        claims=_claims(_one(headers, CLAIMS, "")),
        method=method,
        path=path,
        protocol=_one(headers, PROTOCOL, ""),
        size_bytes=size_bytes,
    )


def _one(headers: Headers, name: str, otherwise: str | None = None) -> str:
    values = headers.get_all(name)
    if len(values) == 1 and values[0]:
        return values[0]
    if otherwise is None or len(values) > 1:
        raise NotFromEnvoyError(f"{len(values)} headers {name}")
    return otherwise


def _claims(said: str) -> dict[str, Any]:
    if not said:
        return {}
    if len(said) > _MAX_CLAIMS_BYTES:
        raise ValueError("the token's claims are too large")
    try:
        claims = json.loads(base64.b64decode(said + "=" * (-len(said) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError("the token's claims cannot be read") from error
    if not isinstance(claims, dict):
        raise ValueError("the token's claims are no object")  # noqa: TRY004 - a value of a header, not an argument
    return claims
