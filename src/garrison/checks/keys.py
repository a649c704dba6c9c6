"""Keys, secrets and the vaults they lie in."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if, safe, unsafe
from garrison.estate.assets.keys import Key, Secret, Vault


@check(
    id="key-open",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:SC-12", "NIST-800-53:AC-3", "AWS-FSBP:KMS.5", "CIS-GCP-4.0:1.9"),
)
def key_open(key: Key) -> Verdict:
    """Everybody may use the key.

    Why: the key then protects nothing: whoever gets at a copy of the training data or a model decrypts it too.
    Fix: name the roles that may use it, or tie it to your account with kms:CallerAccount.
    """
    return fail_if(key.open_to_anyone, "everybody is allowed to use it")


@check(
    id="key-not-rotated",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-12", "AWS-FSBP:KMS.4", "CIS-AWS-6.0:4.6", "CIS-GCP-4.0:1.10", "CIS-Azure-5.0:8.3.9"),
    mend=safe(rotates=True),
)
def key_not_rotated(key: Key) -> Verdict:
    """The key is never rotated.

    Why: data sets and models are kept for years; a key that leaked once opens all of them.
    Fix: turn automatic rotation on.
    """
    return fail_if(~key.rotates & key.rotatable, "it is not rotated by itself")


@check(
    id="key-quick-deletion",
    severity=Severity.LOW,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-12", "AWS-FSBP:KMS.3"),
    mend=safe(deletion_days=30),
)
def key_quick_deletion(key: Key) -> Verdict:
    """The key can be gone for good within days.

    Why: everything it encrypts, data sets and every model, is lost with it; a weekend is not enough to notice.
    Fix: give its deletion a waiting time of two weeks at least.
    """
    return fail_if(key.deletion_days.at_most(13), "its deletion can be stopped for less than two weeks")


@check(
    id="secret-in-code",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "OWASP-LLM:LLM02"),
)
def secret_in_code(secret: Secret) -> Verdict:
    """The value of a secret is written in the code.

    Why: the store for secrets protects nothing that stands in the repository and in the state: API keys of model
    providers, tokens of model hubs and database passwords are the first thing looked for there.
    Fix: let the deployment generate it or hand it in at deploy time, keep it out of the state; then change it.
    """
    return fail_if(secret.written_in_code, "its value is written in the code")


@check(
    id="secret-open",
    severity=Severity.CRITICAL,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:AC-3"),
)
def secret_open(secret: Secret) -> Verdict:
    """Everybody may read the secret.

    Why: the credentials of feature stores, registries and model providers are there for the taking.
    Fix: name the roles that may read it.
    """
    return fail_if(secret.open_to_anyone, "everybody is allowed to read it")


@check(
    id="secret-not-rotated",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:IA-5", "AWS-FSBP:SecretsManager.1", "CIS-Azure-5.0:8.3.3"),
)
def secret_not_rotated(secret: Secret) -> Verdict:
    """The secret lives for ever.

    Why: credentials copied into a notebook or a job's environment stay good long after the job and the person are gone.
    Fix: rotate it automatically, or give it an expiration date.
    """
    return fail_if(~secret.rotates, "nothing rotates or ends it")


@check(
    id="vault-purgeable",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:CP-9", "CIS-Azure-5.0:8.3.5"),
)
def vault_purgeable(vault: Vault) -> Verdict:
    """Keys and secrets can be purged from the vault for good.

    Why: who takes over an administrator destroys the keys of all data sets and models at one stroke.
    Fix: turn purge protection on.
    """
    return fail_if(~vault.purge_protected, "purge protection is off")


@check(
    id="vault-open-network",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("NIST-800-53:SC-7", "CIS-Azure-5.0:8.3.7"),
)
def vault_open_network(vault: Vault) -> Verdict:
    """The vault answers to every network.

    Why: a leaked token of a workspace or a pipeline then reads its secrets from anywhere.
    Fix: deny by default in the network ACLs, or turn public network access off and use a private endpoint.
    """
    return fail_if(~vault.network_closed, "every network can reach it")


@check(
    id="vault-access-policies",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=(
        "NIST-800-53:AC-3",
        "NIST-800-53:AC-6",
        "CIS-Azure-5.0:8.3.6",
    ),
    mend=unsafe(role_based=True),
)
def vault_access_policies(vault: Vault) -> Verdict:
    """The vault's own policies decide who reads it, not roles.

    Why: a policy gives all keys or all secrets at once, and whoever may change the vault, as any contributor may, adds himself.
    Fix: let Azure RBAC decide (rbac_authorization_enabled) and give roles on single secrets.
    """
    return fail_if(~vault.role_based, "access policies decide")


@check(
    id="vault-unlogged",
    severity=Severity.MEDIUM,
    pillar=Pillar.MONITORING,
    maps=(
        "NIST-800-53:AU-2",
        "CIS-Azure-5.0:6.1.1.4",
    ),
    confidence=Confidence.MEDIUM,
    native=("logged",),
)
def vault_unlogged(vault: Vault) -> Verdict:
    """Nobody records who reads keys and secrets.

    Why: after a theft nobody can say which credentials of data stores and model providers must be changed.
    Fix: send its audit events to a workspace with a diagnostic setting.
    """
    return fail_if(vault.native("logged").equals(False), "no diagnostic setting keeps its log")


@check(
    id="key-never-expires",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=(
        "NIST-800-53:SC-12",
        "CIS-Azure-5.0:8.3.1",
    ),
    native=("expires",),
)
def key_never_expires(key: Key) -> Verdict:
    """A key lives for ever.

    Why: data and models that were encrypted years ago still hang on one key that nobody thinks of.
    Fix: give it an expiration date, or a rotation policy with expire_after.
    """
    return fail_if(key.native("expires").equals(""), "it has no expiration date")
