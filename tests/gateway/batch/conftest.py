"""A gateway file with a queue, keys for its producers, a real nats-server, and the guard in a process of its own."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import nats
import pytest
from nats.js.errors import NotFoundError

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
url = "nats://127.0.0.1:1"
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


@contextmanager
def serving(folder: Path, settings: str = "") -> Iterator[int]:
    """The port of a nats-server with JetStream, and with more settings in the words of its own file."""
    server = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin")
    assert server, "nats-server is missing: apt-get install nats-server"
    ports = folder / "ports"
    ports.mkdir(parents=True)
    file = folder / "nats.conf"
    file.write_text(f"""
listen: "127.0.0.1:-1"
ports_file_dir: "{ports}"
pid_file: "{folder}/pid"
jetstream {{ store_dir: "{folder}" }}
{settings}
""")
    with (folder / "log").open("wb") as log, subprocess.Popen([server, "-c", file], stdout=log, stderr=log) as process:
        until = time.monotonic() + 20
        while not (found := list(ports.glob("*.ports"))) or not found[0].read_text().strip():
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < until
            time.sleep(0.02)
        ((address, *_),) = json.loads(found[0].read_text()).values()
        yield int(address.rpartition(":")[2])
        process.terminate()


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[int]:
    """The port of a nats-server with JetStream."""
    with serving(tmp_path / "nats") as port:
        yield port


@contextmanager
def guarding(place: Place, port: int) -> Iterator[subprocess.Popen[str]]:
    place.file.write_text(re.sub(r"(?<=(?:nats|.tls)://127\.0\.0\.1:)\d+", str(port), place.file.read_text()))
    command = [sys.executable, "-m", "garrison", "gateway", "batch", str(place.file)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@asynccontextmanager
async def connected(port: int, **options: Any) -> AsyncIterator[tuple[Any, Any]]:
    client = await nats.connect(f"nats://127.0.0.1:{port}", **options)
    try:
        yield client, client.jetstream()
    finally:
        await client.close()


async def streams(stream: Any) -> dict[str, int]:
    """How many messages each stream has, once they are there."""
    names = ("requests", "accepted", "refused")
    for _ in range(400):
        try:
            return {name: (await stream.stream_info(name)).state.messages for name in names}
        except NotFoundError:
            await asyncio.sleep(0.05)
    raise AssertionError("the guard made no streams")


async def ended(stream: Any, count: int) -> dict[str, int]:
    """The same when so many have come to an end, and are deleted."""
    for _ in range(400):
        found = await streams(stream)
        if found["accepted"] + found["refused"] >= count and not found["requests"]:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"only {found}")


def lines(place: Place, name: str = "batch.jsonl") -> list[dict[str, Any]]:
    text = (place.file.parent / "state" / name).read_text()
    return [json.loads(line) for line in text.splitlines()]
