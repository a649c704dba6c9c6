"""A gateway file with a queue, keys for its producers, and a real nats-server."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from garrison.gateway.keys.store import Store

NOW = dt.datetime.now(dt.UTC)
FILE = """
[gateway]
state = "state"

[listener.local]
address = "127.0.0.1:1"

[identity.keys]

[policy]
cedar = ["night.cedar"]

[upstream.server]
protocol = "open-inference"
url = "http://127.0.0.1:1"

[upstream.llm]
protocol = "openai"
url = "http://127.0.0.1:1"

[model.iris]
upstream = "server"
schema = "iris.json"
limits = { request-kb = 1 }

[model.secret]
upstream = "server"

[model."meta/llama"]
upstream = "llm"

[log]
free-mb = 0

[batch]
url = "nats://127.0.0.1:PORT"
per-day = 3
"""
SCHEMA = {"type": "object", "required": ["inputs"], "properties": {"inputs": {"type": "array", "maxItems": 2}}}
POLICY = 'forbid (principal, action, resource == Model::"secret");'


class Producers(NamedTuple):
    """Keys: of a client that may ask, and of one whose key is revoked."""

    ada: str
    gone: str


class Place(NamedTuple):
    """A gateway file and its keys."""

    file: Path
    keys: Producers


def no_ledger(kind: str, fields: dict[str, Any]) -> int:
    raise AssertionError(f"{kind} {fields}: there is no ledger")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    file = tmp_path / "gateway.toml"
    file.write_text(FILE)
    (tmp_path / "iris.json").write_text(json.dumps(SCHEMA))
    (tmp_path / "night.cedar").write_text(POLICY)
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    until = NOW + dt.timedelta(days=30)
    with Store(state / "keys.db", create=True) as store:
        ada, gone = (
            store.issue(client=name, role="service", owner="o", expires=until, now=NOW, record=no_ledger)
            for name in ("ada", "gone")
        )
        store.revoke([key.id for key in store.keys() if key.client == "gone"], reason="left", now=NOW, record=no_ledger)
    return Place(file, Producers(ada, gone))


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[int]:
    """The port of a nats-server with JetStream."""
    server = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin")
    assert server, "nats-server is missing: apt-get install nats-server"
    folder = tmp_path / "nats"
    ports = folder / "ports"
    ports.mkdir(parents=True)
    command = [server, "-a", "127.0.0.1", "-p", "-1", "-js", "-sd", str(folder), "--ports_file_dir", str(ports)]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        until = time.monotonic() + 20
        while not (found := list(ports.glob("*.ports"))) or not found[0].read_text().strip():
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < until
            time.sleep(0.02)
        (address,) = json.loads(found[0].read_text())["nats"]
        yield int(address.rpartition(":")[2])
        process.terminate()
