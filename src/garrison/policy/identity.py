"""From what a client has proved to who it is: tokens (RFC 7519) and certificates (RFC 5280, section 4.2.1.6) to client and role.

Rules are data, so that the gateway can compile them and `explain` can answer from the same: `for_lua` is what the functions of
`identity.lua` take. The first rule that fits decides; where none fits, nobody is let in. A client holds one role at a time.

A token's subject is named `ISSUER:SUBJECT`, by the issuer's name in the gateway file: no issuer can speak for the clients of
another, nor for those of keys, whose names have no colon.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from garrison.errors import ConfigError

LUA: Final = Path(__file__).with_suffix(".lua")
_CLIENT = re.compile(r"[A-Za-z0-9._@:|/+=-]{1,128}")  # what fits into a header and a log without being quoted
_WORDS: Final = ("scope", "scp")  # claims whose text is a list of words (RFC 6749, section 3.3)
_WILDCARD: Final = "*"
_LARGEST: Final = 1e300


class Who(msgspec.Struct, frozen=True):
    """A client and the role that it acts in."""

    client: str
    role: str


class Refused(msgspec.Struct, frozen=True):
    """Why nobody is let in."""

    reason: str


class TokenRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the claims of one issuer's tokens mean; signature, issuer, audience and times have been verified before.

    `client_claim` and `role_claim` are paths: each name leads one object deeper. `roles` goes from a value of the claim to
    a role, the first that the token carries decides; where it is empty, values are the names of roles themselves.
    `require` are claims that must be, or contain, a value.
    """

    name: str
    client_claim: tuple[str, ...] = ("sub",)
    role_claim: tuple[str, ...] = ("roles",)
    roles: tuple[tuple[str, str], ...] = ()
    require: tuple[tuple[tuple[str, ...], str], ...] = ()

    def pairs(self, listed: Collection[str]) -> tuple[tuple[str, str], ...]:
        """From values to roles, in the order in which they are tried; only to roles that are listed."""
        return tuple((value, role) for value, role in self.roles or ((r, r) for r in listed) if role in listed)

    def for_lua(self, listed: Collection[str]) -> dict[str, Any]:
        """The rules as `who_has_token` takes them."""
        return {
            "name": self.name,
            "client": list(self.client_claim),
            "role": list(self.role_claim),
            "words": self.role_claim[-1] in _WORDS,
            "roles": [{"value": value, "role": role} for value, role in self.pairs(listed)],
            "require": [{"path": list(p), "value": value, "words": p[-1] in _WORDS} for p, value in self.require],
        }


class CertificateRule(msgspec.Struct, frozen=True, kw_only=True):
    """Whose certificate is which client: `san` is a URI or DNS name, in which `*` stands for one whole segment.

    `spiffe://acme.example/ml/*` is every workload right below `ml`; `*.batch.acme.example` every host of that domain. Without
    a `client`, the name in the certificate is the client's.
    """

    san: str
    role: str
    client: str = ""

    @property
    def is_uri(self) -> bool:
        return "://" in self.san

    @property
    def pattern(self) -> str:
        """The whole name as a regular expression (RE2 and Python's). DNS names are compared in lower case."""
        return self._joined(re.escape)

    def for_lua(self) -> dict[str, Any]:
        """The rule as `who_has_certificate` takes it, of which it takes a list."""
        pattern = self._joined(lambda text: re.sub(r"[^A-Za-z0-9]", r"%\g<0>", text))
        return {"uri": self.is_uri, "pattern": f"^{pattern}$", "client": self.client, "role": self.role}

    def _joined(self, escape: Callable[[str], str]) -> str:
        separator = "/" if self.is_uri else "."
        segments = (self.san if self.is_uri else self.san.lower()).split(separator)
        one = f"[^{escape(separator)}]+"
        return escape(separator).join(one if segment == _WILDCARD else escape(segment) for segment in segments)


def check_rule(rule: CertificateRule) -> None:
    """Raises ConfigError for a rule that would fit more than it seems to."""
    segments = rule.san.partition("://")[2].split("/") if rule.is_uri else rule.san.split(".")
    scheme = rule.san.partition("://")[0] if rule.is_uri else ""
    wrong = ""
    if not rule.san.isascii() or not rule.san.isprintable():
        wrong = "names in certificates are ASCII"
    elif any(_WILDCARD in segment and segment != _WILDCARD for segment in (*segments, scheme)):
        wrong = "* stands for a whole segment"
    elif _WILDCARD in (segments[0], scheme) and (rule.is_uri or len(segments) < 3):  # noqa: PLR2004 - of a domain
        wrong = "the domain of a certificate is not left open"
    elif any(segment in ("", "..") or (rule.is_uri and segment == ".") for segment in segments):
        wrong = "a name without empty segments and dots is needed"
    if wrong:
        raise ConfigError(f"{rule.san}: {wrong}", hint='write it as "spiffe://acme.example/ml/*" or "*.acme.example"')


def of_token(rules: TokenRules, claims: Mapping[str, Any], listed: Collection[str]) -> Who | Refused:
    """Who comes with a token of these claims. `listed` are the roles that there are, in the order of their file."""
    for path, value in rules.require:
        if value not in _values(claims, path):
            return Refused(f"the token's {'.'.join(path)} is not {value}")
    subject = _at(claims, rules.client_claim)
    if not isinstance(subject, str) or not subject or not _CLIENT.fullmatch(client := f"{rules.name}:{subject}"):
        return Refused(f"the token's {'.'.join(rules.client_claim)} names no client")
    values = _values(claims, rules.role_claim)
    for value, role in rules.pairs(listed):
        if value in values:
            return Who(client, role)
    return Refused(f"the token's {'.'.join(rules.role_claim)} leads to no role")


def of_certificate(rules: Sequence[CertificateRule], sans: Sequence[str], listed: Collection[str]) -> Who | Refused:
    """Who comes with a certificate of these subject alternative names, that a trusted authority has signed."""
    for rule in rules:
        for san in sans if rule.role in listed else ():
            name = san if rule.is_uri else san.lower()
            if san.isascii() and ("://" in san) is rule.is_uri and re.fullmatch(rule.pattern, name):
                client = rule.client or name
                return Who(client, rule.role) if _CLIENT.fullmatch(client) else Refused(f"{client} is no client's name")
    return Refused("no rule fits the names in the certificate")


def _at(claims: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        if not isinstance(claims, Mapping):
            return None
        claims = claims.get(step)
    return claims


def _values(claims: Mapping[str, Any], path: tuple[str, ...]) -> frozenset[str]:
    """The values of a claim as text: its own, those of its items, or its words."""
    found = _at(claims, path)
    if isinstance(found, str) and path[-1] in _WORDS:
        return frozenset((found, *filter(None, found.split(" "))))
    texts = map(_text, found if isinstance(found, list) else [found])
    return frozenset(text for text in texts if text is not None)


def _text(value: Any) -> str | None:
    """A scalar as text. Numbers are doubles in Envoy, and LuaJIT writes 14 digits of them."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float) and abs(value) < _LARGEST:
        return f"{float(value):.14g}"
    return value if isinstance(value, str) else None
