"""Who may call an interface, as its description says it."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.api_description import ApiDescription, ApiOperation, ApiScheme
from garrison.estate.endpoints import Purpose, Telling
from garrison.estate.estate import Relations
from garrison.estate.relations import Relation
from garrison.estate.truth import Truth, any_of

_ANSWERED_ELSEWHERE = (  # what is open here is told by a check of its own
    Purpose.HARMLESS, Purpose.SIGN_IN, Purpose.DEBUG, Purpose.INFERENCE, Purpose.MANAGEMENT, Purpose.FEEDBACK,
)  # fmt: skip


@check(
    id="model-api-without-authentication",
    severity=Severity.HIGH,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0040", "ATLAS:AML.T0024", "NIST-800-53:AC-3", "OWASP-API:API2", "OWASP-ML:ML05"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def model_api_without_authentication(api: ApiDescription) -> Verdict:
    """An interface to a model asks nobody for credentials.

    Why: whoever reaches it queries the model until it is copied, probes it for its training data, and runs it at your
    expense; if something before it asks, its clients cannot know.
    Fix: declare a security scheme, and ask for it under `security` for the whole interface.
    """
    return fail_if(api.without_login & api.serves_model, "no operation asks for credentials")


@check(
    id="api-without-authentication",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("NIST-800-53:AC-3", "OWASP-API:API2"),
    confidence=Confidence.MEDIUM,
)
def api_without_authentication(api: ApiDescription) -> Verdict:
    """An interface asks nobody for credentials.

    Why: features, jobs and results behind it are there for everybody who reaches it; if something before it asks, its
    clients cannot know.
    Fix: declare a security scheme, and ask for it under `security` for the whole interface.
    """
    return fail_if(api.without_login & ~api.serves_model, "no operation asks for credentials")


@check(
    id="api-login-optional",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("NIST-800-53:AC-3", "OWASP-API:API2"),
)
def api_login_optional(api: ApiDescription) -> Verdict:
    """An interface does without the credentials it asks for.

    Why: an empty requirement (`{}`) beside the others lets everybody in: who leaves the token out searches the vectors
    or asks the model all the same.
    Fix: take the empty requirement away, and give `security: []` to the few operations that are for everybody.
    """
    return fail_if(api.login_optional, "one of the alternatives asks for nothing")


@check(
    id="model-operation-open",
    severity=Severity.HIGH,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0040", "ATLAS:AML.T0024", "NIST-800-53:AC-3", "OWASP-API:API2", "OWASP-ML:ML05"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def model_operation_open(operation: ApiOperation, near: Relations) -> Verdict:
    """An operation answers for a model without asking who calls.

    Why: the rest of the interface is closed, yet the model itself is copied query by query, probed for its training
    data, and run at your expense.
    Fix: ask for the scheme the others ask for; take `security: []` away.
    """
    open_ = operation.open & operation.is_for(Purpose.INFERENCE)
    return fail_if(open_ & _others_ask(near), "it asks for no credentials")


@check(
    id="operation-open",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("NIST-800-53:AC-3", "OWASP-API:API2", "OWASP-API:API5"),
    confidence=Confidence.MEDIUM,
)
def operation_open(operation: ApiOperation, near: Relations) -> Verdict:
    """An operation asks for no credentials, though others of its interface do.

    Why: what was meant for those who log in (jobs, features, explanations of single predictions) is one forgotten line
    from everybody.
    Fix: ask for a scheme under `security`, or for all operations at once.
    """
    open_ = operation.open & ~operation.is_for(*_ANSWERED_ELSEWHERE)
    return fail_if(open_ & _others_ask(near), "it asks for no credentials")


@check(
    id="operation-login-optional",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("NIST-800-53:AC-3", "OWASP-API:API2"),
)
def operation_login_optional(operation: ApiOperation) -> Verdict:
    """An operation does without the credentials it asks for.

    Why: an empty requirement (`{}`) beside the others lets everybody in; that a token is sent usually hides that none
    is needed to ask the model.
    Fix: take the empty requirement away.
    """
    return fail_if(operation.optional & ~operation.inherits, "one of the alternatives asks for nothing")


@check(
    id="debug-operation-open",
    severity=Severity.HIGH,
    pillar=Pillar.API,
    maps=("NIST-800-53:AC-3", "OWASP-API:API8", "OWASP-API:API9"),
    confidence=Confidence.MEDIUM,
)
def debug_operation_open(operation: ApiOperation) -> Verdict:
    """A debugging operation is part of an interface and asks for no credentials.

    Why: profiles, heap dumps and debug pages show prompts, features, keys and memory of the server, or let callers stop
    it.
    Fix: take it out of what is deployed, or ask for the credentials of an administrator.
    """
    return fail_if(operation.open & operation.is_for(Purpose.DEBUG), "it asks for no credentials")


@check(
    id="model-management-open",
    severity=Severity.HIGH,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0018", "ATLAS:AML.T0010.003", "NIST-800-53:AC-3", "OWASP-API:API5", "OWASP-ML:ML10"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def model_management_open(operation: ApiOperation) -> Verdict:
    """Anyone may change which model answers.

    Why: loading, replacing or retraining a model is taking the server over: a model file can carry code, and a swapped
    model decides as its author likes.
    Fix: ask for credentials that only the pipeline has; best keep it off the interface that clients reach.
    """
    return fail_if(operation.open & operation.is_for(Purpose.MANAGEMENT), "it asks for no credentials")


@check(
    id="model-management-shared-login",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0018", "NIST-800-53:AC-6", "OWASP-API:API5"),
    confidence=Confidence.LOW,
    about_ml=True,
)
def model_management_shared_login(api: ApiDescription) -> Verdict:
    """The credentials of those who ask a model also change it.

    Why: every client, and whoever takes a client's token, can load another model or retrain it; nothing in the
    interface tells the two apart.
    Fix: ask for a scope, or a scheme, of its own where models are loaded, replaced and trained.
    """
    return fail_if(api.one_login, "it is asked for what inference is asked for")


@check(
    id="model-feedback-open",
    severity=Severity.HIGH,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0020", "NIST-800-53:AC-3", "OWASP-API:API2", "OWASP-ML:ML02", "OWASP-LLM:LLM04"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def model_feedback_open(operation: ApiOperation) -> Verdict:
    """Anyone may send what a model learns from.

    Why: labels and samples from strangers are training data: some thousand of them teach the model what its attacker
    wants, and nobody knows who sent them.
    Fix: ask for credentials, and hold what comes in back until somebody has looked at it.
    """
    return fail_if(operation.open & operation.is_for(Purpose.FEEDBACK), "it asks for no credentials")


@check(
    id="operation-without-scope",
    severity=Severity.LOW,
    pillar=Pillar.API,
    maps=("NIST-800-53:AC-6", "OWASP-API:API5"),
)
def operation_without_scope(operation: ApiOperation, near: Relations) -> Verdict:
    """An operation takes every OAuth token, though there are scopes.

    Why: a token that was given for reading metrics also asks the model, or changes it.
    Fix: name the scope it needs under `security`.
    """
    schemes = [s for api in near.by(Relation.CONTAINS, ApiDescription) for s in api.schemes]
    scoped = any_of(~s.scopes.is_empty() for s in schemes if s.way.text() == "oauth2")
    return fail_if(operation.without_scope & scoped, "it names no scope")


@check(
    id="api-plain-http",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("NIST-800-53:SC-8", "OWASP-API:API8"),
)
def api_plain_http(api: ApiDescription) -> Verdict:
    """An interface is served over plain HTTP.

    Why: whoever is on the way reads features, prompts, answers and tokens, and changes what the model is asked.
    Fix: give the server an `https` URL, and answer plain HTTP with nothing.
    """
    return fail_if(api.plain, "a server is named with http://")


@check(
    id="api-basic-login",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("NIST-800-53:IA-5", "OWASP-API:API2"),
)
def api_basic_login(scheme: ApiScheme, near: Relations) -> Verdict:
    """An interface takes a user's password with every call.

    Why: a password that does not expire then lies in notebooks, in pipelines and in the logs of every proxy before the
    model.
    Fix: take tokens that expire: OpenID Connect, or OAuth with client credentials.
    """
    basic = scheme.way.equals("http") & scheme.scheme.matches("(?i)^basic$")
    return fail_if(basic & _is_used(scheme, near), "it is HTTP basic authentication")


@check(
    id="api-key-in-query",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "OWASP-API:API2"),
)
def api_key_in_query(scheme: ApiScheme, near: Relations) -> Verdict:
    """The key of an interface stands in the address of each call.

    Why: addresses are written into the logs of servers and proxies, into histories and notebooks: whoever reads one
    asks the model in another's name.
    Fix: take the key in a header; better, take tokens that expire.
    """
    in_query = scheme.way.equals("apiKey") & scheme.location.equals("query")
    return fail_if(in_query & _is_used(scheme, near), "the key is sent in the query")


@check(
    id="api-outdated-oauth-flow",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("NIST-800-53:IA-5", "OWASP-API:API2"),
)
def api_outdated_oauth_flow(scheme: ApiScheme, near: Relations) -> Verdict:
    """An interface uses a flow of OAuth that was given up.

    Why: the implicit flow leaves tokens in addresses, the password flow hands passwords to every client; RFC 9700
    (sections 2.1.2 and 2.4) forbids the second and advises against the first. A token that leaks asks the model in
    another's name.
    Fix: use the authorization code flow with PKCE for people, client credentials for programs.
    """
    outdated = scheme.flows.any(lambda f: f.one_of(("implicit", "password")))
    return fail_if(outdated & _is_used(scheme, near), "its flow is implicit or password")


@check(
    id="api-oauth-without-scopes",
    severity=Severity.LOW,
    pillar=Pillar.API,
    maps=("NIST-800-53:AC-6", "OWASP-API:API5"),
)
def api_oauth_without_scopes(scheme: ApiScheme, near: Relations) -> Verdict:
    """The OAuth tokens of an interface have no scopes.

    Why: every token may do everything the interface offers: asking a model and replacing it are one permission.
    Fix: declare scopes, and name under `security` which one an operation needs.
    """
    without = scheme.way.equals("oauth2") & scheme.scopes.is_empty()
    return fail_if(without & _is_used(scheme, near), "it declares no scopes")


@check(
    id="api-example-key",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "OWASP-LLM:LLM02"),
    confidence=Confidence.MEDIUM,
)
def api_example_key(api: ApiDescription) -> Verdict:
    """A key stands in an example of an interface's description.

    Why: descriptions are published: with a real key of a model provider or a cloud in them, so is the account.
    Fix: write a value that cannot be one, and revoke the key.
    """
    return fail_if(api.shows_key, "an example has the form of a real key")


@check(
    id="operation-secret-in-address",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "OWASP-API:API2"),
    confidence=Confidence.MEDIUM,
)
def operation_secret_in_address(operation: ApiOperation) -> Verdict:
    """A secret is sent in the address of a call.

    Why: addresses are written into the logs of servers and proxies, where everybody who debugs the model server reads
    them.
    Fix: send it in a header or in the body.
    """
    return fail_if(operation.has_in_address(Telling.SECRET), "a parameter of the path or the query is a secret")


@check(
    id="operation-person-in-address",
    severity=Severity.LOW,
    pillar=Pillar.API,
    maps=("NIST-800-53:SC-28", "OWASP-API:API3"),
    confidence=Confidence.MEDIUM,
)
def operation_person_in_address(operation: ApiOperation) -> Verdict:
    """Who somebody is stands in the address of a call.

    Why: card numbers and email addresses then lie in the logs of every server before the model, and from there find
    their way into training data.
    Fix: send it in the body, or a token that stands for it.
    """
    return fail_if(operation.has_in_address(Telling.PERSONAL), "a parameter of the path or the query tells who it is")


@check(
    id="operation-shows-insides",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0063", "NIST-800-53:CM-6", "OWASP-API:API8"),
    confidence=Confidence.MEDIUM,
)
def operation_shows_insides(operation: ApiOperation) -> Verdict:
    """An error shows the inside of the server.

    Why: a stack trace names the framework, its version, the path of the model and the features it wants: what an
    attacker needs to choose the next request.
    Fix: answer with a code and a sentence (RFC 9457), and keep the trace in the log.
    """
    return fail_if(operation.shows_insides, "an error is answered with a stack trace")


@check(
    id="api-refusals-undocumented",
    severity=Severity.LOW,
    pillar=Pillar.API,
    maps=("NIST-800-53:AC-3", "OWASP-API:API8"),
    confidence=Confidence.MEDIUM,
)
def api_refusals_undocumented(api: ApiDescription) -> Verdict:
    """An operation does not say what callers without credentials are answered.

    Why: what is not described is not tested: a model server that answers 200 to a missing token is found by somebody
    else.
    Fix: describe 401 and 403 for each operation that asks for credentials.
    """
    silent = any_of(~o.open & ~o.refuses for o in api.operations)
    return fail_if(silent, "neither 401, 403 nor a default is described")


def _others_ask(near: Relations) -> Truth:
    """Whether some operation of the same interface asks for credentials."""
    apis = near.by(Relation.CONTAINS, ApiDescription)
    return Truth(any_of(~api.without_login for api in apis).answer)


def _is_used(scheme: ApiScheme, near: Relations) -> Truth:
    apis = near.by(Relation.CONTAINS, ApiDescription)
    return Truth(any_of(api.uses(scheme) for api in apis).answer)
