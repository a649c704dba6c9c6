"""`garrison alerts`: what people see and do, in files, beside others, with whatever a log holds."""

from __future__ import annotations

import csv
import io
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from inline_snapshot import snapshot
from tests.watch.routes.conftest import Hook

from garrison.events.event import Severity
from garrison.watch.alerts.findings import FINDINGS
from garrison.watch.alerts.signal import Detector, Signal
from garrison.watch.alerts.store import Alerts, now_us
from garrison.watch.responses.queue import plan
from garrison.watch.responses.response import Response
from garrison.watch.store.filter import parse

Run = Callable[..., subprocess.CompletedProcess[str]]
HOUR = 3_600_000_000
HOSTILE = "batch\x1b[2J\u202e"


def said(name: str, principal: str, asset: str, *, severity: Severity, **more: object) -> Signal:
    now = now_us()
    kinds = {"detector": Detector.RULE, "title": name.capitalize(), "since_us": now - HOUR, "time_us": now - HOUR}
    return Signal(name=name, principal=principal, asset=asset, severity=severity, **{**kinds, **more})  # type: ignore[arg-type]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "watch").mkdir()
    with Alerts.open(tmp_path / "watch/alerts.db") as alerts:
        alerts.record(
            [
                said("many secrets are read", "batch", "fraud", severity=Severity.HIGH, uids=("u1", "u2"), text="12 in 10 min",
                     src_ip="203.0.113.9", tags=("attack.credential-access",)),
                said("unusual rate", "batch", "scoring", severity=Severity.MEDIUM, detector=Detector.BASELINE,
                     tags=("attack.exfiltration",)),
                said("a quiet source", "", "gateway", severity=Severity.MEDIUM, detector=Detector.SILENCE),
                said("a name", HOSTILE, "=cmd()", severity=Severity.LOW),
            ],
            {},
        )  # fmt: skip
        plan(alerts, Response(name="revoke"), now_us())

    def garrison(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "garrison", "alerts", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)

    return garrison


def test_what_is_open_is_listed_the_worst_first(run: Run) -> None:
    done = run()
    assert done.returncode == 0, done.stderr
    assert done.stdout == snapshot("""\
 3 incidents, 4 alerts

  66  batch on fraud, scoring  1 h ago
      +50 high: Many secrets are read · +3 one more kind of alert · +8 seen by baselines and rules
      · +5 one step after the other: credential-access, exfiltration
      ✗ high          Many secrets are read                                                      #1
      ✗ medium        Unusual rate                                                               #2

  30  nobody known on gateway  1 h ago
      +30 medium: A quiet source
      ✗ medium        A quiet source                                                             #3

  15  batch\\x1b[2J\\u202e on =cmd()  1 h ago
      +15 low: A name
      ✗ low           A name                                                                     #4

 garrison alerts show 1 · garrison alerts ack 1
""")


def test_what_is_said_of_many_things_is_one_line(run: Run, tmp_path: Path) -> None:
    with Alerts.open(tmp_path / "watch/alerts.db") as alerts:
        alike = [said("a tool calls", "eve", asset, severity=Severity.HIGH) for asset in ("s3", "iam", "ec2", "iam")]
        others = [said(f"kind {n}", "eve", "s3", severity=Severity.LOW) for n in range(5)]
        alerts.record([*alike, *others], {})
    lines = [line.split() for line in run("list", "--principal", "eve").stdout.splitlines()]
    assert [line for line in lines if line[:1] == ["✗"]] == [
        ["✗", "high", "A", "tool", "calls", "×4", "#5", "and", "2", "more"],
        *(["✗", "low", "Kind", str(n), f"#{8 + n}"] for n in range(3)),
    ]
    assert ["and", "2", "more", "(--all)"] in lines
    assert run("list", "--principal", "eve", "--all").stdout.count("A tool calls") == 4  # three, and what the risk says


def test_what_strangers_wrote_is_shown_and_not_obeyed(run: Run) -> None:
    for arguments in (
        (),
        ("show", "4"),
        ("list", "--format", "csv"),
        ("list", "--format", "json"),
        ("show", "4", "--format", "json"),
    ):
        told = run(*arguments)
        assert told.returncode == 0, told.stderr
        assert "batch" in told.stdout
        assert not set(told.stdout) & {"\x1b", "\u202e"}


