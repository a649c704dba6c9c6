"""Whose tokens a role takes, and of whom."""

from __future__ import annotations

from garrison.estate.assets.identity import Provider
from garrison.estate.estate import Estate
from garrison.estate.policies import Statement
from garrison.estate.relations import refs
from garrison.estate.truth import Truth, any_of
from garrison.estate.values import Value

GITHUB = "token.actions.githubusercontent.com"
EKS = r"oidc\.eks\.|oidc-provider/oidc\.eks"
# Services that run pipelines and sign tokens for their jobs.
CI = (
    r"token\.actions\.githubusercontent\.com|(^|[/.])gitlab\.|agent\.buildkite\.com|oidc\.circleci\.com|"
    r"vstoken\.dev\.azure\.com|api\.bitbucket\.org|app\.terraform\.io|app\.harness\.io"
)


def is_from(statement: Statement, estate: Estate, issuer: str) -> Truth:
    """Whether tokens of an issuer are taken: its name stands in the keys of conditions, or in the provider's URL."""
    keys = [c.key for c in statement.clauses if c.key.matches(r"(?i)[\w.-]+\.\w+(/[\w/-]+)?:(sub|aud)$").yes]
    if keys:
        return any_of(k.matches(issuer) for k in keys)
    return statement.federated.any(lambda p: _provider_is(p, estate, issuer))


def _provider_is(principal: Value, estate: Estate, issuer: str) -> Truth:
    """By its ARN, or by the URL of the provider it refers to."""
    found = [a for ref, _ in refs(principal) for a in estate.at(ref.address) if isinstance(a, Provider)]
    return any_of(_issued_by(p.url, issuer) for p in found) if found else principal.matches(issuer)


def _issued_by(url: Value, issuer: str) -> Truth:
    """A URL that a cluster of these files decides is that of its own issuer."""
    addresses = [ref.address for ref, _ in refs(url)]
    if addresses:
        return Truth(issuer == EKS and any("aws_eks_cluster." in a for a in addresses), (url,))
    return url.matches(issuer)


def names_subject(statement: Statement, issuer: str, anyone: str) -> Truth:
    """Whether a condition compares the token's subject with something narrower than `anyone`."""

    def narrow(value: Value) -> Truth:
        return ~value.matches(anyone)

    return any_of(
        c.key.contains(":sub") & c.key.contains(issuer) & c.values.all(narrow) & ~c.operator.matches(r"(?i)not|null")
        for c in statement.clauses
    )
