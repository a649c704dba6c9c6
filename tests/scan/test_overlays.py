"""Several overlays of one base, as the whole scan tells of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from garrison.findings.baseline import read_baseline, write_baseline
from garrison.report import View
from garrison.report.json import render
from garrison.scan.config import Settings
from garrison.scan.scan import Result, scan

POD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: scorer}
spec:
  template:
    spec:
      hostPID: true
      containers:
      - {name: scorer, image: "scorer:1", securityContext: {privileged: true}}
"""
FILES = {
    "base/kustomization.yaml": "resources: [pod.yaml]\n",
    "base/pod.yaml": POD,
    "dev/kustomization.yaml": "resources: [../base]\n",
    "prod/kustomization.yaml": "resources: [../base]\npatches: [{path: p.yaml}]\n",
    "prod/p.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: scorer}\n"
    "spec: {template: {spec: {containers: [{name: scorer, securityContext: {privileged: false}}]}}}\n",
}
CHECKS = frozenset({"container-privileged", "workload-host-processes"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def found(result: Result) -> dict[str, tuple[str, ...]]:
    return {f.check.id: (f.asset.root, *(a.asset.root for a in f.also)) for f in result.findings}


def test_what_an_overlay_mends_is_told_of_the_others_only(folder: Path) -> None:
    result = scan([folder], Settings(checks=CHECKS))
    assert found(result) == {"container-privileged": ("dev",), "workload-host-processes": ("prod", "dev")}
    assert result.passed_by_check["container-privileged"] == 1


def test_reports_name_every_overlay(folder: Path) -> None:
    result = scan([folder], Settings(checks=CHECKS))
    report = json.loads("".join(render(result, View())))
    also = {f["check"]: f["also"] for f in report["findings"]}
    assert also == {"container-privileged": [], "workload-host-processes": ["dev:Deployment//scorer"]}


def test_a_baseline_still_knows_it_when_an_overlay_is_added(folder: Path) -> None:
    baseline = folder / "baseline.json"
    write_baseline(baseline, scan([folder], Settings(checks=CHECKS)).findings)
    (folder / "a-test").mkdir()
    (folder / "a-test/kustomization.yaml").write_text("resources: [../base]\n")
    result = scan([folder], Settings(checks=CHECKS, baseline=read_baseline(baseline)))
    assert found(result) == {}
    assert result.mended == []
    assert {(f.asset.root, *(a.asset.root for a in f.also)) for f in result.baselined} == {
        ("a-test", "dev"), ("prod", "a-test", "dev"),
    }  # fmt: skip


def test_an_ignore_of_one_overlay_leaves_the_other(folder: Path) -> None:
    (folder / "dev/kustomization.yaml").write_text("namespace: dev\nresources: [../base]\n")
    loaded = folder / "garrison.toml"
    loaded.write_text('[[ignore]]\ncheck = "workload-host-processes"\naddress = "dev:*"\nreason = "a sandbox"\n')
    from garrison.scan.config import load

    result = scan([folder], Settings(checks=CHECKS, loaded=load(loaded)))
    assert found(result)["workload-host-processes"] == ("prod",)
    assert [i.finding.asset.root for i in result.ignored] == ["dev"]


def test_two_things_of_one_root_stay_two(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        'resource "aws_s3_bucket" "a" {\n  for_each = toset(["x", "y"])\n  bucket = each.key\n}\n'
    )
    result = scan([tmp_path], Settings(checks=frozenset({"bucket-block-missing"})))
    assert len(result.findings) == 2
    assert not any(f.also for f in result.findings)
