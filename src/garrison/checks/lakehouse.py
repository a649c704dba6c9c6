"""A data and machine-learning platform's own declarations: Databricks' clusters, settings, tokens and grants."""

from __future__ import annotations

from garrison.checks.check import Pillar, Severity, Verdict, check, fail_if, safe, unsafe
from garrison.estate.assets.keys import written_here
from garrison.estate.assets.lakehouse import (
    AddressList,
    ModelHook,
    PlatformAccess,
    PlatformSettings,
    PlatformToken,
    ShareRecipient,
    SparkCluster,
)
from garrison.estate.assets.model import Endpoint
from garrison.estate.truth import any_of


@check(
    id="spark-cluster-no-isolation",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:AC-3", "NIST-800-53:AC-4"),
    about_ml=True,
    mend=unsafe(isolation="USER_ISOLATION"),
)
def spark_cluster_no_isolation(cluster: SparkCluster) -> Verdict:
    """Users of a shared cluster are not kept apart.

    Why: code in one notebook reads the data, the tokens and the cloud credentials of everybody else on the cluster, and no
    privilege of the catalogue holds.
    Fix: set data_security_mode to USER_ISOLATION, or to SINGLE_USER.
    """
    return fail_if(cluster.shared_without_isolation, "it isolates nobody")


@check(
    id="spark-cluster-script-writable",
    severity=Severity.HIGH,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010.001", "NIST-800-53:SI-7", "OWASP-ML:ML06"),
    about_ml=True,
)
def spark_cluster_script_writable(cluster: SparkCluster) -> Verdict:
    """A cluster runs a start script that every user may change.

    Why: files of the DBFS root are writable for everybody in the workspace; whoever changes the script is root on every
    machine that trains or serves next.
    Fix: keep it in a volume of Unity Catalog or among the workspace's files, where permissions hold.
    """
    return fail_if(cluster.script_anybody_writes, "its start script lies in DBFS")


@check(
    id="spark-cluster-secret",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "OWASP-LLM:LLM02"),
    about_ml=True,
)
def spark_cluster_secret(cluster: SparkCluster) -> Verdict:
    """A credential is written into a cluster's settings.

    Why: everybody who may attach a notebook reads it: the key of a storage account opens all of its data and models.
    Fix: refer to a secret, `{{secrets/scope/key}}`, or let an identity reach the data; replace what was written here.
    """
    return fail_if(cluster.has_credential, "a credential is written out")


@check(
    id="spark-cluster-ssh",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-17",),
    about_ml=True,
)
def spark_cluster_ssh(cluster: SparkCluster) -> Verdict:
    """People log in to a cluster's machines by SSH.

    Why: what they do there is in no audit log of the platform, and the data that jobs work on lies on the machine.
    Fix: remove ssh_public_keys; use notebooks and the web terminal.
    """
    return fail_if(~cluster.ssh_keys.is_empty(), "it takes SSH keys")


@check(
    id="platform-tokens-endless",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5"),
    about_ml=True,
)
def platform_tokens_endless(settings: PlatformSettings) -> Verdict:
    """Personal tokens have no greatest age.

    Why: a token in a forgotten notebook or pipeline opens data, models and secrets for ever.
    Fix: set maxTokenLifetimeDays, or turn personal tokens off with enableTokensConfig.
    """
    return fail_if(settings.tokens_live_forever, "maxTokenLifetimeDays is 0")


@check(
    id="platform-address-lists-off",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0012", "NIST-800-53:SC-7"),
    about_ml=True,
)
def platform_address_lists_off(settings: PlatformSettings) -> Verdict:
    """A workspace's lists of addresses are turned off.

    Why: whatever the lists say, a stolen token opens notebooks, models and data from anywhere.
    Fix: set enableIpAccessLists to true.
    """
    return fail_if(settings.is_off("enableIpAccessLists"), "enableIpAccessLists is false")


@check(
    id="platform-audit-terse",
    severity=Severity.LOW,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:AU-2", "NIST-800-53:AU-3"),
    about_ml=True,
)
def platform_audit_terse(settings: PlatformSettings) -> Verdict:
    """The audit log leaves out what people run.

    Why: without verbose logs nobody can tell which command of a notebook read the training data.
    Fix: set enableVerboseAuditLogs to true.
    """
    return fail_if(settings.is_off("enableVerboseAuditLogs"), "enableVerboseAuditLogs is false")


