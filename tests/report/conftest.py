"""A small estate with something of everything a report can tell."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from garrison.findings.result import Result
from garrison.scan.config import Settings
from garrison.scan.scan import scan

TODAY = dt.date(2026, 11, 23)

TERRAFORM = """variable "team" {
  type = string
}

resource "aws_s3_bucket" "training" {
  bucket = "fraud-training-data"
}

resource "aws_s3_bucket_acl" "training" {
  bucket = aws_s3_bucket.training.id
  acl    = "public-read"
}

resource "aws_sagemaker_notebook_instance" "lab" {
  name                   = "lab"
  role_arn               = "arn:aws:iam::111122223333:role/lab"
  instance_type          = "ml.t3.medium"
  direct_internet_access = var.team
}

# garrison: ignore[bucket-public] the data set is published
resource "aws_s3_bucket" "published" {
  bucket = "published"
  acl    = "public-read"
}
"""
KUBERNETES = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: scorer
  namespace: serving
spec:
  selector:
    matchLabels: {app: scorer}
  template:
    metadata:
      labels: {app: scorer}
    spec:
      containers:
        - name: server
          image: registry.example/scorer@sha256:0000000000000000000000000000000000000000000000000000000000000000
          env:
            - name: DB_PASSWORD
              value: hunter2-Tr0ub4dor
          securityContext:
            privileged: true
"""


@pytest.fixture
def today() -> dt.date:
    return TODAY


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra/main.tf").write_text(TERRAFORM)
    (tmp_path / "k8s").mkdir()
    (tmp_path / "k8s/scorer.yaml").write_text(KUBERNETES)
    (tmp_path / "k8s/broken.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: [\n")
    (tmp_path / "main.bicep").write_text("resource x 'y' = {}\n")
    return tmp_path


@pytest.fixture
def result(project: Path, monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.chdir(project)
    return scan([Path()], Settings(today=TODAY))
