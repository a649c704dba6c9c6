"""JSON Web Tokens (RFC 7519), verified by Envoy with the keys of their issuers; `lua/ask.lua` reads what they claim."""

from __future__ import annotations

from typing import Any

from garrison.gateway.authorise.headers import CLAIMS
from garrison.gateway.envoy import names
from garrison.gateway.envoy.clusters import key_server
from garrison.gateway.envoy.plan import Plan
from garrison.gateway.envoy.typed import Json, duration, extension
from garrison.gateway.file.form import Jwt

_KIND = "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication"
_CACHED = 10_000  # tokens whose signature is not verified again while they are valid
_SKEW_S = 30
REFUSED = "refused "  # before an issuer: why Envoy does not take a token, beside what the taken ones claim


def tokens(plan: Plan) -> Json | None:
    """The filter that verifies tokens; None where no issuer is trusted."""
    if not plan.gateway.identity.jwt:
        return None
    issuers = {name: jwt for name, jwt in plan.gateway.identity.jwt.items() if _is_known(plan, name)}
    # A token that is missing or not valid leaves no claims behind, so that `ask` refuses it in the protocol's own form.
    anyone: list[Json] = [{"provider_name": name} for name in sorted(issuers)]
    requirement = {"requires_any": {"requirements": [*anyone, {"allow_missing_or_failed": {}}]}}
    return extension(
        names.JWT,
        _KIND,
        providers={name: _provider(plan, name, jwt) for name, jwt in sorted(issuers.items())},
        rules=[{"match": {"prefix": "/"}, "requires": requirement}] if issuers else [],
        stat_prefix="jwt",
    )


def verified_by(plan: Plan) -> dict[str, str]:
    """The header by which Envoy tells that a token is that of an issuer, by the issuer's name; clients cannot set it.

    It is the name's own, whatever other issuers there are, as this filter and that of `ask` change one after the other.
    """
    return {name: f"{names.VERIFIED}{name.encode().hex()}" for name in sorted(plan.gateway.identity.jwt)}


def _is_known(plan: Plan, name: str) -> bool:
    """Whether there are keys to verify its tokens with; without, they are as if they were not there."""
    return (plan.key_sets or {}).get(name) != ""


def _provider(plan: Plan, name: str, jwt: Jwt) -> dict[str, Any]:
    return {
        "issuer": jwt.issuer,
        "audiences": list(jwt.audiences),
        "payload_in_metadata": name,
        "failed_status_in_metadata": f"{REFUSED}{name}",
        "claim_to_headers": [{"header_name": verified_by(plan)[name], "claim_name": "iss"}],
        **({"forward_payload_header": CLAIMS} if plan.has_residue else {}),
        "require_expiration": True,
        "clock_skew_seconds": _SKEW_S,
        "forward": True,  # `ask` takes it away, after it has looked for an API key in the same header
        "from_headers": [{"name": "authorization", "value_prefix": "Bearer "}],
        **_keys(plan, name, jwt),
    }


def _keys(plan: Plan, name: str, jwt: Jwt) -> dict[str, Any]:
    fetched = "://" in jwt.jwks
    if not fetched or plan.key_sets is not None:
        # Such keys change with the filter, whose new one remembers nothing. Of keys that Envoy fetches, it would go on
        # to take tokens that it remembers until they end, though the issuer has withdrawn the key that signed them.
        own = (plan.key_sets or {})[name] if fetched else plan.loaded.beside(jwt.jwks).read_text(encoding="utf-8")
        return {"local_jwks": {"inline_string": own}, "jwt_cache_config": {"jwt_cache_size": _CACHED}}
    remote = {
        "http_uri": {"uri": jwt.jwks, "cluster": key_server(name), "timeout": "5s"},
        "cache_duration": duration(jwt.cache_minutes * 60),
        "async_fetch": {"failed_refetch_duration": "1s"},
        "retry_policy": {"num_retries": 2},
    }
    return {"remote_jwks": remote}
