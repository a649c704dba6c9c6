"""`garrison checks`, `explain`, `sources`."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from garrison.checks.check import all_checks
from garrison.cli import program
from garrison.errors import UsageError


def run(*arguments: str) -> Result:
    return CliRunner().invoke(program, arguments, catch_exceptions=False)


def listed(*arguments: str) -> set[str]:
    said = json.loads(run("checks", "--format", "json", *arguments).stdout)
    return {c["id"] for c in said}


def test_all_are_listed() -> None:
    assert listed() == {c.id for c in all_checks()}
    text = run("checks").stdout
    assert all(c.id in text for c in all_checks())
    assert f"{len(all_checks())} checks" in text


def test_filters() -> None:
    checks = {c.id: c for c in all_checks()}
    assert listed("--pillar", "containers") == {i for i, c in checks.items() if c.pillar == "containers"}
    assert listed("--severity", "high") == {i for i, c in checks.items() if c.severity in ("critical", "high")}
    assert listed("--ml") == {i for i, c in checks.items() if c.about_ml}
    assert listed("--kind", "bucket") == {i for i, c in checks.items() if c.kind.__name__ == "Bucket"}
    assert listed("--framework", "owasp-ml") == {i for i, c in checks.items() if c.maps_to("OWASP-ML")}
    assert "bucket-public" in listed("--provider", "gcp")
    assert "container-privileged" not in listed("--provider", "gcp")
    assert "bucket-public" in listed("public", "bucket")
    assert listed("bucket", "no-such-word") == set()


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("checks", "--kind", "Buckt"), "did you mean Bucket"),
        (("checks", "--provider", "asure"), "did you mean azure"),
        (("checks", "--framework", "CIS-AWS-5.0"), "did you mean CIS-AWS-6.0"),
        (("explain", "bucket-pulbic"), "did you mean bucket-public"),
    ],
)
def test_what_does_not_exist_is_explained(arguments: tuple[str, ...], hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        run(*arguments)
    assert hint in raised.value.hint


@pytest.mark.parametrize("check", all_checks(), ids=lambda c: c.id)
def test_every_check_explains_itself(check: object) -> None:
    done = run("explain", check.id)  # type: ignore[attr-defined]
    assert done.exit_code == 0
    assert "Why" in done.stdout
    assert "Maps" in done.stdout


def test_explain_shows_the_fix() -> None:
    text = run("explain", "bucket-public", "--source", "gcp").stdout
    assert "MITRE ATLAS 5.6.0 AML.T0035  AI Artifact Collection" in text
    assert '  -  member = "allUsers"' in text
    assert "  +  member = " in text
    assert "CloudFormation" not in text
    said = json.loads(run("explain", "bucket-public", "--format", "json").stdout)
    assert {e["format"] for e in said["examples"]} == {"terraform", "cloudformation"}
    assert said["examples"][0]["failing"] != said["examples"][0]["passing"]


def test_sources() -> None:
    text = run("sources").stdout
    assert all(f in text for f in ("terraform", "cloudformation", "kubernetes"))
    whole = run("sources", "--coverage").stdout
    assert "google_storage_bucket" in whole
    said = json.loads(run("sources", "--format", "json").stdout)
    bucket = next(r for r in said["coverage"] if (r["kind"], r["provider"]) == ("Bucket", "aws"))
    assert bucket["types"]["terraform"] == ["aws_s3_bucket"]
    assert bucket["types"]["cloudformation"] == ["AWS::S3::Bucket"]
