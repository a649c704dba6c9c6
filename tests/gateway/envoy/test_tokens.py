"""JSON Web Tokens of two issuers: who is let in by them, and what nobody can pretend."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.gateway.envoy.conftest import FILE, SCIENTIST, Gateway, Upstream, serving
from tests.gateway.run.conftest import Issuer

from garrison.gateway.envoy import names
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.envoy.tokens import verified_by

pytestmark = pytest.mark.slow

JWT = """
[identity.jwt.corp]
issuer = "https://login.example.com/"
audiences = ["models"]
jwks = "jwks.json"
role = "realm.groups"
roles = {{ ml = "data-scientist", ops = "operations", nil = "operations" }}
require = {{ tenant = "acme" }}

[identity.jwt.nobody]
issuer = "https://nobody.example.com/"
audiences = ["models"]
jwks = "jwks.json"
role = "groups"
roles = {{ ml = "data-scientist" }}
require = {{ tenant = "nil" }}

[identity.jwt.partner]
issuer = "https://partner.example.com/"
audiences = ["models", "other"]
jwks = "partner.json"
client = "azp"
role = "scope"
roles = {{ infer = "service" }}
"""

CORP, PARTNER, STRANGER = Issuer("one"), Issuer("two"), Issuer("one")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, made: Callable[..., Plan]) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("j")
    (folder / "jwks.json").write_text(CORP.jwks())
    (folder / "partner.json").write_text(PARTNER.jwks())
    with serving(made(folder, FILE + JWT)) as running:
        yield running


def good(**claims: object) -> str:
    return CORP.token(**{"tenant": "acme", "realm": {"groups": ["x", "ml"]}, **claims})


def status(gateway: Gateway, token: str, path: str = "/v2/models/iris") -> int:
    return gateway.call("GET", path, {"authorization": f"Bearer {token}"}).status


def test_a_token_lets_in_and_goes_no_further(gateway: Gateway, upstream: Upstream) -> None:
    token = good()
    assert status(gateway, token) == 200
    seen = upstream.seen[-1]["headers"]
    assert (seen["x-garrison-client"], seen["x-garrison-role"]) == ("corp:ada", "data-scientist")
    assert token not in json.dumps(upstream.seen[-1])


def test_a_token_that_is_remembered_is_the_same_client(gateway: Gateway, upstream: Upstream) -> None:
    tokens = {
        "corp:ada": good(),
        "corp:bob": good(sub="bob"),
        "partner:shop": PARTNER.token(iss="https://partner.example.com/", azp="shop", scope="infer", aud=["other"]),
    }
    for client, token in [*tokens.items()] * 3:
        assert status(gateway, token) == 200
        seen = upstream.seen[-1]["headers"]
        assert seen["x-garrison-client"] == client
        assert not [name for name in seen if name.startswith(names.VERIFIED)]
    assert status(gateway, tokens["corp:ada"], "/v2/logging") == 403


def test_a_token_that_is_remembered_ends_with_its_key(
    of: Callable[..., Gateway], upstream: Upstream, tmp_path: Path
) -> None:
    """Nor does it help to say what only Envoy may say."""
    (tmp_path / "jwks.json").write_text(CORP.jwks())
    (tmp_path / "partner.json").write_text(PARTNER.jwks())
    own = of(FILE + JWT)
    token, said = good(), dict.fromkeys(verified_by(own.plan).values(), "https://login.example.com/")
    assert [status(own, token) for _ in range(3)] == [200] * 3
    (tmp_path / "jwks.json").write_text(STRANGER.jwks())
    own.push(own.plan)
    until = time.monotonic() + 5
    while status(own, token) != 401:
        assert time.monotonic() < until
        time.sleep(0.02)
    before = len(upstream.seen)
    assert own.call("GET", "/v2/models/iris", {"authorization": f"Bearer {token}", **said}).status == 401
    assert len(upstream.seen) == before
    assert status(own, STRANGER.token(tenant="acme", realm={"groups": ["ml"]})) == 200


def test_each_issuer_has_claims_of_its_own(gateway: Gateway, upstream: Upstream) -> None:
    token = PARTNER.token(iss="https://partner.example.com/", azp="shop", scope="infer", aud=["other"])
    assert status(gateway, token) == 200
    assert upstream.seen[-1]["headers"]["x-garrison-client"] == "partner:shop"


def test_a_scope_is_a_list_of_words(gateway: Gateway) -> None:
    """RFC 6749, section 3.3."""
    for scope, expected in (("read infer", 200), ("inferno", 401), ("read,infer", 401), ("", 401)):
        token = PARTNER.token(iss="https://partner.example.com/", azp="shop", scope=scope)
        assert status(gateway, token) == expected


def test_a_value_that_is_called_nil_can_be_asked_for(gateway: Gateway) -> None:
    token = CORP.token(iss="https://nobody.example.com/", groups=["ml"], tenant="nil")
    assert status(gateway, token) == 200


def test_roles_decide(gateway: Gateway) -> None:
    assert status(gateway, good(), "/v2/logging") == 403
    assert status(gateway, good(realm={"groups": ["ops"]}), "/v2/logging") == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1_600_000_000},
        {"exp": None},
        {"nbf": 9_000_000_000},
        {"aud": "others"},
        {"iss": "https://partner.example.com/"},
        {"iss": "https://evil.example.com/"},
        {"tenant": "other"},
        {"tenant": None},
        {"realm": {"groups": ["nobody"]}},
        {"realm": {"groups": []}},
        {"realm": "ml"},
        # What is not there is not the text nil, and what stands in an object is no item of a list.
        {"realm": {}},
        {"realm": None},
        {"realm": {"groups": None}},
        {"realm": {"groups": {"x": "ml"}}},
        {"realm": {"groups": {"ml": True}}},
        {"realm": {"groups": [["ml"]]}},
        {"tenant": {"x": "acme"}},
        {"iss": "https://nobody.example.com/", "groups": ["ml"], "tenant": None},
        {"sub": None},
        {"sub": "a b"},
        {"sub": "x" * 200},
        {"sub": "a\nx-garrison-role: operations"},
    ],
)
def test_a_token_that_is_not_right_lets_nobody_in(gateway: Gateway, claims: dict[str, object]) -> None:
    assert status(gateway, good(**claims)) == 401


def test_signatures_count(gateway: Gateway) -> None:
    valid = good()
    head, payload, signature = valid.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"one"}').rstrip(b"=").decode()
    other = (
        base64.urlsafe_b64encode(
            json.dumps({**json.loads(base64.urlsafe_b64decode(payload + "==")), "realm": {"groups": ["ops"]}}).encode()
        )
        .rstrip(b"=")
        .decode()
    )
    forged = [
        STRANGER.token(tenant="acme", realm={"groups": ["ml"]}),
        f"{none}.{payload}.",
        f"{head}.{other}.{signature}",
        f"{head}.{payload}.",
        f"{head}.{payload}",
        "",
    ]
    assert [status(gateway, token) for token in forged] == [401] * len(forged)
    assert status(gateway, valid) == 200


def test_a_key_works_beside_tokens(gateway: Gateway) -> None:
    assert gateway.call("GET", "/v2/models/iris", {"authorization": f"Bearer {SCIENTIST}"}).status == 200
    assert gateway.call("GET", "/v2/models/iris", {"authorization": f"Bearer {good()}"}, key="wrong").status == 401


def test_the_log_tells_forged_tokens_from_none(of: Callable[..., Gateway], tmp_path: Path) -> None:
    (tmp_path / "jwks.json").write_text(CORP.jwks())
    (tmp_path / "partner.json").write_text(PARTNER.jwks())
    own = of(FILE + JWT)
    tokens = [good(exp=1_600_000_000), STRANGER.token(tenant="acme"), good(aud="others"), "x.y.z", good(tenant="other")]
    for token in tokens:
        assert status(own, token) == 401
    assert own.call("GET", "/v2/models/iris", key="").status == 401
    assert [line.get("reason") for line in own.log(6)] == [
        "expired-token", "invalid-token", "invalid-token", "invalid-token", "claim-missing", "no-credential",
    ]  # fmt: skip


def test_the_log_names_clients_and_no_token(gateway: Gateway) -> None:
    token = good()
    status(gateway, token)
    text = gateway.plan.loaded.log.read_text()
    assert token.split(".")[2] not in text
