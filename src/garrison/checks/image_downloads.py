"""What images are given from elsewhere while they are built."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.image_build import BuildStage


@check(
    id="image-download-run",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010.001", "NIST-800-53:SI-7", "OWASP-ML:ML06"),
)
def image_download_run(stage: BuildStage) -> Verdict:
    """A build runs a script as it comes from the network.

    Why: whoever changes what that address answers runs code in the build, with its secrets, and in every image made; the
    next build may run something else than was tested.
    Fix: fetch a fixed version to a file, hold it against a digest (`sha256sum -c`, `ADD --checksum=sha256:...`), then run
    it; or install a package.
    """
    return fail_if(stage.download_run, "it is run unseen")


@check(
    id="image-plain-download",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010.001", "NIST-800-53:SC-8", "OWASP-ML:ML06"),
)
def image_plain_download(stage: BuildStage) -> Verdict:
    """A build fetches something without TLS.

    Why: whoever is on the way puts in another program or another model.
    Fix: use https, and hold what comes against a digest.
    """
    return fail_if(stage.plain_fetch, "it comes over plain HTTP and is held against nothing")


@check(
    id="image-remote-unchecked",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010", "NIST-800-53:SI-7", "OWASP-ML:ML06"),
)
def image_remote_unchecked(stage: BuildStage) -> Verdict:
    """ADD takes whatever an address answers.

    Why: a model or a program is put into the image without anybody knowing which one.
    Fix: add `--checksum=sha256:...`.
    """
    return fail_if(stage.remote_unchecked, "no digest is named")


@check(
    id="image-sender-unchecked",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010.001", "NIST-800-53:SC-8", "NIST-800-53:SI-7", "OWASP-ML:ML06"),
)
def image_sender_unchecked(stage: BuildStage) -> Verdict:
    """Certificates are not checked.

    Why: anybody on the way answers in the place of the package index or the model hub; set as a variable, it holds for the
    running server and its secrets too.
    Fix: remove the option; put your own authority's certificate into the image if it is that which is missing.
    """
    return fail_if(stage.sender_unchecked, "whoever answers is believed")


@check(
    id="image-packages-unverified",
    severity=Severity.HIGH,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010.001", "NIST-800-53:SI-7", "OWASP-ML:ML06"),
)
def image_packages_unverified(stage: BuildStage) -> Verdict:
    """System packages are installed without their signatures being checked.

    Why: they are installed by root; whoever plays the mirror owns every image that is built.
    Fix: import the repository's key and name it (`signed-by=`); remove the option.
    """
    return fail_if(stage.packages_unverified, "signatures are not checked")


@check(
    id="image-package-index-plain",
    severity=Severity.HIGH,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010.001", "ATLAS:AML.T0011.001", "NIST-800-53:SC-8", "OWASP-ML:ML06"),
)
def image_package_index_plain(stage: BuildStage) -> Verdict:
    """Python packages come from an index that anybody on the way can play.

    Why: a package runs code as it is installed and again beside the model.
    Fix: use https and remove `--trusted-host`; give pip your own authority's certificate (`PIP_CERT`) if it needs one.
    """
    return fail_if(stage.plain_index, "its answers can be changed on the way")


@check(
    id="image-second-index",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010.001", "ATLAS:AML.T0011.001", "NIST-800-53:SI-7", "OWASP-LLM:LLM03", "OWASP-ML:ML06"),
    confidence=Confidence.MEDIUM,
)
def image_second_index(stage: BuildStage) -> Verdict:
    """Pip looks for the same names in two indexes.

    Why: it takes the higher version, from whichever: a stranger who registers the name of an internal package at PyPI has
    his own installed (dependency confusion; so it went for PyTorch's nightly builds in 2022).
    Fix: use one index that passes the others on (`--index-url`), or install what is internal by itself with
    `--index-url ... --no-deps`, or demand digests (`--require-hashes`).
    """
    return fail_if(stage.second_index, "the higher version of both wins")


@check(
    id="image-packages-unpinned",
    severity=Severity.LOW,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010.001", "NIST-800-53:CM-2", "OWASP-ML:ML06"),
)
def image_packages_unpinned(stage: BuildStage) -> Verdict:
    """Python packages are installed in whatever version is the newest.

    Why: a release that was taken over an hour ago is in the next image; and a model that was tested with one version of its
    framework is served with another.
    Fix: install from a lock file with digests (`pip install --require-hashes -r requirements.lock`).
    """
    return fail_if(stage.packages_unpinned, "no version is named")


@check(
    id="image-package-from-branch",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010.001", "NIST-800-53:SI-7", "OWASP-ML:ML06"),
)
def image_package_from_branch(stage: BuildStage) -> Verdict:
    """A Python package is installed from the tip of a branch.

    Why: whatever was pushed last runs in the build and beside the model, reviewed or not.
    Fix: name the commit: `git+https://...@<40 hexadecimal digits>`.
    """
    return fail_if(stage.package_from_branch, "no commit is named")


@check(
    id="image-model-unpinned",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010.003", "ATLAS:AML.T0058", "NIST-800-53:SI-7", "OWASP-LLM:LLM03", "OWASP-ML:ML06"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def image_model_unpinned(stage: BuildStage) -> Verdict:
    """A model is fetched in whatever version is there.

    Why: whoever can push to its repository, or registers its name after it was given up, decides what is served; nobody can
    say later which weights gave an answer.
    Fix: name the commit (`--revision`, `revision=` with 40 hexadecimal digits), or hold the file against its digest.
    """
    return fail_if(stage.model_unpinned, "neither commit nor digest is named")


@check(
    id="image-model-pickled",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0011.000", "ATLAS:AML.T0018.002", "NIST-800-53:SI-7", "OWASP-ML:ML06"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def image_model_pickled(stage: BuildStage) -> Verdict:
    """A model comes in a format that runs code as it is loaded.

    Why: a pickle is a program: whoever made or changed the file runs code in the server, with its role and its data.
    Fix: save and load weights as safetensors or ONNX; else check a signature before the build.
    """
    return fail_if(stage.model_pickled, "loading it runs code")


@check(
    id="image-build-trusts-model-code",
    severity=Severity.HIGH,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0011.000", "ATLAS:AML.T0010.003", "NIST-800-53:SI-7", "OWASP-LLM:LLM03", "OWASP-ML:ML06"),
    about_ml=True,
)
def image_build_trusts_model_code(stage: BuildStage) -> Verdict:
    """A build runs the code that comes with a model.

    Why: `trust_remote_code` downloads Python from the model's repository and runs it: whoever can push there runs code in
    the build, with its secrets, and leaves in the image what he likes.
    Fix: remove it, and use a model that the library knows; else pin model and code to a commit you have read.
    """
    return fail_if(stage.trusts_model_code, "code from the model's repository is run")
