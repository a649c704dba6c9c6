"""Pipelines of GitLab: files merged, jobs extended, references followed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from garrison.estate.assets.pipeline import Pipeline, PipelineJob
from garrison.estate.estate import Estate
from garrison.estate.values import State, Value
from garrison.sources.discover import discover
from garrison.sources.gitlab import claims
from garrison.sources.gitlab.pipelines import read_pipelines
from garrison.sources.interface import Tree
from garrison.sources.mapping.assemble import assets_of

SETTINGS = "its variables, protected branches and environments are settings of the project in GitLab: not read"


def read(folder: Path, text: str, **more: str) -> tuple[dict[str, PipelineJob], Estate, Tree]:
    for name, content in {".gitlab-ci.yml": text, **more}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    tree = discover(folder)
    estate = Estate(assets_of("gitlab", read_pipelines([f for f in tree.files.values() if claims(f)], tree)))
    return {j.name.text(): j for j in estate.of(PipelineJob)}, estate, tree


def texts(said: Value) -> list[str]:
    return [v.text() for v in said.items()]


def scripts(job: PipelineJob) -> dict[str, list[str]]:
    return {s.name.text(): texts(s.script) for s in job.steps}


def test_a_job_takes_defaults_variables_and_images(tmp_path: Path) -> None:
    jobs, estate, tree = read(
        tmp_path,
        """variables: {VERSION: "3.13", OWN: {value: a, description: b}}
default: {image: "python:$VERSION", before_script: [make setup], tags: [gpu]}
image: old:1
stages: [test]
.hidden: {script: no}
train:
  script: python train.py
  services: [{name: "redis:${REDIS}"}, docker:28-dind]
  variables: {OWN: c}
  environment: {name: staging}
  artifacts: {paths: [out/]}
  allow_failure: true
other: {script: [a, [b, c]], image: {name: alpine}, before_script: []}
""",
    )
    assert list(jobs) == ["train", "other"]
    train, other = jobs["train"], jobs["other"]
    assert train.address == ".gitlab-ci.yml:pipeline/jobs[train]"
    assert scripts(train) == {"before_script": ["make setup"], "script": ["python train.py"]}
    assert scripts(other) == {"before_script": [], "script": ["a", "b", "c"]}
    assert [(i.state, i.text()) for i in train.images.items()] == [
        (State.KNOWN, "python:3.13"),
        (State.UNKNOWN, ""),
        (State.KNOWN, "docker:28-dind"),
    ]
    assert (texts(train.services)[1], texts(train.runners), texts(other.images)) == (
        "docker:28-dind",
        ["gpu"],
        ["alpine"],
    )
    assert {k: v.text() for k, v in train.variables.content.items()} == {"VERSION": "3.13", "OWN": "c"}
    assert (train.environment.text(), texts(train.artifacts), train.tolerated.answer) == ("staging", ["out/"], True)
    assert train.steps[1].tolerated.yes
    assert len(estate.of(Pipeline)) == 1
    assert ([n.message for n in tree.notes], tree.problems) == ([SETTINGS], [])


def test_jobs_extend_others_and_refer_to_them(tmp_path: Path) -> None:
    jobs, _, _ = read(
        tmp_path,
        """.base: {image: base:1, variables: {A: a, B: b}, script: [base]}
.more: {extends: .base, variables: {B: c}}
.setup: {script: [one, two]}
.nested: {script: [zero, !reference [.setup, script]]}
x:
  extends: [.more, .setup]
  variables: {C: d}
y:
  script:
    - !reference [.nested, script]
    - last
