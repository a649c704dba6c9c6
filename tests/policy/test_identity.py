"""Who comes with a token or a certificate."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garrison.errors import ConfigError
from garrison.policy.identity import CertificateRule, Refused, TokenRules, Who, check_rule, of_certificate, of_token

ROLES = ("data-scientist", "ml-engineer", "service")
OKTA = TokenRules(
    name="okta",
    role_claim=("realm_access", "groups"),
    roles=(("ml", "ml-engineer"), ("ds", "data-scientist"), ("gone", "no-longer-listed")),
    require=((("org",), "acme"),),
)


def token(**claims: Any) -> dict[str, Any]:
    return {"sub": "alice", "org": "acme", "realm_access": {"groups": ["ds", "x"]}, **claims}


@pytest.mark.parametrize(
    ("claims", "who"),
    [
        (token(), Who("okta/alice", "data-scientist")),
        (token(realm_access={"groups": ["ds", "ml"]}), Who("okta/alice", "ml-engineer")),
        (token(realm_access={"groups": "ml"}), Who("okta/alice", "ml-engineer")),
        (token(org=["x", "acme"]), Who("okta/alice", "data-scientist")),
    ],
)
def test_tokens(claims: dict[str, Any], who: Who) -> None:
    assert of_token(OKTA, claims, ROLES) == who


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        (token(org="acme2"), "org is not acme"),
        (token(org=None), "org is not acme"),
        (token(sub=None), "names no client"),
        (token(sub=7), "names no client"),
        (token(sub="a b"), "names no client"),
        (token(sub="a\r\nx-garrison-role: operations"), "names no client"),
        (token(sub="é"), "names no client"),
        (token(sub="a" * 300), "names no client"),
        (token(realm_access={"groups": ["gone"]}), "leads to no role"),
        (token(realm_access={"groups": [["ml"]]}), "leads to no role"),
        (token(realm_access=["groups"]), "leads to no role"),
        (token(realm_access={"groups": "ds ml"}), "leads to no role"),
        ({"sub": "alice", "org": "acme"}, "leads to no role"),
    ],
)
def test_tokens_that_are_refused(claims: dict[str, Any], why: str) -> None:
    refused = of_token(OKTA, claims, ROLES)
    assert isinstance(refused, Refused)
    assert why in refused.reason


def test_without_a_map_values_are_roles_in_the_order_of_their_file() -> None:
    rules = TokenRules(name="own")
    assert of_token(rules, {"sub": "a", "roles": ["service", "ml-engineer", "admin"]}, ROLES) == Who(
        "own/a", "ml-engineer"
    )
    assert isinstance(of_token(rules, {"sub": "a", "roles": ["member"]}, ROLES), Refused)


def test_scopes_are_words() -> None:
    rules = TokenRules(name="own", role_claim=("scope",), roles=(("models:use", "service"),))
    assert of_token(rules, {"sub": "a", "scope": "openid models:use"}, ROLES) == Who("own/a", "service")


RULES = (
    CertificateRule(san="spiffe://acme.example/ml/train", role="ml-engineer", client="trainer"),
    CertificateRule(san="spiffe://acme.example/ml/*", role="service"),
    CertificateRule(san="*.batch.Acme.example", role="service"),
)


@pytest.mark.parametrize(
    ("sans", "who"),
    [
        (["spiffe://acme.example/ml/train"], Who("trainer", "ml-engineer")),
        (["host.other", "spiffe://acme.example/ml/score"], Who("spiffe://acme.example/ml/score", "service")),
        (["A.BATCH.acme.example"], Who("a.batch.acme.example", "service")),
    ],
)
def test_certificates(sans: list[str], who: Who) -> None:
    assert of_certificate(RULES, sans, ROLES) == who


@pytest.mark.parametrize(
    "san",
    [
        "spiffe://acme.example/ml/",
        "spiffe://acme.example/ml/a/b",
        "spiffe://acme.example/ml/train/x",
        "spiffe://acme.example.evil/ml/a",
        "xspiffe://acme.example/ml/a",
        "spiffe://acme.example/ml/a b",
        "spiffe://acme.example/ml/a\n",
        "spiffe://acmeXexample/ml/a",
        "a.b.batch.acme.example",
        "batch.acme.example",
        "a.batch.acme.example.evil",
        "",
    ],
)
def test_certificates_that_are_refused(san: str) -> None:
    assert isinstance(of_certificate(RULES, [san], ROLES), Refused)


def test_a_role_that_is_not_listed_is_nobody() -> None:
    assert isinstance(of_certificate(RULES, ["spiffe://acme.example/ml/a"], ("ml-engineer",)), Refused)


@pytest.mark.parametrize(
    "san",
    [
        "*",
        "*.example",
        "spiffe://*/ml",
        "spiffe://a.example/m*",
        "sp*://a/b",
        "a*.b.c",
        "spiffe://a/../b",
        "spiffe://a//b",
    ],
)
def test_rules_that_fit_too_much(san: str) -> None:
    with pytest.raises(ConfigError):
        check_rule(CertificateRule(san=san, role="service"))


def test_rules_that_are_right() -> None:
    for rule in RULES:
        check_rule(rule)


@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_whatever_a_token_says_nothing_breaks(said: Any) -> None:
    assert isinstance(of_token(OKTA, token(realm_access=said, sub=said), ROLES), Refused | Who)


@given(st.text(alphabet="abs*./:\\+", min_size=1, max_size=20), st.text(alphabet="abs./:", max_size=20))
def test_a_name_without_a_wildcard_fits_itself_only(san: str, other: str) -> None:
    if "*" not in san and san.lower() != other.lower():
        assert not re.fullmatch(CertificateRule(san=san, role="service").pattern, other)
