"""A small estate with something of everything a report can tell."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from garrison.estate.values import State, Value
from garrison.findings.result import Result
from garrison.reach.path import Cut, Entry, Hop, Jewel, Medium, Paths
from garrison.reach.path import Path as AttackPath
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


FEW = frozenset({"bucket-public", "notebook-direct-internet", "container-privileged"})
# What names of things and files can be, and mean to Markdown, HTML, XML, spreadsheets and terminals.
HOSTILE = (
    "](https://evil.example) ![x](https://evil.example/x.png) [y]: https://evil.example",
    "<img src=x onerror=alert(1)></code></summary></details><script>alert(1)</script>",
    "`` ` ``` ~~~ | pipe \\| \\",
    "@octocat #1 !2 $x$ https://evil.example www.evil.example a@evil.example",
    "=cmd|' /C calc'!A0",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r\n=1",
    "＝1",
    "a\x00b\x1b[2J\x07\x85\ufffe\uffff\u202e\U000e0041",
    "]]>&amp;<!-- &#64;octocat",
    "# heading",
    "1. item",
    "- item",
    '"quoted",next\n=1',
    "long" * 2000,
)


@pytest.fixture
def few(project: Path, monkeypatch: pytest.MonkeyPatch) -> Result:
    """The findings, undecided and ignored, of three checks."""
    monkeypatch.chdir(project)
    return scan([Path()], Settings(today=TODAY, checks=FEW))


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Result:
    """Findings, problems and notes in which every name is hostile."""
    for number, name in enumerate(HOSTILE):
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "labels": {"data": name}},
            "spec": {"containers": [{"name": name, "image": name, "securityContext": {"privileged": True}}]},
        }
        (tmp_path / f"{number}.json").write_text(json.dumps(pod))
        bucket = {"bucket": f"training-data {name}", "acl": "public-read"}
        plan = {"resource": {"aws_s3_bucket": {f"b{number}": bucket}}}
        (tmp_path / f"{number}.tf.json").write_text(json.dumps(plan))
        file = "".join(c for c in name[:60] if c not in "/\x00")
        (tmp_path / f"{file}.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: [\n")
        (tmp_path / f"{file}.bicep").write_text("resource x 'y' = {}\n")
    monkeypatch.chdir(tmp_path)
    return scan([Path()], Settings(today=TODAY))


@pytest.fixture
def paths(few: Result) -> Paths:
    """Two ways from the internet to a bucket, as the search for paths tells of them."""
    by_label = {f.asset.label: f.asset for f in few.findings}
    bucket, scorer = by_label["fraud-training-data"], by_label["server"]
    server = next(f.owner for f in few.findings if f.asset is scorer)
    reached = Hop(None, server, Medium.NETWORK, "reaches", Value(State.KNOWN, "LoadBalancer", server.place))
    reads = Hop(server, bucket, Medium.IDENTITY, "reads", Value(State.KNOWN, "s3:GetObject", bucket.place))
    opened = Value(State.KNOWN, "public-read", None, "an open bucket is read by anybody")
    direct = Hop(None, bucket, Medium.NETWORK, "reads", opened)
    found = (
        AttackPath(Entry.INTERNET, (reached, reads), Jewel.TRAINING_DATA, True, 90.0),
        AttackPath(Entry.INTERNET, (direct,), Jewel.TRAINING_DATA, False, 80.0),
    )
    return Paths(found, 9, (Cut(reads, 7), Cut(direct, 1)), ("every listener is taken for reachable",))
