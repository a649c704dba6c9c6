"""`garrison scan --ledger`: what was scanned, and with what result, is an entry."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from garrison import __version__
from garrison.cli import program
from garrison.errors import LedgerError

BUCKET = 'resource "aws_s3_bucket" "training" {\n  bucket = "fraud-training-data"\n  acl    = "public-read"\n}\n'


def run(*arguments: str) -> str:
    return CliRunner().invoke(program, list(arguments), catch_exceptions=False).output


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra/main.tf").write_text(BUCKET)
    run("ledger", "init", "audit", "--origin", "example.com/audit")
    return tmp_path


def entry(index: int) -> dict[str, object]:
    found: dict[str, object] = json.loads(run("ledger", "show", str(index), "--ledger", "audit"))["entry"]
    return found


def test_a_scan_is_recorded(project: Path) -> None:
    assert "recorded as entry 0 of audit" in run(
        "scan", "infra", "--format", "json", "-o", "report.json", "--ledger", "audit"
    )
    report = (project / "report.json").read_bytes()
    said = entry(0)
    assert said["kind"] == "scan.result"
    assert said["object"] == {
        "type": "estate",
        "name": "infra",
        "digest": f"sha256:{hashlib.sha256(report).hexdigest()}",
    }
    details = said["details"]
    assert isinstance(details, dict)
    assert details["findings"] > 0
    assert details["passed"] > 0
    assert details["version"] == __version__
    assert "revision" not in details


def test_the_revision_is_told(project: Path) -> None:
    for arguments in ("init -q -b main", "add -A", "commit -q -m one"):
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@example", *arguments.split()]
        subprocess.run(command, cwd=project / "infra", check=True, capture_output=True, timeout=60)
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=project / "infra", check=True, capture_output=True, text=True
    )
    run("scan", "infra", "--ledger", "audit")
    details = entry(0)["details"]
    assert isinstance(details, dict)
    assert details["revision"] == head.stdout.strip()


def test_a_scan_that_cannot_be_recorded_says_so(project: Path) -> None:
    with pytest.raises(LedgerError, match="there is no ledger here"):
        run("scan", "infra", "--ledger", "none")
