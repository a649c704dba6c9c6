"""Ways into the jobs of pipelines, and on from there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from garrison.reach.path import Paths

from .conftest import told

Find = Callable[..., Paths]

ROLE = """
resource "aws_iam_role" "deploy" {
  name                = "deploy"
  managed_policy_arns = ["arn:aws:iam::aws:policy/AdministratorAccess"]
  assume_role_policy  = jsonencode({ Statement = [{
    Effect    = "Allow"
    Action    = "sts:AssumeRoleWithWebIdentity"
    Principal = { Federated = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
    Condition = { StringEquals = { "token.actions.githubusercontent.com:sub" = "repo:o/r:ref:refs/heads/main" } }
  }] })
}
"""
JOB = """jobs:
  train:
    runs-on: x
    steps:
      - uses: actions/checkout@v6
        with: {ref: '${{ github.event.pull_request.head.sha }}'}
      - uses: aws-actions/configure-aws-credentials@v5
        with: {role-to-assume: 'arn:aws:iam::123456789012:role/deploy'}
      - run: echo "${{ github.event.issue.title }}"
      - run: make
"""
ON = "assumes deploy = administration"


@pytest.mark.parametrize(
    ("event", "found"),
    [
        ("pull_request_target", [f"the internet: runs the code of a pull request in train | {ON}"]),
        ("issues", [f"the internet: puts words into a script of train | {ON}"]),
        ("push", []),
        ("pull_request", []),
    ],
)
def test_who_sends_something_comes_as_far_as_the_job(event: str, found: list[str], paths: Find) -> None:
    all_ = paths(a_workflow_yaml=f"on: {event}\n{JOB}", main_tf=ROLE)
    assert told(all_, start="the internet") == found
    assert f"a CI job: begins in train | {ON}" in told(all_)


def test_a_job_that_takes_on_nothing_leads_nowhere(paths: Find) -> None:
    job = JOB.replace("role/deploy", "role/other")
    assert told(paths(a_workflow_yaml=f"on: pull_request_target\n{job}", main_tf=ROLE), start="the internet") == []
