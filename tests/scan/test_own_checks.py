"""A user's own checks are judged, ignored, put off and reported as those that are shipped, in one scan and no other."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import msgspec
import pytest

from garrison.checks.check import Check, Verdict, all_checks
from garrison.checks.own.load import load_checks
from garrison.errors import ConfigError, UsageError
from garrison.findings.baseline import read_baseline, write_baseline
from garrison.report import View, form
from garrison.scan.config import Settings, load
from garrison.scan.examples import try_examples
from garrison.scan.scan import Result, scan

CHECK = """\
id: acme-bucket-team
title: Bucket has no team
why: nobody knows whose model it is.
fix: tag it.
severity: high
pillar: access
about_ml: true
maps: [ACME:SEC-7]
kind: Bucket
fail: '!(bucket.tags.team in ["fraud", "risk"])'
message: no team is named that exists
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
MAIN = """\
variable "team" {}
resource "aws_s3_bucket" "wrong" {
  bucket = "wrong"
  tags   = { team = "misspelt" }
}
resource "aws_s3_bucket" "right" {
  bucket = "right"
  tags   = { team = "risk" }
}
resource "aws_s3_bucket" "open" {
  bucket = "open"
  tags   = { team = var.team }
}
"""


@pytest.fixture
def own(tmp_path: Path) -> Check:
    (tmp_path / "team.yaml").write_text(CHECK)
    (check,) = load_checks([tmp_path])
    return check


@pytest.fixture
def infra(tmp_path: Path) -> Path:
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra/main.tf").write_text(MAIN)
    return tmp_path / "infra"


def judged(infra: Path, own: Check, **settings: object) -> Result:
    said = Settings(own=(own,), checks=frozenset({own.id}), today=dt.date(2026, 11, 1))
    return scan([infra], msgspec.structs.replace(said, **settings))


def test_it_fails_passes_or_is_unknown(infra: Path, own: Check) -> None:
    result = judged(infra, own)
    (found,), (undecided,) = result.findings, result.undecided
    assert (found.asset.label, found.place.line, found.why) == ("wrong", 4, "no team is named that exists")
    assert (undecided.asset.label, undecided.decided_by) == ("open", ("var.team",))
    assert result.passed_by_check == {own.id: 1}
    assert result.exit_code == 1


def test_it_is_one_among_all_in_that_scan_only(infra: Path, own: Check) -> None:
    before = all_checks()
    assert {own.id, "bucket-block-missing"} <= {f.check.id for f in scan([infra], Settings(own=(own,))).findings}
    assert own.id not in {f.check.id for f in scan([infra]).findings}
    assert all_checks() is before
    with pytest.raises(UsageError):
        scan([infra], Settings(checks=frozenset({own.id})))


def test_it_can_be_ignored(infra: Path, own: Check) -> None:
    ignored = MAIN.replace('misspelt" }', 'misspelt" } # garrison: ignore[acme-bucket-team] it will be renamed')
    (infra / "main.tf").write_text(ignored)
    result = scan([infra], Settings(own=(own,)))
    assert [i.finding.check.id for i in result.ignored] == [own.id]
    assert "ignore-unknown-check" not in {f.check.id for f in result.findings}
    without = scan([infra])
    assert "ignore-unknown-check" in {f.check.id for f in without.findings}


def test_it_can_be_put_off(infra: Path, own: Check, tmp_path: Path) -> None:
    baseline = tmp_path / "known.json"
    write_baseline(baseline, judged(infra, own).findings)
    later = judged(infra, own, baseline=read_baseline(baseline))
    assert later.findings == []
    assert [f.check.id for f in later.baselined] == [own.id]
    assert scan([infra], Settings(baseline=read_baseline(baseline))).mended == []


def test_reports_tell_what_it_is(infra: Path, own: Check) -> None:
    result = judged(infra, own)
    sarif = json.loads("".join(form("sarif").render(result, View())))
    (rule,) = sarif["runs"][0]["tool"]["driver"]["rules"]
    assert (rule["id"], rule["shortDescription"]["text"]) == (own.id, "Bucket has no team")
    assert '+  tags   = { team = "fraud" }' in rule["help"]["markdown"]
    assert "ACME:SEC-7" in rule["properties"]["tags"]
    report = json.loads("".join(form("json").render(result, View())))
    assert report["checks"][own.id]["maps"] == ["ACME:SEC-7"]
    assert "Fix  tag it." in "".join(form("terminal").render(result, View(everything=True)))


@pytest.mark.parametrize(("answer", "why"), [(None, "answered with a NoneType"), (True, "answered with a bool"), (SystemExit(0), "raised SystemExit: 0")])  # fmt: skip
def test_one_that_gives_no_verdict_is_an_error(infra: Path, own: Check, answer: object, why: str) -> None:
    def run(*_: object) -> Verdict:
        if isinstance(answer, BaseException):
            raise answer
        return answer  # type: ignore[return-value]  # what the test is for

    result = judged(infra, msgspec.structs.replace(own, run=run))
    assert len(result.errors) == 3
    assert why in result.errors[0].why
    assert result.exit_code == 3


def test_the_configuration_names_them(infra: Path, own: Check, tmp_path: Path) -> None:
    (tmp_path / "garrison.toml").write_text('[scan]\nfail-on = "high"\nchecks = ["team.yaml"]\n')
    loaded = load(tmp_path / "garrison.toml")
    assert [c.id for c in load_checks(loaded.own_checks())] == [own.id]
    (tmp_path / "team.yaml").unlink()
    with pytest.raises(ConfigError) as raised:
        loaded.own_checks()
    assert raised.value.where == f"{tmp_path}/garrison.toml:3"
    (tmp_path / "pyproject.toml").write_text('[tool.garrison.scan]\nchecks = ["team.yaml"]\n')
    with pytest.raises(ConfigError) as raised:
        load(tmp_path / "pyproject.toml").own_checks()
    assert raised.value.where == f"{tmp_path}/pyproject.toml:2"


def test_examples_that_are_as_they_should_be(own: Check) -> None:
    assert [(t.name, t.wrong) for t in try_examples(own)] == [("fail.tf", ""), ("pass.tf", "")]


@pytest.mark.parametrize(
    ("name", "text", "wrong"),
    [
        ("fail.tf", 'resource "aws_s3_bucket" "b" {\n  tags = { team = "risk" }\n}\n', "it passes"),
        ("pass.tf", 'resource "aws_s3_bucket" "b" {\n  bucket = "x"\n}\n', "it fails, line 1: x, no team is named that exists"),
        ("pass.tf", 'variable "t" {}\nresource "aws_s3_bucket" "b" {\n  tags = { team = var.t }\n}\n', "it is unknown, line 3: var.t has no default"),
        ("fail.tf", 'variable "t" {}\nresource "aws_s3_bucket" "b" {\n  tags = { team = var.t }\n}\n', "it is unknown, line 3: var.t has no default"),
        ("fail.tf", 'resource "aws_sns_topic" "b" {}\n', "there is no Bucket in it"),
        ("pass.tf", 'resource "aws_s3_bucket" "b" {\n', "it cannot be read, line "),
        ("pass.kubernetes.yaml", "a: \ud800", "there is no Bucket in it"),
    ],
)  # fmt: skip
def test_examples_that_are_not(own: Check, name: str, text: str, wrong: str) -> None:
    (tried,) = try_examples(msgspec.structs.replace(own, examples={name: text}))
    assert tried.wrong.startswith(wrong)
