"""`garrison keys`."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from garrison.cli import program
from garrison.errors import GarrisonError, LedgerError, StoreError, UsageError
from garrison.gateway.keys.secret import id_of, is_key
from garrison.ledger import Ledger
from garrison.ledger.entry import parse

ISSUE = ("issue", "--client", "batch", "--role", "service", "--owner", "fraud-team")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("GARRISON_GATEWAY", "GARRISON_KEYS", "GARRISON_LEDGER", "GARRISON_ROLES", "GARRISON_ACTOR"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(program, ["keys", *arguments], catch_exceptions=False)


def listed(*arguments: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(run("list", "--format", "json", *arguments).stdout)
    return found


def test_a_key_comes_alone_on_standard_output() -> None:
    done = run(*ISSUE)
    assert is_key(done.stdout.strip())
    assert done.stdout.count("\n") == 1
    assert done.stdout.strip() not in done.stderr
    assert f"{id_of(done.stdout.strip())} is issued to batch as service" in done.stderr


def test_a_change_without_a_ledger_is_warned_of() -> None:
    warning = "warning: no entry of a ledger tells of this change: garrison ledger init audit --origin"
    issued = run(*ISSUE)
    assert warning in issued.stderr
    rotated = run("rotate", issued.stdout.strip())
    assert warning in rotated.stderr
    assert warning in run("revoke", rotated.stdout.strip()).stderr
    CliRunner().invoke(program, ["ledger", "init", "audit", "--origin", "acme.example/keys"])
    assert "warning" not in run(*ISSUE, "--ledger", "audit").stderr
    assert "warning" not in run(*ISSUE).stderr  # the store remembers it


GATEWAY = """
[gateway]
state = "kept"
ledger = "audit"
[listener.main]
address = "127.0.0.1:0"
[identity.keys]
[policy]
roles = "roles.toml"
[upstream.iris]
url = "http://127.0.0.1:9"
protocol = "open-inference"
[model.iris]
upstream = "iris"
"""


def test_the_gateway_file_says_where_keys_roles_and_ledger_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "serving"
    folder.mkdir()
    (folder / "gateway.toml").write_text(GATEWAY)
    (folder / "roles.toml").write_text('[role.painter]\ntitle = "Painter"\nabout = "Paints."\n')
    CliRunner().invoke(program, ["ledger", "init", str(folder / "audit"), "--origin", "acme.example/keys"])
    done = run("issue", "--client", "p", "--role", "painter", "--owner", "art", "--gateway", "serving/gateway.toml")
    assert done.exit_code == 0, done.stderr
    assert (folder / "kept" / "keys.db").exists()
    assert not (tmp_path / "state").exists()
    monkeypatch.setenv("GARRISON_GATEWAY", "serving/gateway.toml")
    (key,) = listed()
    assert (key["id"], key["role"]) == (id_of(done.stdout.strip()), "painter")
    assert kinds(folder / "audit")[-1] == "key.issue"
    assert "as it is" in run("verify").stdout
    with pytest.raises(StoreError):
        run("list", "--store", "elsewhere.db")  # what is said beside it counts


def test_a_gateway_file_without_keys() -> None:
    Path("gateway.toml").write_text(GATEWAY.replace("[identity.keys]", "").replace("\nledger", "\n#"))
    with pytest.raises(UsageError, match="takes no keys"):
        run(*ISSUE, "--gateway", "gateway.toml")


def test_what_is_listed() -> None:
    one = id_of(run(*ISSUE).stdout.strip())
    two = id_of(run("issue", "--client", "ada", "--role", "data-scientist", "--owner", "ada", "--days", "1").stdout)
    text = run("list").stdout
    assert [line.split()[0] for line in text.splitlines()] == ["KEY", one, two]
    assert [(key["id"], key["state"]) for key in listed("--client", "ada")] == [(two, "active")]


def test_rotation_and_revocation() -> None:
    old = run(*ISSUE).stdout.strip()
    new = run("rotate", old).stdout.strip()  # by the whole key, as somebody has it who found it
    assert [(key["id"], key["state"]) for key in listed()] == [(id_of(old), "rotated"), (id_of(new), "active")]
    assert f"{id_of(new)} is revoked" in run("revoke", id_of(new)).stderr
    assert [key["id"] for key in listed()] == [id_of(old)]
    assert "1 more are expired or revoked" in run("list").stderr
    run("revoke", "--client", "batch")
    assert {key["state"] for key in listed("--all")} == {"revoked"}


def test_for_programs() -> None:
    said = json.loads(run(*ISSUE, "--format", "json").stdout)
    assert is_key(said["secret"])
    assert said["id"] == id_of(said["secret"])
    assert "secret" not in listed()[0]
    (revoked,) = json.loads(run("revoke", said["id"], "--format", "json").stdout)
    assert revoked["state"] == "revoked"


def test_own_roles(tmp_path: Path) -> None:
    (tmp_path / "roles.toml").write_text("[role.fraud-app]\n")
    run("issue", "--client", "a", "--role", "fraud-app", "--owner", "b", "--roles", "roles.toml")
    assert listed()[0]["role"] == "fraud-app"


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (("issue", "--client", "a", "--role", "servic", "--owner", "b"), UsageError, "did you mean service?"),
        (("issue", "--client", "a b", "--role", "service", "--owner", "b"), UsageError, "letters, digits"),
        (
            ("issue", "--client", "a", "--role", "service", "--owner", "a\x1b[31m"),
            UsageError,
            "who answers for the key",
        ),
        (("issue", "--client", "a", "--role", "service", "--owner", " "), UsageError, "who answers for the key"),
        (("rotate", "grs_x"), StoreError, "a folder that is there"),
        (("revoke",), UsageError, "--client NAME"),
        (("revoke", "grs_x", "--client", "a"), UsageError, "--client NAME"),
        (("list",), StoreError, "a folder that is there"),
        (("list", "--store", "keys.db"), StoreError, "garrison keys issue makes it"),
        ((*ISSUE, "--store", "no/such/keys.db"), StoreError, "a folder that is there"),
        ((*ISSUE, "--ledger", "nowhere"), LedgerError, ""),
    ],
)
def test_what_is_wrong(arguments: tuple[str, ...], error: type[GarrisonError], hint: str) -> None:
    with pytest.raises(error) as raised:
        run(*arguments)
    assert hint in raised.value.hint


def test_unknown_keys_and_clients() -> None:
    one = run(*ISSUE).stdout.strip()
    with pytest.raises(UsageError, match="no key is called grs_x"):
        run("revoke", "grs_x")
    with pytest.raises(UsageError) as raised:
        run("rotate", id_of(one)[:-1])
    assert id_of(one) in raised.value.hint
    with pytest.raises(UsageError, match="ada has no key"):
        run("revoke", "--client", "ada")


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    made = CliRunner().invoke(program, ["ledger", "init", "audit", "--origin", "acme.example/audit"])
    assert made.exit_code == 0, made.stderr
    return tmp_path / "audit"


def kinds(ledger: Path) -> list[str]:
    return [parse(data).kind for data in Ledger.open(ledger).entries()]


def test_a_ledger_that_was_named_once_is_kept_to(ledger: Path) -> None:
    before = id_of(run(*ISSUE).stdout.strip())
    one = id_of(run(*ISSUE, "--ledger", "audit", "--actor", "service:ci").stdout.strip())
    two = id_of(run("rotate", one).stdout.strip())
    run("revoke", two, "--reason", "leaked")
    assert kinds(ledger) == ["key.issue", "key.issue", "key.issue", "key.rotate", "key.revoke"]
    entries = [parse(data) for data in Ledger.open(ledger).entries()]
    assert [e.object.name for e in entries if e.object] == [before, one, two, one, two]
    assert entries[1].actor == "service:ci"
    assert entries[4].reason == "leaked"


def test_without_its_ledger_no_key_is_issued_but_one_is_revoked(ledger: Path) -> None:
    one = id_of(run(*ISSUE, "--ledger", "audit").stdout.strip())
    ledger.rename(ledger.with_name("gone"))
    with pytest.raises(LedgerError):
        run(*ISSUE)
    assert [key["state"] for key in listed()] == ["active", "unrecorded"]
    done = CliRunner().invoke(program, ["keys", "revoke", one])
    assert isinstance(done.exception, LedgerError)
    assert f"{one} is revoked" in done.stderr
    assert {key["state"] for key in listed("--all")} == {"revoked"}
    ledger.with_name("gone").rename(ledger)
    done = run(*ISSUE)
    assert "did not end" in done.stderr
    assert {key["state"] for key in listed("--all") if key["id"] != id_of(done.stdout)} == {"revoked"}
    assert sorted(kinds(ledger)) == ["key.issue", "key.issue", "key.revoke", "key.revoke"]


@pytest.mark.parametrize(
    ("tampering", "wrong"),
    [
        ("UPDATE key SET role = 'operations'", "its role is another in entry 0"),
        ("UPDATE key SET client = 'ada'", "its client is another in entry 0"),
        ("UPDATE key SET owner = 'eve'", "its owner is another in entry 0"),
        ("UPDATE key SET digest = 'f0'", "its digest is another in entry 0"),
        ("UPDATE key SET expires = expires + 1", "its expiry is another in entry 0"),
        ("UPDATE key SET entry = 1", "entry 1 is about something else"),
        ("UPDATE key SET entry = 9", "it has no entry"),
        ("UPDATE key SET entry = -1", "it has no entry"),
    ],
)
def test_keys_are_held_against_the_ledger(tampering: str, wrong: str, ledger: Path) -> None:
    one = id_of(run(*ISSUE, "--ledger", "audit").stdout.strip())
    run("revoke", id_of(run(*ISSUE).stdout.strip()))
    assert run("verify").exit_code == 0
    with sqlite3.connect("state/keys.db") as db:
        db.execute(f"{tampering} WHERE id = '{one}'")
    db.close()
    done = run("verify")
    assert (done.exit_code, done.stdout) == (1, f"{one}: {wrong}\n")
    assert json.loads(run("verify", "--format", "json").stdout)[0]["wrong"] == wrong


def test_a_revocation_that_was_taken_back_is_told(ledger: Path) -> None:
    one = id_of(run(*ISSUE, "--ledger", "audit").stdout.strip())
    run("revoke", one)
    with sqlite3.connect("state/keys.db") as db:
        db.execute("UPDATE key SET revoked = 0")
    db.close()
    assert run("verify").stdout == f"{one}: it was revoked\n"


def test_rotated_keys_verify(ledger: Path) -> None:
    run("rotate", id_of(run(*ISSUE, "--ledger", "audit").stdout.strip()))
    assert run("verify").exit_code == 0


@pytest.mark.slow
def test_killed_at_any_moment(ledger: Path) -> None:
    """A key that was shown is let in, and no key is let in that the ledger does not tell of."""
    run(*ISSUE, "--ledger", "audit")
    shown = []
    for tenths in range(16):
        command = [sys.executable, "-m", "garrison", "keys", *ISSUE]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        time.sleep(0.1 + tenths / 50)
        process.kill()
        shown += [key for key in process.communicate()[0].split() if is_key(key)]
    shown += run(*ISSUE).stdout.split()
    assert run("verify").exit_code == 0
    states = {key["id"]: key["state"] for key in listed("--all")}
    assert {states[id_of(key)] for key in shown} == {"active"}
    assert set(states.values()) <= {"active", "revoked"}


def test_the_errors_of_the_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "garrison", "keys", "list"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("state/keys.db  cannot be opened")


@pytest.mark.parametrize("name", ["issue", "list", "rotate", "revoke", "verify"])
def test_each_has_examples(name: str) -> None:
    assert "Examples:\n    garrison keys" in run(name, "--help").stdout
