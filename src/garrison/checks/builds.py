"""What builds images and models in the cloud."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if, safe, unsafe
from garrison.estate.assets.builds import BuildCredential, BuildProject


@check(
    id="build-secret",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "AWS-FSBP:CodeBuild.2"),
)
def build_secret(project: BuildProject) -> Verdict:
    """A credential is written into a build's environment.

    Why: it is shown in the console and printed into logs; keys of model hubs and registries let a stranger replace what
    is built and deployed.
    Fix: set the variable's type to SECRETS_MANAGER or PARAMETER_STORE, and replace the credential.
    """
    return fail_if(project.has_credential, "a variable holds a credential")


@check(
    id="build-privileged",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0105", "NIST-800-53:AC-6", "AWS-FSBP:CodeBuild.5"),
    confidence=Confidence.MEDIUM,
    mend=unsafe(privileged=False),
)
def build_privileged(project: BuildProject) -> Verdict:
    """A build runs privileged.

    Why: code of a pull request or of a package is root on the machine, and takes what else is built there: images of
    model servers.
    Fix: turn privileged mode off, unless the build makes container images with Docker's daemon.
    """
    return fail_if(project.privileged, "privileged mode is on")


@check(
    id="build-shown-to-all",
    severity=Severity.HIGH,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0035", "NIST-800-53:AC-3"),
)
def build_shown_to_all(project: BuildProject) -> Verdict:
    """Logs and artefacts of builds are on a public page.

    Why: logs of training and packaging show paths, parameters and often tokens; artefacts are models and code.
    Fix: make the project private.
    """
    return fail_if(project.shown_to_all, "its visibility is public")


@check(
    id="build-unlogged",
    severity=Severity.LOW,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:AU-12", "AWS-FSBP:CodeBuild.4"),
    mend=safe(logged=True),
)
def build_unlogged(project: BuildProject) -> Verdict:
    """No log of builds is kept.

    Why: how an image or a model that turned out to be tampered with was made cannot be found any more.
    Fix: send logs to CloudWatch or to a bucket.
    """
    return fail_if(~project.logged, "its logs are turned off")


@check(
    id="build-source-password",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "AWS-FSBP:CodeBuild.1"),
)
def build_source_password(project: BuildProject) -> Verdict:
    """A password or token stands in the address of a build's code.

    Why: whoever may look at the project pushes code that is built into images and models.
    Fix: use a connection (CodeConnections), and replace the token.
    """
    return fail_if(project.source_has_password, "its source's address holds a login")


@check(
    id="build-source-unchecked",
    severity=Severity.MEDIUM,
    pillar=Pillar.CLOUD,
    maps=("ATLAS:AML.T0010.001", "NIST-800-53:SC-8"),
    mend=unsafe(trusts_any_certificate=False),
)
def build_source_unchecked(project: BuildProject) -> Verdict:
    """A build takes code from whoever answers, whatever his certificate.

    Why: somebody on the way puts his own code into images and models.
    Fix: turn insecure SSL off; give the project the certificate of your server where it has its own authority.
    """
    return fail_if(project.trusts_any_certificate, "certificates are not checked")


@check(
    id="build-started-by-strangers",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0010.001", "NIST-800-53:AC-3"),
)
def build_started_by_strangers(project: BuildProject) -> Verdict:
    """Builds name the accounts that may start them by a pattern that others fit too.

    Why: 123456 is found in 9123456 as well: who registers such an account has his pull request built with the project's
    role and tokens (CodeBreach, January 2026).
    Fix: anchor each number: ^123456$.
    """
    return fail_if(project.started_by_strangers, "a pattern of account numbers is not anchored")


@check(
    id="build-token-in-code",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5"),
)
def build_token_in_code(credential: BuildCredential) -> Verdict:
    """The token with which builds fetch code is written in the code.

    Why: whoever reads the repository or the state it is deployed from reads, and mostly writes, all code that token opens.
    Fix: use a connection (CodeConnections), or take the token from a secret store; then replace it.
    """
    return fail_if(credential.written_in_code, "its value is written in the code")
