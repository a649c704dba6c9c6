"""`garrison ledger`."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from garrison.cli import program
from garrison.errors import ConfigError, GarrisonError, LedgerError, TamperedError, UnreachedError, UsageError
from garrison.ledger import keys
from garrison.ledger.log import Ledger
from garrison.ledger.note import VerifierKey

NAME = "example.com/audit"
DIGEST = f"sha256:{'9f' * 32}"


def run(*arguments: str | Path, stdin: bytes | None = None, code: int = 0) -> Result:
    done = CliRunner().invoke(program, ["ledger", *map(str, arguments)], input=stdin, catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done


def told(*arguments: str | Path, stdin: bytes | None = None, code: int = 0) -> Any:
    """What a command says to programs."""
    return json.loads(run(*arguments, "--format", "json", stdin=stdin, code=code).stdout)


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GARRISON_LEDGER", raising=False)
    run("init", "audit", "--origin", NAME)
    monkeypatch.setenv("GARRISON_LEDGER", "audit")
    return tmp_path / "audit"


def vkey_of(ledger: Path) -> str:
    return (ledger / "vkey").read_text().strip()


def note(text: str, *more: str) -> int:
    return int(told("append", "--kind", "note", text, *more)["first"])


# init


def test_init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = told("init", "audit", "--origin", NAME)
    assert said == {
        "origin": NAME,
        "vkey": (tmp_path / "audit/vkey").read_text().strip(),
        "ledger": "audit",
        "key": "audit.key",
    }
    assert (tmp_path / "audit.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "audit/ledger.toml").read_text() == '[key]\nlocation = "../audit.key"\n'
    assert said["vkey"] in run("init", "second", "--origin", NAME, "--key", "audit.key").stdout  # a key that is there


def test_init_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "audit").mkdir()
    monkeypatch.chdir(tmp_path / "audit")
    assert told("init", ".", "--origin", NAME)["key"] == str(tmp_path / "audit.key")
    assert (tmp_path / "audit/ledger.toml").read_text() == '[key]\nlocation = "../audit.key"\n'


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (["--origin", NAME], UsageError, "no folder is named"),
        (["a", "--origin", "no name"], LedgerError, "cannot be the name"),
        (["a", "--origin", NAME, "--key", "a/key"], LedgerError, "would lie in the folder"),
        (
            ["a", "--origin", NAME, "--key", "there.key", "--seal-with-passphrase"],
            UsageError,
            "only the file of a new key",
        ),
        (["a", "--origin", "example.com/b", "--key", "there.key"], LedgerError, "the key of example.com/audit, not of"),
        (["a", "--origin", NAME, "--key", "xkms://a"], LedgerError, "no key service"),
    ],
)
def test_what_init_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], error: type[GarrisonError], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GARRISON_LEDGER", raising=False)
    keys.create(tmp_path / "there.key", NAME)
    with pytest.raises(error, match=words):
        run("init", *arguments)
    assert not (tmp_path / "a").exists()
    assert not (tmp_path / "a.key").exists()


def test_init_leaves_a_ledger_alone(ledger: Path) -> None:
    with pytest.raises(UsageError, match="there is a ledger in audit"):
        run("init", "audit", "--origin", NAME)


# append


def test_append(ledger: Path) -> None:
    assert run("append", "--kind", "note", "first").stdout == " entry 0\n"
    index = told(
        "append", "--kind", "model.deploy", "--actor", "service:ci", "--action", "promote", "--object", "model:fraud",
        "--digest", DIGEST, "--approval", "entry:0", "--previous", DIGEST, "--time", "2026-11-25T09:30:00Z",
        "--detail", "environment=production", "--reason", "CHG-1234",
    )  # fmt: skip
    assert index == {"first": 1, "count": 1}
    assert told("show", "1")["entry"] == {
        "kind": "model.deploy",
        "action": "promote",
        "actor": "service:ci",
        "object": {"type": "model", "name": "fraud", "digest": DIGEST},
        "time": "2026-11-25T09:30:00Z",
        "reason": "CHG-1234",
        "approval": "entry:0",
        "previous": DIGEST,
        "details": {"environment": "production"},
    }


def test_the_actor_is_the_key_where_none_is_named(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note("first")
    vkey = VerifierKey.parse(vkey_of(ledger))
    assert told("show", "0")["entry"]["actor"] == f"key:{NAME}+{vkey.key_id.hex()}"
    monkeypatch.setenv("GARRISON_ACTOR", "service:cron")
    note("second")
    assert told("show", "1")["entry"]["actor"] == "service:cron"


def test_fields_from_standard_input(ledger: Path) -> None:
    lines = b'{"reason": "one"}\n\n{"reason": "two", "kind": "note", "object": {"type": "file", "name": "f"}}\n'
    assert told("append", "--kind", "note", "-", stdin=lines) == {"first": 0, "count": 2}
    pretty = b'{\n  "reason": "three",\n  "actor": "service:x"\n}\n'
    assert told("append", "--kind", "note", "--actor", "service:y", "-", stdin=pretty)["first"] == 2
    assert told("append", "--kind", "note", "-", stdin=b"just text\n")["first"] == 3
    entries = told("show")["entries"]
    assert [e["entry"]["reason"] for e in entries] == ["one", "two", "three", "just text"]
    assert entries[2]["entry"]["actor"] == "service:x"


def test_details_that_are_no_text(ledger: Path) -> None:
    arguments = ["append", "--kind", "scan.result", "--object", "estate:all", "--digest", DIGEST]
    assert run(*arguments, "--detail", "findings:=7", "--detail", "revision=main")
    assert told("show", "0")["entry"]["details"] == {"findings": 7, "revision": "main"}
    with pytest.raises(LedgerError, match=r"no entry of kind scan\.result"):
        run(*arguments, "--detail", "findings=7")


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (["x"], b"", "no kind is given"),
        (["--kind", "nope", "x"], b"", "no registered kind"),
        (["--kind", "note", "x", "--object", "model"], b"", "has no type"),
        (["--kind", "note", "x", "--digest", DIGEST], b"", "that of an object"),
        (["--kind", "note", "x", "--detail", "a"], b"", "is no field"),
        (["--kind", "note", "x", "--detail", "a:=b"], b"", "--detail a:=b"),
        (["--kind", "note", "-"], b'{"reason": ', "standard input is no JSON"),
        (["--kind", "note", "-"], b'{"reason": "a"}\n{"reason": \n', "line 2 of standard input"),
        (["--kind", "note", "-"], b'{"reason": "a"}\n[1]\n', "line 2 of standard input"),
        (["--kind", "note", "-"], b'{"reason": "a"}\n{"raeson": "b"}\n', "no entry of kind note"),
        (["--kind", "note", "-"], b" \n", "standard input is empty"),
        (["--kind", "note", "-"], b"\xff", "byte 0 of standard input is not UTF-8"),
        (["-"], b'{"kind": ["note"], "reason": "a"}', "no kind is given"),
        (["--kind", "note", "somebody@example.com"], b"", "e-mail address"),
        (["--kind", "note", "x" * 5000], b"", "no entry of kind note"),
    ],
)
def test_what_append_refuses(ledger: Path, arguments: list[str], stdin: bytes, words: str) -> None:
    with pytest.raises((UsageError, LedgerError), match=words):
        run("append", *arguments, stdin=stdin)
    assert told("show")["size"] == 0


def test_no_ledger_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GARRISON_LEDGER", raising=False)
    for command in (
        ["append", "--kind", "note", "x"],
        ["show"],
        ["search"],
        ["prove", "0"],
        ["verify"],
        ["checkpoint"],
        ["rotate", "--finish"],
    ):
        with pytest.raises(UsageError, match="no ledger is named"):
            run(*command)
        with pytest.raises(
            LedgerError, match=r"there is no ledger here|not told|no key is named|No such file"
        ) as raised:
            run(*command, "--ledger", "none") if command[0] != "rotate" else run(
                "append", "--ledger", "none", "--kind", "note", "x"
            )
        assert raised.value.exit_code == 2


@pytest.mark.slow
def test_many_at_once_take_turns(ledger: Path) -> None:
    command = [sys.executable, "-m", "garrison", "ledger", "append", "--kind", "note"]
    crowd = [subprocess.Popen([*command, f"entry {n}"], stdout=subprocess.PIPE) for n in range(4)]
    for process in crowd:
        process.communicate(timeout=60)
        assert process.returncode == 0
    reasons = {e["entry"]["reason"] for e in told("show")["entries"]}
    assert reasons == {f"entry {n}" for n in range(4)}
    run("verify")


# show, search, kinds


def test_show(ledger: Path) -> None:
    for number in range(5):
        note(f"drill {number}")
    said = run("show", "--last", "2").stdout
    assert re.search(rf"^ {NAME} · 5 entries · signed \d+ s ago by {NAME}\+\w{{8}}$", said, re.MULTILINE)
    assert said.count("drill") == 2
    assert said.endswith("drill 4\n")
    found = told("show", "--last", "1")
    assert (found["origin"], found["size"], len(found["entries"])) == (NAME, 5, 1)
    assert found["vkeys"] == [vkey_of(ledger)]
    with pytest.raises(LedgerError, match="there is no entry 5"):
        run("show", "5")


def test_what_entries_hold_is_shown_and_not_obeyed(ledger: Path) -> None:
    note("\x1b[2J\x1b]0;title\x07 \u202egnp", "--object", "file:a\r\nb\x9b31m")
    for command in (["show"], ["search", "title"], ["show", "0"]):
        said = run(*command).stdout
        assert not {"\x1b", "\x07", "\u202e", "\x9b", "\r"} & set(said)
    assert r"\x1b[2J\x1b]0;title\x07 \u202egnp" in run("show").stdout


def test_search(ledger: Path) -> None:
    note("Restore DRILL", "--time", "2026-11-01T00:00:00Z", "--actor", "service:cron")
    note("another drill", "--object", "estate:production")
    run(
        "append",
        "--kind",
        "model.deploy",
        "--object",
        "model:fraud",
        "--digest",
        DIGEST,
        "--detail",
        "environment=x",
        "CHG-1",
    )

    def found(*arguments: str) -> list[int]:
        return [e["index"] for e in told("search", *arguments)]

    assert found() == [0, 1, 2]
    assert found("drill") == [0, 1]
    assert found("drill", "restore") == [0]
    assert found("--kind", "model.deploy") == [2]
    assert found("--actor", "service:cron") == [0]
    assert found("--object", "estate") == [1]
    assert found("--object", "model:fraud") == found("--digest", DIGEST[:12]) == [2]
    assert found("--object", "model:other") == []
    assert found("--since", "2026-11-02") == [1, 2]
    assert found("--until", "2026-11-02T00:00:00+01:00") == [0]
    assert found("--limit", "1") == [2]
    assert "2 found" in run("search", "drill").stdout
    with pytest.raises(UsageError, match="is no time"):
        run("search", "--since", "yesterday")


def test_kinds(ledger: Path) -> None:
    (ledger / "kinds.toml").write_text('["drill"]\ntitle = "A drill"\nactions = ["run"]\nobject = "estate"\n')
    assert " drill: A drill\n" in run("kinds").stdout
    assert {"note", "model.deploy", "drill"} <= {kind["kind"] for kind in told("kinds")}
    assert "drill" not in {kind["kind"] for kind in told("kinds", "--ledger", "elsewhere")}


# prove, verify


def test_a_proof_verifies_without_the_ledger(ledger: Path, tmp_path: Path) -> None:
    for number in range(5):
        note(f"drill {number}")
    vkey = vkey_of(ledger)
    run("prove", "3", "-o", "3.json")
    assert run("prove", "3").stdout == (tmp_path / "3.json.tlog-proof").read_text() == told("prove", "3")["proof"]
    shutil.rmtree(ledger)
    assert (
        "3.json is entry 3 of example.com/audit"
        in run("verify", "--proof", "3.json.tlog-proof", "3.json", "--key", vkey).stdout
    )
    assert told("verify", "--proof", "3.json.tlog-proof", "3.json", "--key", vkey)["index"] == 3
    (tmp_path / "3.json").write_bytes((tmp_path / "3.json").read_bytes().replace(b"drill 3", b"drill 4"))
    with pytest.raises(TamperedError, match="this is not entry 3"):
        run("verify", "--proof", "3.json.tlog-proof", "3.json", "--key", vkey)
    for arguments in (["3.json"], ["--proof", "3.json.tlog-proof"], ["--proof", "3.json.tlog-proof", "3.json"]):
        with pytest.raises(UsageError):
            run("verify", *arguments)


def test_a_changed_entry_is_named(ledger: Path) -> None:
    for number in range(5):
        note(f"drill {number}")
    assert re.fullmatch(
        r" 5 entries, last signed \d+ s ago by example\.com/audit · consistent", run("verify").stdout.splitlines()[0]
    )
    path = ledger / "tile/entries/000.p/5"
    path.write_bytes(path.read_bytes().replace(b"drill 3", b"drill 4"))
    assert run("verify", code=1).stdout.startswith(" entry 3  tile/entries/000.p/5  ")
    said = told("verify", code=1)
    assert said["consistent"] is False
    assert (said["faults"][0]["part"], said["faults"][0]["index"]) == ("entry", 3)


def test_a_changed_tile_and_a_changed_signature_are_named(ledger: Path) -> None:
    note("drill")
    note("drill")
    tile, checkpoint = ledger / "tile/0/000.p/2", ledger / "checkpoint"
    whole = tile.read_bytes(), checkpoint.read_bytes()
    tile.write_bytes(bytes([whole[0][0] ^ 1]) + whole[0][1:])
    assert " tile  tile/0/000.p/2  " in run("verify", code=1).stdout
    tile.write_bytes(whole[0])
    checkpoint.write_bytes(whole[1][:-8] + b"AAAAAAA\n")
    assert re.match(r" (signature|checkpoint)  checkpoint  ", run("verify", code=1).stdout)
    checkpoint.write_bytes(whole[1])
    run("verify")


def test_cut_off_and_signed_anew(ledger: Path, tmp_path: Path) -> None:
    """The ledger's own folder shows nothing: the checkpoint that was kept does."""
    for number in range(4):
        note(f"drill {number}")
    run("checkpoint", "-o", "kept")
    signer = keys.load("audit.key", NAME)
    for name in ("tile", "journal"):
        shutil.rmtree(ledger / name)
    (ledger / "checkpoint").unlink()
    with Ledger.create(ledger, signer):
        pass
    note("drill 0")
    run("verify")
    assert (
        "4 entries were signed, 1 are here: the ledger was cut off" in run("verify", "--since", "kept", code=1).stdout
    )
    for number in range(3):
        note(f"other {number}")
    assert "split view" in run("verify", "--since", "kept", code=1).stdout
    with pytest.raises(TamperedError, match="split view"):
        run("verify", "--consistency", "kept", "audit/checkpoint")
    note("more")
    with pytest.raises(TamperedError, match="do not continue the 4"):
        run("verify", "--consistency", "kept", "audit/checkpoint")


