"""Ways to stronger rights are told from permissions that stay where they are."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from garrison.estate.escalations import Escalation, escalations, open_ways
from garrison.estate.policies import statements
from garrison.estate.values import known

FACTS = Path(__file__).parents[3] / "shared/data/iam-escalation-paths.csv"


def ways(*said: dict[str, object]) -> tuple[bool | None, str]:
    document = known(json.dumps({"Version": "2012-10-17", "Statement": list(said)}))
    truth, named = open_ways(statements(document), escalations())
    return truth.answer, named


def allow(actions: list[str] | str, resources: list[str] | str = "*", **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


@pytest.mark.parametrize("way", escalations(), ids=lambda w: " ".join(w.needs))
def test_every_way_is_found_and_no_part_of_it(way: Escalation) -> None:
    needs = way.needs
    assert ways(allow(list(needs)))[0] is True
    assert ways(*(allow(need) for need in needs))[0] is True
    if len(needs) > 1:
        assert ways(allow(needs[0]))[0] is False


def test_wildcards_open_ways() -> None:
    assert ways(allow("iam:*"))[0] is True
    assert ways(allow("iam:Put*Policy", "arn:aws:iam::111122223333:role/*"))[0] is True


def test_narrow_resources_conditions_and_denials_close_them() -> None:
    assert ways(allow("iam:PutRolePolicy", "arn:aws:iam::111122223333:role/reports"))[0] is False
    limited = {"StringEquals": {"iam:PermissionsBoundary": "arn:aws:iam::111122223333:policy/bound"}}
    assert ways(allow("iam:PutRolePolicy", Condition=limited))[0] is False
    denied: dict[str, object] = {"Effect": "Deny", "Action": "iam:PutRolePolicy", "Resource": "*"}
    assert ways(allow("iam:PutRolePolicy"), denied)[0] is False


def test_it_names_the_way() -> None:
    assert (
        ways(allow(["iam:PassRole", "sagemaker:CreateTrainingJob"]))[1]
        == "iam:PassRole and sagemaker:CreateTrainingJob"
    )
    assert ways(allow(["ssm:SendCommand", "ssm:StartSession"]))[1].endswith("(and more: 2 ways)")


@pytest.mark.skipif(not FACTS.is_file(), reason="the paths of pathfinding.cloud are not here")
def test_every_known_path_contains_one_of_ours() -> None:
    ours = [set(way.needs) for way in escalations()]
    with FACTS.open(encoding="utf8") as file:
        for row in csv.DictReader(file):
            needs = {need.strip() for need in row["required_permissions"].split("+")}
            assert any(way <= needs for way in ours), row["id"]
