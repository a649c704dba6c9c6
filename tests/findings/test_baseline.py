"""A baseline: known findings are counted, new ones shown, mended ones named; a broken file says where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from garrison.errors import ConfigError
from garrison.findings.baseline import read_baseline, write_baseline
from garrison.scan.config import Settings
from garrison.scan.scan import scan

BUCKET = 'resource "aws_s3_bucket" "{0}" {{\n  bucket = "{0}"\n  acl = "public-read"\n}}\n'


def test_known_new_and_mended(tmp_path: Path) -> None:
    code, known = tmp_path / "code", tmp_path / "known.json"
    code.mkdir()
    (code / "a.tf").write_text(BUCKET.format("one") + BUCKET.format("two"))
    write_baseline(known, scan([code]).findings)
    again = scan([code], Settings(baseline=read_baseline(known)))
    assert again.findings == []
    assert again.exit_code == 0
    assert {f.asset.label for f in again.baselined} == {"one", "two"}
    (code / "a.tf").write_text("\n\n\n" + BUCKET.format("two") + BUCKET.format("three"))
    later = scan([code], Settings(baseline=read_baseline(known)))
    assert {f.asset.label for f in later.findings} == {"three"}
    assert {f.asset.label for f in later.baselined} == {"two"}
    assert {e.asset for e in later.mended} == {".:aws_s3_bucket.one"}
    assert later.exit_code == 1


def test_checks_that_were_not_run_mend_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.tf").write_text(BUCKET.format("one"))
    known = tmp_path / "known.json"
    write_baseline(known, scan([tmp_path]).findings)
    result = scan([tmp_path], Settings(baseline=read_baseline(known), checks=frozenset({"bucket-public"})))
    assert result.mended == []


def test_what_is_undecided_ignored_or_unread_is_not_mended(tmp_path: Path) -> None:
    code, known = tmp_path / "code", tmp_path / "known.json"
    code.mkdir()
    for name in ("asked", "ignored", "broken", "gone"):
        (code / f"{name}.tf").write_text(BUCKET.format(name))
    write_baseline(known, scan([code]).findings)
    (code / "asked.tf").write_text('variable "acl" {}\n' + BUCKET.format("asked").replace('"public-read"', "var.acl"))
    (code / "ignored.tf").write_text("# garrison: ignore[bucket-public] it is public\n" + BUCKET.format("ignored"))
    (code / "broken.tf").write_text('resource "aws_s3_bucket" {{{\n')
    (code / "gone.tf").unlink()
    later = scan([code], Settings(baseline=read_baseline(known), checks=frozenset({"bucket-public"})))
    assert [e.asset for e in later.mended] == [".:aws_s3_bucket.gone"]
    assert len(later.undecided) == len(later.ignored) == 1
    assert later.problems


def test_it_reads_well_in_a_difference(tmp_path: Path) -> None:
    (tmp_path / "a.tf").write_text(BUCKET.format("one"))
    write_baseline(tmp_path / "known.json", scan([tmp_path]).findings)
    said = json.loads((tmp_path / "known.json").read_text())
    entry = next(e for e in said["findings"] if e["check"] == "bucket-public")
    assert entry["asset"] == ".:aws_s3_bucket.one"
    assert entry["path"] == "a.tf"
    assert entry["severity"] == "critical"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "not JSON"),
        ('{\n "version": 1,\n "findings": [\n  }\n', 4, "not JSON"),
        ('{\n "version": 1,\n "findings": [', 3, "not JSON"),
        ("[]", 1, "expected `object`"),
        ('{"version": 1}', 1, "`findings`"),
        (
            (
                '{\n "version": 1,\n "findings": [\n  {"fingerprint": "a", "check": "b", "asset": "c"},\n'
                '  {"fingerprint": 3, "check": "b", "asset": "c"}\n ]\n}'
            ),
            5,
            "$.findings[1].fingerprint",
        ),
        ('{\n "version": 9,\n "findings": []\n}', 2, "version 9"),
        ('{\n "version": 1,\n "findings": [],\n "x": 1\n}', 1, "unknown field"),
        ("[" * 100_000, 1, "not a baseline"),
    ],
)
def test_a_malformed_one_says_where(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = tmp_path / "known.json"
    path.write_text(text)
    with pytest.raises(ConfigError) as raised:
        read_baseline(path)
    assert words.lower() in raised.value.message.lower()
    assert raised.value.path == str(path)
    assert raised.value.line == line


def test_a_missing_one_says_how_to_write_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="write-baseline"):
        read_baseline(tmp_path / "nowhere.json")
