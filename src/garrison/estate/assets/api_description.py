"""Interfaces as a document describes them: OpenAPI and Swagger.

What a description does not say may still be so: a gateway may ask for a login that nobody wrote down.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.credentials import key_in
from garrison.estate.endpoints import Purpose, Telling, about_models, purpose_of, tells
from garrison.estate.messages import Message, field_of
from garrison.estate.truth import Truth, all_of, any_of
from garrison.estate.values import State, Value

_LOCAL = (
    r"(?i)^\w+://(localhost|127\.[\d.]+|\[?::1\b|0\.0\.0\.0|host\.docker\.internal|[\w.-]+\.(local|localhost|test|example|invalid))"
    r"([:/]|$)"
)
_ASKING_HEADER = r"(?i)^(authorization|(x-)?api-?key|(x-)?(auth|access|api)-?token|ocp-apim-subscription-key)$"
_ERROR = r"(?i)^([45]\d\d|[45]XX|default)$"
_REFUSED, _TOO_LARGE, _TOO_MANY = r"(?i)^(401|403|4XX|default)$", r"(?i)^(413|4XX)$", r"(?i)^(429|4XX)$"
_LIMIT_HEADER = r"(?i)^(x-)?rate-?limit|^retry-after$"
_TRACE = r"(?i)\b(trace ?back|stack ?trace)s?\b"
_MINOR = frozenset({Purpose.HARMLESS, Purpose.SIGN_IN})


class ApiScheme(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """One way to sign in that a description declares."""

    way: Value = UNMAPPED  # http, apiKey, oauth2, openIdConnect, mutualTLS
    scheme: Value = UNMAPPED  # of HTTP: basic, bearer
    location: Value = UNMAPPED  # of a key: header, query, cookie
    flows: Value = UNMAPPED  # of OAuth: implicit, password, clientCredentials, authorizationCode
    scopes: Value = UNMAPPED  # of OAuth: the names of those it knows


class ApiOperation(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """One method of a path."""

    about: Value = UNMAPPED  # texts that tell what the whole interface is about
    method: Value = UNMAPPED  # GET, POST
    path: Value = UNMAPPED  # /v2/models/{name}/infer
    security: Value = UNMAPPED  # alternatives, each a list of schemes; an empty one lets anybody in
    inherits: Truth = UNMAPPED_TRUTH  # what it asks for is said for the whole interface
    gateway_login: Value = UNMAPPED  # what Amazon's gateway asks for: NONE, AWS_IAM
    parameters: Value = UNMAPPED  # items of name, in, schema
    request: Value = UNMAPPED  # contents: items of media, fields, encoding
    responses: Value = UNMAPPED  # items of status, description, headers, contents

    @cached_property
    def purpose(self) -> Purpose:
        """What it is for, as its path tells."""
        return purpose_of(self.method.text(), self.path.text(), about=_about(self.about))

    def is_for(self, *purposes: Purpose) -> Truth:
        """Whether it is for one of these."""
        return Truth(self.purpose in purposes, (self.path,))

    @cached_property
    def open(self) -> Truth:
        """Whether it asks for no credentials; undecided where it takes a header that looks like some."""
        said = self.security
        if said.state is State.UNKNOWN:
            return Truth(None, (said,))
        nothing = not any(option.items() for option in said.items())
        if said.state is State.ABSENT:
            said = Value(State.ABSENT, None, self.place, "no security is said, here or for the whole")
        if not nothing or self.gateway_login.equals("AWS_IAM").yes:
            return Truth(False, (said,))
        header = self.parameters.any(lambda p: p.child("in").equals("header") & p.child("name").matches(_ASKING_HEADER))
        return Truth(None if header.yes else True, header.because if header.yes else (said,))

    @cached_property
    def optional(self) -> Truth:
        """Whether it asks for credentials and also does without."""
        return _optional(self.security)

    @cached_property
    def asked(self) -> frozenset[tuple[str, ...]]:
        """A scheme with the scopes that are wanted of it, for each that it takes."""
        schemes = [scheme for option in self.security.items() for scheme in option.items()]
        return frozenset(
            (s.child("name").text(), *sorted(w.text() for w in s.child("wanted").items())) for s in schemes
        )

    @cached_property
    def without_scope(self) -> Truth:
        """Whether any OAuth token opens it, whatever it was given for."""
        schemes = [scheme for option in self.security.items() for scheme in option.items()]
        return any_of(s.child("type").equals("oauth2") & s.child("wanted").is_empty() for s in schemes)

    @cached_property
    def input(self) -> Message:
        """What is sent to it: the body, and what stands in the query."""
        query = [p for p in self.parameters.items() if p.child("in").text() == "query"]
        return Message(self.request, tuple(field_of(p) for p in query))

    def takes(self, test: Callable[[Message], Truth], *purposes: Purpose) -> Truth:
        """Whether it is for one of these, and what is sent to it passes `test`; nothing is looked at for others."""
        told = self.is_for(*purposes)
        return told & test(self.input) if told.yes else told

    def has_in_address(self, what: Telling) -> Truth:
        """Whether a parameter of the path or the query tells something."""

        def told(parameter: Value) -> Truth:
            named = parameter.child("name").test(lambda name: isinstance(name, str) and tells(name, what))
            return parameter.child("in").one_of(("path", "query")) & named

        return self.parameters.any(told)

    def answers(self, pattern: str) -> Truth:
        """Whether it says what is answered with a status."""
        return self.responses.any(lambda r: r.child("status").matches(pattern))

    @property
    def refuses(self) -> Truth:
        """Whether it says how callers without credentials are refused."""
        return self.answers(_REFUSED)

    @cached_property
    def limited(self) -> Truth:
        """Whether it says that callers can be too many or too quick."""
        header = self.responses.any(lambda r: r.child("headers").any(lambda h: h.matches(_LIMIT_HEADER)))
        return self.answers(_TOO_MANY) | header

    @cached_property
    def unchecked_file(self) -> Truth:
        """Whether it takes a file of any type or of any size."""
        large = self.answers(_TOO_LARGE)
        return any_of(Truth(True, (file,)) & ~(typed & (sized | large)) for file, typed, sized in self.input.files)

    @cached_property
    def shows_insides(self) -> Truth:
        """Whether an error has a field, or is said to be one, that shows the inside of the server."""

        def shows(response: Value) -> Truth:
            field = Message(response.child("contents")).has(lambda name: tells(name, Telling.INSIDES))
            return response.child("status").matches(_ERROR) & (field | response.child("description").matches(_TRACE))

        return self.responses.any(shows)


class ApiDescription(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """An interface: an OpenAPI or Swagger document."""

    about: Value = UNMAPPED  # texts that tell what it is about: title, description, tags, paths
    servers: Value = UNMAPPED  # URLs, with variables at their defaults
    security: Value = UNMAPPED  # what is asked for where an operation does not say; see there
    examples: Value = UNMAPPED  # longer texts of examples and defaults
    schemes: tuple[ApiScheme, ...] = ()
    operations: tuple[ApiOperation, ...] = ()

    @cached_property
    def serves_model(self) -> Truth:
        """Whether one of its operations asks, changes or teaches a model."""
        return any_of(o.is_for(Purpose.INFERENCE, Purpose.MANAGEMENT, Purpose.FEEDBACK) for o in self.operations)

    @cached_property
    def without_login(self) -> Truth:
        """Whether it has operations of worth, and none of them asks for credentials."""
        worth = [o for o in self.operations if o.purpose not in _MINOR]
        truth = all_of(o.open for o in worth)
        return Truth(truth.answer if worth else False, truth.because[:1])

    @cached_property
    def plain(self) -> Truth:
        """Whether it is served without TLS somewhere else than on the developer's own machine."""
        return self.servers.any(lambda url: url.matches("(?i)^(http|ws)://") & ~url.matches(_LOCAL))

    @cached_property
    def login_optional(self) -> Truth:
        """Whether credentials are asked for in general, and not needed."""
        return _optional(self.security)

    @cached_property
    def shows_key(self) -> Truth:
        """Whether a key stands in an example."""
        return self.examples.any(key_in)

    @cached_property
    def one_login(self) -> Truth:
        """Whether what is asked of those who ask a model is all that is asked of those who change it."""
        asking = [o for o in self.operations if o.purpose is Purpose.INFERENCE]
        changing = [o for o in self.operations if o.purpose is Purpose.MANAGEMENT]
        taken = {scheme for operation in asking for scheme in operation.asked}
        shared = [o.path for o in changing if not o.asked.isdisjoint(taken)]
        return Truth(bool(shared), tuple(shared[:1]))

    @cached_property
    def unlimited(self) -> Truth:
        """Whether an operation that asks a model knows no limit of calls."""
        return any_of(o.is_for(Purpose.INFERENCE) & ~o.limited for o in self.operations)

    def uses(self, scheme: ApiScheme) -> Truth:
        """Whether an operation takes a scheme."""
        name = scheme.name.text()
        return Truth(any(name == asked[0] for o in self.operations for asked in o.asked), (scheme.name,))


def _optional(security: Value) -> Truth:
    options = security.items()
    without = [option for option in options if not option.items()]
    return Truth(0 < len(without) < len(options), tuple(without[:1]) or (security,))


@lru_cache(maxsize=4)
def _about(texts: Value) -> bool:
    return about_models(text.text() for text in texts.items())
