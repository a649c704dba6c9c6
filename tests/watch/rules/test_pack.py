"""Garrison's own rules do what their examples say, and name techniques that exist."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from garrison.watch.rules.examples import mistakes
from garrison.watch.rules.judge import Judge
from garrison.watch.rules.read import pack, read_rules
from garrison.watch.rules.rule import Rules

_ATLAS = "shared/data/frameworks/mitre-atlas-5.6.0.csv"


@pytest.fixture(scope="module")
def rules() -> Rules:
    return read_rules([pack()])


def test_every_rule_can_be_used(rules: Rules) -> None:
    assert rules.broken == []
    assert Judge(rules.rules).idle == []


def test_every_rule_does_what_its_examples_say(rules: Rules) -> None:
    assert [f"{Path(m.path).name}:{m.line} {m.message}" for m in mistakes(rules)] == []


def test_there_are_enough(rules: Rules) -> None:
    counted = {name for correlation in rules.correlations for name in correlation.rules}
    telling = [r for r in rules.rules if r.about.name not in counted or r.about.level > 1]
    assert len(telling) + len(rules.correlations) >= 50


def test_what_is_only_counted_tells_nothing_by_itself(rules: Rules) -> None:
    counted = {name for correlation in rules.correlations for name in correlation.rules}
    for rule in rules.rules:
        assert (rule.about.description == "Counted by others.") <= (rule.about.name in counted), rule.about.title


def test_every_rule_is_tagged(rules: Rules) -> None:
    path = next((p / _ATLAS for p in Path(__file__).parents if (p / _ATLAS).is_file()), None)
    if path is None:
        pytest.skip("the list of techniques is not beside the project")
    known = {row["id"].lower() for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())}
    for about in [*(r.about for r in rules.rules), *(c.about for c in rules.correlations)]:
        assert about.tags, about.title
        for tag in about.tags:
            if tag.startswith("atlas."):
                assert tag.removeprefix("atlas.") in known, f"{about.title}: {tag}"
