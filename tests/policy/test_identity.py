"""Who comes with a token or a certificate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import lupa.luajit21 as lupa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from garrison.errors import ConfigError
from garrison.policy.identity import (
    LUA,
    CertificateRule,
    Refused,
    TokenRules,
    Who,
    check_rule,
    of_certificate,
    of_token,
)

ROLES = ("data-scientist", "ml-engineer", "service")
OKTA = TokenRules(
    name="okta",
    role_claim=("realm_access", "groups"),
    roles=(("ml", "ml-engineer"), ("ds", "data-scientist"), ("gone", "no-longer-listed")),
    require=((("org",), "acme"),),
)


def token(**claims: Any) -> dict[str, Any]:
    return {"sub": "alice", "org": "acme", "realm_access": {"groups": ["ds", "x"]}, **claims}


# identity.lua, which Envoy runs, is asked the same each time.

RUNTIME = lupa.LuaRuntime(encoding="utf-8")
TWIN: Any = RUNTIME.execute(
    LUA.read_text("utf8") + "\nreturn { token = who_has_token, certificate = who_has_certificate }"
)


def as_lua(value: Any) -> Any:
    """A value as Envoy hands it to Lua: numbers are doubles, null is nothing."""
    if isinstance(value, dict):
        return RUNTIME.table_from({key: as_lua(item) for key, item in value.items() if item is not None})
    if isinstance(value, list):
        return RUNTIME.table_from({n: as_lua(item) for n, item in enumerate(value, 1) if item is not None})
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def said(found: Any) -> Who | None:
    """What a function of the twin has found: a caller alone, or nil and a reason."""
    if isinstance(found, tuple):
        assert found[0] is None
        assert found[1]
        return None
    return Who(found.client, found.role)


def with_token(rules: TokenRules, claims: dict[str, Any]) -> Who | Refused:
    who = of_token(rules, claims, ROLES)
    assert said(TWIN.token(as_lua(rules.for_lua(ROLES)), as_lua(claims))) == (who if isinstance(who, Who) else None)
    return who


def with_certificate(rules: Sequence[CertificateRule], sans: list[str]) -> Who | Refused:
    who = of_certificate(rules, sans, ROLES)
    uris, names = ([san for san in sans if ("://" in san) is uri] for uri in (True, False))
    twin = TWIN.certificate(as_lua([rule.for_lua() for rule in rules]), as_lua(uris), as_lua(names))
    assert said(twin) == (who if isinstance(who, Who) else None)
    return who


@pytest.mark.parametrize(
    ("claims", "who"),
    [
        (token(), Who("okta:alice", "data-scientist")),
        (token(realm_access={"groups": ["ds", "ml"]}), Who("okta:alice", "ml-engineer")),
        (token(realm_access={"groups": ["ds"]}, org="acme"), Who("okta:alice", "data-scientist")),
        (token(realm_access={"groups": "ml"}), Who("okta:alice", "ml-engineer")),
        (token(org=["x", "acme"]), Who("okta:alice", "data-scientist")),
    ],
)
def test_tokens(claims: dict[str, Any], who: Who) -> None:
    assert with_token(OKTA, claims) == who


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        (token(org="acme2"), "org is not acme"),
        (token(org=None), "org is not acme"),
        (token(sub=None), "names no client"),
        (token(sub=7), "names no client"),
        (token(sub=""), "names no client"),
        (token(org={"x": "acme"}), "org is not acme"),
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
    refused = with_token(OKTA, claims)
    assert isinstance(refused, Refused)
    assert why in refused.reason


def test_without_a_map_values_are_roles_in_the_order_of_their_file() -> None:
    rules = TokenRules(name="own")
    assert with_token(rules, {"sub": "a", "roles": ["service", "ml-engineer", "admin"]}) == Who("own:a", "ml-engineer")
    assert isinstance(with_token(rules, {"sub": "a", "roles": ["member"]}), Refused)


def test_scopes_are_words() -> None:
    rules = TokenRules(name="own", role_claim=("scope",), roles=(("models:use", "service"),))
    assert with_token(rules, {"sub": "a", "scope": "openid models:use"}) == Who("own:a", "service")


def test_numbers_and_truth_values_are_compared_as_text() -> None:
    rules = TokenRules(name="own", require=((("verified",), "true"), (("level",), "3")))
    assert isinstance(with_token(rules, {"sub": "a", "roles": "service", "verified": True, "level": 3.0}), Who)
    assert isinstance(with_token(rules, {"sub": "a", "roles": "service", "verified": "yes", "level": 3}), Refused)


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
    assert with_certificate(RULES, sans) == who


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
    assert isinstance(with_certificate(RULES, [san]), Refused)


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
        "é.example",
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


@given(st.text(alphabet="abs*./:\\+", min_size=1, max_size=20), st.text(alphabet="abs./:", max_size=20))
def test_a_name_without_a_wildcard_fits_itself_only(san: str, other: str) -> None:
    if "*" not in san and san.lower() != other.lower():
        assert not re.fullmatch(CertificateRule(san=san, role="service").pattern, other)


words = st.sampled_from(["ds", "ml", "acme", "true", "7", "nil", "", "a b", "ml  ds", "nobody"])
scalars = st.none() | st.booleans() | words | st.integers(-9, 9) | st.floats(-1e6, 1e6)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=5
)
names = st.sampled_from(["sub", "roles", "scope", "org"])
paths = st.lists(names, min_size=1, max_size=2).map(tuple)
roles = st.lists(st.tuples(words, st.sampled_from([*ROLES, "gone"])), max_size=3).map(tuple)
token_rules = st.builds(
    TokenRules,
    name=st.just("okta"),
    client_claim=st.just(("sub",)) | paths,
    role_claim=paths,
    roles=roles,
    require=st.just(()) | st.tuples(st.tuples(paths, words)),
)
tokens = st.fixed_dictionaries(
    {"sub": st.sampled_from(["alice", "a|b", "", "é", "a" * 200]) | values},
    optional={name: values | st.dictionaries(names, values, max_size=2) for name in ("roles", "scope", "org")},
)


@given(token_rules, tokens)
@settings(max_examples=300)
def test_the_twin_reads_tokens_alike(rules: TokenRules, claims: dict[str, Any]) -> None:
    with_token(rules, claims)


sans = st.one_of(
    st.sampled_from(
        [
            "spiffe://acme.example/ml/train",
            "spiffe://acme.example/ml/x",
            "a.batch.acme.example",
            "A.b-c.d",
            "\u212a.b.c",
        ]
    ),
    st.text(alphabet="abA*%-.^$/:+", max_size=12),
    st.text(alphabet="ab/.*", max_size=8).map("spiffe://{}".format),
)
certificate_rules = st.lists(
    st.builds(CertificateRule, san=sans, role=st.sampled_from(ROLES), client=st.sampled_from(["", "trainer"])),
    max_size=3,
)


@given(certificate_rules, st.lists(sans, max_size=3))
@settings(max_examples=300)
def test_the_twin_reads_certificates_alike(rules: list[CertificateRule], sans: list[str]) -> None:
    with_certificate(rules, sans)
