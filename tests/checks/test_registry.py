"""What every check must have: a name, a place in the frameworks, words a person can use."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from garrison.checks.check import Check, Pillar, all_checks

FRAMEWORKS = Path(__file__).parents[3] / "shared/data/frameworks"
FILES = {
    "ATLAS": "mitre-atlas-5.6.0.csv",
    "NIST-800-53": "nist-800-53r5-ids.csv",
    "AWS-FSBP": "aws-fsbp-ids.csv",
    "CIS-AWS-6.0": "cis-aws-6.0-ids.csv",
    "CIS-Azure-5.0": "cis-azure-5.0-ids.csv",
    "CIS-GCP-4.0": "cis-gcp-4.0-ids.csv",
    "CIS-Kubernetes-1.12": "cis-kubernetes-1.12-ids.csv",
    "OWASP-ML": "owasp.csv",
    "OWASP-LLM": "owasp.csv",
    "OWASP-API": "owasp.csv",
}
needs_frameworks = pytest.mark.skipif(
    not FRAMEWORKS.is_dir(), reason="the frameworks' identifiers are not beside the project"
)


def identifiers(framework: str) -> set[str]:
    with (FRAMEWORKS / FILES[framework]).open(encoding="utf8") as file:
        said = {row["id"] for row in csv.DictReader(file)}
    if framework.startswith("OWASP"):
        return {i.removeprefix("OWASP-").partition(":")[0] for i in said}
    if framework == "NIST-800-53":  # ac_3_7 is an enhancement or part of AC-3
        return {"-".join(i.split("_")[:2]).upper() for i in said}
    return said


@needs_frameworks
@pytest.mark.parametrize("check", all_checks(), ids=lambda c: c.id)
def test_mappings_name_what_exists(check: Check) -> None:
    assert check.maps
    for mapping in check.maps:
        framework, _, identifier = mapping.partition(":")
        assert framework in FILES, f"{check.id} maps to {mapping}"
        assert identifier in identifiers(framework), f"{check.id} maps to {mapping}"


@pytest.mark.parametrize("check", all_checks(), ids=lambda c: c.id)
def test_a_check_is_named_and_explained(check: Check) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", check.id)
    assert len(check.title) <= 100
    assert check.rationale.endswith(".")
    assert check.fix.endswith((".", "`"))


def test_the_catalogue_is_wide_enough() -> None:
    assert len(all_checks()) >= 60
    assert sum(c.about_ml for c in all_checks()) >= 30
    assert {c.pillar for c in all_checks()} == set(Pillar)
