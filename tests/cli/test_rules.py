"""`garrison rules`: lists, tests, and looks at logs."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from garrison.cli import program
from garrison.errors import UsageError

TRAIL = {
    "Records": [
        {
            "eventTime": "2026-11-24T10:11:12Z",
            "eventSource": "cloudtrail.amazonaws.com",
            "eventName": "StopLogging",
            "sourceIPAddress": "203.0.113.9",
            "userIdentity": {"type": "IAMUser", "userName": "ann\u001b[2J"},
            "requestParameters": {"name": "organisation"},
            "eventID": "1",
        },
        {
            "eventTime": "2026-11-24T10:11:13Z",
            "eventSource": "s3.amazonaws.com",
            "eventName": "GetObject",
            "eventID": "2",
        },
    ]
}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(program, ("rules", *arguments), catch_exceptions=False)


def test_the_shipped_rules_are_listed() -> None:
    said = run("list", "--level", "critical")
    assert "A role may be taken on by anybody" in said.stdout
    assert "The root user is used" not in said.stdout
    assert all(
        r["level"] == "critical" for r in json.loads(run("list", "--level", "critical", "--format", "json").stdout)
    )


def test_the_shipped_rules_hold() -> None:
    said = run("test", "--format", "json")
    assert said.exit_code == 0
    assert json.loads(said.stdout)["mistakes"] == []


def test_a_rule_that_does_other_than_it_says(tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text(
        "title: x\nlogsource: {product: aws, service: cloudtrail}\ndetection: {s: {eventName: A}, condition: s}\n"
        "examples: {match: [{eventName: B}], miss: [{eventName: C}]}\n---\ntitle: y\n"
    )
    said = run("test", str(tmp_path))
    assert said.exit_code == 1
    assert f"{tmp_path}/r.yml:1  x: example 1 must match, and does not" in said.output
    assert f"{tmp_path}/r.yml:6  it is no Sigma rule" in said.output


def test_a_log_is_looked_at(tmp_path: Path) -> None:
    trail = tmp_path / "trail.json"
    trail.write_text(json.dumps(TRAIL))
    said = run("match", str(trail), "--log", "aws-cloudtrail")
    assert said.exit_code == 1
    assert "The account's trail is stopped or taken away" in said.stdout
    assert "203.0.113.9" in said.stdout
    assert "\u001b[2J" not in said.output  # what a log says is shown, not obeyed
    assert "2 events, 1 match" in said.stderr
    (line,) = run("match", str(trail), "--log", "aws-cloudtrail", "--format", "json").stdout.splitlines()
    assert json.loads(line)["event"]["api_operation"] == "StopLogging"
    assert run("match", str(trail), "--log", "aws-cloudtrail", "--level", "critical").exit_code == 0


def test_several_files_packed_or_not_and_one_that_is_broken(tmp_path: Path) -> None:
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(json.dumps(TRAIL).encode()))
    (tmp_path / "b.json").write_text(json.dumps(TRAIL))
    (tmp_path / "c.json.gz").write_bytes(gzip.compress(json.dumps(TRAIL).encode())[:-9])
    (tmp_path / "d.json").write_text('{"Records": 4}')
    files = [str(tmp_path / name) for name in ("c.json.gz", "a.json.gz", "d.json", "b.json")]
    said = run("match", *files, "--log", "aws-cloudtrail")
    assert said.exit_code == 3
    assert said.stdout.count("The account's trail is stopped or taken away") == 2
    assert "4 events, 2 matches" in said.stderr
    assert "2 lines or files could not be read; the first:" in said.stderr
    assert "c.json.gz" in said.stderr


def test_lines_of_another_format_are_counted(tmp_path: Path) -> None:
    log = tmp_path / "auth.log"
    log.write_bytes(
        b"<38>1 2026-11-24T10:11:12Z gpu-1 sshd 9 - - Failed password for a from 203.0.113.9 port 1 ssh2\nnonsense\n"
    )
    said = run("match", str(log), "--log", "syslog")
    assert said.exit_code == 3
    assert "1 lines or files could not be read" in said.stderr


def test_many_failed_log_ins_and_one_that_succeeds(tmp_path: Path) -> None:
    failed = "<38>1 2026-11-24T10:11:{:02}Z gpu-1 sshd 9 - - Failed password for root from 203.0.113.9 port 1 ssh2\n"
    accepted = "<38>1 2026-11-24T10:12:00Z gpu-1 sshd 9 - - Accepted password for root from 203.0.113.9 port 1 ssh2\n"
    log = tmp_path / "auth.log"
    log.write_text("".join(failed.format(second) for second in range(12)) + accepted)
    said = [
        json.loads(line) for line in run("match", str(log), "--log", "syslog", "--format", "json").stdout.splitlines()
    ]
    told = [(m["rule"]["title"], m["rule"]["level"]) for m in said]
    assert told == [("Passwords are guessed", "medium"), ("A password is guessed and somebody is in", "critical")]
    assert said[1]["group"] == {"src_ip": "203.0.113.9"}


def test_a_format_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(UsageError, match="there is no log format"):
        run("match", str(tmp_path / "x"), "--log", "cloudtrial")


QUIET = """
title: Log-ins fail
name: fails
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventName: StopLogging}, condition: s}
examples: {match: [{eventName: StopLogging}], miss: [{eventName: GetObject}]}
---
title: Nobody tries
correlation: {type: event_count, rules: [fails], timespan: 1d, condition: {lt: 3}}
---
title: Nobody tries, often
name: often
correlation: {type: temporal, rules: [nobody, fails], timespan: 1d}
"""


def test_what_asks_for_what_does_not_happen_stops_no_other(tmp_path: Path) -> None:
    (tmp_path / "quiet.yml").write_text(QUIET.replace("Nobody tries\n", "Nobody tries\nname: nobody\n"))
    trail = tmp_path / "trail.json"
    trail.write_text(json.dumps(TRAIL))
    said = run("match", str(trail), "--log", "aws-cloudtrail", "--rules", str(tmp_path / "quiet.yml"))
    assert said.exit_code == 3
    assert "The account's trail is stopped or taken away" in said.stdout
    assert "Log-ins fail" not in said.stdout  # it is only there to be counted
    assert (
        f"{tmp_path}/quiet.yml:8  lt asks for what does not happen\n  write gte or gt; what is missing" in said.stderr
    )
    assert "quiet.yml:12  it needs what is left out, or cannot be used: nobody" in said.stderr
    tested = run("test", str(tmp_path / "quiet.yml"))
    assert tested.exit_code == 1
    assert "1 rule, 0 mistakes, 2 broken" in tested.stdout
    assert "quiet.yml:8  lt asks" in tested.stderr


def test_what_stands_in_the_place_of_a_shipped_rule_is_listed(tmp_path: Path) -> None:
    shipped = json.loads(run("list", "--format", "json").stdout)
    copied = next(one for one in shipped if one["title"] == "The account's trail is stopped or taken away")
    (tmp_path / "mine.yml").write_text(
        QUIET.partition("---")[0].replace("Log-ins fail\n", f"Mine\nid: {copied['id']}\n")
    )
    said = run("list", str(tmp_path))
    assert said.stdout.splitlines() == ["medium         Mine  (in the place of Garrison's own)", "", "1 rule"]
    (told,) = json.loads(run("list", str(tmp_path), "--format", "json").stdout)
    assert told["replaces"] == f"{copied['path']}:{copied['line']}"


def test_where_there_is_no_rule(tmp_path: Path) -> None:
    (tmp_path / "trail.json").write_text(json.dumps(TRAIL))
    (tmp_path / "empty").mkdir()
    for asked in (
        ("test", str(tmp_path / "empty")),
        ("list", str(tmp_path / "empty")),
        ("match", str(tmp_path / "trail.json"), "--log", "aws-cloudtrail", "--rules", str(tmp_path / "empty")),
    ):
        with pytest.raises(UsageError, match=f"there is no rule in {tmp_path}/empty"):
            run(*asked)
    (tmp_path / "empty/nothing.yml").write_text("# to come\n")
    with pytest.raises(UsageError, match="there is no rule in"):
        run("test", str(tmp_path / "empty"))


def test_help_names_rules_that_exist() -> None:
    said = " ".join(run("hunt", "--help").stdout.split())
    shipped = json.loads(run("list", "--format", "json").stdout)
    asked = re.findall(r'rules hunt (?:"([^"]+)"|(\S+))', said.partition("Examples:")[2])
    assert len(asked) == 2
    assert {title or id_ for title, id_ in asked} <= {word for one in shipped for word in (one["id"], one["title"])}
