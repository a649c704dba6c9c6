"""What the ledger is told of a change: the file, roles, and who is led to which."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from garrison.cli import program
from garrison.errors import ConfigError
from garrison.gateway.digests import make_key
from garrison.gateway.file.read import read
from garrison.gateway.run.recording import hold, record
from garrison.ledger import Ledger
from garrison.ledger.entry import parse

FILE = """
[gateway]
ledger = "audit"
[listener.local]
address = "127.0.0.1:8443"
[upstream.server]
protocol = "open-inference"
url = "http://127.0.0.1:8080"
[policy]
roles = "roles.toml"
[[identity.certificate]]
san = "spiffe://acme/ml/*"
role = "service"
[identity.jwt.corp]
issuer = "corp"
audiences = ["models"]
jwks = "https://login.example.com/keys"
role = "groups"
roles = { ml = "data-scientist", "ada@acme.example" = "operations" }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.toml"
    path.write_text(FILE)
    (tmp_path / "roles.toml").write_text('[role.painter]\ntitle = "Painter"\n')
    made = CliRunner().invoke(program, ["ledger", "init", str(tmp_path / "audit"), "--origin", "example.com/audit"])
    assert made.exit_code == 0, made.output
    make_key(tmp_path / "state")
    return path


def told(file: Path, since: int = 0) -> list[tuple[Any, ...]]:
    """What the ledger says from an entry on: the kind, what was done, to what, and the details."""
    found = [parse(data) for data in Ledger.open(file.parent / "audit").entries(since)]
    assert {entry.actor for entry in found} <= {"service:garrison-gateway"}
    return [(e.kind, e.action, e.object.name if e.object else "", e.details) for e in found]


def test_the_first_start_tells_roles_of_your_own_and_grants(file: Path) -> None:
    assert record(read(file))
    first, role, *grants = told(file)
    assert first[:3] == ("policy.change", "create", "gateway.toml")
    assert role == ("role.change", "create", "painter", {"added": ["member"], "removed": []})
    assert {grant[:2] for grant in grants} == {("role.grant", "grant")}
    to = {grant[2]: grant[3]["to"] for grant in grants}
    assert to["data-scientist"] == "client:corp:groups=ml"
    assert to["service"] == "client:spiffe://acme/ml/*"
    assert to["operations"].startswith("person:hmac-sha256:")  # no address stands in a ledger
    assert not record(read(file))


def test_a_change_of_roles_and_of_who_has_them(file: Path) -> None:
    record(read(file))
    (file.parent / "roles.toml").write_text('[role.painter]\nwithin = ["operations"]\n[role.service]\nwithin = []\n')
    file.write_text(FILE.replace('ml = "data-scientist"', 'ml = "ml-engineer"'))
    before = len(told(file))
    assert record(read(file))
    assert told(file, before)[1:] == [
        ("role.change", "change", "painter", {"added": ["operations"], "removed": ["member"]}),
        ("role.change", "change", "service", {"added": [], "removed": ["member"]}),
        ("role.grant", "revoke", "data-scientist", {"to": "client:corp:groups=ml"}),
        ("role.grant", "grant", "ml-engineer", {"to": "client:corp:groups=ml"}),
    ]
    before = len(told(file))
    (file.parent / "roles.toml").write_text("shipped = false\n[role.service]\n")
    record(read(file))
    gone = [entry[2] for entry in told(file, before) if entry[:2] == ("role.change", "delete")]
    assert gone == ["data-scientist", "ml-engineer", "operations", "painter", "security-analyst"]


def test_what_an_older_release_has_told_goes_on(file: Path) -> None:
    digest = f"sha256:{'0' * 64}"
    (file.parent / "state/recorded").write_text(digest)
    record(read(file))
    assert next(parse(data) for data in Ledger.open(file.parent / "audit").entries()).previous == digest
    assert {entry[0] for entry in told(file)} == {"policy.change", "role.change", "role.grant"}


def test_what_was_told_is_damaged(file: Path) -> None:
    (file.parent / "state/recorded").write_text("{")
    with pytest.raises(ConfigError, match="does not say what the ledger was told") as caught:
        record(read(file))
    assert caught.value.hint == "remove it: then all is told to the ledger anew"
    assert told(file) == []


def test_a_ledger_that_cannot_be_told_is_seen_before(file: Path) -> None:
    hold(read(file))
    (file.parent / "audit.key").rename(file.parent / "away")
    with pytest.raises(ConfigError) as caught:
        hold(read(file))
    assert (caught.value.path, caught.value.line) == (str(file), 3)
    file.write_text(FILE.replace('"audit"', '"my audit"'))
    with pytest.raises(ConfigError) as caught:
        hold(read(file))
    folder = file.parent / "my audit"
    assert caught.value.message == f"gateway.ledger: {folder}: there is no ledger here"
    assert f"garrison ledger init '{folder}' --origin example.com/audit" in caught.value.hint
