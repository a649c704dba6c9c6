"""Large language models as a service, and what is built on them: agents, knowledge bases, content filters."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from garrison.estate.assets.asset import UNMAPPED, UNMAPPED_TRUTH, Asset
from garrison.estate.relations import By, Relation, To
from garrison.estate.truth import Truth, any_of
from garrison.estate.values import Value

_PROMPT_ATTACK = r"(?i)^(prompt_attack|jailbreak|indirect[ _]attack)$"
# What every deployment should refuse; profanity and protected material are matters of taste and law.
_HARM = r"(?i)^(hate(_speech)?|sexual(ly_explicit)?|violence|self[-_ ]?harm|misconduct|dangerous|harassment|insults)$"
_WEAK = ("NONE", "LOW")


class AiAccount(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """An account whose models are called over HTTP: Azure OpenAI, Azure AI services."""

    local_login: Truth = UNMAPPED_TRUTH  # long-lived keys open it, beside the identity provider
    public_network: Truth = UNMAPPED_TRUTH  # answers on the internet
    default_action: Value = UNMAPPED  # for networks that no rule names: Allow, Deny
    limits_outbound: Truth = UNMAPPED_TRUTH  # calls only the hosts that are listed
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own

    @cached_property
    def reachable_by_anyone(self) -> Truth:
        """Whether every network reaches it."""
        return self.public_network & self.default_action.equals("Allow")

    @property
    def public(self) -> Truth:
        return self.reachable_by_anyone


class LlmDeployment(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """One model of an account that callers name."""

    account: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED
    content_filter: Annotated[Value, By(Relation.SHIELDS)] = UNMAPPED


class FilterRule(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What a content filter does about one subject."""

    subject: Value = UNMAPPED  # HATE, PROMPT_ATTACK, Jailbreak
    enabled: Truth = UNMAPPED_TRUTH
    blocks: Truth = UNMAPPED_TRUTH  # else it only notes
    input_strength: Value = UNMAPPED  # of what it refuses in prompts: NONE, LOW, MEDIUM, HIGH
    output_strength: Value = UNMAPPED  # the same, in answers

    @cached_property
    def weak(self) -> Truth:
        """Whether it lets most of what it is there for through."""
        off = ~self.enabled | ~self.blocks
        attack, harm = self.subject.matches(_PROMPT_ATTACK), self.subject.matches(_HARM)
        low = self.input_strength.one_of(_WEAK) | self.output_strength.one_of(_WEAK)
        # Attacks are looked for in prompts only, at Azure without degrees.
        return (attack & (off | self.input_strength.equals("NONE"))) | (harm & (off | low))


class ContentFilter(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What looks at prompts and answers: Bedrock guardrail, Azure RAI policy, Model Armor template."""

    prompt_shield: Truth = UNMAPPED_TRUTH  # looks for prompt injection and jailbreaks
    rules: tuple[FilterRule, ...] = ()

    @cached_property
    def weak(self) -> Truth:
        """Whether one of its rules lets most through."""
        return any_of(rule.weak for rule in self.rules)


class Agent(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A model that acts: a Bedrock agent."""

    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    guardrail: Annotated[Value, By(Relation.SHIELDS)] = UNMAPPED
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own
    loggable: Truth = UNMAPPED_TRUTH  # its format can declare that model calls are logged


class AgentGateway(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Tools behind one address for agents: a Bedrock AgentCore gateway, which speaks MCP."""

    authorizer: Value = UNMAPPED  # CUSTOM_JWT, AWS_IAM, NONE
    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED

    @cached_property
    def open_to_anyone(self) -> Truth:
        """Whether it asks no caller who he is."""
        return self.authorizer.equals("NONE")

    @property
    def public(self) -> Truth:
        return self.open_to_anyone


class CodeInterpreter(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Where code that a model wrote is run: a Bedrock AgentCore code interpreter."""

    network_mode: Value = UNMAPPED  # PUBLIC, SANDBOX, VPC
    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    subnets: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED


class KnowledgeSource(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Documents that a model answers from: a data source of a Bedrock knowledge base."""

    knowledge_base: Annotated[Value, To(Relation.WRITES)] = UNMAPPED
    bucket: Annotated[Value, To(Relation.READS)] = UNMAPPED
    crawls_web: Truth = UNMAPPED_TRUTH  # reads web pages, which others write
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED


class KnowledgeBase(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """What a model looks things up in before it answers."""

    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    store: Annotated[Value, To(Relation.READS)] = UNMAPPED  # its vector store


class CustomModel(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """A model that a provider tunes with the customer's data: a Bedrock custom model."""

    role: Annotated[Value, To(Relation.RUNS_AS)] = UNMAPPED
    training_data: Annotated[Value, To(Relation.READS)] = UNMAPPED
    output: Annotated[Value, To(Relation.WRITES)] = UNMAPPED
    encryption_key: Annotated[Value, By(Relation.ENCRYPTS)] = UNMAPPED  # a key of the customer's own
    subnets: Annotated[Value, By(Relation.CONTAINS)] = UNMAPPED


class InvocationLog(Asset, frozen=True, kw_only=True, eq=False, dict=True):
    """Whether calls of models are recorded in an account: Bedrock's invocation logging."""

    text: Truth = UNMAPPED_TRUTH  # prompts and answers are in it
    targets: Annotated[Value, To(Relation.LOGS_TO)] = UNMAPPED
