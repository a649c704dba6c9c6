"""`garrison logs retention`, `hold` and `quarantine`: what is kept for how long, and what was no event."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from tests.cli.test_logs import TRAIL, garrison

from garrison.watch.quarantine.quarantine import Quarantine
from garrison.watch.quarantine.settings import Settings

pytest.importorskip("chdb")
pytestmark = pytest.mark.slow

WATCH = """
[watch]
state = "state"
[[input]]
type = "http"
name = "web"
log = "aws-cloudtrail"
address = "127.0.0.1:0"
[[retention]]
name = "short"
days = 7
"""
PASSWORD = "hunter2hunter2"


def test_classes_and_holds_are_changed_and_told(tmp_path: Path) -> None:
    (tmp_path / "trail.json").write_text(json.dumps(TRAIL))
    (tmp_path / "watch.toml").write_text(WATCH)
    assert garrison(tmp_path, "ledger", "init", "audit", "--origin", "example.com/audit").returncode == 0
    load = ("logs", "import", "trail.json", "--log", "aws-cloudtrail", "--ledger", "audit")
    assert garrison(tmp_path, *load).returncode == 0

    why = ("--reason", "CHG-1", "--ledger", "audit")
    assert (
        b"standard is kept for 365 days"
        in garrison(tmp_path, "logs", "retention", "set", "standard", "365", *why).stdout
    )
    assert b"short is kept for 7 days" in garrison(tmp_path, "logs", "retention", "apply", "watch.toml", *why).stdout
    assert b"hold is kept for ever" in garrison(tmp_path, "logs", "retention", "set", "hold", "for-ever", *why).stdout
    told = json.loads(garrison(tmp_path, "logs", "retention", "--format", "json").stdout)
    assert told == {"standard": 365, "inference": 90, "hold": None, "short": 7}

    add = garrison(tmp_path, "logs", "hold", "add", "case-7", "api_operation~delete", "-src_ip=10.0.0.0/8", *why)
    assert b"case-7 holds 1 events" in add.stdout, add.stderr
    assert b"api_operation~delete -src_ip=10.0.0.0/8  CHG-1" in garrison(tmp_path, "logs", "hold").stdout
    assert b"beyond that: case-7" in garrison(tmp_path, "logs", "retention").stdout
    verified = garrison(tmp_path, "logs", "verify", "--ledger", "audit")
    assert (verified.returncode, b"all as stored" in verified.stdout) == (0, True), verified.stdout

    noted = tmp_path / "events/store/retention.json"
    before = noted.read_bytes()
    noted.write_bytes(before.replace(b"case-7", b"case-8"))
    verified = garrison(tmp_path, "logs", "verify", "--ledger", "audit")
    assert (verified.returncode, b"hold case-7" in verified.stdout) == (1, True)
    noted.write_bytes(before.replace(b'"standard": 365', b'"standard": 1'))
    verified = garrison(tmp_path, "logs", "verify", "--ledger", "audit")
    assert verified.returncode == 1
    assert b"class standard  entry 1  it is kept for 1 days, and the ledger says for 365 days" in verified.stdout
    noted.write_bytes(before)

    assert garrison(tmp_path, "logs", "hold", "release", "case-9", *why).returncode == 2
    for command in (
        ("hold", "release", "case-7", "--reason", "over"),
        ("retention", "set", "standard", "1", "--reason", "x"),
        ("import", "trail.json", "--log", "aws-cloudtrail"),
    ):
        refused = garrison(tmp_path, "logs", *command)
        assert (refused.returncode, refused.stdout) == (2, b""), command
        assert b"the ledger example.com/audit vouches for this store" in refused.stderr
        assert b"--ledger" in refused.stderr
    assert garrison(tmp_path, "logs", "hold", "release", "case-7", *why).stdout == b"case-7 is released\n"
    assert garrison(tmp_path, "logs", "hold").stdout == b"nothing is held\n"
    for wrong in ("0", "-1", "many", "20001", "9" * 5000):
        assert garrison(tmp_path, "logs", "retention", "set", "--reason", "x", "--", "standard", wrong).returncode == 2
    assert garrison(tmp_path, "logs", "retention", "--store", "nowhere").returncode == 2


def test_a_ledger_is_told_what_was_in_force_before_it_vouched(tmp_path: Path) -> None:
    (tmp_path / "trail.json").write_text(json.dumps(TRAIL))
    load = ("logs", "import", "trail.json", "--log", "aws-cloudtrail")
    assert garrison(tmp_path, *load).returncode == 0
    changed = garrison(tmp_path, "logs", "retention", "set", "standard", "30", "--reason", "x")
    assert (changed.returncode, b"no ledger is named" in changed.stderr) == (0, True)
    assert garrison(tmp_path, "ledger", "init", "audit", "--origin", "example.com/audit").returncode == 0
    verified = garrison(tmp_path, "logs", "verify", "--ledger", "audit")
    assert (verified.returncode, b"for 30 days, and the ledger says for 400 days" in verified.stdout) == (1, True)
    (tmp_path / "more.json").write_text(json.dumps({"Records": [{**TRAIL["Records"][0], "eventID": "another"}]}))
    assert garrison(tmp_path, *load[:2], "more.json", *load[3:], "--ledger", "audit").returncode == 0
    told = garrison(tmp_path, "logs", "verify", "--ledger", "audit").stdout
    assert b"30 days" not in told
    assert b"the ledger has no entry of its" in told  # of what was imported without it


def test_lines_that_are_no_events_are_shown_and_tried_again(tmp_path: Path) -> None:
    (tmp_path / "watch.toml").write_text(WATCH)
    assert garrison(tmp_path, "logs", "quarantine", "list").returncode == 2
    record = {**TRAIL["Records"][0], "requestParameters": {"password": PASSWORD}}
    quarantine = Quarantine.open(tmp_path / "state/quarantine", Settings())
    quarantine.put("web", "aws-cloudtrail", json.dumps(record).encode(), "a mapper of before: it knew this not")
    quarantine.put("web", "aws-cloudtrail", b"\x1b[31mno\n\xff", "no")
    quarantine.put("other", "nonesuch", b"x", "no")
    quarantine.close()

    told = garrison(tmp_path, "logs", "quarantine", "list")
    assert told.stdout.count(b"\n") == 3
    assert b"it knew" not in told.stdout
    assert garrison(tmp_path, "logs", "quarantine", "list", "--store", "state").stdout == told.stdout
    for wrong in (["--store", "."], ["--store", "https://ch.example"], ["--store", "state", "--watch", "watch.toml"]):
        assert garrison(tmp_path, "logs", "quarantine", "list", *wrong).returncode == 2
    shown = garrison(tmp_path, "logs", "quarantine", "show", "--input", "web", "--store", "state").stdout
    assert b"it knew this not" in shown
    assert b"\\x1b[31mno\\x0a\\xff" in shown
    lines = garrison(tmp_path, "logs", "quarantine", "show", "--format", "json").stdout.splitlines()
    assert base64.b64decode(json.loads(lines[2])["line"]) == b"x"
    assert garrison(tmp_path, "logs", "quarantine", "show", "--key", "watch.toml").returncode == 2

    for events, doubles in ((b"1 events stored", b""), (b"0 events stored", b", 1 were there already")):
        done = garrison(tmp_path, "logs", "quarantine", "retry")
        assert (done.stdout.strip(), done.returncode) == (events + doubles, 3), done.stderr
        assert b"2 lines are still no events" in done.stderr
    found = garrison(tmp_path, "logs", "--store", "state", "--format", "json").stdout
    assert PASSWORD.encode() not in found
    assert json.loads(found)["log_name"] == "web"
