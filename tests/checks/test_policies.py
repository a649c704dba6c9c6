"""Policies: what an example cannot show."""

from __future__ import annotations

from pathlib import Path

from garrison.scan.scan import scan

BOUNDARY = """
resource "aws_iam_policy" "bound" {
  name = "bound"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["kms:Decrypt", "glue:*"], Resource = "*" }]
  })
}

resource "aws_iam_role" "training" {
  name                 = "training"
  permissions_boundary = aws_iam_policy.bound.arn
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "sagemaker.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}
"""
ATTACHED = """
resource "aws_iam_role_policy_attachment" "training" {
  role       = aws_iam_role.training.name
  policy_arn = aws_iam_policy.bound.arn
}
"""
SOURCE = """
Parameters:
  Token: {{Type: String}}
Resources:
  Images:
    Type: AWS::CodeBuild::Project
    Properties:
      ServiceRole: build
      Source:
        Type: GITHUB
        Location: !Sub {location}
"""


def findings(folder: Path, text: str, name: str = "main.tf") -> set[str]:
    (folder / name).write_text(text)
    result = scan([folder])
    return {f.check.id for f in (*result.findings, *result.undecided)}


def test_a_boundary_gives_nothing(tmp_path: Path) -> None:
    assert not {f for f in findings(tmp_path, BOUNDARY) if f.startswith("policy-")}


def test_a_boundary_that_is_attached_too_gives_what_it_says(tmp_path: Path) -> None:
    assert {"policy-every-key", "policy-ml-wildcard"} <= findings(tmp_path, BOUNDARY + ATTACHED)


def test_a_token_put_in_at_deploy_time_is_not_written_in_an_address(tmp_path: Path) -> None:
    by_parameter = SOURCE.format(location="https://${Token}@git.example.com/${AWS::Region}/models")
    written = SOURCE.format(location="https://build:rosebud@git.example.com/${AWS::Region}/models")
    assert "build-source-password" not in findings(tmp_path, by_parameter, "t.yaml")
    assert "build-source-password" in findings(tmp_path, written, "t.yaml")
