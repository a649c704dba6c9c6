"""Trust in tokens: what an example cannot show."""

from __future__ import annotations

from pathlib import Path

import pytest

from garrison.checks.check import Outcome
from garrison.scan.scan import scan

TRUST = """
variable "issuer" {}

resource "aws_eks_cluster" "serving" {
  name     = "serving"
  role_arn = "arn:aws:iam::111122223333:role/eks"
  vpc_config {
    subnet_ids = ["subnet-a"]
  }
}

resource "aws_iam_openid_connect_provider" "cluster" {
  url            = aws_eks_cluster.serving.identity[0].oidc[0].issuer
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [PROVIDER]
    }
    CONDITION
  }
}

resource "aws_iam_role" "server" {
  name               = "server"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
"""
OWN, OTHER = "aws_iam_openid_connect_provider.cluster.arn", "var.issuer"
SUBJECT = """condition {
      test     = "StringEquals"
      variable = "${replace(aws_iam_openid_connect_provider.cluster.url, "https://", "")}:sub"
      values   = ["system:serviceaccount:serving:fraud"]
    }"""
GITHUB = """condition {
      test     = "StringLike"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }"""


@pytest.mark.parametrize(
    ("provider", "condition", "pod", "repository"),
    [
        (OWN, "", Outcome.FAIL, Outcome.PASS),
        (OWN, SUBJECT, Outcome.PASS, Outcome.PASS),
        (OTHER, "", Outcome.UNKNOWN, Outcome.UNKNOWN),
        (OTHER, GITHUB, Outcome.PASS, Outcome.FAIL),
    ],
)
def test_whose_tokens_are_trusted(
    provider: str, condition: str, pod: Outcome, repository: Outcome, tmp_path: Path
) -> None:
    (tmp_path / "main.tf").write_text(TRUST.replace("PROVIDER", provider).replace("CONDITION", condition))
    result = scan([tmp_path])
    said = {f.check.id: f.outcome for f in (*result.findings, *result.undecided)}
    assert said.get("role-trusts-any-pod", Outcome.PASS) is pod
    assert said.get("role-trusts-any-repository", Outcome.PASS) is repository
