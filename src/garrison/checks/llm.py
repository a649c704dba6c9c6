"""Large language models as a service, and what is built on them."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.agents import Prompt
from garrison.estate.assets.data import SearchIndex
from garrison.estate.assets.llm import (
    Agent,
    AgentGateway,
    AiAccount,
    CodeInterpreter,
    ContentFilter,
    CustomModel,
    InvocationLog,
    KnowledgeSource,
)
from garrison.estate.estate import Relations
from garrison.estate.truth import Truth, any_of


@check(
    id="agent-gateway-open",
    severity=Severity.CRITICAL,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0053", "NIST-800-53:AC-3", "OWASP-API:API2", "OWASP-LLM:LLM06"),
    about_ml=True,
)
def agent_gateway_open(gateway: AgentGateway) -> Verdict:
    """Tools of agents answer callers that nobody asked who they are.

    Why: whoever finds the address calls the functions behind it, with the gateway's role: look-ups, refunds, deletions.
    Fix: ask for signed requests or for tokens of your identity provider.
    """
    return fail_if(gateway.open_to_anyone, "it asks for no authorization")


@check(
    id="code-interpreter-on-internet",
    severity=Severity.HIGH,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0086", "NIST-800-53:SC-7", "OWASP-LLM:LLM05", "OWASP-LLM:LLM06"),
    about_ml=True,
)
def code_interpreter_on_internet(interpreter: CodeInterpreter) -> Verdict:
    """Code that a model wrote runs with a way to the internet.

    Why: a prompt hidden in a document is enough to have it fetch tools and send the session's files away.
    Fix: use the sandbox mode, or a network of your own that lets only named hosts through.
    """
    return fail_if(interpreter.network_mode.equals("PUBLIC"), "its network is public")


@check(
    id="ai-account-open-network",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0040", "NIST-800-53:SC-7", "OWASP-LLM:LLM10"),
    about_ml=True,
)
def ai_account_open_network(account: AiAccount) -> Verdict:
    """An account of model APIs answers every network.

    Why: a key that leaked in a notebook or a repository works from anywhere, at your cost and with your data in reach.
    Fix: turn public network access off and use a private endpoint, or deny all networks but those you name.
    """
    return fail_if(account.reachable_by_anyone, "every network reaches it")


@check(
    id="ai-account-keys",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0091.000", "NIST-800-53:IA-2", "NIST-800-53:IA-5"),
    about_ml=True,
)
def ai_account_keys(account: AiAccount) -> Verdict:
    """Long-lived keys open an account of model APIs.

    Why: both keys may do everything, never expire and say nothing about who used them; they end up in code and chats.
    Fix: turn local authentication off and call with managed identities.
    """
    return fail_if(account.local_login, "keys are accepted")


@check(
    id="ai-account-outbound-open",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0025", "NIST-800-53:SC-7"),
    about_ml=True,
)
def ai_account_outbound_open(account: AiAccount) -> Verdict:
    """An account of model APIs may call every host.

    Why: features that fetch addresses given in a request can be made to carry data to a stranger's host.
    Fix: restrict outbound access and list the hosts that are needed.
    """
    return fail_if(~account.limits_outbound, "outbound calls are not restricted")


@check(
    id="ai-account-own-key",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.M0012", "NIST-800-53:SC-28"),
    about_ml=True,
)
def ai_account_own_key(account: AiAccount) -> Verdict:
    """What an account of model APIs stores is encrypted with the provider's key only.

    Why: files for fine-tuning, tuned models and stored conversations cannot be made unreadable by taking a key away.
    Fix: name a key of your own.
    """
    return fail_if(account.encryption_key.is_absent(), "it names no key")


@check(
    id="content-filter-weak",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.M0020", "ATLAS:AML.T0054", "OWASP-LLM:LLM01"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def content_filter_weak(content_filter: ContentFilter) -> Verdict:
    """A content filter lets most of what it names through.

    Why: jailbroken prompts get answers that the filter is thought to stop, and nobody watches since it is there.
    Fix: let it block, at medium strength or more, in prompts and in answers.
    """
    return fail_if(content_filter.weak, "one of its filters is off, only notes, or acts on the worst cases only")


@check(
    id="content-filter-no-prompt-shield",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0051", "ATLAS:AML.M0020", "OWASP-LLM:LLM01"),
    about_ml=True,
)
def content_filter_no_prompt_shield(content_filter: ContentFilter) -> Verdict:
    """A content filter does not look for prompt attacks.

    Why: instructions hidden in a question or a document make the model leave its task, and use its tools for others.
    Fix: turn its filter for prompt injection and jailbreaks on.
    """
    return fail_if(~content_filter.prompt_shield, "it does not look for prompt attacks")


@check(
    id="agent-without-guardrail",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.M0020", "ATLAS:AML.T0051", "OWASP-LLM:LLM01", "OWASP-LLM:LLM06"),
    about_ml=True,
)
def agent_without_guardrail(agent: Agent) -> Verdict:
    """An agent works without a guardrail.

    Why: an instruction in a question or in a document it reads makes it use its tools against you, and personal data
    passes into answers.
    Fix: give it a guardrail with filters for prompt attacks and personal data.
    """
    return fail_if(agent.guardrail.is_absent(), "it has no guardrail")


@check(
    id="agent-own-key",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.M0012", "NIST-800-53:SC-28"),
    about_ml=True,
)
def agent_own_key(agent: Agent) -> Verdict:
    """An agent's instructions and sessions are encrypted with the provider's key only.

    Why: conversations it remembers cannot be made unreadable by taking a key away, and no log says who had them
    decrypted.
    Fix: name a key of your own.
    """
    return fail_if(agent.encryption_key.is_absent(), "it names no key")


@check(
    id="knowledge-from-web",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0070", "NIST-800-53:SI-7", "OWASP-LLM:LLM04", "OWASP-LLM:LLM08"),
    about_ml=True,
)
def knowledge_from_web(source: KnowledgeSource) -> Verdict:
    """A model answers from web pages that it crawls.

    Why: whoever can write on one of those pages puts false facts, or instructions, into what the model takes for
    knowledge.
    Fix: copy reviewed documents into a bucket and read from that.
    """
    return fail_if(source.crawls_web, "it crawls web pages")


@check(
    id="knowledge-own-key",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.M0012", "NIST-800-53:SC-28", "OWASP-LLM:LLM08"),
    about_ml=True,
)
def knowledge_own_key(source: KnowledgeSource) -> Verdict:
    """Documents on their way into a knowledge base are encrypted with the provider's key only.

    Why: the pieces that are kept while they are being read in cannot be made unreadable by taking a key away.
    Fix: name a key of your own for the data source.
    """
    return fail_if(source.encryption_key.is_absent(), "it names no key")


@check(
    id="custom-model-outside-network",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0025", "NIST-800-53:SC-7"),
    about_ml=True,
)
def custom_model_outside_network(model: CustomModel) -> Verdict:
    """A model is tuned outside the customer's network.

    Why: training data is read past the endpoint policies and flow logs that guard its bucket otherwise.
    Fix: name subnets and security groups for the tuning job.
    """
    return fail_if(model.subnets.is_absent(), "its job is in no subnet")


@check(
    id="custom-model-own-key",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.M0012", "NIST-800-53:SC-28"),
    about_ml=True,
)
def custom_model_own_key(model: CustomModel) -> Verdict:
    """A tuned model is encrypted with the provider's key only.

    Why: it carries what it learnt from your data, and without a key of your own it cannot be made unusable at once.
    Fix: name a key of your own.
    """
    return fail_if(model.encryption_key.is_absent(), "it names no key")


@check(
    id="llm-log-without-text",
    severity=Severity.MEDIUM,
    pillar=Pillar.MONITORING,
    maps=("ATLAS:AML.M0024", "NIST-800-53:AU-12"),
    about_ml=True,
)
def llm_log_without_text(log: InvocationLog) -> Verdict:
    """The log of model calls has no prompts and answers in it, or goes nowhere.

    Why: prompt injection, leaked data and abuse of an account's models cannot be seen or looked into.
    Fix: deliver text to a bucket or log group with its own key and few readers.
    """
    return fail_if(~log.text | log.targets.is_empty(), "prompts and answers are not logged")


@check(
    id="llm-calls-unlogged",
    severity=Severity.MEDIUM,
    pillar=Pillar.MONITORING,
    maps=("ATLAS:AML.M0024", "NIST-800-53:AU-12"),
    confidence=Confidence.LOW,
    about_ml=True,
)
def llm_calls_unlogged(agent: Agent, near: Relations) -> Verdict:
    """An agent calls models, and nothing here turns the log of model calls on.

    Why: what it was told and what it answered is kept nowhere: an injected instruction cannot be found afterwards.
    Fix: declare invocation logging for the account and region; if another repository does, ignore this here.
    """
    logged = any_of(log.exists for log in near.estate.of(InvocationLog))
    return fail_if(agent.loggable & ~logged, "no invocation logging is declared here")


@check(
    id="content-filter-no-personal-data",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("ATLAS:AML.M0020", "ATLAS:AML.T0057", "OWASP-LLM:LLM02"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
    native=("personal_data",),
)
def content_filter_no_personal_data(content_filter: ContentFilter) -> Verdict:
    """A content filter does not look for personal data and secrets.

    Why: names, account numbers and keys pass from documents and prompts into answers, and into the logs of them.
    Fix: block or mask the entities that must not appear, at least credentials and card numbers.
    """
    bedrock = Truth(content_filter.provider == "aws")
    return fail_if(bedrock & content_filter.native("personal_data").is_absent(), "it names no personal data")


@check(
    id="content-filter-ungrounded",
    severity=Severity.LOW,
    pillar=Pillar.API,
    maps=("ATLAS:AML.M0020", "OWASP-LLM:LLM09"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
    native=("grounding",),
)
def content_filter_ungrounded(content_filter: ContentFilter) -> Verdict:
    """A content filter does not ask whether an answer follows from its sources.

    Why: an answer that a model made up, or that a planted document led it to, reaches people and tools as a fact.
    Fix: set thresholds for grounding and relevance, where the model answers from documents.
    """
    bedrock = Truth(content_filter.provider == "aws")
    return fail_if(bedrock & content_filter.native("grounding").is_absent(), "contextual grounding is not checked")


@check(
    id="content-filter-own-key",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.M0012", "NIST-800-53:SC-28"),
    about_ml=True,
    native=("key",),
)
def content_filter_own_key(content_filter: ContentFilter) -> Verdict:
    """A content filter is encrypted with the provider's key only.

    Why: its denied topics, words and patterns tell an attacker what to write around; without a key no log says who had
    them decrypted.
    Fix: name a key of your own.
    """
    bedrock = Truth(content_filter.provider == "aws")
    return fail_if(bedrock & content_filter.native("key").is_absent(), "it names no key")


@check(
    id="prompt-own-key",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.M0012", "NIST-800-53:SC-28", "OWASP-LLM:LLM07"),
    about_ml=True,
)
def prompt_own_key(prompt: Prompt) -> Verdict:
    """Instructions for a model are encrypted with the provider's key only.

    Why: system prompts hold rules and names that attackers look for; without a key no log says who had them decrypted.
    Fix: name a key of your own.
    """
    return fail_if(prompt.encryption_key.is_absent(), "it names no key")


@check(
    id="knowledge-outlives-source",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SI-12", "OWASP-LLM:LLM08"),
    about_ml=True,
    native=("deletion_policy",),
)
def knowledge_outlives_source(source: KnowledgeSource) -> Verdict:
    """What was read into a knowledge base stays when its source is deleted.

    Why: documents that had to go, personal ones or poisoned ones, are still retrieved and told to people.
    Fix: set the deletion policy to DELETE.
    """
    return fail_if(source.native("deletion_policy").equals("RETAIN"), "its vectors are retained")


@check(
    id="search-ignores-readers",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-3", "OWASP-LLM:LLM08", "ATLAS:AML.T0085.000"),
    confidence=Confidence.LOW,
    about_ml=True,
    native=("reader_policy",),
)
def search_ignores_readers(index: SearchIndex) -> Verdict:
    """A search index finds documents whatever the person who asks may read.

    Why: an assistant that searches with its own rights tells everybody what was written for a few.
    Fix: set the user context policy to USER_TOKEN and say how tokens are checked; then queries carry the person's.
    """
    return fail_if(index.native("reader_policy").equals("ATTRIBUTE_FILTER"), "it takes no tokens of persons")


@check(
    id="ai-account-unlogged",
    severity=Severity.MEDIUM,
    pillar=Pillar.MONITORING,
    maps=(
        "ATLAS:AML.T0024",
        "NIST-800-53:AU-2",
    ),
    confidence=Confidence.MEDIUM,
    about_ml=True,
    native=("logged",),
)
def ai_account_unlogged(account: AiAccount) -> Verdict:
    """Nobody records who calls an account of model APIs.

    Why: stolen keys that run up a bill, or pull a model's answers by the thousand, are not seen.
    Fix: send its audit and request logs to a workspace with a diagnostic setting.
    """
    return fail_if(account.native("logged").equals(False), "no diagnostic setting keeps its log")
