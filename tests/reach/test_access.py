"""From a policy's words to the buckets its role reads, and from there to what an exposed workload puts at risk."""

from __future__ import annotations

from pathlib import Path

import pytest

from garrison.findings.finding import Finding
from garrison.scan.scan import scan

BUCKETS = """
resource "aws_s3_bucket" "data" { bucket = "fraud-training-data" }
resource "aws_s3_bucket" "site" { bucket = "website-assets" }
"""
ROLE = """
resource "aws_iam_role" "lab" {
  name               = "lab"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "sagemaker.amazonaws.com" } }] })
}
resource "aws_sagemaker_notebook_instance" "lab" {
  name          = "lab"
  instance_type = "ml.t3.medium"
  role_arn      = aws_iam_role.lab.arn
}
"""


def notebook(tmp_path: Path, policy: str) -> Finding:
    (tmp_path / "main.tf").write_text(BUCKETS + ROLE + policy)
    return next(f for f in scan([tmp_path]).findings if f.check.id == "notebook-direct-internet")


def inline(actions: str, resource: str) -> str:
    statement = f'{{ Effect = "Allow", Action = {actions}, Resource = {resource} }}'
    return f'resource "aws_iam_role_policy" "p" {{\n role = aws_iam_role.lab.id\n policy = jsonencode({{ Statement = [{statement}] }})\n}}\n'


MANAGED = """
resource "aws_iam_policy" "p" {
  policy = data.aws_iam_policy_document.p.json
}
data "aws_iam_policy_document" "p" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::fraud-training-data/*"]
  }
}
resource "aws_iam_role_policy_attachment" "p" {
  role       = aws_iam_role.lab.name
  policy_arn = aws_iam_policy.p.arn
}
"""


@pytest.mark.parametrize(
    "policy",
    [
        inline('["s3:GetObject"]', '"${aws_s3_bucket.data.arn}/*"'),
        inline('"s3:*"', '"*"'),
        MANAGED,
    ],
    ids=["by reference", "everything", "managed, by ARN"],
)
def test_what_the_role_reads_is_a_reason(tmp_path: Path, policy: str) -> None:
    assert "reads fraud-training-data (training data) as lab" in notebook(tmp_path, policy).risk.reasons


@pytest.mark.parametrize(
    "policy",
    [
        "",
        inline('["s3:GetObject"]', '"${aws_s3_bucket.site.arn}/*"'),
        inline('["s3:PutObject"]', '"${aws_s3_bucket.data.arn}/*"'),
        inline('["sagemaker:*"]', '"*"'),
    ],
    ids=["no policy", "another bucket", "writes only", "another service"],
)
def test_what_it_does_not_read_is_none(tmp_path: Path, policy: str) -> None:
    assert not any("reads" in r for r in notebook(tmp_path, policy).risk.reasons)


def test_reaching_data_raises_the_risk(tmp_path: Path) -> None:
    near, far = tmp_path / "near", tmp_path / "far"
    near.mkdir()
    far.mkdir()
    assert notebook(near, MANAGED).risk.score > notebook(far, "").risk.score
