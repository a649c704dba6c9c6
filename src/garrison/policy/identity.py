"""From what a client has proved to who it is: tokens (RFC 7519) and certificates (RFC 5280, section 4.2.1.6) to client and role.

Rules are data, so that the gateway can compile them into Envoy and `explain` can answer from the same. The first rule that fits
decides; where none fits, nobody is let in. A client holds one role at a time.

A token's subject is named `ISSUER/SUBJECT`, by the issuer's name in the gateway file: no issuer can speak for the clients of
another, nor for those of keys and certificates, whose names have no slash or are whole URIs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec

from garrison.errors import ConfigError

CLIENT_PATTERN: Final = r"^[!-~]{1,256}$"  # what fits into a header and a log without being quoted
_WILDCARD: Final = "*"


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


class CertificateRule(msgspec.Struct, frozen=True, kw_only=True):
    """Whose certificate is which client: `san` is a URI or DNS name, in which `*` stands for one whole segment.

    `spiffe://acme.example/ml/*` is every workload right below `ml`; `*.batch.acme.example` every host of that domain. Without
    a `client`, the name in the certificate is the client's.
    """

    san: str
    role: str
    client: str = ""

    @property
    def pattern(self) -> str:
        """The whole name as a regular expression (RE2 and Python's). DNS names are compared in lower case."""
        separator = "/" if "://" in self.san else "."
        segments = self.san.split(separator) if separator == "/" else self.san.lower().split(separator)
        return re.escape(separator).join(
            f"[^{re.escape(separator)}]+" if segment == _WILDCARD else re.escape(segment) for segment in segments
        )


def check_rule(rule: CertificateRule) -> None:
    """Raises ConfigError for a rule that would fit more than it seems to."""
    scheme, uri, rest = rule.san.partition("://")
    segments = (rest if uri else rule.san).split("/" if uri else ".")
    wrong = ""
    if any(_WILDCARD in segment and segment != _WILDCARD for segment in segments) or (_WILDCARD in scheme and uri):
        wrong = "* stands for a whole segment"
    elif segments[0] == _WILDCARD and (uri or len(segments) < 3):  # noqa: PLR2004 - a domain of two labels at least
        wrong = "the domain of a certificate is not left open"
    elif uri and any(segment in ("", ".", "..") for segment in segments):
        wrong = "a URI without empty segments and dots is needed"
    if wrong:
        raise ConfigError(f"{rule.san}: {wrong}", hint='write it as "spiffe://acme.example/ml/*" or "*.acme.example"')


def of_token(rules: TokenRules, claims: Mapping[str, Any], listed: Collection[str]) -> Who | Refused:
    """Who comes with a token of these claims. `listed` are the roles that there are, in the order of their file."""
    for path, value in rules.require:
        if value not in _values(claims, path):
            return Refused(f"the token's {'.'.join(path)} is not {value}")
    subject = _at(claims, rules.client_claim)
    if not isinstance(subject, str) or not re.fullmatch(CLIENT_PATTERN, client := f"{rules.name}/{subject}"):
        return Refused(f"the token's {'.'.join(rules.client_claim)} names no client")
    values = _values(claims, rules.role_claim)
    for value, role in rules.pairs(listed):
        if value in values:
            return Who(client, role)
    return Refused(f"the token's {'.'.join(rules.role_claim)} leads to no role")


def of_certificate(rules: Collection[CertificateRule], sans: Collection[str], listed: Collection[str]) -> Who | Refused:
    """Who comes with a certificate of these subject alternative names, that a trusted authority has signed."""
    for rule in rules:
        for san in sans:
            name = san if "://" in san else san.lower()
            if ("://" in san) is ("://" in rule.san) and re.fullmatch(rule.pattern, name) and rule.role in listed:
                client = rule.client or name
                return (
                    Who(client, rule.role)
                    if re.fullmatch(CLIENT_PATTERN, client)
                    else Refused("its name is no client's")
                )
    return Refused("no rule fits the names in the certificate")


def _at(claims: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        if not isinstance(claims, Mapping):
            return None
        claims = claims.get(step)
    return claims


def _values(claims: Mapping[str, Any], path: tuple[str, ...]) -> frozenset[str]:
    """The strings of a claim: itself, its items, or the words of an OAuth scope (RFC 6749, section 3.3)."""
    found = _at(claims, path)
    if isinstance(found, str):
        return frozenset((found, *found.split(" "))) if path[-1] in ("scope", "scp") else frozenset((found,))
    return frozenset(v for v in found if isinstance(v, str)) if isinstance(found, list) else frozenset()
