"""What images are built on."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.image_build import BuildStage, ImageBuild


@check(
    id="image-base-may-change",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010.004", "NIST-800-53:SI-7", "OWASP-ML:ML06"),
)
def image_base_may_change(stage: BuildStage) -> Verdict:
    """An image is built on whatever its base is that day.

    Why: `latest`, or no tag at all, is another CUDA, Python and framework next month: what trained or served a model can
    no longer be built again, and whoever can push that tag runs code in every build.
    Fix: name the base by the tag of one release and its digest (`image:tag@sha256:...`); let a bot raise both.
    """
    return fail_if(stage.base_may_change, "its tag moves")


@check(
    id="image-base-without-digest",
    severity=Severity.LOW,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010.004", "NIST-800-53:SI-7", "OWASP-ML:ML06"),
)
def image_base_without_digest(stage: BuildStage) -> Verdict:
    """An image's base is named by a tag alone.

    Why: a tag is a name that its owner, or who has taken his account, gives to another image; the digest is the image.
    Two builds of one model server need not run the same code.
    Fix: add the digest behind the tag (`image:tag@sha256:...`); `docker buildx imagetools inspect` prints it.
    """
    return fail_if(stage.base_without_digest, "no digest is named")


@check(
    id="image-base-ended",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.M0016", "NIST-800-53:SI-2", "OWASP-ML:ML06"),
)
def image_base_ended(stage: BuildStage) -> Verdict:
    """An image is built on a release that gets no more patches.

    Why: holes in its libraries stay open for ever, and model servers take input from strangers with them; CUDA and
    framework images are often years behind the system they carry.
    Fix: build on a release that is supported, and build again when it gets patches.
    """
    return fail_if(stage.base_ended, "what it is built on gets no more patches")


@check(
    id="image-base-stranger",
    severity=Severity.LOW,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010.004", "ATLAS:AML.T0074", "NIST-800-53:SI-7", "OWASP-ML:ML06"),
    confidence=Confidence.LOW,
)
def image_base_stranger(stage: BuildStage) -> Verdict:
    """An image is built on one from a private account of Docker Hub.

    Why: its owner's programs run in the build and beside the model, with whatever keys and data those are given; nobody
    vouches for him, and an abandoned account can be registered anew.
    Fix: build on an official image or on one of the framework's makers, or keep a copy that you have looked at in your own
    registry.
    """
    return fail_if(stage.base_from_stranger, "neither an official image nor that of a known publisher")


@check(
    id="image-runs-as-root",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("NIST-800-53:AC-6", "CIS-Kubernetes-1.12:5.2.7"),
    confidence=Confidence.MEDIUM,
)
def image_runs_as_root(build: ImageBuild) -> Verdict:
    """An image runs as root.

    Why: model servers load pickles and run custom code; as root, one bad model file rewrites the server and the models
    beside it, and needs a single flaw of the kernel or the runtime to reach the machine and its accelerators.
    Fix: create a user and end with `USER 10001:10001`; give it only the folders that it writes.
    """
    return fail_if(build.runs_as_root, "its processes are root")
