"""What several parts of a workflow decide together."""

from __future__ import annotations

from pathlib import Path

import pytest

from garrison.estate.assets.pipeline import PipelineJob
from garrison.estate.estate import Estate
from garrison.sources.discover import discover
from garrison.sources.interface import formats
from garrison.sources.mapping.assemble import assets_of

CHECKOUT = "- uses: actions/checkout@v6\n        with: {ref: '${{ github.event.pull_request.head.sha }}'}"


def job_of(folder: Path, text: str) -> PipelineJob:
    path = folder / ".github/workflows/a.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    tree = discover(folder)
    (reader,) = [f for f in formats() if f.NAME == "github"]
    estate = Estate(assets_of("github", reader.read(list(tree.files.values()), tree)))
    assert not tree.problems
    return estate.of(PipelineJob)[0]


def job(folder: Path, on: str, steps: str, more: str = "", top: str = "") -> PipelineJob:
    return job_of(folder, f"on: {on}\n{top}jobs:\n  a:\n    runs-on: ubuntu-24.04\n{more}    steps:\n      {steps}\n")


@pytest.mark.parametrize(
    ("on", "steps", "more", "answer"),
    [
        ("pull_request_target", f"{CHECKOUT}\n      - run: make test", "", True),
        ("[push, issue_comment]", "- run: gh pr checkout 5 && npm test\n      - run: npm test", "", True),
        ("workflow_run", "- uses: actions/checkout@v6\n        with: {ref: '${{ github.event.workflow_run.head_branch }}'}\n      - run: pip install .", "", True),
        ("pull_request_target", "- uses: actions/checkout@v6\n        with: {ref: 'refs/pull/${{ github.event.number }}/merge'}\n      - uses: ./build", "", True),
        ("pull_request_target", f"{CHECKOUT}\n      - uses: docker/build-push-action@v6", "", True),
        # the code is the project's own, is not run, or the run has no secrets
        ("pull_request_target", "- uses: actions/checkout@v6\n      - run: make test", "", False),
        ("pull_request_target", f"{CHECKOUT}\n      - run: git diff --stat", "", False),
        ("pull_request_target", f"- run: make\n      {CHECKOUT}", "", False),
        ("pull_request", f"{CHECKOUT}\n      - run: make test", "", False),
        ("pull_request_target", f"{CHECKOUT}\n      - run: make test", "    if: github.event.pull_request.head.repo.full_name == github.repository\n", False),
        ("pull_request_target", f"{CHECKOUT}\n      - run: make test", "    if: github.event.pull_request.merged == true\n", False),
        # somebody is asked, or another step says which commit
        ("pull_request_target", f"{CHECKOUT}\n      - run: make test", "    if: contains(github.event.pull_request.labels.*.name, 'ok-to-test')\n", None),
        ("pull_request_target", f"{CHECKOUT}\n      - run: make test", "    environment: review\n", None),
        ("pull_request_target", f"{CHECKOUT}\n      - run: make test", "    needs: check-permissions\n", None),
        ("issue_comment", "- uses: actions/checkout@v6\n        with: {ref: '${{ needs.get.outputs.sha }}'}\n      - run: make test", "", None),
    ],
)  # fmt: skip
def test_whether_a_strangers_code_is_run(on: str, steps: str, more: str, answer: bool | None, tmp_path: Path) -> None:
    found = job(tmp_path, on, steps, more).runs_stranger
    assert found.answer is answer
    assert found.no or found.because


@pytest.mark.parametrize(
    ("on", "step", "privileged", "from_fork"),
    [
        ("issues", 'run: echo "${{ github.event.issue.title }}"', True, False),
        ("push", 'run: echo "${{ github.event.head_commit.message }}"', True, False),
        ("pull_request", 'run: echo "${{ github.head_ref }}"', False, True),
        ("[pull_request, pull_request_target]", 'run: echo "${{ github.head_ref }}"', True, False),
        ("workflow_call", 'run: echo "${{ github.event.issue.title }}"', True, False),
        ("push", 'run: echo "${{ github.event.issue.title }}"', False, False),
        ("issues", "run: echo\n        env: {T: '${{ github.event.issue.title }}'}", False, False),
        ("issues", "run: echo '${{ env.T }}'\n        env: {T: '${{ github.event.issue.title }}'}", True, False),
        (
            "issues",
            "uses: actions/github-script@v8\n        with: {script: 'x(`${{ github.event.issue.body }}`)'}",
            True,
            False,
        ),
        (
            "issues",
            "uses: actions/other@v8\n        with: {script: 'x(`${{ github.event.issue.body }}`)'}",
            False,
            False,
        ),
    ],
)
def test_whose_words_become_part_of_a_script(
    on: str, step: str, privileged: bool, from_fork: bool, tmp_path: Path
) -> None:
    (found,) = job(tmp_path, on, f"- {step}").steps
    assert (found.injected(privileged=True).answer, found.injected(privileged=False).answer) == (privileged, from_fork)


