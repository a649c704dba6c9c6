"""Whose code a pipeline runs, and with what rights."""

from __future__ import annotations

from collections.abc import Iterator

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.pipeline import Pipeline, PipelineJob, PipelineStep, pinned
from garrison.estate.assets.workload import DIGEST, MOVING_TAG, TAG
from garrison.estate.estate import Relations
from garrison.estate.pipelines import action_of, knowledge
from garrison.estate.relations import Relation
from garrison.estate.truth import Truth, any_of
from garrison.estate.values import State, Value

_GITHUBS_OWN = ("actions/", "github/")
_BRANCH = r"(?i)^(main|master|head|develop|~?latest)?$"
_DOCKER_IN_DOCKER = r"(^|/)docker:[\w.-]*dind\b"


@check(
    id="pipeline-runs-strangers-code",
    severity=Severity.CRITICAL,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0010.001", "ATLAS:AML.T0018", "NIST-800-53:CM-5", "NIST-800-53:SI-7", "OWASP-ML:ML06", "OWASP-LLM:LLM03"),
    confidence=Confidence.MEDIUM,
)  # fmt: skip
def pipeline_runs_strangers_code(job: PipelineJob) -> Verdict:
    """A job runs the code of anybody's pull request with the project's secrets.

    Why: `pull_request_target`, `workflow_run` and `issue_comment` run with the secrets and the token of the project:
    a stranger's commit trains, signs and publishes models in its name (a poisoned pipeline execution).
    Fix: build and test under `pull_request`; hand the results to a second workflow that takes no code from them.
    """
    return fail_if(job.runs_stranger, "it checks the pull request out and runs what is in it")


@check(
    id="pipeline-injection",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0050", "ATLAS:AML.T0010.001", "NIST-800-53:SI-10", "OWASP-ML:ML06", "OWASP-LLM:LLM03"),
)
def pipeline_injection(step: PipelineStep) -> Verdict:
    """A stranger's words become part of a script that has the project's secrets.

    Why: the title of an issue or the name of a branch is put into the script before the shell reads it: whoever writes
    it runs commands where models are built and keys lie.
    Fix: put it into `env:`, and use the variable in quotes: "$TITLE", not `${{ env.TITLE }}`.
    """
    return fail_if(step.injected(privileged=True), "a context that strangers fill is put into it")


@check(
    id="pipeline-injection-from-fork",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0050", "NIST-800-53:SI-10", "OWASP-ML:ML06"),
)
def pipeline_injection_from_fork(step: PipelineStep) -> Verdict:
    """A stranger's words become part of a script, in a run without secrets.

    Why: a pull request from a fork runs with a token that only reads; on a machine of your own, or once the trigger is
    changed, its author runs commands beside your models.
    Fix: put it into `env:`, and use the variable in quotes: "$BRANCH".
    """
    return fail_if(step.injected(privileged=False), "a context that strangers fill is put into it")


@check(
    id="pipeline-token-default",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "OWASP-ML:ML06"),
    confidence=Confidence.MEDIUM,
)
def pipeline_token_default(pipeline: Pipeline, near: Relations) -> Verdict:
    """The token of a workflow may do what happens to be the repository's default.

    Why: in repositories and organisations from before February 2023 that is to write everything: any action it uses can
    push code, publish packages and change releases with models in them.
    Fix: say `permissions: contents: read` at the top, and more only for the job that needs it.
    """
    silent = [j for j in _jobs(near) if j.permissions.state is State.ABSENT and j.uses.state is State.ABSENT]
    said = tuple(_at(j) for j in silent[:1]) or (pipeline.permissions,)
    return fail_if(Truth(bool(silent), said) & pipeline.states_rights, "neither it nor the job says permissions")


@check(
    id="pipeline-token-writes-all",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:AC-6", "OWASP-ML:ML06"),
)
def pipeline_token_writes_all(pipeline: Pipeline, near: Relations) -> Verdict:
    """The token of a workflow may write everything.

    Why: one action that turns bad, or one injected command, rewrites the code, the releases and the packages that
    models are served from.
    Fix: say `permissions: contents: read` at the top, and name single scopes for the job that needs them.
    """
    said = [pipeline.permissions, *(j.permissions for j in _jobs(near))]
    return fail_if(any_of(p.equals("write-all") for p in said), "permissions are write-all")


