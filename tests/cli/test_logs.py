"""`garrison logs`: a log file goes in, is looked for, counted and verified."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("chdb")

TRAIL = {
    "Records": [
        {
            "eventTime": f"2026-11-24T10:11:{second}Z",
            "eventSource": "s3.amazonaws.com",
            "eventName": name,
            "eventID": str(second),
            "sourceIPAddress": address,
            "userIdentity": {"type": "IAMUser", "userName": "ann\x1b[31m\nforged"},
            **more,
        }
        for second, name, address, more in (
            (10, "GetObject", "10.1.2.3", {}),
            (11, "DeleteBucket", "203.0.113.9", {"errorCode": "AccessDenied"}),
        )
    ]
}


def garrison(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "garrison", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120)


@pytest.mark.slow
def test_a_log_goes_in_and_is_found(tmp_path: Path) -> None:
    (tmp_path / "trail.json").write_text(json.dumps(TRAIL))
    assert garrison(tmp_path, "ledger", "init", "audit", "--origin", "example.com/audit").returncode == 0
    load = ("logs", "import", "trail.json", "--log", "aws-cloudtrail", "--ledger", "audit")
    assert b"2 events stored" in garrison(tmp_path, *load).stderr
    (tmp_path / "again.json.gz").write_bytes(gzip.compress(json.dumps(TRAIL).encode()))
    both = (*load[:2], "again.json.gz", *load[2:])
    assert b"0 events stored, 4 were there already" in garrison(tmp_path, *both).stderr

    found = garrison(tmp_path, "logs", "api_operation~delete", "-src_ip=10.0.0.0/8", "AccessDenied")
    assert b"DeleteBucket" in found.stdout
    assert b"\\x1b[31m\\x0aforged" in found.stdout  # shown, not obeyed
    assert found.stdout.count(b"\n") == 1
    plain = garrison(tmp_path, "logs", "--fields", "time,status,api_operation", "DeleteBucket").stdout.decode()
    assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d  failure  DeleteBucket\n", plain)
    told = garrison(tmp_path, "logs", "--format", "json", "--fields", "time,api_operation,status")
    assert [json.loads(line)["api_operation"] for line in told.stdout.splitlines()] == ["GetObject", "DeleteBucket"]
    table = garrison(tmp_path, "logs", "--format", "csv", "--fields", "api_operation,batch", "status=failure").stdout
    assert [row[0] for row in csv.reader(io.StringIO(table.decode()))] == ["api_operation", "DeleteBucket"]
    assert garrison(tmp_path, "logs", "--format", "parquet").stdout[:4] == b"PAR1"
    ocsf = garrison(tmp_path, "logs", "--format", "ocsf", "--limit", "1").stdout
    assert json.loads(ocsf)["class_name"] == "API Activity"
    assert b"2 events" in garrison(tmp_path, "logs", "--histogram").stdout
    counted = garrison(tmp_path, "logs", "--sql", "SELECT count() FROM garrison.events", "--format", "json").stdout
    assert json.loads(counted) == {"count()": 2}
    refused = garrison(tmp_path, "logs", "--sql", "TRUNCATE TABLE garrison.events")
    assert (refused.returncode, refused.stderr.splitlines()[0]) == (
        2,
        b"the store refuses: DropQuery does more than read",
    )
    wrong = garrison(tmp_path, "logs", "--sql", "SELECT nope FROM garrison.events").stderr
    assert wrong.splitlines()[0] == b"the store refuses: Unknown expression identifier `nope`"
    assert json.loads(garrison(tmp_path, "logs", "stats", "--format", "json").stdout)["events"] == 2
    verified = garrison(tmp_path, "logs", "verify", "--ledger", "audit")
    assert (verified.returncode, b"all as stored" in verified.stdout) == (0, True)


def test_the_tables_of_a_cluster_are_printed() -> None:
    from click.testing import CliRunner

    from garrison.cli.logs import command

    printed = CliRunner().invoke(command, ["schema", "--cluster", "prod"]).output
    assert [line.split()[5] for line in printed.splitlines() if line.startswith("CREATE TABLE")] == [
        "garrison.events_local", "garrison.events", "garrison.samples_local", "garrison.samples",
    ]  # fmt: skip
    assert all(line.endswith(";") for line in printed.splitlines())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("actor_usr=ann",), "did you mean actor_user"),
        (("--since", "yesterday"), "yesterday is no time"),
        (("--fields", "tyme"), "did you mean time"),
        (("host=a",), "there is no store in events"),
        (("--sql", "SELECT 1", "host=a"), "--sql takes no filter"),
        (("--sql", "SELECT 1", "--since", "1h"), "--sql takes no filter"),
        (("--sql", "SELECT 1", "--fields", "time"), "--sql takes no filter"),
        (("--histogram", "--format", "json"), "--histogram takes none"),
        (("--histogram", "--limit", "3"), "--histogram takes none"),
        (("--follow", "--format", "parquet"), "--follow takes neither"),
        (("--format", "ocsf", "--fields", "time"), "takes no --fields"),
        (("--since", "1h", "--until", "2h"), "is not before"),
        (("src_ip=10.0.0.0/99",), "10.0.0.0/99 is no network (column 8)"),
        (("src_ip=10.0.0.0.1/8",), "10.0.0.0.1/8 is no network"),
        (("schema", "--cluster", "a'b"), "is no name"),
        (("import", "/dev/null", "--log", "aws-cloudtrial"), "did you mean aws-cloudtrail"),
    ],
)
def test_what_is_asked_wrongly_is_said(
    arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from garrison.cli.logs import command
    from garrison.errors import GarrisonError

    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(command, arguments)
    assert isinstance(done.exception, GarrisonError) or done.exit_code == 2
    assert message in (str(done.exception) if isinstance(done.exception, GarrisonError) else done.output)
