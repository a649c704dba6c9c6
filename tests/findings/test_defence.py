"""Which layers protect the assets that matter."""

from __future__ import annotations

from pathlib import Path

import pytest

from garrison.checks.layers import Layer
from garrison.findings.defence import Standing, State
from garrison.findings.result import Result
from garrison.scan.scan import scan

BUCKET = """resource "aws_s3_bucket" "b" {
  bucket = "fraud-training-data"
}

resource "aws_s3_bucket_acl" "b" {
  bucket = aws_s3_bucket.b.id
  acl    = "public-read"
}

resource "aws_s3_bucket_versioning" "b" {
  bucket = aws_s3_bucket.b.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket" "plain" {
  bucket = "websites"
}
"""
POD = """apiVersion: v1
kind: Pod
metadata: {name: server, namespace: models}
spec:
  containers:
    - name: server
      image: registry.example/server@sha256:0000000000000000000000000000000000000000000000000000000000000000
      ports: [{containerPort: 8000}]
      securityContext: {privileged: true}
---
apiVersion: v1
kind: Service
metadata:
  name: server
  namespace: models
spec:
  type: LoadBalancer
  selector: {app: server}
  ports: [{port: 8000}]
"""


def layers(result: Result, label: str) -> dict[Layer, Standing]:
    return next(d.layers for d in result.defences if d.asset.label == label)


@pytest.fixture
def result(tmp_path: Path) -> Result:
    (tmp_path / "main.tf").write_text(BUCKET)
    return scan([tmp_path])


def test_only_what_matters_is_told_and_why(result: Result) -> None:
    (defence,) = result.defences
    assert defence.asset.label == "fraud-training-data"
    assert "holds training data" in " ".join(defence.reasons)


def test_layers_stand_as_their_checks_answer(result: Result) -> None:
    found = layers(result, "fraud-training-data")
    assert found[Layer.IDENTITY].state is State.BROKEN
    assert found[Layer.ENCRYPTION].state is State.GAPS
    assert found[Layer.HARDENING] == Standing(passed=1)
    assert found[Layer.HARDENING].state is State.HOLDS


def test_what_nothing_speaks_of_is_no_layer(result: Result) -> None:
    assert Layer.AUTHENTICATION not in layers(result, "fraud-training-data")


def test_what_is_ignored_is_still_open(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        BUCKET.replace('acl    = "', '# garrison: ignore[bucket-public] meant so\n  acl    = "')
    )
    result = scan([tmp_path])
    assert "bucket-public" not in {f.check.id for f in result.findings}
    assert layers(result, "fraud-training-data")[Layer.IDENTITY].state is State.BROKEN


def test_parts_are_counted_with_their_owner(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(
        POD.replace("namespace: models}", "namespace: models, labels: {app: server}}", 1)
    )
    result = scan([tmp_path])
    assert layers(result, "server")[Layer.HARDENING].state is State.BROKEN
    assert {type(d.asset).__name__ for d in result.defences}.isdisjoint({"Container"})


def test_undecided_is_neither() -> None:
    assert Standing(passed=3, undecided=1).state is State.UNDECIDED