""",
    )
    x = jobs["x"]
    assert {k: v.text() for k, v in x.variables.content.items()} == {"A": "a", "B": "c", "C": "d"}
    assert (texts(x.images), scripts(x)["script"]) == (["base:1"], ["one", "two"])
    assert scripts(jobs["y"])["script"] == ["zero", "one", "two", "last"]


def test_files_of_the_tree_are_included_and_the_own_file_counts(tmp_path: Path) -> None:
    jobs, estate, tree = read(
        tmp_path,
        "include:\n  - local: /ci/a.yml\n  - ci/more/*.gitlab-ci.yml\n  - local: ci/none.yml\nshared: {script: own}\n",
        **{
            "ci/a.yml": "include: {local: ci/b.yml}\nshared: {script: theirs, image: a:1}\n",
            "ci/b.yml": "from-b: {script: b}\n",
            "ci/more/c.gitlab-ci.yml": "from-c: {script: c}\n",
        },
    )
    assert set(jobs) == {"from-b", "shared", "from-c"}
    assert (scripts(jobs["shared"])["script"], texts(jobs["shared"].images)) == (["own"], ["a:1"])
    assert jobs["from-b"].place.source.path == "ci/b.yml"
    assert len(estate.of(Pipeline)) == 1
    assert [n.message for n in tree.notes] == [
        "what it includes is not among the files that are read: ci/none.yml",
        SETTINGS,
    ]


def test_what_is_taken_from_elsewhere_is_told(tmp_path: Path) -> None:
    _, estate, _ = read(
        tmp_path,
        """include:
  - https://example.org/a.yml
  - remote: https://example.org/b.yml
    integrity: sha256-abc
  - project: g/p
    file: /c.yml
    ref: main
  - component: gitlab.com/g/c@1.2.3
  - template: Security/SAST.gitlab-ci.yml
""",
    )
    said = [(i.child("kind").text(), i.child("version").text()) for i in estate.of(Pipeline)[0].includes.items()]
    assert said == [("remote", ""), ("remote", "sha256-abc"), ("project", "main"), ("component", "1.2.3")]


@pytest.mark.parametrize(
    ("job", "top", "anywhere", "manual"),
    [
        ("", "", True, False),
        ("only: [main]", "", False, False),
        ("only: [branches]", "", True, False),
        ("except: [main]", "", False, False),
        ("rules: [{if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH}]", "", False, False),
        ("rules: [{if: $CI_COMMIT_TAG}, {if: '$CI_PIPELINE_SOURCE == \"merge_request_event\"'}]", "", True, False),
        ("rules: [{if: $DEPLOY}]", "", None, False),
        ("rules: [{when: on_success}]", "", True, False),
        ("rules: [{if: '$CI_COMMIT_BRANCH != \"main\"', when: never}, {when: on_success}]", "", None, False),
        ("rules: [{if: $CI_COMMIT_TAG, when: manual}]", "", False, True),
        ("when: manual", "", True, True),
        ("", "workflow: {rules: [{if: $CI_COMMIT_TAG}]}", False, False),
        ("rules: !reference [.r, rules]", ".r: {rules: [{if: $CI_COMMIT_TAG}]}", False, False),
        ("rules: [!reference [.r, rules]]", ".r: {rules: [{if: $CI_COMMIT_TAG}]}", False, False),
    ],
)
def test_for_which_branches_a_job_runs(job: str, top: str, anywhere: bool | None, manual: bool, tmp_path: Path) -> None:
    jobs, _, _ = read(tmp_path, f"{top}\na:\n  script: x\n  {job}\n")
    assert (jobs["a"].anywhere.answer, jobs["a"].manual.answer) == (anywhere, manual)


def test_what_is_not_read_leaves_a_job_open(tmp_path: Path) -> None:
    jobs, _, _ = read(tmp_path, "a: {extends: .elsewhere, image: x:1}\nb: {extends: b, script: y}\n")
    (step,) = jobs["a"].steps
    assert step.runs("make").unknown
    assert texts(jobs["a"].images) == ["x:1"]
    assert scripts(jobs["b"])["script"] == ["y"]


def test_a_header_stands_in_a_document_before(tmp_path: Path) -> None:
    jobs, _, _ = read(
        tmp_path, "spec: {inputs: {x: }}\n---\na: {script: 'make $[[ inputs.x ]]', image: 'p:$[[ inputs.x ]]'}\n"
    )
    assert [i.state for i in jobs["a"].images.items()] == [State.UNKNOWN]


_ANY = st.recursive(
    st.none() | st.booleans() | st.sampled_from(["a", ".b", "$X", "make", "https://x/y.yml", "*", "never", "$CI_COMMIT_BRANCH"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["a", ".b", "script", "extends", "image", "services", "rules", "if", "when", "variables", "include", "local",
                         "default", "needs", "artifacts", "paths", "only", "environment", "name", "workflow"]),
        inner, max_size=5,
    ),
    max_leaves=30,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(body=st.dictionaries(st.sampled_from(["a", ".b", "include", "default", "variables", "workflow", "image"]), _ANY))
def test_whatever_stands_in_it_is_read(body: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> None:
    _, estate, tree = read(tmp_path_factory.mktemp("g"), yaml.safe_dump(body))
    for job in estate.of(PipelineJob):
        assert job.deploys_model.answer in (True, False, None)
    assert tree.problems == []
