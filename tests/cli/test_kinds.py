"""`garrison kinds`: what a check can ask of each kind of asset."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from garrison.cli import program
from garrison.errors import UsageError
from garrison.estate.assets import kinds


def run(*arguments: str) -> Result:
    return CliRunner().invoke(program, ("kinds", *arguments), catch_exceptions=False)


def test_all_are_listed() -> None:
    text = run().stdout
    assert all(name in text for name in kinds())
    assert "An object store: S3 bucket" in text
    assert {k["kind"] for k in json.loads(run("--format", "json").stdout)} == set(kinds())


def test_one_kind() -> None:
    text = run("bucket").stdout
    assert "In an expression it is called bucket." in text
    assert "locked yes or no objects cannot be changed or deleted for a time" in " ".join(text.split())
    assert "near.by.encrypts" in text
    assert "native.shared_key" in text
    assert "near.facts.exposed" in text
    assert "runs_as" in text
    assert all(len(line) <= 110 for line in text.split("\n"))
    said = json.loads(run("LoadBalancer", "--format", "json").stdout)
    assert said["called"] == "load_balancer"
    assert {"name": "listeners", "type": "list of Listener", "meaning": "", "near": []} in said["fields"]


def test_what_does_not_exist_is_explained() -> None:
    with pytest.raises(UsageError) as raised:
        run("Buckt")
    assert "did you mean Bucket" in raised.value.hint
