"""Own checks on the command line: `scan`, `checks`, `checks test`, `explain`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from garrison.cli import program
from garrison.errors import ConfigError, UsageError

YAML = """\
id: acme-bucket-team
title: Bucket has no team
why: nobody knows whose model it is.
fix: tag it.
severity: high
pillar: access
kind: Bucket
fail: '!has(bucket.tags.team)'
message: it has no tag team
examples:
  fail.tf: |
    resource "aws_s3_bucket" "b" {
      bucket = "b"
    }
  pass.tf: |
    resource "aws_s3_bucket" "b" {
      bucket = "b"
      tags   = { team = "fraud" }
    }
"""
PYTHON = '''\
from garrison.checks.check import Pillar, Severity, Verdict, check, fail_if
from garrison.estate.assets.storage import Bucket

print("it ran")


@check(id="acme-bucket-owner", severity=Severity.HIGH, pillar=Pillar.ACCESS)
def acme_bucket_owner(bucket: Bucket) -> Verdict:
    """Bucket has no owner.

    Why: nobody knows whose model it is.
    Fix: tag it.
    """
    print("it judged")
    return fail_if(bucket.tags.child("owner").is_absent(), "it has no tag owner")
'''


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "main.tf").write_text('resource "aws_s3_bucket" "b" {\n  bucket = "b"\n}\n')
    examples = tmp_path / "checks/examples/acme-bucket-owner"
    examples.mkdir(parents=True)
    (tmp_path / "checks/team.yaml").write_text(YAML)
    (tmp_path / "checks/owner.py").write_text(PYTHON)
    (examples / "fail.tf").write_text('resource "aws_s3_bucket" "b" {}\n')
    (examples / "pass.tf").write_text('resource "aws_s3_bucket" "b" {\n  tags = { owner = "a" }\n}\n')
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(program, arguments, catch_exceptions=False)


def found(*arguments: str) -> set[str]:
    return {f["check"] for f in json.loads(run("scan", "main.tf", "--format", "json", *arguments).stdout)["findings"]}


def test_scan() -> None:
    assert not {"acme-bucket-team", "acme-bucket-owner"} & found()
    assert {"acme-bucket-team"} == found("--checks", "checks", "--check", "acme-bucket-team")
    assert {"acme-bucket-owner"} == found("--checks-python", "checks", "--check", "acme-bucket-owner")
    assert {"acme-bucket-team", "bucket-block-missing"} <= found("--checks", "checks/team.yaml")


def test_the_configuration_adds_to_the_options_and_runs_no_python(folder: Path) -> None:
    (folder / "garrison.toml").write_text('[scan]\nchecks = ["checks"]\n')
    (folder / "crew.yaml").write_text(YAML.replace("-team", "-crew"))
    assert "acme-bucket-team" in found()
    assert "it ran" not in run("scan", "main.tf").stderr
    assert "it ran" in run("scan", "main.tf", "--checks-python", "checks").stderr
    assert {"acme-bucket-team", "acme-bucket-crew"} <= found("--checks", "crew.yaml")
    assert run("explain", "acme-bucket-team").exit_code == 0
    assert "acme-bucket-team" in run("checks", "team").stdout
    assert run("checks", "test").exit_code == 0
    (folder / "garrison.toml").write_text('[scan]\nchecks = ["checks/owner.py"]\n')
    with pytest.raises(ConfigError, match="its name does not end with"):
        run("scan", "main.tf")


def test_a_wrong_check_ends_everything_with_2(folder: Path) -> None:
    (folder / "checks/team.yaml").write_text(YAML.replace("bucket.tags", "bucket.tagz"))
    for command in (["scan", "main.tf"], ["checks"], ["checks", "test"], ["explain", "bucket-public"]):
        with pytest.raises(ConfigError) as raised:
            run(*command, "--checks", "checks")
        assert raised.value.where == "checks/team.yaml:8:20"


def test_checks_lists_them() -> None:
    assert "acme-bucket-team" not in run("checks").stdout
    text = run("checks", "--checks", "checks", "--checks-python", "checks", "acme-bucket").stdout
    assert "acme-bucket-team" in text
    assert "2 checks" in text
    said = json.loads(run("checks", "list", "--checks", "checks", "acme-bucket", "--format", "json").stdout)
    assert [c["id"] for c in said] == ["acme-bucket-team"]


def test_explain_tells_where_it_is() -> None:
    text = run("explain", "acme-bucket-team", "--checks", "checks").stdout
    assert "In    checks/team.yaml:1" in text
    assert '  +  tags   = { team = "fraud" }' in text
    with pytest.raises(UsageError) as raised:
        run("explain", "acme-of-nothing")
    assert "--checks PATH" in raised.value.hint


def test_checks_test(folder: Path) -> None:
    done = run("checks", "test", "--checks", "checks", "--checks-python", "checks")
    assert done.exit_code == 0
    assert "2 checks, 4 examples: all as they should be" in done.stdout
    (folder / "checks/team.yaml").write_text(YAML.replace("tags   =", "labels ="))
    done = run("checks", "test", "--checks", "checks")
    assert done.exit_code == 1
    assert "✗ pass.tf  it fails, line 1: b, it has no tag team" in done.stdout
    assert "1 check, 2 examples: 1 not as it should be" in done.stdout
    with pytest.raises(UsageError) as raised:
        run("checks", "test")
    assert "--checks DIR" in raised.value.hint


def test_what_it_shows_does_nothing_to_the_terminal(folder: Path) -> None:
    text = YAML.replace('bucket = "b"\n    }\n  pass', 'bucket = "\\u001b[2J"\n    }\n  pass').replace(
        "fail.tf: |", 'fail.tf: "\\e[2J x"\n  fail.gcp.tf: |'
    )
    (folder / "checks/team.yaml").write_text(text)
    (folder / "checks/team.yaml").rename(folder / "checks/te\x1bam.yaml")
    assert "\x1b[2J" not in run("explain", "acme-bucket-team", "--checks", "checks").stdout
    assert "te\x1b" not in run("checks", "test", "--checks", "checks").stdout


def test_schema() -> None:
    assert json.loads(run("checks", "schema").stdout)["properties"]["severity"]


def test_help_names_the_commands() -> None:
    text = run("checks", "--help").stdout
    assert all(name in text for name in ("list", "schema", "test"))
    assert "--severity" in run("checks", "list", "--help").stdout