def test_consistency(ledger: Path) -> None:
    run("checkpoint", "-o", "empty")
    note("one")
    run("checkpoint", "-o", "first")
    note("two")
    run("checkpoint", "-o", "second")
    assert "the first 1 of 2 entries" in run("verify", "--consistency", "first", "second").stdout
    assert told("verify", "--consistency", "empty", "second") == {"consistent": True, "old": 0, "new": 2, "proof": []}
    run("verify", "--consistency", "second", "second")
    with pytest.raises(UsageError, match="give the older checkpoint first"):
        run("verify", "--consistency", "second", "first")


def test_a_pinned_key(ledger: Path, tmp_path: Path) -> None:
    note("one")
    other = keys.create(tmp_path / "other.key", NAME).vkey
    run("verify", "--key", vkey_of(ledger))
    assert "no known key signed it" in run("verify", "--key", other, code=1).stdout
    with pytest.raises(LedgerError, match="no verifier key"):
        run("verify", "--key", "nonsense")
    with pytest.raises(TamperedError):
        run("show", "--key", other)


def test_a_policy_names_the_key_too(ledger: Path, tmp_path: Path) -> None:
    note("one")
    run("prove", "0", "-o", "0.json")
    other = keys.create(tmp_path / "other.key", NAME).vkey
    stranger = keys.create(tmp_path / "stranger.key", "example.com/stranger").vkey

    def policy(*logs: str) -> str:
        (tmp_path / "policy").write_text("".join(f"log {vkey}\n" for vkey in logs) + "quorum none\n")
        return "policy"

    proof = ("verify", "--proof", "0.json.tlog-proof", "0.json")
    for arguments in (["verify"], [*proof]):
        run(*arguments, "--policy", policy(stranger, vkey_of(ledger)))
        run(*arguments, "--policy", policy(other), "--key", vkey_of(ledger))
        run(*arguments, "--policy", policy(), "--key", vkey_of(ledger))
        with pytest.raises(TamperedError, match=r"trusts no key of example\.com/audit|no key is known for the ledger"):
            run(*arguments, "--policy", policy(stranger))
    run("verify", "--policy", policy())
    assert "no known key signed it" in run("verify", "--policy", policy(other), code=1).stdout
    with pytest.raises(UsageError, match="names the witnesses already"):
        run("verify", "--policy", policy(), "--witness", "w")


