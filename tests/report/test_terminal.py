"""What a person sees."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path

import msgspec
import pytest
from inline_snapshot import snapshot

from garrison.checks.frameworks import framework
from garrison.findings.baseline import Entry as Known
from garrison.findings.result import Result
from garrison.reach.path import Cut, Entry, Hop, Jewel, Medium, Paths
from garrison.reach.path import Path as AttackPath
from garrison.report import View, form
from garrison.report.terminal.text import Painter, clean, columns, cut, cut_left, wrapped
from garrison.scan.config import Settings
from garrison.scan.scan import scan


def shown(result: Result, **view: object) -> str:
    return "".join(form("terminal").render(result, View(**view)))  # type: ignore[arg-type]


def test_the_whole_screen(project: Path, today: dt.date, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    settings = Settings(
        today=today, checks=frozenset({"bucket-public", "notebook-direct-internet", "container-privileged"})
    )
    assert shown(scan([Path()], settings), unknown=True) == snapshot("""\
 3 files, 6 assets

 1  Bucket fraud-training-data  infra:aws_s3_bucket.training
    reachable from the internet · holds training data (its name says "fraud-training-data")
    ✗ critical  Anybody on the internet can read the bucket                           bucket-public
      ┌ infra/main.tf:11
      │  5 ┃ resource "aws_s3_bucket" "training" {
      │    ╵ ↑ no public access block is said; only buckets made since April 2023 have one by
      │        themselves
      │  … │
      │ 11 ┃   acl    = "public-read"
      └ anybody can read its objects
      Fix  grant access to named roles only, and block public access.

 2  Deployment scorer  k8s:Deployment/serving/scorer
    ✗ high      Container is privileged                                        container-privileged
      ┌ k8s/scorer.yaml:20
      │ 20 ┃ privileged: true
      └ it runs privileged
      Fix  remove `privileged: true`; ask for single capabilities or a device plug-in instead.

 Paths to what matters
   the internet → Bucket fraud-training-data (training data)
   cut 1 of 1 path: infra/main.tf:11 an attacker reads, as anybody can, Bucket fraud-training-data

 What could not be decided
   ? var.team
       notebook-direct-internet on lab  infra/main.tf:18

 Not read, so the scan is incomplete (1)
   k8s/broken.yaml:3  not valid YAML: did not find expected node content (while parsing a flow node)
     run it through a YAML linter

 Notes
   main.bicep  Bicep is not read

 1 critical, 1 high · 1 unknown · 1 ignored
 garrison explain bucket-public · garrison scan . --format html -o report.html
""")


def test_paths_and_where_they_are_cut(few: Result, paths: Paths) -> None:
    few.paths = paths
    section = shown(few).partition(" Paths to what matters\n")[2].partition(" Not read")[0]
    assert section == snapshot("""\
   the internet → Deployment scorer → Bucket fraud-training-data (training data)
   the internet → Bucket fraud-training-data (training data, if what is unknown allows it)
   and 7 more
   cut 7 of 9 paths: infra/main.tf:5 Deployment scorer reads Bucket fraud-training-data

""")
    everything = shown(few, everything=True)
    assert "every listener is taken for reachable" in everything
    assert "cut 1 of 9 paths" in everything


def test_a_long_path_is_wrapped_and_masked(hostile: Result, paths: Paths) -> None:
    assets = [f.asset for f in hostile.findings[:20]]
    value = paths.found[0].hops[1].stated
    hops = tuple(Hop(a, b, Medium.CODE, "runs \x1b[2J", value) for a, b in itertools.pairwise(assets))
    hostile.paths = Paths((AttackPath(Entry.CI_JOB, hops, Jewel.ADMIN, True, 1.0),), 1, (Cut(hops[0], 1),))
    text = shown(hostile, width=80)
    assert "a CI job →" in text
    assert "\x1b" not in text
    section = text.partition("Paths to what matters\n")[2].partition("\n\n")[0].splitlines()
    assert len(section) > 10
    assert all(columns(line) <= 80 for line in section)


def test_controls_of_a_framework(project: Path, today: dt.date, few: Result) -> None:
    checks = frozenset({"bucket-public", "container-privileged", "registry-public-push", "container-image-may-change"})
    asked = Settings(today=today, framework=framework("OWASP-ml"), checks=checks)
    text = shown(scan([Path()], asked))
    assert text == snapshot("""\
 3 files, 6 assets

 OWASP Machine Learning Security Top 10 (2023)
   2 controls that checks map to: 1 failed, 1 passed

     control  failed  undecided  ignored  passed  not judged
   ✗ ML05          1          -        1       -           -  Model Theft
              bucket-public
   ✓ ML06          -          -        -       1           1  AI Supply Chain Attacks

   Only what Garrison's checks see in these files: a control that passes here is not thereby
   fulfilled.

 Not read, so the scan is incomplete (1)
   k8s/broken.yaml:3  not valid YAML: did not find expected node content (while parsing a flow node)
     run it through a YAML linter

 Notes
   main.bicep  Bicep is not read

 1 critical (1 not shown: --all) · 1 ignored
 garrison explain bucket-public · garrison scan . --format html -o report.html
""")
    everything = shown(scan([Path()], asked), everything=True)
    assert "✗ critical  Anybody on the internet can read the bucket" in everything
    assert "ML05" in everything


def test_findings_since_a_revision_say_so(few: Result) -> None:
    few.since, few.baselined, few.mended = "main", few.findings[:1], [Known("x", "bucket-public", "a:b")]
    few.findings = few.findings[1:]
    assert shown(few).splitlines()[-2] == snapshot(
        " 1 high new since main · 1 unknown (--unknown) · 1 ignored · 1 known in main · 1 mended since main"
    )
    few.findings = []
    assert "✓ nothing new since main" in shown(few)


def test_secrets_are_masked(result: Result) -> None:
    text = shown(result, everything=True, unknown=True)
    assert "container-credential-in-environment" in text
    assert "hunter2" not in text


def test_all_shows_every_finding(result: Result) -> None:
    text = shown(result, everything=True)
    assert "--all" not in text
    assert {f.check.id for f in result.findings} == {f.check.id for f in result.findings if f.check.id in text}


def test_no_line_is_wider_than_asked(result: Result) -> None:
    for width in (60, 80, 120):
        text = shown(result, everything=True, unknown=True, width=width)
        hints = text.splitlines()[-1:]
        assert [line for line in text.splitlines() if columns(line) > width and line not in hints] == []


def test_colours_only_where_wanted(result: Result) -> None:
    assert "\x1b" not in shown(result)
    assert "\x1b[" in shown(result, colour=True)


def test_a_hostile_name_moves_no_cursor(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[2Jb.tf").write_text(
        'resource "aws_s3_bucket" "x" {\n  bucket = "a\x1b]0;owned\x07\u202e"\n  acl = "public-read" # \x1b[31m\n}\n'
    )
    text = shown(scan([tmp_path]), everything=True)
    assert "bucket-public" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b[2J" in text


def test_evidence_in_another_file_is_a_reference(tmp_path: Path) -> None:
    (tmp_path / "a.tf").write_text('resource "aws_s3_bucket" "x" {\n  bucket = "x"\n}\n')
    (tmp_path / "b.tf").write_text(
        'resource "aws_s3_bucket_acl" "x" {\n  bucket = aws_s3_bucket.x.id\n  acl    = "public-read"\n}\n'
    )
    text = shown(scan([tmp_path], Settings(checks=frozenset({"bucket-public"}))), width=140)
    assert "┌" in text
    assert "b.tf:3" in text
    assert 'acl    = "public-read"' in text
    assert "a.tf:1" in text


def test_a_secret_in_another_file_is_masked(tmp_path: Path) -> None:
    (tmp_path / "a.tf").write_text('resource "aws_s3_bucket" "x" {\n  bucket = "x"\n}\n')
    (tmp_path / "b.tf").write_text(
        'resource "aws_s3_bucket_acl" "x" {\n  bucket = aws_s3_bucket.x.id\n  acl    = "public-read"\n}\n'
    )
    result = scan([tmp_path], Settings(checks=frozenset({"bucket-public"})))
    (finding,) = result.findings
    check = msgspec.structs.replace(finding.check, id="bucket-secret-in-code")
    result.findings = [msgspec.structs.replace(finding, check=check, evidence=finding.evidence[::-1])]
    text = shown(result, width=140)
    assert "← " in text
    assert "public-read" not in text


def test_what_exists_under_a_condition_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.tf").write_text(
        'variable "open" {}\nresource "aws_s3_bucket" "x" {\n  count  = var.open ? 1 : 0\n  acl = "public-read"\n}\n'
    )
    assert "only if var.open" in shown(scan([tmp_path], Settings(checks=frozenset({"bucket-public"}))))


def test_the_same_on_other_assets_is_one_entry(tmp_path: Path) -> None:
    bucket = 'resource "aws_s3_bucket" "b{0}" {{\n  bucket = "b{0}"\n  acl = "public-read"\n}}\n'
    (tmp_path / "a.tf").write_text("".join(bucket.format(n) for n in range(8)))
    result = scan([tmp_path], Settings(checks=frozenset({"bucket-public"})))
    text = shown(result)
    assert text.count("✗ critical") == 1
    assert text.count("the same on") == 4
    assert "and on 3 more" in text
    assert shown(result, everything=True).count("✗ critical") == 8


def test_clean_and_empty(tmp_path: Path) -> None:
    assert "nothing to scan was found" in shown(scan([tmp_path]))


def test_long_lines_are_cut(tmp_path: Path) -> None:
    (tmp_path / "a.tf").write_text('resource "aws_s3_bucket" "x" {\n  acl = "public-read" # ' + "x" * 5000 + "\n}\n")
    assert max(map(len, shown(scan([tmp_path])).splitlines())) <= 110


def test_text() -> None:
    assert clean("a\tb\x1b\x9b\u202e") == "a    b\\x1b\\x9b\\u202e"
    assert columns("模型") == 4
    assert cut("模型模型", 5) == "模型…"
    assert cut_left("a/long/path.tf", 8) == "…path.tf"
    assert wrapped("one two three", 9, "  ", "- ") == ["- one two", "  three"]
    assert Painter(colour=True)("x", "red bold") == "\x1b[31m\x1b[1mx\x1b[0m"
