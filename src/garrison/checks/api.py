"""What answers calls: functions, and the interfaces before them."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.api import Api, ApiDomain, ApiIntegration, ApiRoute, ApiStage, Function
from garrison.estate.estate import Relations
from garrison.estate.relations import Relation
from garrison.estate.support import ended
from garrison.estate.truth import Truth


@check(
    id="model-function-public",
    severity=Severity.CRITICAL,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0040", "ATLAS:AML.T0024", "NIST-800-53:AC-3", "AWS-FSBP:Lambda.1", "OWASP-API:API2", "OWASP-ML:ML05"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)  # fmt: skip
def model_function_public(function: Function) -> Verdict:
    """Anyone on the internet can call a function that serves a model.

    Why: a model that answers everybody is copied query by query, probed for its training data, evaded, and run at your
    expense.
    Fix: ask callers for credentials (IAM, an authoriser), and name who may invoke it.
    """
    return fail_if(function.callable_by_anyone & function.serves_model, "anyone can call the model it serves")


@check(
    id="function-public",
    severity=Severity.HIGH,
    pillar=Pillar.API,
    maps=("NIST-800-53:AC-3", "AWS-FSBP:Lambda.1", "OWASP-API:API2"),
)
def function_public(function: Function) -> Verdict:
    """Anyone on the internet can call a function.

    Why: its code runs with its role for every stranger; what it reads, prepares or triggers (features, training jobs)
    is theirs to use.
    Fix: ask callers for credentials (IAM, an authoriser), and name who may invoke it.
    """
    return fail_if(function.callable_by_anyone & ~function.serves_model, "anyone can call it")


@check(
    id="function-env-secret",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "CIS-GCP-4.0:1.17", "OWASP-LLM:LLM02"),
    confidence=Confidence.MEDIUM,
)
def function_env_secret(function: Function) -> Verdict:
    """A secret is written into a function's environment.

    Why: keys of model providers and stores then lie in the code and in the console, open to everyone who may look at
    the function.
    Fix: keep it in a secret store and read it from there; replace the one that was written here.
    """
    return fail_if(function.environment_has_secret, "a variable holds a secret that is written here")


@check(
    id="function-retired",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SI-2", "AWS-FSBP:Lambda.2"),
    native=("runtime",),
)
def function_retired(function: Function) -> Verdict:
    """A function's runtime gets no more patches.

    Why: holes in its language and libraries stay open, in code that callers, queues and files from outside reach.
    Fix: move it to a runtime that is supported.
    """
    return fail_if(ended("lambda", function.native("runtime")), "support of this runtime has ended")


@check(
    id="model-api-open",
    severity=Severity.CRITICAL,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0040", "ATLAS:AML.T0024", "NIST-800-53:AC-3", "AWS-FSBP:APIGateway.8", "OWASP-API:API2", "OWASP-ML:ML05"),
    about_ml=True,
)  # fmt: skip
def model_api_open(route: ApiRoute, near: Relations) -> Verdict:
    """A public interface hands requests to a model without asking who calls.

    Why: the gateway calls the model with its own credentials for everybody: the model is copied query by query, probed
    for its training data, and run at your expense.
    Fix: set an authorisation (AWS_IAM, JWT or an authoriser) on the method.
    """
    return fail_if(
        route.open & _hands_to_model(route, near) & _reachable(near), "it hands anyone's requests to a model"
    )


@check(
    id="api-route-open",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("NIST-800-53:AC-3", "AWS-FSBP:APIGateway.8", "OWASP-API:API2", "OWASP-API:API5"),
    confidence=Confidence.MEDIUM,
)
def api_route_open(route: ApiRoute, near: Relations) -> Verdict:
    """A public interface has a method that asks for no credentials.

    Why: unless the code behind it does, nobody asks who sends features, starts a job or reads predictions.
    Fix: set an authorisation (AWS_IAM, JWT or an authoriser) on the method; an API key alone is none.
    """
    return fail_if(route.open & ~_hands_to_model(route, near) & _reachable(near), "it asks for no credentials")


@check(
    id="api-unthrottled",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0029", "ATLAS:AML.T0034", "NIST-800-53:SC-5", "OWASP-API:API4", "OWASP-LLM:LLM10"),
)
def api_unthrottled(stage: ApiStage) -> Verdict:
    """An interface has no limit of requests of its own.

    Why: queries for copying a model are sent as fast as the account allows, inference is paid for without bound, and
    one caller starves the others.
    Fix: set a rate and a burst limit on the stage's methods.
    """
    return fail_if(~stage.throttled, "only the account's limit holds")


@check(
    id="api-access-log-off",
    severity=Severity.MEDIUM,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:AU-12", "AWS-FSBP:APIGateway.9", "AWS-FSBP:APIGateway.1"),
)
def api_access_log_off(stage: ApiStage) -> Verdict:
    """Nobody records who calls an interface.

    Why: copying or probing a model shows only in the pattern of its queries, and those are not kept.
    Fix: write access logs of the stage.
    """
    return fail_if(~stage.access_log, "no access log is written")


@check(
    id="api-without-firewall",
    severity=Severity.LOW,
    pillar=Pillar.API,
    maps=("NIST-800-53:SC-7", "AWS-FSBP:APIGateway.4", "OWASP-API:API8"),
)
def api_without_firewall(stage: ApiStage) -> Verdict:
    """No web application firewall stands before an interface.

    Why: floods and known attacks reach the model behind it; a rule by address or rate could stop them.
    Fix: associate a web ACL with the stage.
    """
    return fail_if(~stage.firewalled, "no web ACL is associated with it")


@check(
    id="api-old-tls",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("NIST-800-53:SC-8", "OWASP-API:API8"),
)
def api_old_tls(domain: ApiDomain) -> Verdict:
    """A domain of an interface takes TLS 1.0.

    Why: prompts, features and tokens are sent over a protocol that was given up in 2021 (RFC 8996).
    Fix: set the security policy to TLS_1_2 or later.
    """
    return fail_if(domain.tls_floor.matches(r"^TLS_1_[01]$"), "it takes TLS 1.0")


def _hands_to_model(route: ApiRoute, near: Relations) -> Truth:
    """Directly, or by an integration that is declared beside it; one that is not in these files tells nothing."""
    beside = near.any_to(Relation.ROUTES_TO, ApiIntegration, lambda i: i.to_model)
    return route.to_model | Truth(beside.yes, beside.because)


def _reachable(near: Relations) -> Truth:
    """Whether its interface is neither private nor closed by a policy."""
    closed = near.any_by(Relation.CONTAINS, Api, lambda a: a.private | a.restricted)
    return ~closed