# keys


def test_rotation(ledger: Path, tmp_path: Path) -> None:
    first = vkey_of(ledger)
    note("before")
    new = told("rotate", "--to", "new.key", "--reason", "yearly")
    assert new["index"] == 1
    with pytest.raises(UsageError, match="a hand-over is under way"):
        run("rotate", "--to", "newer.key")
    note("between")
    assert (ledger / "checkpoint").read_bytes().count("— ".encode()) == 2
    run("rotate", "--finish")
    (tmp_path / "audit.key").unlink()
    note("after")
    assert (ledger / "checkpoint").read_bytes().count("— ".encode()) == 1
    for vkey in (first, new["vkey"]):
        assert run("verify", "--key", vkey).stdout.startswith(" 4 entries")
    assert told("show")["vkeys"] == [first, new["vkey"]]
    assert told("show", "1")["entry"]["reason"] == "yearly"
    with pytest.raises(UsageError, match="no hand-over is under way"):
        run("rotate", "--finish")
    with pytest.raises(LedgerError, match="would lie in the folder"):
        run("rotate", "--to", "audit/new.key")
    for arguments in ([], ["--finish", "--to", "a"]):
        with pytest.raises(UsageError, match="give --to LOCATION, or --finish"):
            run("rotate", *arguments)


def test_rotation_leaves_the_other_settings(ledger: Path) -> None:
    path = ledger / "ledger.toml"
    rest = "\n[[sink]]\nkind = 'git'  # theirs\nname = 'a'\nrepository = 'r'\n"
    path.write_text(f"# top\n{path.read_text()}passphrase-env = 'X'\n{rest}")
    run("rotate", "--to", "new.key")
    assert path.read_text() == (
        f'# top\n[key]\nlocation = "../new.key"\nprevious = "../audit.key"\npassphrase-env = \'X\'\n{rest}'
    )


