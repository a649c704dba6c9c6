"""Compiled pipelines are read as what runs: their executors, each a container."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest

from garrison.scan.scan import scan

SPEC = """\
components: {comp-train: {executorLabel: exec-train}}
deploymentSpec:
  executors:
    exec-train:
      container:
        image: registry.example.com/train:latest
        command: [python, train.py]
        env: [{name: HF_TOKEN, value: hf_abcdefghijklmnopqrstuvwxyz0123}]
        resources: {memoryLimit: 16.0}
    exec-report:
      container: {image: "registry.example.com/report:1", resources: {resourceMemoryLimit: 1Gi}}
pipelineInfo: {name: fraud}
schemaVersion: 2.1.0
"""
VERSION = "apiVersion: pipelines.kubeflow.org/v2beta1\nkind: PipelineVersion\nmetadata: {name: fraud}\nspec:\n  pipelineSpec:\n"


@pytest.mark.parametrize(
    "text", [SPEC, f"# PIPELINE DEFINITION\n{SPEC}---\nplatforms: {{}}\n", VERSION + indent(SPEC, "    ")]
)
def test_its_executors_are_judged(tmp_path: Path, text: str) -> None:
    (tmp_path / "pipeline.yaml").write_text(text)
    result = scan([tmp_path])
    assert not result.problems
    found = {(f.check.id, f.asset.label, f.owner.label) for f in result.findings}
    assert found == {
        ("container-credential-in-environment", "exec-train", "fraud"),
        ("container-image-may-change", "exec-train", "fraud"),
    }
    moving = next(f for f in result.findings if f.check.id == "container-image-may-change")
    line = next(n for n, said in enumerate(text.splitlines(), 1) if "train:latest" in said)
    assert (moving.place.source.path, moving.place.line) == ("pipeline.yaml", line)


@pytest.mark.parametrize(
    "text",
    [
        "deploymentSpec: 1\npipelineInfo: x\n",
        "deploymentSpec: {executors: [1, {container: 2}]}\npipelineInfo: {name: [1]}\n",
        "deploymentSpec: {executors: {a: null, b: text, c: {container: []}}}\npipelineInfo: {}\n",
    ],
)
def test_nonsense_crashes_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "pipeline.yaml").write_text(text)
    assert not scan([tmp_path]).problems