@check(
    id="platform-access-lists-off",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-3",),
    about_ml=True,
)
def platform_access_lists_off(settings: PlatformSettings) -> Verdict:
    """A workspace does without access control on its clusters, notebooks or jobs.

    Why: every user sees and changes everybody's notebooks and clusters, and with them the identities they run as.
    Fix: set enforceWorkspaceViewAcls and enforceClusterViewAcls to true.
    """
    off = settings.is_off("enforceWorkspaceViewAcls", "enforceClusterViewAcls", "enforceUserIsolation")
    return fail_if(off, "access control is turned off")


@check(
    id="platform-token-long-lived",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5"),
    about_ml=True,
    mend=unsafe(lifetime_s=7776000),
)
def platform_token_long_lived(token: PlatformToken) -> Verdict:
    """A platform's token is good for more than a quarter of a year.

    Why: it lies in the state of the deployment and in what uses it, and opens data and models from anywhere until it ends.
    Fix: set lifetime_seconds to 90 days (7776000) at most; better, let programs sign in with OAuth or workload identity.
    """
    return fail_if(token.long_lived, "it outlives 90 days")


@check(
    id="platform-object-open",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0018", "NIST-800-53:AC-6", "NIST-800-53:AC-3"),
    about_ml=True,
)
def platform_object_open(access: PlatformAccess) -> Verdict:
    """Every user of a platform may change an object.

    Why: anybody who opens a notebook replaces the model, the table or the cluster that others rely on, or takes on the
    identity it runs as.
    Fix: give the right to change to a small group; everybody else may use, read or view.
    """
    return fail_if(access.everybody_changes, "a group of all users may change it")


@check(
    id="platform-secrets-for-all",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:AC-6", "NIST-800-53:AC-3"),
    about_ml=True,
)
def platform_secrets_for_all(access: PlatformAccess) -> Verdict:
    """Every user of a platform may read the secrets of a scope.

    Why: keys of storage accounts, databases and model providers are one notebook cell away for everybody.
    Fix: name the group or service principal whose jobs need them.
    """
    return fail_if(access.everybody_reads_secrets, "the group of all users reads them")


@check(
    id="platform-address-list-open",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-7",),
    about_ml=True,
)
def platform_address_list_open(addresses: AddressList) -> Verdict:
    """A list of allowed addresses allows every address.

    Why: the workspace looks guarded, and a stolen token still opens it from anywhere.
    Fix: name the addresses of your offices, your gateway and your pipelines.
    """
    return fail_if(addresses.lets_all_in, "it lets in every address")


@check(
    id="share-recipient-open",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0025", "NIST-800-53:AC-3", "NIST-800-53:AC-4"),
    about_ml=True,
)
def share_recipient_open(recipient: ShareRecipient) -> Verdict:
    """Whoever holds a file with a token reads shared data from anywhere.

    Why: the credential file is sent by mail and copied; nothing but it stands before the tables and models of the share.
    Fix: list the addresses the recipient comes from, or share from account to account.
    """
    return fail_if(recipient.bearer_from_anywhere, "its token works from every address")


@check(
    id="model-hook-unverified",
    severity=Severity.MEDIUM,
    pillar=Pillar.API,
    maps=("NIST-800-53:SC-8", "OWASP-ML:ML06"),
    about_ml=True,
    mend=safe(verifies_tls=True),
)
def model_hook_unverified(hook: ModelHook) -> Verdict:
    """A registry's webhook does not look who it talks to.

    Why: whoever sits on the way reads the authorization it sends, and with it starts deployments of models.
    Fix: let it verify certificates.
    """
    return fail_if(~hook.verifies_tls, "it verifies no certificate")


@check(
    id="endpoint-key-in-code",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "OWASP-LLM:LLM02"),
    about_ml=True,
    native=("external_keys",),
)
def endpoint_key_in_code(endpoint: Endpoint) -> Verdict:
    """The key of a model provider is written into an endpoint.

    Why: it stands in the repository and in the state: whoever reads either calls models on your account, and may see what
    others ask.
    Fix: keep it in a secret scope and name the secret; replace the key that was written here.
    """
    return fail_if(any_of(written_here(k) for k in endpoint.native("external_keys").items()), "a key is written out")