def test_a_key_that_others_can_read(ledger: Path, tmp_path: Path) -> None:
    (tmp_path / "audit.key").chmod(0o644)
    with pytest.raises(LedgerError, match="others than its owner can use this key") as raised:
        note("x")
    assert "chmod 600" in raised.value.hint


def test_another_key_signs_nothing(ledger: Path, tmp_path: Path) -> None:
    keys.create(tmp_path / "other.key", NAME)
    with pytest.raises(TamperedError, match="no known key signed it"):
        run("append", "--kind", "note", "x", "--sign-with", "other.key")


# witnesses and sinks


@pytest.fixture
def witness(ledger: Path, tmp_path: Path) -> Iterator[str]:
    """A witness in a process of its own, with a ledger of its own; its vkey. The ledger is told of it."""
    run("init", "second", "--origin", "example.com/second")
    vkey = told("witness", "key", "witness.key", "--name", "witness.example/w1")["vkey"]
    words = f"--key witness.key --name witness.example/w1 --state state --record second --listen 127.0.0.1:0 --log {vkey_of(ledger)}"
    command = [sys.executable, "-m", "garrison", "ledger", "witness", "serve", *words.split()]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    url = process.stdout.readline().split()[-1]
    with (ledger / "ledger.toml").open("a") as file:
        file.write(f"\n[[witness]]\nvkey = '{vkey}'\nurl = '{url}'\ntimeout-s = 5\n")
    yield vkey
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    process.stdout.close()


