"""Jobs of pipelines take on roles, wherever these are declared."""

from __future__ import annotations

from pathlib import Path

from garrison.estate.assets.identity import Role
from garrison.estate.assets.pipeline import PipelineJob
from garrison.estate.estate import Estate
from garrison.estate.relations import Relation
from garrison.reach.pipelines import link_pipelines
from garrison.sources.discover import discover
from garrison.sources.interface import formats
from garrison.sources.mapping.assemble import assets_of

WORKFLOW = """on: push
jobs:
  aws: {steps: [{uses: aws-actions/configure-aws-credentials@v5, with: {role-to-assume: "arn:aws:iam::${{ vars.ACCOUNT }}:role/ci/deploy"}}]}
  gcp: {steps: [{uses: google-github-actions/auth@v3, with: {service_account: trainer@p.iam.gserviceaccount.com}}]}
  gone: {env: {AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/elsewhere"}, steps: [{run: make}]}
  none: {steps: [{uses: aws-actions/configure-aws-credentials@v5, with: {role-to-assume: "${{ secrets.ROLE }}"}}]}
"""
ROLES = """resource "aws_iam_role" "a" {
  name               = "deploy"
  assume_role_policy = "{}"
}
resource "google_service_account" "b" {
  account_id = "trainer"
}
"""


def test_a_job_assumes_the_role_it_names(tmp_path: Path) -> None:
    for name, text in {".github/workflows/a.yml": WORKFLOW, "infra/main.tf": ROLES}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    tree = discover(tmp_path)
    readers = [f for f in formats() if f.NAME in ("github", "terraform")]
    estate = Estate(
        asset
        for reader in readers
        for asset in assets_of(reader.NAME, reader.read([f for f in tree.files.values() if reader.claims(f)], tree))
    )
    link_pipelines(estate)
    assert len(estate.of(Role)) == 2
    found = {
        job.name.text(): [None if e.end is None else e.end.name.text() for e in estate.graph.out(job, Relation.ASSUMES)]
        for job in estate.of(PipelineJob)
    }
    assert found == {"aws": ["deploy"], "gcp": ["trainer"], "gone": [None], "none": [None]}
