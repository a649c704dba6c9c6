"""`garrison gateway batch` before a real nats-server: what arrives where, and what a killed guard leaves."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nats
import pytest

if TYPE_CHECKING:
    from tests.gateway.batch.conftest import Place

pytestmark = pytest.mark.slow
KILLS = 3
GOOD = b'{"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [1.5]}]}'


@contextmanager
def guarding(place: Place, port: int) -> Iterator[subprocess.Popen[str]]:
    text = place.file.read_text().replace("PORT", str(port))
    place.file.write_text(text)
    command = [sys.executable, "-m", "garrison", "gateway", "batch", str(place.file)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[Any, Any]]:
    client = await nats.connect(f"nats://127.0.0.1:{port}")
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
        except nats.js.errors.NotFoundError:
            await asyncio.sleep(0.05)
    raise AssertionError("the guard made no streams")


async def ended(stream: Any, count: int) -> dict[str, int]:
    """The same when so many have come to an end, and are acknowledged: those are no longer in a work queue."""
    for _ in range(400):
        found = await streams(stream)
        if found["accepted"] + found["refused"] >= count and not found["requests"]:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"only {found}")


def lines(place: Place) -> list[dict[str, Any]]:
    text = (place.file.parent / "state" / "batch.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_messages_go_where_they_belong(place: Place, nats_server: int) -> None:
    async def run() -> tuple[Any, Any]:
        async with connected(nats_server) as (_, stream):
            await streams(stream)
            key = {"X-API-Key": place.keys.ada, "Trace": "t-1", "X-Garrison-Role": "operations"}
            await stream.publish("requests.iris", GOOD, headers=key)
            await stream.publish("requests.iris", GOOD)
            await stream.publish("requests.iris", b"{}", headers=key)
            await stream.publish("requests.absent.model", GOOD, headers=key)
            assert await ended(stream, 4) == {"requests": 0, "accepted": 1, "refused": 3}
            accepted = await stream.get_msg("accepted", 1)
            refused = [await stream.get_msg("refused", n) for n in (1, 2, 3)]
            return accepted, refused

    with guarding(place, nats_server) as process:
        accepted, refused = asyncio.run(run())
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert (accepted.subject, accepted.data) == ("accepted.iris", GOOD)
    headers = {name.lower(): value for name, value in accepted.headers.items() if not name.startswith("Nats-")}
    assert headers == {"trace": "t-1", "x-garrison-client": "ada", "x-garrison-role": "service"}
    told = [(letter.subject, letter.headers["x-garrison-reason"]) for letter in refused]
    assert told == [
        ("refused.iris", "no-credential"),
        ("refused.iris", "invalid"),
        ("refused.absent.model", "unknown-model"),
    ]
    assert "inputs" in refused[1].headers["x-garrison-message"]
    everything = f"{accepted.headers}{[letter.headers for letter in refused]}{lines(place)}"
    assert place.keys.ada not in everything
    assert [line["decision"] for line in lines(place)] == ["allow", "deny", "deny", "deny"]


def test_a_guard_that_is_killed_again_and_again_loses_and_doubles_nothing(place: Place, nats_server: int) -> None:
    """Killed at times of no meaning: each message still ends once and has one line."""
    place.file.write_text(place.file.read_text().replace("per-day = 3", "per-day = 100000"))
    count = 600

    async def publish() -> None:
        async with connected(nats_server) as (_, stream):
            for number in range(count):
                headers = {"x-api-key": place.keys.ada if number % 3 else "wrong"}
                await stream.publish("requests.iris", GOOD, headers=headers)

    async def left() -> int:
        async with connected(nats_server) as (_, stream):
            info = await stream.consumer_info("requests", "garrison")
            return int(info.num_pending + info.num_ack_pending)

    async def made() -> None:
        async with connected(nats_server) as (_, stream):
            for name in ("requests", "accepted", "refused"):
                await stream.add_stream(name=name, subjects=[f"{name}.>"])

    asyncio.run(made())
    asyncio.run(publish())
    feed = place.file.parent / "state" / "batch.jsonl"
    for _ in range(KILLS):
        with guarding(place, nats_server) as process:
            before = feed.stat().st_size if feed.exists() else 0
            while not feed.exists() or feed.stat().st_size < before + 8_000:
                assert process.poll() is None
                time.sleep(0.005)
            os.kill(process.pid, signal.SIGKILL)
    assert asyncio.run(left())
    with guarding(place, nats_server):
        until = time.monotonic() + 60
        while asyncio.run(left()):
            assert time.monotonic() < until
            time.sleep(0.1)

    async def ends() -> dict[str, int]:
        async with connected(nats_server) as (_, stream):
            return await streams(stream)

    found = asyncio.run(ends())
    assert (found["accepted"], found["refused"]) == (count * 2 // 3, count // 3)
    ids = [line["request_id"] for line in lines(place)]
    assert len(ids) == len(set(ids)) == count


def test_a_server_that_is_away_is_waited_for(place: Place, tmp_path: Path) -> None:
    with guarding(place, 1) as process:
        assert process.stderr
        first, second = process.stderr.readline(), process.stderr.readline()
        assert first.startswith("guarding requests at nats://127.0.0.1:1")
        assert second.startswith("messages wait: ")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