@pytest.mark.slow
def test_a_witness_over_http(ledger: Path, tmp_path: Path, witness: str) -> None:
    note("one")
    assert "never asked" in run("show", code=3).stdout
    assert run("verify", "--witness", witness, code=1).stdout.startswith(
        " signature  checkpoint.witnessed  it is missing"
    )
    done = run("checkpoint")
    assert done.stdout.count("— ") == 2
    assert "witness witness.example/w1: cosigned 1 entry" in done.stderr
    note("two")
    assert "1 of them cosigned by witness.example/w1" in run("verify", "--witness", witness).stdout
    run("checkpoint", "-o", "kept")
    (tmp_path / "policy").write_text(f"log {vkey_of(ledger)}\nwitness w {witness}\nquorum w\n")
    run("verify", "--policy", "policy")
    run("prove", "1", "-o", "1.json")
    assert (
        "cosigned by witness.example/w1"
        in run("verify", "--proof", "1.json.tlog-proof", "1.json", "--policy", "policy").stdout
    )
    # The ledger is written anew with the same key: the witness does not cosign it.
    signer = keys.load("audit.key", NAME)
    shutil.rmtree(ledger / "tile")
    (ledger / "checkpoint").unlink()
    with Ledger.create(ledger, signer):
        pass
    assert "was cut off" in run("checkpoint", code=1).stderr
    note("another one")
    note("another two")
    assert "split view" in run("checkpoint", code=1).stderr
    assert len(list((ledger / "evidence").iterdir())) == 2


