"""Keys, tokens and passwords that can be read in files."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.written import WrittenSecret


@check(
    id="cloud-key-in-file",
    severity=Severity.CRITICAL,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "OWASP-LLM:LLM02"),
)
def cloud_key_in_file(secret: WrittenSecret) -> Verdict:
    """A key of a cloud account stands in a file.

    Why: whoever reads the repository, a copy of it or its history has the training data, the models and the bill.
    Fix: delete the key in the cloud account, then take it out of the file: use a role, or a secret store. Taking it out
    of the file alone does not help, its history keeps it.
    """
    return fail_if(secret.is_one_of("cloud") & ~secret.for_tests, "a cloud key is written out")


@check(
    id="private-key-in-file",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "NIST-800-53:SC-12"),
)
def private_key_in_file(secret: WrittenSecret) -> Verdict:
    """A private key stands in a file.

    Why: with it anybody is the server, the machine or the signer that it belongs to: he reads what is sent to the model
    server, logs in to the training machine, or signs a model in your name.
    Fix: replace the key and its certificate, and keep the new one in a secret store.
    """
    return fail_if(secret.is_one_of("key") & ~secret.for_tests, "a private key is written out")


@check(
    id="token-in-file",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "OWASP-LLM:LLM02"),
)
def token_in_file(secret: WrittenSecret) -> Verdict:
    """A token of a service stands in a file.

    Why: tokens of model hubs, trackers, registries and language models let whoever reads the file fetch and replace
    models and packages, read experiments, and spend your quota.
    Fix: revoke the token, then take it from the environment or a secret store.
    """
    return fail_if(secret.is_one_of("token") & ~secret.for_tests, "a token is written out")


@check(
    id="password-in-file",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "OWASP-LLM:LLM02"),
    confidence=Confidence.MEDIUM,
)
def password_in_file(secret: WrittenSecret) -> Verdict:
    """A password stands in a file.

    Why: whoever reads the repository logs in to the database, the tracker or the store that it opens.
    Fix: change the password, then take it from the environment or a secret store.
    """
    return fail_if(secret.is_one_of("password") & ~secret.for_tests, "a password or token is written out")


@check(
    id="secret-in-tests",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5"),
    confidence=Confidence.LOW,
)
def secret_in_tests(secret: WrittenSecret) -> Verdict:
    """A test or a page of documentation has what looks like a secret in it.

    Why: it is invented, mostly; where it is not, it is as public as the repository, and nobody looks for it there.
    Fix: revoke it if it was ever real; write invented ones so that nobody takes them for real (`example`, `dummy`).
    """
    return fail_if(secret.for_tests, "something of a secret's shape is written out")