def test_a_variable_of_the_job_is_followed_and_one_of_the_step_comes_first(tmp_path: Path) -> None:
    more = "    env: {T: '${{ github.event.issue.title }}'}\n"
    assert job(tmp_path, "issues", "- run: echo ${{ env.T }}", more).steps[0].injected(privileged=True).yes
    own = "- run: echo ${{ env.T }}\n        env: {T: fixed}"
    assert job(tmp_path, "issues", own, more).steps[0].injected(privileged=True).no


def test_the_evidence_is_the_line(tmp_path: Path) -> None:
    step = "- run: |\n          echo one\n          echo ${{ github.event.issue.title }}"
    (value,) = job(tmp_path, "issues", step).steps[0].injected(privileged=True).because
    assert str(value.place) == ".github/workflows/a.yml:8:16"


@pytest.mark.parametrize(
    ("on", "more", "answer"),
    [
        ("push", "", True),
        ("{push: {branches: ['**']}}", "", True),
        ("{push: {branches: [main]}}", "", False),
        ("{push: {tags: ['v*']}}", "", False),
        ("{push: {branches-ignore: [gh-pages]}}", "", False),
        ("[pull_request]", "", True),
        ("[push, workflow_dispatch]", "    if: github.ref == 'refs/heads/main'\n", False),
        ("workflow_dispatch", "", False),
        ("release", "", False),
    ],
)
def test_for_which_branches_it_runs(on: str, more: str, answer: bool, tmp_path: Path) -> None:
    assert job(tmp_path, on, "- run: make", more).anywhere.answer is answer


@pytest.mark.parametrize(
    ("top", "more", "answer"),
    [
        ("", "", None),
        ("permissions: write-all\n", "", True),
        ("permissions: {id-token: write}\n", "", True),
        ("permissions: {id-token: write}\n", "    permissions: {contents: read}\n", False),
        ("permissions: read-all\n", "    permissions: {id-token: write}\n", True),
    ],
)
def test_what_the_token_may_do(top: str, more: str, answer: bool | None, tmp_path: Path) -> None:
    assert job(tmp_path, "push", "- run: make", more, top).may_write("id-token").answer is answer


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        ("- run: make\n        env: {X: '${{ secrets.AWS_SECRET_ACCESS_KEY }}'}", True),
        ("- run: make\n        env: {AWS_SECRET_ACCESS_KEY: '${{ secrets.DEPLOY }}'}", True),
        ("- uses: google-github-actions/auth@v3\n        with: {credentials_json: '${{ secrets.X }}'}", True),
        (
            "- uses: google-github-actions/auth@v3\n        with: {workload_identity_provider: p, service_account: a@p.iam}",
            False,
        ),
        ("- run: make\n        env: {AWS_SECRET_ACCESS_KEY: minioadmin}", False),
        ("- run: make\n        env: {T: '${{ secrets.GITHUB_TOKEN }}'}", False),
    ],
)
def test_keys_that_do_not_expire(step: str, answer: bool, tmp_path: Path) -> None:
    assert job(tmp_path, "push", step).long_lived_key.answer is answer


def test_a_cluster_that_is_thrown_away_serves_nobody(tmp_path: Path) -> None:
    deploy = "- run: kubectl apply -f isvc.yaml"
    assert job(tmp_path, "push", deploy).deploys_model.yes
    assert job(tmp_path, "push", f"- uses: helm/kind-action@v1\n      {deploy}").deploys_model.no
    assert job(tmp_path, "push", f"- run: minikube start\n      {deploy}").deploys_model.no