@pytest.mark.slow
def test_what_a_witness_serves_to_monitors(ledger: Path, witness: str) -> None:
    import hashlib
    import tomllib

    note("one")
    run("checkpoint")
    url = tomllib.loads((ledger / "ledger.toml").read_text())["witness"][0]["url"]
    with urllib.request.urlopen(f"{url}{hashlib.sha256(NAME.encode()).hexdigest()}/checkpoint") as answer:
        assert answer.read() == (ledger / "checkpoint.witnessed").read_bytes()
    (seen,) = told("show", "--ledger", "second")["entries"]
    assert seen["entry"]["object"] == {"type": "ledger", "name": NAME}
    assert seen["entry"]["details"] == {"size": 1, "root": f"sha256:{told('show', code=0)['root']}"}


def test_a_dead_witness_and_a_dead_sink_are_told(ledger: Path, tmp_path: Path) -> None:
    """Appending goes on; what was not taken waits."""
    vkey = told("witness", "key", "witness.key", "--name", "witness.example/w1")["vkey"]
    with (ledger / "ledger.toml").open("a") as file:
        file.write(f"\n[[witness]]\nvkey = '{vkey}'\nurl = 'http://127.0.0.1:1/'\n")
        file.write("\n[[sink]]\nkind = 'git'\nname = 'repo'\nrepository = '../repo.git'\n")
    note("one")
    done = run("checkpoint", code=3)
    assert "was not reached" in done.stderr
    assert "sink repo: has nothing yet, 1 wait: git hash-object fails" in done.stderr
    note("two")
    assert "1 wait" in run("show", code=3).stdout
    subprocess.run(["git", "init", "-q", "--bare", "repo.git"], cwd=tmp_path, check=True)
    said = told("checkpoint", code=3)
    assert (said["sinks"][0]["waiting"], said["sinks"][0]["size"]) == (0, 2)
    log = subprocess.run(
        ["git", "log", "--format=%s", "checkpoints"],
        cwd=tmp_path / "repo.git",
        check=True,
        capture_output=True,
        text=True,
    )
    assert log.stdout == f"{NAME}: 2 entries\n{NAME}: 1 entries\n"


