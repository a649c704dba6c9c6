"""Workflows to pipelines, jobs and steps."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from garrison.estate.assets import Asset
from garrison.estate.assets.pipeline import Pipeline, PipelineJob, PipelineStep
from garrison.estate.estate import Estate
from garrison.estate.relations import Relation
from garrison.estate.values import State
from garrison.reach.link import link
from garrison.sources.discover import discover
from garrison.sources.github import claims
from garrison.sources.github.workflows import read_workflows
from garrison.sources.interface import File, Tree
from garrison.sources.mapping.assemble import assets_of


def read(folder: Path, files: dict[str, str]) -> tuple[Estate, Tree]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    tree = discover(folder)
    estate = Estate(assets_of("github", read_workflows([f for f in tree.files.values() if claims(f)], tree)))
    link(estate)
    return estate, tree


@pytest.mark.parametrize(
    ("path", "text", "answer"),
    [
        (".github/workflows/a.yml", "", True),
        (".github/workflows/a.yaml", "x", True),
        (".github/workflows/a.json", "{}", False),
        ("workflows/a.yml", "on: push\njobs: {}\n", False),
        ("actions/x/action.yml", "name: x\nruns:\n  using: composite\n", True),
        ("actions/x/action.yml", "name: x\n", False),
        ("deploy.workflow.yaml", "on: push\njobs:\n  a: {}\n", True),
        ("argo-workflow.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n", False),
    ],
)
def test_what_is_a_workflow(path: str, text: str, answer: bool, tmp_path: Path) -> None:
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    assert claims(File(path, file)) is answer
    assert claims(File(file.name, file)) is answer  # as it is called when its own folder is scanned


WORKFLOW = """name: Train
on:
  push: {branches: [main]}
  workflow_dispatch:
permissions: {contents: read}
env: {A: outer, B: outer}
jobs:
  train:
    runs-on: ${{ matrix.os }}
    strategy: {matrix: {os: [ubuntu-24.04, [self-hosted, gpu]], include: [{os: macos-15}]}}
    needs: build
    environment: {name: staging}
    env: {A: inner}
    container: python:3.13
    services:
      cache: {image: "redis:${{ vars.REDIS }}", options: --privileged}
    steps:
      - uses: actions/checkout@v6
      - run: |
          python train.py
          echo done
        env: {C: own}
        continue-on-error: true
      - name: Named
        run: make
  call:
    uses: org/repo/.github/workflows/x.yml@v1
    secrets: inherit
    permissions: write-all
"""


def test_a_workflow_its_jobs_and_their_steps(tmp_path: Path) -> None:
    estate, tree = read(tmp_path, {".github/workflows/a.yml": WORKFLOW})
    address = ".github/workflows/a.yml:workflow"
    assert {a.address for a in estate.assets} == {
        address,
        f"{address}/jobs[train]",
        f"{address}/jobs[train]/steps[actions/checkout]",
        f"{address}/jobs[train]/steps[run python train.py]",
        f"{address}/jobs[train]/steps[Named]",
        f"{address}/jobs[call]",
    }
    (pipeline,) = estate.of(Pipeline)
    train, call = estate.of(PipelineJob)
    assert estate.near(pipeline).to(Relation.CONTAINS) == (train, call)
    assert train.is_part_of(pipeline)
    assert (pipeline.label, pipeline.states_rights.answer) == ("Train", True)
    assert [t.text() for t in train.triggers.items()] == ["push", "workflow_dispatch"]
    assert [r.text() for r in train.runners.items()] == ["ubuntu-24.04", "self-hosted", "gpu", "macos-15"]
    assert (train.environment.text(), train.needs.text()) == ("staging", "build")
    assert {k: v.text() for k, v in train.variables.content.items()} == {"A": "inner", "B": "outer"}
    assert [(i.state, i.text()) for i in train.images.items()] == [(State.KNOWN, "python:3.13"), (State.UNKNOWN, "")]
    assert [o.text() for o in train.options.items()] == ["--privileged"]
    assert [s.tolerated.answer for s in train.steps] == [False, True, False]
    assert call.permissions.text() == "write-all"
    assert (call.uses.text(), call.secrets.text()) == ("org/repo/.github/workflows/x.yml@v1", "inherit")
    assert tree.problems == []


def test_a_composite_action_is_steps_of_other_peoples_jobs(tmp_path: Path) -> None:
    text = "name: x\nruns:\n  using: composite\n  steps:\n    - run: echo ${{ github.event.issue.title }}\n      shell: bash\n"
    estate, _ = read(tmp_path, {"x/action.yml": text, "y/action.yml": "name: y\nruns: {using: node24, main: i.js}\n"})
    (pipeline,) = estate.of(Pipeline)
    (job,) = estate.of(PipelineJob)
    assert pipeline.states_rights.no
    assert job.triggers.state is State.ABSENT
    assert job.steps[0].injected(privileged=True).yes


@pytest.mark.parametrize("on", ["push", "[push, pull_request]", "{push: , pull_request: {types: [opened]}}"])
def test_events_in_every_form(on: str, tmp_path: Path) -> None:
    estate, _ = read(tmp_path, {".github/workflows/a.yml": f"on: {on}\njobs: {{a: {{steps: [{{run: x}}]}}}}\n"})
    assert estate.of(Pipeline)[0].triggers.items()[0].text() == "push"


def test_what_is_no_workflow_gives_nothing(tmp_path: Path) -> None:
    estate, tree = read(
        tmp_path,
        {
            ".github/workflows/a.yml": "- a\n",
            ".github/workflows/b.yml": "jobs: 5\n",
            ".github/workflows/c.yml": "on: [\n",
        },
    )
    assert estate.assets == ()
    assert [(p.path, p.line) for p in tree.problems] == [(".github/workflows/c.yml", 1)]


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["push", "${{ github.head_ref }}", "actions/checkout@v6", "inherit", "a: b", ""]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["on", "jobs", "a", "steps", "run", "uses", "with", "env", "if", "permissions", "container", "services", "image",
                         "runs-on", "strategy", "matrix", "include", "needs", "environment", "name", "secrets", "runs", "using"]),
        inner, max_size=5,
    ),
    max_leaves=30,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(body=st.dictionaries(st.sampled_from(["on", "jobs", "env", "permissions", "name", "runs"]), _ANY))
def test_whatever_stands_in_it_is_read(body: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> None:
    estate, tree = read(tmp_path_factory.mktemp("w"), {".github/workflows/a.yml": yaml.safe_dump(body)})
    for job in estate.of(PipelineJob):
        assert job.runs_stranger.answer in (True, False, None)
        assert job.deploys_model.answer in (True, False, None)
    for step in estate.of(PipelineStep):
        assert isinstance(step, Asset)
        assert step.injected(privileged=True).answer in (True, False, None)
    assert tree.problems == []