@check(
    id="pipeline-identity-for-strangers",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0012", "NIST-800-53:AC-6", "NIST-800-53:IA-5"),
    confidence=Confidence.MEDIUM,
)
def pipeline_identity_for_strangers(job: PipelineJob) -> Verdict:
    """A job that strangers cause to run can take on an identity in a cloud.

    Why: `id-token: write` under `pull_request_target` gives the run the name of your repository: a role that trusts the
    repository trusts this run, with the data and models behind it.
    Fix: give `id-token: write` to jobs that run for protected branches only, and name the branch in the role's trust.
    """
    return fail_if(
        job.runs_on("pull_request_target") & job.may_write("id-token") & ~job.guarded(),
        "id-token: write, for anybody's pull request",
    )


@check(
    id="pipeline-own-machine-for-strangers",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0010.001", "NIST-800-53:SC-7", "OWASP-ML:ML06"),
    confidence=Confidence.LOW,
)
def pipeline_own_machine_for_strangers(job: PipelineJob) -> Verdict:
    """Pull requests run on a machine of your own.

    Why: in a public repository anybody's code then runs beside GPUs, caches of models and the network they are in, and
    stays there for the jobs that come after it.
    Fix: run pull requests on machines that are thrown away, or ask for approval of all outside contributors.
    """
    return fail_if(
        job.runs_on("pull_request", "pull_request_target") & job.own_machine & ~job.guarded(),
        "it runs on a self-hosted runner",
    )


@check(
    id="action-unpinned",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0010.001", "NIST-800-53:SI-7", "OWASP-ML:ML06", "OWASP-LLM:LLM03"),
)
def action_unpinned(pipeline: Pipeline, near: Relations) -> Verdict:
    """Somebody else's action is named by a tag or a branch.

    Why: a tag can be moved: tj-actions/changed-files printed the secrets of thousands of repositories in March 2025
    from one day to the next. Keys of model hubs and clouds are among them.
    Fix: name the commit (`owner/action@<40 digits> # v4.2.2`), and let a bot raise it.
    """
    del pipeline
    return fail_if(_unpinned(near, own=False), "it can be changed under its name")


@check(
    id="action-unpinned-first-party",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0010.001", "NIST-800-53:SI-7", "OWASP-ML:ML06"),
)
def action_unpinned_first_party(pipeline: Pipeline, near: Relations) -> Verdict:
    """An action of GitHub's own is named by a tag or a branch.

    Why: what runs tomorrow is not what was looked at today; a model cannot be built again as it was.
    Fix: name the commit (`actions/checkout@<40 digits> # v6`), and let a bot raise it.
    """
    del pipeline
    return fail_if(_unpinned(near, own=True), "it can be changed under its name")


@check(
    id="pipeline-include-unpinned",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0010.001", "NIST-800-53:SI-7", "OWASP-ML:ML06"),
)
def pipeline_include_unpinned(pipeline: Pipeline) -> Verdict:
    """A pipeline takes in configuration that can change at any time.

    Why: whoever writes the other project, or the file behind the address, runs commands with this project's variables:
    tokens of registries, keys of clouds.
    Fix: give a project a commit as `ref`, a component its version, and a remote file its `integrity`.
    """

    def moves(include: Value) -> Truth:
        version = include.child("version")
        return Truth((version.is_absent() | version.matches(_BRANCH)).answer, (include,))

    return fail_if(pipeline.includes.any(moves), "no commit, version or digest is named")


@check(
    id="pipeline-image-unpinned",
    severity=Severity.LOW,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0010.004", "NIST-800-53:SI-7", "OWASP-ML:ML06"),
)
def pipeline_image_unpinned(job: PipelineJob) -> Verdict:
    """A job runs in an image without a version.

    Why: tomorrow's image is another one: a model cannot be built again as it was, and what was slipped into the image
    runs with the job's secrets.
    Fix: name a version, best a digest: `image: python:3.13@sha256:...`.
    """

    def moves(image: Value) -> Truth:
        return ~image.matches(DIGEST) & (~image.matches(TAG) | image.matches(MOVING_TAG))

    return fail_if(job.images.any(moves), "its tag moves, or there is none")


