"""What is asked of a policy: who wants to do what with which model, and all that a policy can know about it, as Cedar has it."""

from __future__ import annotations

import datetime as dt
import enum
import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from garrison.errors import UsageError
from garrison.policy.actions import Action
from garrison.policy.vocabulary import Claim, Vocabulary, zone

Json = dict[str, Any]
_LONG = range(-(2**63), 2**63)  # Cedar's Long
_UNKNOWN: Json = {"__extn": {"fn": "unknown", "arg": "unknown"}}


class Login(enum.StrEnum):
    """How a client proved who it is."""

    KEY = "key"
    JWT = "jwt"
    CERTIFICATE = "certificate"


class Model(msgspec.Struct, frozen=True):
    """A model, as policies see it."""

    name: str
    labels: frozenset[str] = frozenset()


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request. `now` is aware of its time zone; `claims` are those of the token, whether declared or not."""

    client: str
    role: str
    action: Action
    model: str
    now: dt.datetime
    source: str = "127.0.0.1"
    login: Login = Login.KEY
    issuer: str = ""
    claims: Mapping[str, Any] = {}
    method: str = "POST"
    path: str = "/"
    protocol: str = ""
    size_bytes: int | None = None


def euid(kind: str, name: str) -> Json:
    """A reference to an entity."""
    return {"type": kind, "id": name}


def written(kind: str, name: str) -> str:
    """The same in Cedar's own syntax, which partial evaluation wants. Raises UsageError for a name that has none."""
    if not name.isprintable():
        raise UsageError(f"{name!r} cannot be the name of a {kind.lower()}", hint="use visible characters")
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'{kind}::"{quoted}"'


def role_entities(vocabulary: Vocabulary, role: str) -> list[Json]:
    """A role, and all that it is within."""
    listed = vocabulary.role
    return [
        _entity("Role", name, parents=[("Role", other) for other in listed[name].within] if name in listed else ())
        for name in sorted(vocabulary.around(role))
    ]


def model_entities(model: Model) -> list[Json]:
    """A model and its labels."""
    labels = sorted(model.labels)
    found = [_entity("Label", label) for label in labels]
    return [*found, _entity("Model", model.name, {"labels": labels}, [("Label", label) for label in labels])]


def client_entity(name: str, role: str, login: str, issuer: str) -> Json:
    """A client in its role."""
    return _entity("Client", name, {"login": login, "issuer": issuer}, [("Role", role)])


def unknown_client(name: str, role: str) -> Json:
    """A client of whom nothing but its name and its role is known: what depends on more is not decided."""
    return _entity("Client", name, {"login": _UNKNOWN, "issuer": _UNKNOWN}, [("Role", role)])


def context(request: Request, vocabulary: Vocabulary) -> Json:
    """The context of a request. Raises ValueError for what is not of its declared type: nothing is guessed, nothing left out."""
    local = request.now.astimezone(zone(vocabulary.timezone))
    utc = request.now.astimezone(dt.UTC)
    asked: Json = {"method": request.method, "path": request.path, "protocol": request.protocol}
    if request.size_bytes is not None:
        asked["size_bytes"] = request.size_bytes
    return {
        "now": {"__extn": {"fn": "datetime", "arg": f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03}Z"}},
        "hour": local.hour,
        "weekday": local.isoweekday(),
        "source": {"__extn": {"fn": "ip", "arg": str(_address(request.source))}},
        "claims": {
            name: _claim(name, claim, request.claims[name])
            for name, claim in vocabulary.claims.items()
            if request.claims.get(name) is not None
        },
        "request": asked,
    }


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address; one of IPv4 that was written as IPv6 (RFC 4291, section 2.5.5.2) is what it is, as ranges name it so."""
    address = ipaddress.ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address


def _claim(name: str, claim: Claim, value: Any) -> Any:
    match claim, value:
        case Claim.STRING, str():
            return value
        case Claim.STRINGS, str():
            return [value]
        case Claim.STRINGS, list() if all(isinstance(v, str) for v in value):
            return value
        case Claim.BOOLEAN, bool():
            return value
        case Claim.NUMBER, int() if not isinstance(value, bool) and value in _LONG:
            return value
    raise ValueError(f"the claim {name} is no {claim}")


def _entity(kind: str, name: str, attrs: Json | None = None, parents: Iterable[tuple[str, str]] = ()) -> Json:
    return {"uid": euid(kind, name), "attrs": attrs or {}, "parents": [euid(*p) for p in parents]}