def test_one_alert_is_shown_with_all_that_is_known(run: Run, tmp_path: Path) -> None:
    asset = {"address": ".:m", "label": "fraud", "kind": "Model", "place": {"path": "main.tf", "line": 3}}
    found = {"check": "model-open", "severity": "high", "why": "anybody can ask it", "asset": asset, "risk": {"score": 50.0}, "fingerprint": "f"}  # fmt: skip
    (tmp_path / "scan.json").write_text(json.dumps({"findings": [found]}))
    told = run("show", "1", "--findings", "scan.json").stdout
    for part in (
        "✗ high  Many secrets are read  #1",
        "12 in 10 min",
        "from          203.0.113.9",
        "Why 72  of 100, the risk of incident 1",
        "+6  a scan found model-open on fraud (anybody can ask it)",
        "high      model-open on fraud: anybody can ask it  main.tf:3",
        "Unusual rate  batch on scoring  #2",
        "garrison logs search uid=u1,u2 --since ",
        "garrison alerts approve 1 REASON",
        "#1 opened",
    ):
        assert part in told
    data = json.loads(run("show", "1", "--format", "json").stdout)
    assert data["risk"]["score"] == sum(part["points"] for part in data["risk"]["parts"]) == 66
    assert [alert["number"] for alert in data["incident"]] == [1, 2]


def test_a_report_that_is_broken_hides_no_alert(run: Run, tmp_path: Path) -> None:
    (tmp_path / "scan.json").write_text("{")
    assert run("--findings", "scan.json").returncode == 2
    with Alerts.open(tmp_path / "watch/alerts.db") as alerts:
        alerts.record([], {FINDINGS: str(tmp_path / "scan.json").encode()})
    done = run()
    assert done.returncode == 0
    assert "no report of a scan" in done.stderr
    assert "#1" in done.stdout


def test_a_command_that_is_shown_can_be_typed(run: Run, tmp_path: Path) -> None:
    uids = ("$(id)", "a;b", 'say "x"\\', "plain-1")
    with Alerts.open(tmp_path / "watch/alerts.db") as alerts:
        (made,) = alerts.record([said("typed", "o'neil & co", "x", severity=Severity.LOW, uids=uids)], {})
    lines = [line.strip() for line in run("show", str(made.number)).stdout.splitlines() if "logs search" in line]
    terms = [shlex.split(line)[3] for line in lines]
    condition = [parse(term, lambda text: 0) for term in terms]
    assert set(condition[0].parameters.values()) == set(uids)
    assert list(condition[1].parameters.values()) == ["o'neil & co"]


def test_filters(run: Run) -> None:
    def numbers(*arguments: str) -> list[int]:
        found = json.loads(run("list", "--format", "json", *arguments).stdout)
        return [alert["number"] for incident in found for alert in incident["alerts"]]

    assert numbers() == [1, 2, 3, 4]
    assert numbers("--severity", "medium") == [1, 2, 3]
    assert numbers("--principal", "batch") == [1, 2]
    assert numbers("--asset", "gateway") == [3]
    assert numbers("--incident", "4") == [4]
    assert numbers("--since", "30min") == []
    assert numbers("--status", "closed") == []


def test_csv_has_no_formulas(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("list", "--format", "csv").stdout)))
    assert [row["alert"] for row in rows] == ["1", "2", "3", "4"]
    assert rows[3]["asset"] == "'=cmd()"
    assert rows[0]["events"] == "1"


def test_an_alert_is_seen_to(run: Run) -> None:
    assert (
        run("ack", "1", "2", "--text", "looking", "--actor", "ann").stdout
        == "1 is acknowledged by ann\n2 is acknowledged by ann\n"
    )
    assert run("assign", "1", "--to", "eve", "--actor", "ann").stdout == "1 is for eve\n"
    assert run("note", "1", "the key is of staging", "--actor", "eve").stdout == "noted to 1\n"
    assert "acknowledged  for eve  #1" in run().stdout
    assert run("close", "1", "2", "--as", "false-alarm", "the nightly job", "--actor", "eve").returncode == 0
    told = run("show", "1").stdout
    assert "false-alarm: the nightly job" in told
    assert "#1 noted by eve: the key is of staging" in told
    assert "#1" not in run().stdout
    assert "#1" in run("list", "--status", "all").stdout


