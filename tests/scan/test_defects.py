"""Where Garrison itself is wrong: the asset and the cause are named, and all else is still reported."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from garrison.checks import check as registry
from garrison.checks.check import Pillar, Severity, Verdict, all_checks, check
from garrison.cli import program
from garrison.estate.assets.storage import Bucket
from garrison.estate.assets.workload import Workload
from garrison.estate.truth import Truth
from garrison.scan.scan import scan
from garrison.sources import terraform

FILES = {
    "main.tf": 'resource "aws_s3_bucket" "b" {\n  bucket = "b"\n  acl    = "public-read"\n}\n',
    "pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {hostNetwork: true}\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def broken_check(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    all_checks()  # so that every one is registered before the table is put aside
    monkeypatch.setattr(registry, "_REGISTERED", dict(registry._REGISTERED))

    @check(id="broken-check", severity=Severity.LOW, pillar=Pillar.CLOUD)
    def broken_check(bucket: Bucket) -> Verdict:
        """It is broken.

        Why: a defect.
        Fix: mend it.
        """
        raise LookupError(f"nothing in {bucket.label}")

    all_checks.cache_clear()
    yield "broken-check"
    all_checks.cache_clear()


def test_a_check_that_raises_is_named(broken_check: str, folder: Path) -> None:
    done = CliRunner().invoke(program, ["scan", str(folder), "--format", "json"])
    report = json.loads(done.stdout)
    assert done.exit_code == 3
    assert [(e["check"], e["asset"]["address"], e["why"]) for e in report["errors"]] == [
        (broken_check, ".:aws_s3_bucket.b", "broken-check raised LookupError: nothing in b")
    ]
    assert {"bucket-public", "workload-host-network"} <= {f["check"] for f in report["findings"]}


def test_an_asset_that_cannot_tell_whether_it_is_public_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def public(_: Bucket) -> Truth:
        raise TypeError("no truth")

    monkeypatch.setattr(Bucket, "public", property(public))
    result = scan([folder])
    why = "working out whether b is public raised TypeError: no truth"
    assert {(f.asset.address, f.why) for f in result.errors} == {(".:aws_s3_bucket.b", why)}
    assert "bucket-public" in {f.check.id for f in result.findings}
    assert Workload in {type(f.asset) for f in result.findings}
    assert result.exit_code == 3


def test_a_reader_that_raises_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object) -> None:
        raise TypeError("no file")

    monkeypatch.setattr(terraform, "read", read)
    result = scan([folder])
    assert [(p.path, p.message) for p in result.problems] == [
        ("main.tf", "reading Terraform broke off: TypeError: no file")
    ]
    assert {type(f.asset) for f in result.findings} == {Workload}
    assert result.exit_code == 3
