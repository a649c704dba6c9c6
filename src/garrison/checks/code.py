"""What notebooks and programs do with what they fetch."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.code import Code


@check(
    id="code-unpickles-download",
    severity=Severity.HIGH,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0011.000", "ATLAS:AML.T0010.003", "NIST-800-53:SI-7", "OWASP-ML:ML06"),
    about_ml=True,
)
def code_unpickles_download(code: Code) -> Verdict:
    """Code loads a pickle that comes from the internet.

    Why: loading a pickle runs whatever its author put into it: whoever can change the file runs code next to the
    training data and its keys.
    Fix: use safetensors, or `weights_only=True`; else compare the file's digest with one you know before loading it.
    """
    return fail_if(code.unpickles_download, "a downloaded pickle is loaded")


@check(
    id="code-trusts-model",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0011.000", "ATLAS:AML.T0010.003", "NIST-800-53:SI-7", "OWASP-LLM:LLM03", "OWASP-ML:ML06"),
    about_ml=True,
)
def code_trusts_model(code: Code) -> Verdict:
    """Code runs programs that come with a model.

    Why: `trust_remote_code` downloads Python from the model's repository and runs it: whoever can push there runs code
    in every notebook that loads the model.
    Fix: use a model that the library knows; else pin `revision` to a commit you have read.
    """
    return fail_if(code.trusts_code, "code from the model's repository is run")


@check(
    id="code-shared-link",
    severity=Severity.HIGH,
    pillar=Pillar.API,
    maps=("ATLAS:AML.T0049", "NIST-800-53:SC-7", "OWASP-API:API8"),
    about_ml=True,
)
def code_shared_link(code: Code) -> Verdict:
    """An application opens itself to the internet through a tunnel.

    Why: a share link passes every firewall: whoever has it, or finds it, uses the model and what the program can reach.
    Fix: remove `share=True`; put the application behind the gateway that your people log in to.
    """
    return fail_if(code.shares, "it is launched with share=True")


@check(
    id="code-runs-download",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010.001", "NIST-800-53:SI-7", "OWASP-ML:ML06"),
    about_ml=True,
)
def code_runs_download(code: Code) -> Verdict:
    """A notebook runs a script from the internet, unseen.

    Why: whoever controls that address, or the way to it, runs code in the notebook of everybody who opens it, with
    their role and their data.
    Fix: put what it installs into the image, or download a fixed version and compare its checksum before running it.
    """
    return fail_if(code.runs_download, "a download is piped into a shell")


@check(
    id="code-unverified-packages",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010.001", "NIST-800-53:SI-7", "OWASP-ML:ML06"),
    about_ml=True,
)
def code_unverified_packages(code: Code) -> Verdict:
    """A notebook installs packages over a connection that anybody on the way may change.

    Why: a package runs as it is installed and as it is imported: who answers in the index's place owns the notebook.
    Fix: name the index with https and remove `--trusted-host`; pin what is installed, with hashes where you can.
    """
    return fail_if(code.installs_unverified, "packages come over plain HTTP or from a host that is not verified")


@check(
    id="code-verification-off",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:SC-8"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def code_verification_off(code: Code) -> Verdict:
    """Code does not look who is at the other end of a TLS connection.

    Why: whoever is on the way reads tokens and data, and answers in the server's place, with another model too.
    Fix: leave verification on; hand over your own authority's certificate (`verify="/path/ca.pem"`) where you have one.
    """
    return fail_if(code.skips_verification, "certificates are not verified")
