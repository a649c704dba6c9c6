"""Comments that ask for silence: where they are heard, and what is said of them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from garrison.findings.ignores import ignores_in
from garrison.findings.result import Result
from garrison.scan.config import Settings
from garrison.scan.scan import scan
from garrison.sources.discover import discover

TODAY = dt.date(2026, 11, 23)
BUCKET = 'resource "aws_s3_bucket" "b" {{{behind}\n  bucket = "b"\n{above}  acl    = "public-read"{beside}\n}}\n'


def judged(tmp_path: Path, text: str, name: str = "main.tf") -> Result:
    (tmp_path / name).write_text(text)
    return scan([tmp_path], Settings(today=TODAY))


def told(result: Result) -> set[str]:
    return {f.check.id for f in result.findings}


COMMENT = "garrison: ignore[bucket-public] the data set is published"


@pytest.mark.parametrize(
    "text",
    [
        f"# {COMMENT}\n" + BUCKET.format(behind="", above="", beside=""),
        f"// {COMMENT}\n" + BUCKET.format(behind="", above="", beside=""),
        f"/* {COMMENT} */\n" + BUCKET.format(behind="", above="", beside=""),
        f"# {COMMENT}\n# and more on that\n\n".replace("\n\n", "\n") + BUCKET.format(behind="", above="", beside=""),
        BUCKET.format(behind=f" # {COMMENT}", above="", beside=""),
        BUCKET.format(behind="", above=f"  # {COMMENT}\n", beside=""),
        BUCKET.format(behind="", above="", beside=f" # {COMMENT}"),
    ],
)
def test_heard_at_the_evidence_and_at_the_declaration(tmp_path: Path, text: str) -> None:
    result = judged(tmp_path, text)
    assert "bucket-public" not in told(result)
    assert [(i.finding.check.id, i.ignore.reason) for i in result.ignored] == [
        ("bucket-public", "the data set is published")
    ]
    assert not told(result) & {"ignore-without-reason", "ignore-expired", "ignore-unknown-check"}


@pytest.mark.parametrize(
    "text",
    [
        f'locals {{\n  text = "# {COMMENT}"\n}}\n' + BUCKET.format(behind="", above="", beside=""),
        f"locals {{\n  text = <<-EOT\n    # {COMMENT}\n  EOT\n}}\n" + BUCKET.format(behind="", above="", beside=""),
        f"# {COMMENT}\n\n\n\n" + 'variable "x" {}\n' + BUCKET.format(behind="", above="", beside=""),
    ],
)
def test_not_heard_in_a_text_or_elsewhere(tmp_path: Path, text: str) -> None:
    assert "bucket-public" in told(judged(tmp_path, text))


def test_several_ids_and_a_date(tmp_path: Path) -> None:
    comment = "# garrison: ignore[bucket-public, bucket-unversioned] until=2026-11-23 until the move\n"
    result = judged(tmp_path, comment + BUCKET.format(behind="", above="", beside=""))
    assert "bucket-public" in {i.finding.check.id for i in result.ignored}
    assert result.ignored[0].ignore.until == "2026-11-23"


def test_expired_is_not_heard_and_told(tmp_path: Path) -> None:
    comment = "# garrison: ignore[bucket-public] until=2026-11-22 until the move\n"
    result = judged(tmp_path, comment + BUCKET.format(behind="", above="", beside=""))
    assert {"bucket-public", "ignore-expired"} <= told(result)
    assert not result.ignored


def test_a_date_that_is_none_is_told(tmp_path: Path) -> None:
    comment = "# garrison: ignore[bucket-public] until=soon until the move\n"
    assert {"bucket-public", "ignore-expired"} <= told(
        judged(tmp_path, comment + BUCKET.format(behind="", above="", beside=""))
    )


def test_without_a_reason_is_told(tmp_path: Path) -> None:
    result = judged(tmp_path, "# garrison: ignore[bucket-public]\n" + BUCKET.format(behind="", above="", beside=""))
    assert "ignore-without-reason" in told(result)
    assert "bucket-public" not in told(result)


@pytest.mark.parametrize("ids", ["[bucket-pulbic]", "", "[]"])
def test_an_unknown_check_is_told(tmp_path: Path, ids: str) -> None:
    result = judged(tmp_path, f"# garrison: ignore{ids} because\n" + BUCKET.format(behind="", above="", beside=""))
    assert {"bucket-public", "ignore-unknown-check"} <= told(result)


def test_unused_is_noted(tmp_path: Path) -> None:
    result = judged(tmp_path, '# garrison: ignore[bucket-public] was\nresource "aws_s3_bucket" "b" {}\n')
    assert [n.path for n in result.notes] == ["main.tf:1"]
    only = scan([tmp_path], Settings(today=TODAY, checks=frozenset({"bucket-unversioned"})))
    assert only.notes == [], "nothing is said of an ignore whose check was not run"


def test_yaml(tmp_path: Path) -> None:
    pod = (
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers:\n    - name: c\n      image: x\n"
        "      securityContext:\n        privileged: true{}\n"
    )
    comment = "  # garrison: ignore[container-privileged] loads the driver"
    assert "container-privileged" in told(judged(tmp_path, pod.format(""), "pod.yaml"))
    assert "container-privileged" not in told(judged(tmp_path, pod.format(comment), "pod.yaml"))


def test_comments_only(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "a: 'it''s # garrison: ignore[x] text'\n"
        "run: |\n  # garrison: ignore[x] a script's\n  echo\nb: x#garrison: ignore[x] no comment\n"
        "- run: >-\n    # garrison: ignore[x] a script's\n  name: a  # garrison: ignore[y] a comment\n"
        "c: don't # garrison: ignore[z] an apostrophe opens nothing\n"
    )
    (tmp_path / "a.json").write_text('{"a": "# garrison: ignore[x] text"}')
    found = ignores_in(discover(tmp_path).files.values())
    assert [(i.checks, i.place.line, i.line) for i in found] == [(("y",), 8, 8), (("z",), 9, 9)]


def test_ignores_about_one_asset_keep_their_fingerprints(tmp_path: Path) -> None:
    text = "# garrison: ignore[bucket-public]\n" + BUCKET.format(behind="", above="", beside="")
    first = {f.fingerprint for f in judged(tmp_path, text).findings if f.check.id == "ignore-without-reason"}
    moved = {f.fingerprint for f in judged(tmp_path, "\n\n" + text).findings if f.check.id == "ignore-without-reason"}
    assert first
    assert first == moved
