"""`garrison reach`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from garrison.cli import program
from garrison.errors import UsageError

PLATFORM = Path(__file__).parents[2] / "examples/fraud-platform"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(program, ["reach", *arguments], catch_exceptions=False)


def test_the_way_to_the_training_data_is_told() -> None:
    done = run(str(PLATFORM / "insecure"), "--from", "internet", "--to", "training-data")
    assert done.exit_code == 1
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    at = lines.index("an attacker reaches service ray-dashboard kubernetes/ray-cluster.yaml:65")
    assert lines[at + 1 : at + 5] == [
        "service ray-dashboard lets anyone run code on workload train kubernetes/ray-cluster.yaml:24",
        "workload train runs as service account ml-train kubernetes/ray-cluster.yaml:21",
        "service account ml-train assumes role ml-train kubernetes/rbac.yaml:7",
        "role ml-train reads bucket fraud-training-data terraform/aws/identity.tf:130",
    ]
    assert "assumed: " in done.stdout


def test_the_hardened_platform_has_no_path() -> None:
    done = run(str(PLATFORM / "hardened"))
    assert done.exit_code == 0
    assert done.stdout.strip() == "no path was found"


def test_for_programs() -> None:
    said = json.loads(run(str(PLATFORM / "insecure"), "--to", "admin", "--from", "ci", "--format", "json").stdout)
    assert {p["to"] for p in said["paths"]} == {"administration"}
    assert {p["from"] for p in said["paths"]} == {"a CI job"}
    assert said["total"] > len(said["paths"])
    assert said["cuts"][0]["cuts"] >= said["cuts"][-1]["cuts"] > 0
    assert said["paths"][0]["hops"][-1]["place"]["path"] == "terraform/aws/identity.tf"


@pytest.mark.parametrize(("end", "code"), [("exploration", 1), ("no-such-thing", 0)])
def test_between(end: str, code: int) -> None:
    done = run(str(PLATFORM / "insecure"), "--between", "*Deployment/*scoring*", end)
    assert done.exit_code == code
    assert ("can run code, without a login, on workload exploration" in done.stdout) is bool(code)
    assert ("no way leads" in done.stdout) is not bool(code)


def test_between_for_programs() -> None:
    said = json.loads(
        run(str(PLATFORM / "insecure"), "--between", "internet", "fraud-vendor-labels", "--format", "json").stdout
    )
    assert said[0]["hops"][-1]["end"].endswith("vendor_labels")


def test_between_stands_alone() -> None:
    with pytest.raises(UsageError):
        run("--between", "a", "b", "--from", "internet")
