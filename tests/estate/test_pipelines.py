"""Commands of a script, and where they stand."""

from __future__ import annotations

import pytest

from garrison.estate.expressions import flows
from garrison.estate.pipelines import action_of, commands_of, filled_by, knowledge, pattern, within
from garrison.estate.values import Place, Source, Value, known


def script(text: str) -> Value:
    source = Source("a.yml", text.encode())
    return known(text, Place.at(source, (0, 0), (text.count("\n"), 0)))


def test_commands_are_put_together_and_comments_left_out() -> None:
    said = script("# first\ndocker build \\\n  --build-arg A=$A \\\n  .\n\necho done # here\necho \\")
    assert [c.text for c in commands_of(said)] == ["docker build  --build-arg A=$A  .", "echo done # here", "echo  "]
    (build, *_) = commands_of(said)
    assert build.line_at(build.text.index("--build-arg")) == "--build-arg A=$A \\"


def test_a_part_is_told_at_its_own_line() -> None:
    said = script("run: |\n  echo one\n  echo two\n")
    found = within(said, "echo two")
    assert (str(found.place), found.text()) == ("a.yml:3:3", "echo two")
    assert within(said, "not there").place is said.place


@pytest.mark.parametrize(
    ("uses", "action"),
    [
        ("actions/checkout@v6", "actions/checkout"),
        ("Org/Repo/sub/folder@main", "org/repo"),
        ("org/repo/.github/workflows/x.yml@v1", "org/repo"),
        ("./.github/actions/x", ""),
        ("docker://alpine:3", ""),
    ],
)
def test_which_action_it_is(uses: str, action: str) -> None:
    assert action_of(uses) == action


@pytest.mark.parametrize(
    ("inside", "events"),
    [
        ("github.event.issue.title", {"issues", "issue_comment"}),
        ("github.event.head_commit.message", {"push"}),
        ("github.event.repository.name", set()),
        ("github.event.pull_request.head.sha", set()),
        ("github.event.label.name", set()),
        ("toJSON(github.event.issue)", {"issues", "issue_comment"}),
        ("github.event.issue", set()),
        ("inputs.name", set()),
    ],
)
def test_which_events_fill_a_context(inside: str, events: set[str]) -> None:
    (flow,) = flows(f"${{{{ {inside} }}}}")
    assert filled_by(flow) == events


DEPLOYS = """aws sagemaker create-endpoint --endpoint-name a
gcloud ai endpoints deploy-model 1
az ml online-deployment create -f d.yml
huggingface-cli upload me/m .
hf upload me/m .
kubectl -n ml apply -f serving/inference-service.yaml
bentoml deploy .
databricks serving-endpoints update-config a"""
OTHERS = """aws sagemaker list-endpoints
kubectl apply -f deployment.yaml
kubectl create ns kserve
kubectl patch configmaps -n kserve inferenceservice-config
hf download me/m
gcloud run deploy x
push_to_hubs"""
TRAINS = """python train.py
python3 -m src.training
dvc repro
aws sagemaker create-training-job
az ml job create -f t.yml"""
NOT_TRAINS = """python constraint.py
python manage.py train_schedule
pip install trainer
python tests/test_train_utils.py"""


@pytest.mark.parametrize(
    ("kind", "lines", "answer"),
    [("deploys", DEPLOYS, True), ("deploys", OTHERS, False), ("trains", TRAINS, True), ("trains", NOT_TRAINS, False)],
)
def test_what_commands_do(kind: str, lines: str, answer: bool) -> None:
    wanted = pattern(*getattr(knowledge().models, kind))
    for line in lines.split("\n"):
        assert bool(wanted.search(line)) is answer, line


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("curl -LsSf https://x/install.sh | sh", True),
        ("curl x | sudo -E bash -", True),
        ("bash <(curl -s https://x)", True),
        ('sh -c "$(curl -fsSL https://x)"', True),
        ("wget -qO- https://x | python3 -", True),
        ("iwr https://x | iex", True),
        ("curl https://x | jq .", False),
        ("curl https://x -o a.sh; sh a.sh", False),
        ("cat a | sh", False),
    ],
)
def test_what_downloads_and_runs(line: str, answer: bool) -> None:
    assert bool(pattern(*knowledge().downloads.runs).search(line)) is answer