def test_a_silence_ends_by_itself_unless_it_is_said(run: Run) -> None:
    assert run("silence", "--rule", "many*", "no end").returncode == 2
    assert run("silence", "--for", "2d", "of everything").returncode == 2
    assert run("silence", "--rule", "many*", "--until", "2020-01-01", "past").returncode == 2
    assert run("silence", "--rule", "many*", "--for", "2d", " ").returncode == 2
    done = run("silence", "--rule", "Many*", "--principal", "batch", "--for", "2d", "CHG-1", "--actor", "ann")
    assert "silence 1: rule Many*, principal batch, until 20" in done.stdout
    assert "#1" not in run().stdout
    assert "silence 1" in run("list", "--silenced").stdout
    assert "CHG-1  (ann)" in run("silences").stdout
    assert run("unsilence", "1", "done").stdout == "silence 1 is over: rule Many*, principal batch\n"
    assert "#1" in run().stdout
    assert run("silences").stdout == "nothing is silenced\n"
    assert "for ever" in run("silence", "--asset", "x", "--forever", "known").stdout + run("silences").stdout


def test_responses_are_decided(run: Run) -> None:
    assert "waiting, until" in run("responses").stdout
    refused = run("approve", "1", "fine", "--actor", "batch")
    assert (refused.returncode, "whom it is about" in refused.stderr) == (2, True)
    assert run("approve", "1", " ", "--actor", "ann").returncode == 2
    assert "the watch does it" in run("approve", "1", "confirmed", "--actor", "ann").stdout
    assert "approved by ann" in run("responses").stdout
    assert run("reject", "1", "no", "--actor", "ann").returncode == 2


def test_changes_go_into_the_ledger(run: Run, tmp_path: Path) -> None:
    ledger = [sys.executable, "-m", "garrison", "ledger", "init", "audit", "--origin", "example.com/audit"]
    assert subprocess.run(ledger, cwd=tmp_path, capture_output=True, check=False, timeout=60).returncode == 0
    assert run("ack", "1", "--ledger", "audit", "--actor", "service:soc").returncode == 0
    assert run("silence", "--asset", "gateway", "--for", "1h", "CHG-2", "--actor", "service:soc").returncode == 0
    search = [sys.executable, "-m", "garrison", "ledger", "search", "--ledger", "audit"]
    told = subprocess.run(search, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60).stdout
    assert "alert.status: acknowledge  service:soc" in told
    assert "silence.change: silence  service:soc" in told


def test_what_is_wrong_is_told(run: Run, tmp_path: Path) -> None:
    assert "no alert 99" in run("show", "99").stderr
    assert run("ack", "99").returncode == 2
    assert "there are no alerts" in run("list", "--alerts", "none.db").stderr
    assert run("close", "1", "--as", "expected").returncode == 2
    assert run("nonsense").returncode == 2
    assert run("routes").stdout == "everything has been told\n"


@pytest.mark.slow
def test_what_is_to_come_is_followed(run: Run, tmp_path: Path) -> None:
    command = [sys.executable, "-u", "-m", "garrison", "alerts", "follow"]
    with (
        subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process,
        Alerts.open(tmp_path / "watch/alerts.db") as alerts,
    ):
        assert process.stdout is not None
        time.sleep(1)
        alerts.record([said("a new thing", "eve", "bucket", severity=Severity.CRITICAL)], {})
        line = process.stdout.readline()
        process.terminate()
    assert "opened" in line
    assert "#5  critical  A new thing  eve  bucket" in line


@pytest.mark.slow
def test_a_route_is_tried(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "watch.toml"
    with Hook() as hook:
        file.write_text(
            '[[input]]\ntype = "http"\nname = "in"\nlog = "syslog"\naddress = "127.0.0.1:0"\n'
            f'[[route]]\ntype = "webhook"\nname = "team"\nurl = "{hook.url}"\n'
        )
        assert run("try", "watch.toml", "team").stdout == "team has taken it\n"
        assert b"A test: nothing has happened" in hook.got[0][1]
        hook.answers = [500]
        failed = run("try", "watch.toml", "team")
        assert (failed.returncode, "answers 500" in failed.stderr) == (3, True)
        assert "did you mean team?" in run("try", "watch.toml", "tea").stderr
