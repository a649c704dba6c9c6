"""Steps into the jobs of pipelines: whoever sends a pull request, or opens an issue, runs code in some of them."""

from __future__ import annotations

from garrison.estate.assets.pipeline import PipelineJob
from garrison.estate.estate import Estate
from garrison.estate.truth import any_of
from garrison.reach.attack.steps import Steps, evidence
from garrison.reach.path import Medium


def add_pipelines(estate: Estate, steps: Steps) -> None:
    """From the internet into each job that runs a stranger's code, or their words, with secrets."""
    for job in estate.of(PipelineJob):
        ways = {
            "runs the code of a pull request in": job.runs_stranger,
            "puts words into a script of": any_of(step.injected(privileged=True) for step in job.steps),
        }
        for words, truth in ways.items():
            if truth.yes:
                said = evidence(truth, job.name)
                steps.add(steps.entrance(job), steps.node(job), Medium.CODE, words, said, truth=job.exists, flawed=True)
                break
