"""What images carry that they should not."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.image_build import BuildStage, ImageBuild


@check(
    id="image-credential-written",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "OWASP-LLM:LLM02"),
    confidence=Confidence.MEDIUM,
)
def image_credential_written(stage: BuildStage) -> Verdict:
    """A credential is written into the recipe of an image.

    Why: whoever reads the repository or pulls the image has the key to the data, the model hub or the machine; deleting it
    in a later layer leaves it in the earlier one.
    Fix: give the build a secret with `RUN --mount=type=secret,id=...`, give the container its keys when it starts, and
    replace the credential that was written.
    """
    return fail_if(stage.written_credentials, "a credential is written out")


@check(
    id="image-secret-argument",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5", "OWASP-LLM:LLM02"),
    confidence=Confidence.MEDIUM,
)
def image_secret_argument(stage: BuildStage) -> Verdict:
    """A build is given a secret as an argument or a variable.

    Why: arguments stay in the history and the provenance of the image, variables in its settings: whoever pulls it reads
    the token for the model hub or the package index.
    Fix: use `RUN --mount=type=secret,id=hf_token,env=HF_TOKEN ...` and build with `--secret`.
    """
    return fail_if(stage.secret_argument, "it is named as a secret is")


@check(
    id="image-copies-secret-file",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:IA-5"),
    confidence=Confidence.MEDIUM,
)
def image_copies_secret_file(stage: BuildStage) -> Verdict:
    """A file with keys is copied into an image.

    Why: it is in the layers for everybody who pulls the image: a cloud profile opens the training data, a kubeconfig the
    cluster.
    Fix: mount it for the one step that needs it (`RUN --mount=type=secret,id=aws,target=/root/.aws/credentials`), or give
    the container a role when it runs.
    """
    return fail_if(stage.copies_secret_file, "a file of this name holds keys")


@check(
    id="image-copies-everything",
    severity=Severity.LOW,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0055", "NIST-800-53:CM-7"),
    confidence=Confidence.MEDIUM,
)
def image_copies_everything(build: ImageBuild) -> Verdict:
    """The whole folder is shipped, and nothing keeps secrets and data out.

    Why: without a `.dockerignore`, `COPY . .` takes `.env`, `.git`, notebooks with their outputs and samples of training
    data along, on whichever machine somebody builds.
    Fix: write a `.dockerignore` that begins with `*` and lets in what is needed, or copy single folders.
    """
    return fail_if(build.copies_everything, "everything is copied, and there is no .dockerignore")


@check(
    id="image-writable-by-everybody",
    severity=Severity.LOW,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0018.002", "NIST-800-53:AC-6"),
)
def image_writable_by_everybody(stage: BuildStage) -> Verdict:
    """Files of an image are writable for every user of it.

    Why: code that gets into the container as whoever replaces the server's programs or its models, and stays.
    Fix: `COPY --chown=user:group` what the user has to write, and leave the rest to root.
    """
    return fail_if(stage.writable_by_everybody, "everybody may write")


@check(
    id="image-gives-root",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("NIST-800-53:AC-6",),
    confidence=Confidence.MEDIUM,
)
def image_gives_root(stage: BuildStage) -> Verdict:
    """An image lets its user become root.

    Why: a notebook or a model file that runs code as a plain user is root in one command, and can put drivers, packages
    and models in place of others.
    Fix: install what is needed in the build and leave `sudo` out.
    """
    return fail_if(stage.gives_root, "its user becomes root")


@check(
    id="image-answers-logins",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-17", "NIST-800-53:CM-7"),
)
def image_answers_logins(stage: BuildStage) -> Verdict:
    """An image carries a server for logins.

    Why: a second door beside the model server, with keys or passwords of its own, that no gateway sees and no role limits.
    Fix: remove it; use `docker exec` or `kubectl exec`, which ask who you are and write it down.
    """
    return fail_if(stage.answers_logins, "people log in to it")


@check(
    id="image-carries-compilers",
    severity=Severity.LOW,
    pillar=Pillar.CONTAINERS,
    maps=("NIST-800-53:CM-7",),
    confidence=Confidence.LOW,
)
def image_carries_compilers(stage: BuildStage) -> Verdict:
    """An image ships the tools that it was built with.

    Why: whoever gets in compiles his exploit or miner on the machine with the accelerators; every tool also has holes of
    its own to patch.
    Fix: build in a stage of its own and copy the result (`COPY --from=build /opt/venv /opt/venv`) into a slim or
    `runtime` image. Leave a compiler only where the framework compiles kernels as it runs.
    """
    return fail_if(stage.compilers, "build tools are left in it")


@check(
    id="image-build-unconfined",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0105", "NIST-800-53:AC-6"),
)
def image_build_unconfined(stage: BuildStage) -> Verdict:
    """A step of a build runs with the rights or on the network of the builder's machine.

    Why: a package that is installed there reaches the builder's credentials, its cloud's metadata service, and the images
    of all other teams.
    Fix: remove `--security=insecure` and `--network=host`.
    """
    return fail_if(stage.runs_unconfined, "the builder's machine is open to it")
