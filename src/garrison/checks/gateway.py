"""The model gateway: what lets callers past it, or tells others what passes."""

from __future__ import annotations

from garrison.checks.check import Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.gateway import (
    LOOPBACK,
    AccessRule,
    GatewayIssuer,
    GatewayListener,
    GatewayModel,
    GatewayUpstream,
    ModelGateway,
)

_NOMINAL = 1_000  # requests a second of one client: no person and hardly a program sends as many


@check(
    id="gateway-listener-plain",
    severity=Severity.HIGH,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0040", "NIST-800-53:SC-8", "OWASP-API:API8"),
    about_ml=True,
)
def gateway_listener_plain(listener: GatewayListener) -> Verdict:
    """The model gateway takes requests without TLS from the network.

    Why: whoever is on the way reads keys, tokens, inputs and predictions, and asks the models with them afterwards.
    Fix: give the listener a certificate (`tls.certificate`, `tls.key`) instead of `insecure = true`, or let it listen on
    127.0.0.1.
    """
    return fail_if(listener.plain, "it listens on the network without TLS")


@check(
    id="gateway-upstream-plain",
    severity=Severity.LOW,
    pillar=Pillar.API,
    maps=("NIST-800-53:SC-8", "OWASP-API:API8"),
    about_ml=True,
)
def gateway_upstream_plain(upstream: GatewayUpstream) -> Verdict:
    """The model gateway asks a model server without TLS.

    Why: inputs and predictions are read on the way, and whoever answers in the server's place decides what callers are told.
    Fix: serve the model with TLS and write `https://`, with `tls.ca` where its certificate is your own; or run both on
    one machine.
    """
    return fail_if(upstream.plain, "requests go to it over the network without TLS")


@check(
    id="gateway-issuer-plain",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:IA-5", "OWASP-API:API2"),
    about_ml=True,
)
def gateway_issuer_plain(issuer: GatewayIssuer) -> Verdict:
    """The keys that prove tokens are fetched without TLS.

    Why: whoever is on the way answers with keys of his own, and makes himself tokens of any client and any role.
    Fix: name an `https://` address, or a file.
    """
    return fail_if(issuer.keys_at.starts_with("http://"), "its keys are fetched without TLS")


@check(
    id="gateway-client-certificates-irrevocable",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:IA-5", "OWASP-API:API2"),
    about_ml=True,
)
def gateway_client_certificates_irrevocable(listener: GatewayListener) -> Verdict:
    """Certificates of clients cannot be revoked.

    Why: a key that is stolen asks the models until its certificate ends.
    Fix: name a revocation list in `tls.client-crl`; an empty one signed by the same authority is a beginning.
    """
    return fail_if(listener.client_ca.given() & listener.client_crl.is_absent(), "no revocation list is given")


@check(
    id="policy-allows-all",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0018", "NIST-800-53:AC-6", "OWASP-API:API5"),
    about_ml=True,
)
def policy_allows_all(rule: AccessRule) -> Verdict:
    """A Cedar policy lets everybody do everything.

    Why: whoever may ask a model may also load another in its place, train it and change its server.
    Fix: say for which role, which actions and which models it is: `permit (principal in Role::"ml-engineer", action ==
    Action::"load-model", resource);`.
    """
    return fail_if(rule.allows_anybody, "everything is permitted to everybody")


@check(
    id="policy-changes-for-everybody",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0018", "NIST-800-53:AC-6", "OWASP-API:API5"),
    about_ml=True,
)
def policy_changes_for_everybody(rule: AccessRule) -> Verdict:
    """A Cedar policy lets every role load, unload or train models, or change their server.

    Why: whoever may only ask a model replaces it with another, or learns from it what others must not.
    Fix: name the role: `principal in Role::"ml-engineer"`.
    """
    return fail_if(rule.lets_anybody_change, "the action is permitted to every role")


@check(
    id="gateway-input-unchecked",
    severity=Severity.LOW,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0043", "NIST-800-53:SI-10", "OWASP-ML:ML01"),
    about_ml=True,
)
def gateway_input_unchecked(model: GatewayModel) -> Verdict:
    """A model takes input that no schema describes.

    Why: values that the model was never trained on pass, and so do bodies made to break its server.
    Fix: name a JSON Schema in `schema`; `garrison gateway learn` writes one from the server's own metadata.
    """
    return fail_if(model.schema.is_absent(), "it has no schema")


@check(
    id="gateway-limit-nominal",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0034", "ATLAS:AML.T0024.002", "NIST-800-53:SC-5", "OWASP-API:API4"),
    about_ml=True,
)
def gateway_limit_nominal(gateway: ModelGateway) -> Verdict:
    """One client may send so many requests that the limit is none.

    Why: a model is copied query by query, and one caller spends the accelerators of all.
    Fix: lower `limits.client.per-second` to what clients need, and give single models limits of their own.
    """
    return fail_if(
        gateway.requests_per_second.at_least(_NOMINAL), f"a client may send {_NOMINAL:,} requests a second or more"
    )


@check(
    id="gateway-metrics-exposed",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("NIST-800-53:AC-3", "OWASP-API:API8"),
    about_ml=True,
)
def gateway_metrics_exposed(gateway: ModelGateway) -> Verdict:
    """The metrics of the model gateway are served to everybody on the network.

    Why: they tell which models there are, who asks them how often, and when nobody looks.
    Fix: let `gateway.metrics` listen on 127.0.0.1, or on an address that only the collector reaches.
    """
    exposed = ~gateway.metrics.equals("") & ~gateway.metrics.matches(LOOPBACK)
    return fail_if(exposed, "they are served without a login")


@check(
    id="gateway-log-may-be-lost",
    severity=Severity.MEDIUM,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:AU-12", "OWASP-API:API8"),
    about_ml=True,
)
def gateway_log_may_be_lost(gateway: ModelGateway) -> Verdict:
    """The model gateway goes on when its audit feed cannot be written.

    Why: Envoy drops lines when the disk is full and serves on: whoever fills it is not seen.
    Fix: leave `log.free-mb` at its default, below which nobody is let in.
    """
    return fail_if(gateway.free_mb.at_most(0), "no free space is kept for it")
