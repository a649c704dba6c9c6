"""Each kind of response does what it says: keys are revoked, limits tightened, programs run, and nothing else."""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.watch.alerts.signals import AT, signal

from garrison.errors import BusyError, ConfigError, EventsError
from garrison.gateway.file.read import read
from garrison.gateway.keys.store import Store
from garrison.gateway.run.tightened import path_of, read_tightened
from garrison.watch.alerts.alert import begun
from garrison.watch.responses.kinds import command, revoke_key, tighten_limit
from garrison.watch.responses.response import Case, Request, State, any_response, responses

Beside = Callable[[str], Path]
GATEWAY = """
[listener.local]
address = "127.0.0.1:8443"
[upstream.server]
protocol = "open-inference"
url = "http://127.0.0.1:8080"
[model.iris]
upstream = "server"
"""


@pytest.fixture
def beside(tmp_path: Path) -> Beside:
    return lambda name: tmp_path / name


def case(beside: Beside, target: str = "batch", **said: Any) -> Case:
    request = Request(number=3, response="r", alert=12, target=target, state=State.APPROVED, asked_us=AT, until_us=AT)
    return Case(request, begun(signal(principal=target, **said), 12), beside)


def keys(path: Path, *clients: str) -> None:
    now = dt.datetime.now(dt.UTC)
    with Store(path, create=True) as store:
        for client in clients:
            until = now + dt.timedelta(days=1)
            store.issue(client=client, role="service", owner="t", expires=until, now=now, record=lambda kind, fields: 0)


def active(path: Path) -> list[str]:
    with Store(path) as store:
        return [key.client for key in store.active(dt.datetime.now(dt.UTC))]


def test_kinds_are_found_by_listing() -> None:
    tags = {kind.Settings.__struct_config__.tag for kind in responses().values()}
    assert tags == {"revoke-key", "tighten-limit", "command"}
    said = {
        "type": "tighten-limit",
        "name": "slow",
        "gateway": "gateway.toml",
        "per-second": 0.5,
        "protect": ["prod-*"],
    }
    read_ = msgspec.convert(said, any_response())
    assert (type(read_), read_.per_second, read_.approve) == (tighten_limit.Settings, 0.5, "always")


@pytest.mark.slow
def test_all_keys_of_one_client_are_revoked_and_no_others(tmp_path: Path, beside: Beside) -> None:
    keys(tmp_path / "keys.db", "batch", "batch", "other")
    settings = revoke_key.Settings(name="r", store="keys.db")
    assert revoke_key.respond(settings, case(beside, title="-x --all\n\x1b[31m")).startswith("revoked grs_")
    assert active(tmp_path / "keys.db") == ["other"]
    assert revoke_key.respond(settings, case(beside)) == "batch has no key that is let in"


@pytest.mark.slow
@pytest.mark.parametrize("target", ["--all", "a b", "arn:aws:iam::1:user/x", "../x", "x" * 200, ""])
def test_who_is_no_client_has_no_keys(target: str, tmp_path: Path, beside: Beside) -> None:
    keys(tmp_path / "keys.db", "other")
    with pytest.raises(ConfigError, match="no client of a gateway"):
        revoke_key.respond(revoke_key.Settings(name="r", store="keys.db"), case(beside, target))
    assert active(tmp_path / "keys.db") == ["other"]


def test_a_store_that_is_not_there_is_told(beside: Beside) -> None:
    with pytest.raises(ConfigError, match=r"cannot be listed.*no store of keys"):
        revoke_key.respond(revoke_key.Settings(name="r", store="keys.db"), case(beside))


@pytest.mark.slow
def test_a_limit_is_tightened_for_a_while(tmp_path: Path, beside: Beside) -> None:
    (tmp_path / "gateway.toml").write_text(GATEWAY)
    settings = tighten_limit.Settings(name="t", gateway="gateway.toml", per_second=0.5, minutes=10)
    assert tighten_limit.respond(settings, case(beside)) == "batch has 0.5 requests a second for 10 minutes"
    said = read_tightened(path_of(read(tmp_path / "gateway.toml")))["batch"]
    assert (said.per_second, said.reason, said.actor) == (
        0.5,
        "alert 12: secret-read happens",
        "service:garrison-watch",
    )
    assert dt.timedelta(minutes=9) < said.until - dt.datetime.now(dt.UTC) <= dt.timedelta(minutes=10)
    with pytest.raises(BusyError, match="cannot be read"):
        tighten_limit.respond(tighten_limit.Settings(name="t", gateway="none.toml"), case(beside))


def test_a_program_is_given_the_alert_and_no_shell(tmp_path: Path, beside: Beside) -> None:
    out = tmp_path / "given"
    program = f"import sys; open({str(out)!r}, 'w').write(sys.stdin.read()); print(sys.argv[1:])"
    settings = command.Settings(name="c", command=(sys.executable, "-c", program, "$(id)", "a b"))
    assert command.respond(settings, case(beside, text="; rm -rf $HOME `id`")) == "['$(id)', 'a b']"
    given = json.loads(out.read_text())
    assert (given["request"]["number"], given["alert"]["text"]) == (3, "; rm -rf $HOME `id`")


def test_a_program_gets_no_secrets_of_the_environment(beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_URL", "https://hooks.example.com/secret")
    said = command.respond(command.Settings(name="c", command=("/usr/bin/env",)), case(beside))
    assert "PATH=" in said
    assert "SLACK_URL" not in said


@pytest.mark.parametrize(
    ("program", "error", "said"),
    [
        ("exit 75", BusyError, "not now"),
        ("echo no such host >&2; exit 3", EventsError, "ended with 3: no such host"),
        ("printf '\\033[31mred' >&2; exit 1", EventsError, r"\\x1b\[31mred"),
        ("kill -9 $$", EventsError, "ended with -9"),
    ],
)
def test_how_a_program_ends_is_told(program: str, error: type[Exception], said: str, beside: Beside) -> None:
    with pytest.raises(error, match=said):
        command.respond(command.Settings(name="c", command=("/bin/sh", "-c", program)), case(beside))


@pytest.mark.slow
def test_a_program_that_hangs_is_killed_with_all_that_it_started(tmp_path: Path, beside: Beside) -> None:
    out = tmp_path / "alive"
    hangs = f"(sleep 2; touch {out}) & sleep 60"
    with pytest.raises(BusyError, match=r"did not end in 0\.3 s"):
        command.respond(command.Settings(name="c", command=("/bin/sh", "-c", hangs), timeout_s=0.3), case(beside))
    time.sleep(2.2)
    assert not out.exists()


def test_a_program_that_is_not_there_is_told(beside: Beside) -> None:
    with pytest.raises(ConfigError, match="cannot be run"):
        command.respond(command.Settings(name="c", command=("/nowhere/program",)), case(beside))
