"""Keys: let in as soon as they are issued, refused as soon as they are revoked, and no request is lost by it."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest
from click.testing import CliRunner
from tests.gateway.run.conftest import FILE, Running

from garrison.cli import program
from garrison.gateway.run.program import find_envoy

pytestmark = pytest.mark.slow
Run = Callable[..., Running]


def keys(folder: Path, *arguments: str) -> str:
    done = CliRunner().invoke(
        program, ["keys", *arguments, "--store", str(folder / "s/keys.db")], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return done.stdout


def status(gateway: Running, key: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    try:
        connection.request("GET", "/v2/models/iris", headers={"x-api-key": key})
        return connection.getresponse().status
    finally:
        connection.close()


def test_keys_take_effect_at_once_and_nobody_notices(run: Run, tmp_path: Path) -> None:
    gateway = run(FILE.replace("[identity.jwt.corp]", "[identity.keys]\n\n[identity.jwt.corp]")).ready()
    assert "there are no keys yet" in gateway.words()
    issue = ("issue", "--role", "data-scientist", "--owner", "team", "--client")
    other = keys(tmp_path, *issue, "other").strip()
    gateway.until(lambda: status(gateway, other) == 200, 10)
    key = keys(tmp_path, *issue, "ada").strip()
    gateway.until(lambda: status(gateway, key) == 200, 10)
    stop, found = Event(), []

    def load() -> None:
        while not stop.is_set():
            found.append(status(gateway, other))

    thread = Thread(target=load)
    thread.start()
    keys(tmp_path, "revoke", key[:14], "--reason", "left")
    begun = time.monotonic()
    gateway.until(lambda: status(gateway, key) == 401, 10)
    took_s = time.monotonic() - begun
    stop.set()
    thread.join()
    assert set(found) == {200}
    assert took_s < 5, "measured by bench/gateway.py; here only that it does not wait for something"


def test_a_store_that_cannot_be_read_lets_no_key_in(run: Run, tmp_path: Path) -> None:
    gateway = run(FILE.replace("[identity.jwt.corp]", "[identity.keys]\n\n[identity.jwt.corp]")).ready()
    key = keys(tmp_path, "issue", "--role", "data-scientist", "--owner", "team", "--client", "ada").strip()
    gateway.until(lambda: status(gateway, key) == 200, 10)
    store = tmp_path / "s/keys.db"
    store.chmod(0o644)
    gateway.until(lambda: status(gateway, key) == 401, 10)
    assert "no key is let in" in gateway.words()
    store.chmod(0o600)
    gateway.until(lambda: status(gateway, key) == 200, 10)
    assert gateway.status() == 200


def test_envoy_looks_at_the_whole_again_only_for_more_than_keys_and_permissions(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, count = tmp_path / "envoy", tmp_path / "count"
    looked.write_text(f'#!/bin/sh\ncase "$*" in *validate*) echo >>{count};; esac\nexec {find_envoy()} "$@"\n')
    looked.chmod(0o755)
    monkeypatch.setenv("GARRISON_ENVOY", str(looked))
    policies = tmp_path / "own.cedar"
    policies.write_text("")
    more = '[identity.keys]\n\n[policy]\ncedar = ["own.cedar"]\n\n[identity.jwt.corp]'
    gateway = run(FILE.replace("[identity.jwt.corp]", more)).ready()
    before = len(count.read_text())
    key = keys(tmp_path, "issue", "--role", "data-scientist", "--owner", "team", "--client", "ada").strip()
    gateway.until(lambda: status(gateway, key) == 200, 10)
    policies.write_text('forbid (principal == Client::"ada", action, resource);\n')
    gateway.until(lambda: status(gateway, key) == 403, 10)
    assert len(count.read_text()) == before
