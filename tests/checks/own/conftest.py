"""A right check in YAML and one in Python, each with its examples, to be spoilt."""

from __future__ import annotations

from pathlib import Path

import pytest

YAML = """\
id: acme-bucket-team
title: Bucket has no team
why: nobody knows whose model it is.
fix: tag it.
severity: low
pillar: access
maps: [ACME:SEC-7]
kind: Bucket
fail: |
  !has(bucket.tags.team)
message: it has no tag team
examples:
  fail.tf: |
    resource "aws_s3_bucket" "b" {
      bucket = "b"
    }
  pass.tf: |
    resource "aws_s3_bucket" "b" {
      bucket = "b"
      tags   = { team = "fraud" }
    }
"""
PYTHON = '''\
from garrison.checks.check import Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.storage import Bucket
from garrison.estate.estate import Relations


@check(id="acme-bucket-owner", severity=Severity.LOW, pillar=Pillar.ACCESS, maps=("ACME:SEC-8",))
def acme_bucket_owner(bucket: Bucket, near: Relations) -> Verdict:
    """Bucket has no owner.

    Why: nobody knows whose model it is.
    Fix: tag it.
    """
    return fail_if(bucket.tags.child("owner").is_absent(), "it has no tag owner")
'''
FAILING = 'resource "aws_s3_bucket" "b" {\n  bucket = "b"\n}\n'
PASSING = 'resource "aws_s3_bucket" "b" {\n  bucket = "b"\n  tags   = { owner = "ada" }\n}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one check of each sort."""
    (tmp_path / "team.yaml").write_text(YAML)
    (tmp_path / "owner.py").write_text(PYTHON)
    examples = tmp_path / "examples/acme-bucket-owner"
    examples.mkdir(parents=True)
    (examples / "fail.tf").write_text(FAILING)
    (examples / "pass.tf").write_text(PASSING)
    return tmp_path
