"""Where agents run, what they browse with, what they remember, and whose rights they have."""

from __future__ import annotations

from garrison.checks.check import Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.agents import AgentBrowser, AgentMemory, AgentRuntime
from garrison.estate.assets.identity import AccessKey, Role
from garrison.estate.assets.llm import Agent
from garrison.estate.estate import Relations
from garrison.estate.relations import Relation
from garrison.estate.truth import Truth

_BEDROCK_FULL = r"(^|/)AmazonBedrockFullAccess$"
_BEDROCK_SERVICE = "bedrock.amazonaws.com"


@check(
    id="bedrock-full-access",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0040", "ATLAS:AML.T0018", "NIST-800-53:AC-6", "OWASP-LLM:LLM06"),
    about_ml=True,
)
def bedrock_full_access(role: Role) -> Verdict:
    """A role carries AmazonBedrockFullAccess.

    Why: it changes every guardrail, agent and knowledge base of the account, calls and buys every model, and turns the
    log of model calls off: a prompt that takes an agent over takes all of them over.
    Fix: allow bedrock:InvokeModel on the models that are needed, and nothing that changes guardrails or logs.
    """
    return fail_if(role.carries(_BEDROCK_FULL) & ~role.carries_admin, "it carries AmazonBedrockFullAccess")


@check(
    id="agent-role-shared",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "OWASP-LLM:LLM06", "ATLAS:AML.T0053"),
    about_ml=True,
)
def agent_role_shared(agent: Agent, near: Relations) -> Verdict:
    """Several agents run as one role.

    Why: each has the tools, documents and models of all: who misleads the most careless one acts with the rights of the
    most powerful.
    Fix: give every agent a role of its own, for its own tools and data.
    """
    shared = [
        other
        for role in near.to(Relation.RUNS_AS, Role)
        for other in near.estate.near(role).by(Relation.RUNS_AS, Agent)
        if other.address != agent.address
    ]
    return fail_if(Truth(bool(shared), (agent.role,)), "another agent runs as the same role")


@check(
    id="agent-guardrail-draft",
    severity=Severity.LOW,
    pillar=Pillar.API,
    maps=("NIST-800-53:CM-3", "ATLAS:AML.M0020"),
    about_ml=True,
    native=("guardrail_version",),
)
def agent_guardrail_draft(agent: Agent) -> Verdict:
    """An agent is guarded by a draft.

    Why: whoever edits the guardrail changes what agents in use refuse, at once and without anybody's approval.
    Fix: make a version of the guardrail and name that.
    """
    return fail_if(agent.native("guardrail_version").equals("DRAFT"), "it uses the guardrail's draft")


@check(
    id="agent-runtime-secret",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "OWASP-LLM:LLM02"),
    about_ml=True,
)
def agent_runtime_secret(runtime: AgentRuntime) -> Verdict:
    """A credential is written into the environment of an agent.

    Why: an agent that can be made to print its environment, or to run code, tells it to whoever asks.
    Fix: keep it in a secret store or a credential provider, and replace the one written here.
    """
    return fail_if(runtime.has_credential, "a variable holds a credential")


@check(
    id="agent-runtime-on-internet",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0025", "NIST-800-53:SC-7", "OWASP-LLM:LLM06"),
    about_ml=True,
)
def agent_runtime_on_internet(runtime: AgentRuntime) -> Verdict:
    """An agent reaches every host on the internet.

    Why: an instruction hidden in a document makes it send what it knows anywhere, past your firewalls and flow logs.
    Fix: run it in a VPC of yours that lets only named hosts through.
    """
    return fail_if(runtime.network_mode.equals("PUBLIC"), "its network is public")


@check(
    id="agent-browser-unrecorded",
    severity=Severity.LOW,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:AU-12", "OWASP-LLM:LLM06"),
    about_ml=True,
)
def agent_browser_unrecorded(browser: AgentBrowser) -> Verdict:
    """What agents do in a browser is not kept.

    Why: a page that took an agent over leaves nothing by which to see what it was made to click, type and read.
    Fix: record sessions into a bucket.
    """
    return fail_if(~browser.recorded, "sessions are not recorded")


@check(
    id="agent-memory-own-key",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.M0012", "NIST-800-53:SC-28"),
    about_ml=True,
)
def agent_memory_own_key(memory: AgentMemory) -> Verdict:
    """What agents remember is encrypted with the provider's key only.

    Why: conversations with people lie there for months; they cannot be made unreadable by taking a key away.
    Fix: name a key of your own.
    """
    return fail_if(memory.encryption_key.is_absent(), "it names no key")


@check(
    id="llm-long-lived-key",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0091.000", "ATLAS:AML.T0055", "NIST-800-53:IA-5", "OWASP-LLM:LLM10"),
    about_ml=True,
    native=("service",),
)
def llm_long_lived_key(key: AccessKey) -> Verdict:
    """A key that does not expire opens the account's language models.

    Why: keys for models are looked for in every public repository; a found one runs models at your expense within
    minutes (LLMjacking), and with the knowledge bases it may read.
    Fix: call models with a role, or with short-term keys made from one.
    """
    return fail_if(key.active & key.native("service").equals(_BEDROCK_SERVICE), "it is a long-term API key of Bedrock")