@check(
    id="pipeline-docker-in-docker",
    severity=Severity.MEDIUM,
    pillar=Pillar.CONTAINERS,
    maps=("ATLAS:AML.T0105", "NIST-800-53:AC-6"),
)
def pipeline_docker_in_docker(job: PipelineJob) -> Verdict:
    """A job runs a container that owns its machine.

    Why: Docker in Docker and `--privileged` need a runner that lets containers do everything: one job then reads the
    caches, models and secrets of all jobs on that machine.
    Fix: build images without a daemon (BuildKit rootless, Buildah, Kaniko) on runners that are not privileged.
    """
    privileged = job.options.any(lambda o: o.matches(r"(^|\s)--privileged(\s|=true|$)"))
    return fail_if(job.services.any(lambda i: i.matches(_DOCKER_IN_DOCKER)) | privileged, "it is privileged")


@check(
    id="pipeline-runs-download",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0010.001", "NIST-800-53:SI-7", "OWASP-ML:ML06"),
)
def pipeline_runs_download(step: PipelineStep) -> Verdict:
    """A step runs what it has just downloaded.

    Why: whatever the address answers that day runs where models are built, with the job's secrets; nobody sees what it
    was.
    Fix: install from a package or an action of a fixed version, or compare a digest before running it.
    """
    return fail_if(step.runs(*knowledge().downloads.runs), "it is piped into a shell")


@check(
    id="pipeline-unsecure-commands",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("NIST-800-53:SI-10", "NIST-800-53:CM-6"),
)
def pipeline_unsecure_commands(job: PipelineJob) -> Verdict:
    """A job takes commands out of what its steps print.

    Why: ACTIONS_ALLOW_UNSECURE_COMMANDS lets any line of a log set variables and paths (CVE-2020-15228): a test that
    prints a stranger's text runs their code.
    Fix: remove the variable; write to the file $GITHUB_ENV instead.
    """
    said = [job.variables, *(s.variables for s in job.steps)]
    on = any_of(v.child("ACTIONS_ALLOW_UNSECURE_COMMANDS").one_of((True, "true", 1, "1")) for v in said)
    return fail_if(on, "commands in the log are obeyed")


@check(
    id="pipeline-scan-ignored",
    severity=Severity.LOW,
    pillar=Pillar.MONITORING,
    maps=("NIST-800-53:RA-5", "NIST-800-53:SI-3"),
    confidence=Confidence.MEDIUM,
)
def pipeline_scan_ignored(step: PipelineStep, near: Relations) -> Verdict:
    """A security scan may fail, and nothing happens.

    Why: a model with code in it, or an image with a known hole, is found and shipped all the same.
    Fix: let the step fail the job; write down what is accepted in the scanner's own list of exceptions.
    """
    scanners = knowledge().scanners
    command = f"{scanners.before}{scanners.names}"
    scans = Truth(step.uses.matches(scanners.actions).yes, (step.uses,)) | step.runs(command)
    ignored = step.tolerated | step.runs(rf"{command}.*\|\|\s*(true|:|exit\s+0)\s*$")
    passed_over = scans & ignored
    if not passed_over.no:  # where a later step uploads what was found, somebody is told
        beside = (other for job in near.by(Relation.CONTAINS, PipelineJob) for other in job.steps)
        passed_over &= ~Truth(any(other.uses.matches(r"/upload-sarif@").yes for other in beside))
    return fail_if(passed_over, "its failure is not one of the job")


def _jobs(near: Relations) -> tuple[PipelineJob, ...]:
    return near.to(Relation.CONTAINS, PipelineJob)


def _at(job: PipelineJob) -> Value:
    return Value(State.ABSENT, None, job.place, "no permissions are said")


def _used(near: Relations) -> Iterator[Value]:
    """What the jobs of a pipeline use: actions, and workflows of others."""
    for job in _jobs(near):
        yield from (said for said in (job.uses, *(s.uses for s in job.steps)) if said.state is State.KNOWN)


def _unpinned(near: Relations, *, own: bool) -> Truth:
    """Whether some are not named by their commit; all of them are the evidence."""
    used = [u for u in _used(near) if action_of(u.text()) and action_of(u.text()).startswith(_GITHUBS_OWN) is own]
    moving = tuple(u for u in used if pinned(u).no)
    return Truth(bool(moving), moving or tuple(used))
