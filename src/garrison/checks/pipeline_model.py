"""Pipelines that train and deploy models."""

from __future__ import annotations

from garrison.checks.check import Confidence, Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.pipeline import PipelineJob, PipelineStep
from garrison.estate.pipelines import knowledge, pattern
from garrison.estate.truth import any_of


@check(
    id="model-deployment-unapproved",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0018", "ATLAS:AML.M0008", "NIST-800-53:CM-3", "OWASP-ML:ML10"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def model_deployment_unapproved(job: PipelineJob) -> Verdict:
    """A model is deployed or published, and nobody is asked.

    Why: whoever gets a commit in, or a stolen token, decides with which model the business decides; no one looks at how
    it was tested.
    Fix: give the job an `environment` with reviewers (GitLab: `when: manual` in a protected environment).
    """
    return fail_if(job.deploys_model & ~job.approved & ~job.anywhere, "it has no environment, and nobody starts it")


@check(
    id="model-deployment-any-branch",
    severity=Severity.HIGH,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0018", "NIST-800-53:CM-3", "NIST-800-53:CM-5", "OWASP-ML:ML10"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def model_deployment_any_branch(job: PipelineJob) -> Verdict:
    """A model is deployed or published from any branch.

    Why: what has not been reviewed decides with which model the business decides: a branch anybody may push is enough.
    Fix: run the job for the protected branch or for tags only, and give it an `environment` with reviewers.
    """
    return fail_if(job.deploys_model & ~job.approved & job.anywhere, "it runs for every branch or pull request")


@check(
    id="model-training-before-review",
    severity=Severity.MEDIUM,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0020", "ATLAS:AML.T0035", "NIST-800-53:AC-6", "OWASP-ML:ML02"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def model_training_before_review(job: PipelineJob) -> Verdict:
    """Code that nobody has reviewed trains on stored data.

    Why: a branch or pull request that is only proposed reads the training data with the job's identity, and can send it
    anywhere or write to it.
    Fix: train on a small public sample before review, and on the data only for the protected branch.
    """
    data = any_of(s.runs(*knowledge().models.reads) for s in job.steps)
    return fail_if(
        job.trains_model & data & job.anywhere & ~job.approved, "it reads the data for every branch or pull request"
    )


@check(
    id="model-download-unpinned",
    severity=Severity.LOW,
    pillar=Pillar.ACCESS,
    maps=("ATLAS:AML.T0010.003", "NIST-800-53:SI-7", "OWASP-ML:ML06", "OWASP-LLM:LLM03"),
    confidence=Confidence.MEDIUM,
    about_ml=True,
)
def model_download_unpinned(step: PipelineStep) -> Verdict:
    """A pipeline fetches a model without saying which revision.

    Why: the files behind a name on a hub change; whoever takes the author's account over puts code into what you build
    on.
    Fix: name the commit: `--revision <40 digits>`.
    """
    models = knowledge().models
    unpinned = rf"^(?!.*(?:{pattern(*models.pinned).pattern})).*(?:{pattern(*models.fetches).pattern})"
    return fail_if(step.runs(unpinned), "no revision is named")
