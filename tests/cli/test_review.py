"""`garrison review`: the report of a store, and the entry that says who has seen it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from garrison.watch.alerts.store import Alerts

pytest.importorskip("chdb")

TRAIL = {"Records": [{
    "eventTime": "2026-11-24T10:11:12Z", "eventSource": "s3.amazonaws.com", "eventName": "DeleteBucket", "eventID": "1",
    "sourceIPAddress": "203.0.113.9", "userIdentity": {"type": "IAMUser", "userName": "ann"},
}]}  # fmt: skip
SPAN = ("--since", "2026-11-24", "--until", "2026-11-25")


def garrison(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "garrison", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120)


@pytest.mark.slow
def test_a_day_is_reviewed_and_that_is_recorded(tmp_path: Path) -> None:
    (tmp_path / "trail.json").write_text(json.dumps(TRAIL))
    assert garrison(tmp_path, "ledger", "init", "audit", "--origin", "example.com/audit").returncode == 0
    assert garrison(tmp_path, "logs", "import", "trail.json", "--log", "aws-cloudtrail").returncode == 0
    Alerts.open(tmp_path / "alerts.db").close()

    told = garrison(tmp_path, "review", *SPAN)
    assert told.returncode == 0, told.stderr
    assert b"New: principals" in told.stdout
    assert json.loads(garrison(tmp_path, "review", *SPAN, "--format", "json").stdout)["counts"]["events"] == 1

    more = (
        "--ledger",
        "audit",
        "--alerts",
        "alerts.db",
        "--record",
        "--reviewer",
        "ann",
        "--format",
        "html",
        "-o",
        "r.html",
    )
    recorded = garrison(tmp_path, "review", *SPAN, *more)
    assert recorded.returncode == 0, recorded.stderr
    digest = hashlib.sha256((tmp_path / "r.html").read_bytes()).hexdigest()
    entry = json.loads(garrison(tmp_path, "ledger", "search", "--ledger", "audit", "--format", "json").stdout)[-1][
        "entry"
    ]
    assert entry["kind"] == "note"
    assert entry["object"] == {"type": "file", "name": "r.html", "digest": f"sha256:{digest}"}
    assert entry["actor"].startswith("person:")


def test_what_cannot_be_recorded_is_said_before_the_work(tmp_path: Path) -> None:
    refused = garrison(tmp_path, "review", "--record")
    assert refused.returncode == 2
    assert b"give --ledger and --alerts" in refused.stderr