def test_settings_that_are_wrong(ledger: Path) -> None:
    (ledger / "ledger.toml").write_text(
        "[key]\nlocation = '../audit.key'\n[[sink]]\nkind = 'git'\nname = 'a'\nrepo = 'r'\n"
    )
    for command in (["show"], ["append", "--kind", "note", "x"], ["checkpoint"], ["verify"]):
        with pytest.raises(ConfigError, match="unknown key") as raised:
            run(*command)
        assert (raised.value.path, raised.value.line) == ("audit/ledger.toml", 6)


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:x", "127.0.0.1:99999"])
def test_addresses_that_are_none(ledger: Path, tmp_path: Path, address: str) -> None:
    keys.create(tmp_path / "w.key", "w.example/1")
    with pytest.raises(UsageError, match="is no address"):
        run(
            "witness",
            "serve",
            "--key",
            "w.key",
            "--name",
            "w.example/1",
            "--state",
            "s",
            "--log",
            vkey_of(ledger),
            "--listen",
            address,
        )


# the program


@pytest.mark.slow
def test_exit_codes_are_those_of_the_program(ledger: Path) -> None:
    def code(*arguments: str) -> int:
        command = [sys.executable, "-m", "garrison", "ledger", *arguments]
        return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode

    note("one")
    assert code("verify") == 0
    assert code("verify", "--ledger", "none") == 2
    with Ledger.open(ledger, keys.load("audit.key", NAME)), pytest.raises(UnreachedError):
        Ledger.open(ledger, keys.load("audit.key", NAME))
    (ledger / "checkpoint").write_bytes(b"x")
    assert code("show") == 1


@pytest.mark.parametrize(
    "command", ["init", "append", "show", "search", "prove", "verify", "checkpoint", "rotate", "kinds", "witness"]
)
def test_help_has_examples(command: str) -> None:
    assert "garrison ledger" in run(command, "--help").stdout.partition("Examples:")[2]


@pytest.mark.slow
def test_what_a_killed_process_left_is_told(ledger: Path) -> None:
    """Killed between the journal and the checkpoint: the next one publishes its entries, and says so."""
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from garrison.ledger import writer\n"
        "from garrison.ledger.opening import open_ledger\n"
        "writer.INTERVAL_S = 60\n"
        "ledger = open_ledger(Path('audit'))\n"
        "ledger.append('note', actor='service:x', reason='acknowledged')\n"
        "os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 9
    done = run("append", "--kind", "note", "after")
    assert "recovered 1 entry of a process that ended before it could publish" in done.stderr
    assert [e["entry"]["reason"] for e in told("show")["entries"]] == ["acknowledged", "after"]
