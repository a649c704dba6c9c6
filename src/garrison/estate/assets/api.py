"""What answers calls: functions, and the interfaces before them."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.credentials import credential_named
from garrison.estate.launch import set_variables
from garrison.estate.policies import statements
from garrison.estate.relations import By, Relation, To
from garrison.estate.truth import Truth, any_of
from garrison.estate.values import State, Value, known

# Words of a name, an image or a variable that say a model is served.
_MODEL = (
    r"(?i)(?<![a-z])(ml|llm|rag|predict(ion|or|s)?|inference|infer|scor(ing|er|e)|model(s|server)?|embedding(s)?|classif(y|ier)"
    r"|recommend(er|ation|ations)?|sagemaker|bedrock|vertex|openai|gpt|llama|mistral|vllm|triton|torchserve|mlflow|"
    r"tensorflow|pytorch|huggingface|chatbot|fraud|detector|generat(e|ion))(?![a-z])"
)
# Integrations that hand a request straight to a model.
_MODEL_TARGET = re.compile(
    r"(?i):(runtime\.sagemaker|sagemaker|bedrock|bedrock-runtime)[:/]|aiplatform\.googleapis\.com|\.inference\.ml\.azure\.com"
)
_CAN_ASK = r"^(ANY|GET|POST|PUT|PATCH|DELETE|HEAD)\b|^\$(connect|default)$"
_ANYBODY = r"^(\*|allUsers|allAuthenticatedUsers)$"
_INVOKES = r"(?i)^(lambda:)?\*$|invok|^roles/(owner|editor|cloudfunctions\.admin|run\.admin)$"


class Invoker(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """One permission to call a function."""

    who: Value = UNMAPPED  # a principal, a service, members
    what: Value = UNMAPPED  # lambda:InvokeFunction, roles/run.invoker
    narrowed: Truth = UNMAPPED_TRUTH  # a source, an account or an organisation is asked for besides

    @cached_property
    def anyone(self) -> Truth:
        """Whether it lets everybody call the function."""
        return (
            self.who.any(lambda w: w.matches(_ANYBODY)) & self.what.any(lambda w: w.matches(_INVOKES)) & ~self.narrowed
        )


class Function(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Code that runs when it is called: Lambda, Cloud Functions, Cloud Run, Azure Functions, Container Apps."""

    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    image: Annotated[Value, To(Relation.BUILT_FROM)] = UNMAPPED
    environment: Value = UNMAPPED  # a mapping, or items of name and value
    open_address: Truth = UNMAPPED_TRUTH  # has an address on the internet that asks for no credentials
    open_invoker: Truth = UNMAPPED_TRUTH  # its own policy lets anybody call it
    internal_only: Truth = UNMAPPED_TRUTH  # takes traffic from the customer's own network only
    subnets: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED  # of the network its code can reach
    firewalls: Annotated[Value, By(Relation.SHIELDS)] = UNMAPPED
    invokers: tuple[Invoker, ...] = ()

    @cached_property
    def callable_by_anyone(self) -> Truth:
        """Whether anyone on the internet can call it without credentials."""
        granted = any_of(i.anyone for i in self.invokers)
        return self.open_address | ((self.open_invoker | granted) & ~self.internal_only)

    @cached_property
    def serves_model(self) -> Truth:
        """Whether its name, image or variables say that it serves a model."""
        named = known(
            f"{self.label} {self.address.rpartition('.')[2]}".replace("_", "-"), self.name.place or self.place
        )
        texts = [named, self.image, *(name for name, _ in self.variables)]
        return any_of(t.matches(_MODEL) for t in texts if t.state is State.KNOWN)

    @cached_property
    def variables(self) -> tuple[tuple[Value, Value], ...]:
        """Name and value of every variable that is written here."""
        return set_variables(self.environment)

    @cached_property
    def environment_has_secret(self) -> Truth:
        """Whether a secret is written into its environment."""
        found = [credential_named(name.text(), value) for name, value in self.variables]
        hidden = self.environment if self.environment.state is State.UNKNOWN else self.environment.rest
        if hidden is not None and hidden.decided_by == "" and hidden.ref is None:
            found.append(Truth(None, (hidden,)))
        return any_of(found)

    @property
    def public(self) -> Truth:
        return self.callable_by_anyone


class ApiRoute(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """One method of an interface."""

    api: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    method: Value = UNMAPPED  # GET, ANY, "POST /predict"
    authorization: Value = UNMAPPED  # NONE, AWS_IAM, JWT, CUSTOM, COGNITO_USER_POOLS
    key_required: Truth = UNMAPPED_TRUTH  # an API key, which identifies but does not authenticate
    target: Annotated[Value, To(Relation.ROUTES_TO)] = UNMAPPED  # what it hands requests to

    @cached_property
    def to_model(self) -> Truth:
        """Whether it hands requests straight to a model."""
        return _is_model(self.target)

    @cached_property
    def open(self) -> Truth:
        """Whether it asks for no credentials.

        OPTIONS never can, as browsers send none with it; of a WebSocket's routes only `$connect` can.
        """
        return self.authorization.equals("NONE") & self.method.matches(_CAN_ASK)


def _is_model(target: Value) -> Truth:
    """Whether a target is a model by what is known of it; account and region may be decided later."""
    parts = target.content if isinstance(target.content, tuple) else (target,)
    text = "".join(p.content if isinstance(p.content, str) else "x" for p in parts)
    return Truth(_MODEL_TARGET.search(text) is not None, (target,))


class ApiIntegration(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What an interface hands requests to, where it is declared beside its methods."""

    api: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    target: Annotated[Value, To(Relation.ROUTES_TO)] = UNMAPPED

    @cached_property
    def to_model(self) -> Truth:
        """Whether it hands requests straight to a model."""
        return _is_model(self.target)


class ApiStage(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A published version of an interface."""

    api: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    access_log: Truth = UNMAPPED_TRUTH
    throttled: Truth = UNMAPPED_TRUTH  # a limit of its own, below the account's
    firewalled: Truth = UNMAPPED_TRUTH  # a web application firewall stands before it


class ApiDomain(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A name of its own for an interface."""

    tls_floor: Value = UNMAPPED  # TLS_1_0, TLS_1_2, or the name of a policy


class Api(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """An interface to the outside: API Gateway REST, HTTP and WebSocket APIs."""

    private: Truth = UNMAPPED_TRUTH  # only from inside a network
    policy: Value = UNMAPPED  # who may call it, where a policy says so

    @cached_property
    def restricted(self) -> Truth:
        """Whether a policy says who may call it: then a method without authorisation is not open."""
        found = statements(self.policy)
        return any_of(s.allows & ~s.open_to_anyone for s in found) & ~any_of(s.open_to_anyone for s in found)

    @property
    def public(self) -> Truth:
        return ~self.private
