"""`garrison gateway batch` before a real nats-server: what arrives where, and what a killed guard leaves."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import signal
import socket
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pytest
from nats.js.errors import NoStreamResponseError
from tests.gateway.batch.conftest import connected, ended, guarding, lines, streams

if TYPE_CHECKING:
    from tests.gateway.batch.conftest import Place

pytestmark = pytest.mark.slow
KILLS = 3
LARGEST = 1 << 20  # bytes of a message and its headers, where a server is not told otherwise
GOOD = b'{"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [1.5]}]}'


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


def written(port: int, subject: bytes, headers: bytes, body: bytes) -> None:
    """A message as a producer of ill will writes it (https://docs.nats.io/reference/reference-protocols/nats-protocol)."""
    frame = b"HPUB %s %d %d\r\n" % (subject, len(headers), len(headers) + len(body))
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.recv(4096)
        connection.sendall(b'CONNECT {"verbose":false,"headers":true}\r\n')
        connection.sendall(frame + headers + body + b"\r\nPING\r\n")
        assert connection.recv(4096) == b"PONG\r\n"


def headed(*lines: bytes) -> bytes:
    return b"".join(line + b"\r\n" for line in (b"NATS/1.0", *lines, b""))


HOSTILE = [
    (
        b"requests.iris",
        headed(b"a: b"),
        b"x" * (LARGEST - 40),
    ),  # 1,048,576 bytes with what the gateway adds is too much
    (b"requests.iris", headed(b"a: " + b"x" * 65_400), b""),  # of headers, no stream takes more than 64 KB
    (b"requests." + b"x" * 4_000, headed(), b""),
    (b"requests." + b"x." * 2_000 + b"x", headed(), b""),
    (b"requests.a*b.>c", headed(), b""),
    (b"requests.\xff\xfe", headed(), b""),
    (b"requests.\x0b\x0c\x01", headed(), b""),
    (b"requests.iris", b"NATS/1.0 404 No Messages\r\n\r\n", b""),
    (b"requests.iris", b"NATS/1.0 100 Idle Heartbeat\r\n\r\n", b""),
    (b"requests.iris", b"NATS/1.0 500 Bad\r\n\r\n", b""),
    (b"requests.iris", b"NATS/1.0 \xff\xfe\xff\r\n\r\n", b""),
    (b"requests.iris", headed(b"Status: 503"), b""),
    (b"requests.iris", headed(b"a\x01: b", b"\xff: b", b"no colon", b": b", b"a b: c", b"d: \xff\xfe\x00"), b""),
    (b"requests.iris", b"NATS", b""),
    (b"requests.iris", b"\x00\x01\x02 garbage", b""),
]


def test_no_message_keeps_others_waiting(place: Place, nats_server: int) -> None:
    """Without a key: whatever stands in them, each ends with its line, and what comes behind is taken."""

    async def made() -> None:
        async with connected(nats_server) as (_, stream):
            await stream.add_stream(name="requests", subjects=["requests.>"], retention="workqueue")

    async def run() -> dict[str, int]:
        async with connected(nats_server) as (_, stream):
            await stream.publish("requests.iris", GOOD, headers={"x-api-key": place.keys.ada})
            return await ended(stream, len(HOSTILE) + 1)

    asyncio.run(made())
    for subject, headers, body in HOSTILE:
        written(nats_server, subject, headers, body)
    with guarding(place, nats_server) as process:
        found = asyncio.run(run())
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stderr
        assert "messages wait" not in process.stderr.read()
    assert found == {"requests": 0, "accepted": 1, "refused": len(HOSTILE)}
    reasons = [line.get("reason", "") for line in lines(place)]
    assert reasons == ["too-large", "too-large", *["no-credential"] * (len(HOSTILE) - 2), ""]


def test_what_was_allowed_and_does_not_fit_is_refused_without_its_body(place: Place, nats_server: int) -> None:
    """Larger than the server takes with what is added, or than the stream that model servers read takes."""
    key = {"x-api-key": place.keys.ada, "trace": "t-1"}

    def chat(size: int) -> bytes:
        body = json.dumps({"model": "meta/llama", "messages": [{"role": "user", "content": "x"}]}).encode()
        return body + b" " * (size - len(body))

    async def run() -> Any:
        async with connected(nats_server) as (_, stream):
            await stream.add_stream(name="accepted", subjects=["accepted.>"], max_msg_size=2_000)
            await streams(stream)
            await stream.publish("requests.meta/llama", chat(LARGEST - 200), headers=key)
            await stream.publish("requests.meta/llama", chat(3_000), headers=key)
            await stream.publish("requests.meta/llama", chat(1_000), headers=key)
            assert await ended(stream, 3) == {"requests": 0, "accepted": 1, "refused": 2}
            return [await stream.get_msg("refused", n) for n in (1, 2)]

    with guarding(place, nats_server):
        letters = asyncio.run(run())
    for letter, size in zip(letters, (LARGEST - 200, 3_000), strict=True):
        assert letter.data is None
        told = {name: value for name, value in letter.headers.items() if name != "x-garrison-message"}
        digest = f"sha256:{hashlib.sha256(chat(size)).hexdigest()}"
        assert told.pop("Nats-Msg-Id").startswith("requests:")
        assert told == {
            "x-garrison-client": "ada",
            "x-garrison-role": "service",
            "x-garrison-reason": "too-large",
            "x-garrison-size": str(size),
            "x-garrison-digest": digest,
        }
    assert [line.get("reason", "") for line in lines(place)] == ["too-large", "too-large", ""]


def test_a_server_that_takes_less_from_now_on(place: Place, nats_server: int, tmp_path: Path) -> None:
    """It hangs up over a message that fitted when the guard connected, and tells its new limit to who comes back."""
    folder, body = tmp_path / "nats", GOOD + b" " * (900 - len(GOOD))

    async def before() -> None:
        async with connected(nats_server) as (_, stream):
            await streams(stream)
            await stream.publish("requests.iris", GOOD, headers={"x-api-key": place.keys.ada})
            await ended(stream, 1)

    async def after() -> dict[str, int]:
        async with connected(nats_server) as (client, stream):
            assert client.max_payload == 1_000
            await stream.publish("requests.iris", body, headers={"x-api-key": place.keys.ada[:8]})
            os.kill(process.pid, signal.SIGCONT)
            return await ended(stream, 2)

    with guarding(place, nats_server) as process:
        asyncio.run(before())
        os.kill(process.pid, signal.SIGSTOP)
        (folder / "nats.conf").write_text(f"{(folder / 'nats.conf').read_text()}\nmax_payload: 1000\n")
        os.kill(int((folder / "pid").read_text()), signal.SIGHUP)
        while b"Reloaded: max_payload" not in (folder / "log").read_bytes():
            time.sleep(0.02)
        assert asyncio.run(after()) == {"requests": 0, "accepted": 1, "refused": 1}
    assert [line.get("reason", "") for line in lines(place)] == ["", "too-large"]


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
            return int((await stream.stream_info("requests")).state.messages)

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


def test_another_stream_and_another_feed_are_taken_up_while_it_runs(place: Place, nats_server: int) -> None:
    """No message is lost or doubled on the way: each has its line in one of the two feeds."""
    text = place.file.read_text().replace("per-day = 3", "per-day = 100000")
    place.file.write_text(text)
    key, count = {"x-api-key": place.keys.ada}, 200

    async def run(stderr: IO[str]) -> dict[str, int]:
        async with connected(nats_server) as (_, stream):
            await streams(stream)
            text = place.file.read_text()
            for number in range(count):
                await stream.publish("requests.iris", GOOD, headers=key)
                if number == count // 2:
                    while not lines(place):  # noqa: ASYNC110 - another process writes them
                        await asyncio.sleep(0.01)
                    place.file.write_text(text + 'log = "state/second.jsonl"\n')
            await ended(stream, count)
            place.file.write_text(text + 'log = "state/second.jsonl"\nrequests = "later"\n')
            while "guarding later at" not in await asyncio.to_thread(stderr.readline):
                pass
            for _ in range(100):
                with contextlib.suppress(NoStreamResponseError):
                    await stream.publish("later.iris", GOOD, headers=key)
                    break
                await asyncio.sleep(0.05)
            return await ended(stream, count + 1)

    with guarding(place, nats_server) as process:
        assert process.stderr
        assert asyncio.run(run(process.stderr)) == {"requests": 0, "accepted": count + 1, "refused": 0}
    first, second = lines(place), lines(place, "second.jsonl")
    ids = [line["request_id"] for line in (*first, *second)]
    assert first
    assert len(ids) == len(set(ids)) == count + 1
    assert [id_.partition(":")[0] for id_ in ids[-2:]] == ["requests", "later"]


def test_a_stream_that_is_made_anew_is_read_from_its_start(place: Place, nats_server: int) -> None:
    """Its numbers begin anew: none of its messages is taken for one that has ended."""

    async def run() -> dict[str, int]:
        key = {"x-api-key": place.keys.ada}
        async with connected(nats_server) as (_, stream):
            await streams(stream)
            for _ in range(2):
                await stream.publish("requests.iris", GOOD, headers=key)
            await ended(stream, 2)
            await stream.delete_stream("requests")
            await stream.add_stream(name="requests", subjects=["requests.>"], retention="workqueue")
            await stream.publish("requests.iris", GOOD, headers=key)
            return await ended(stream, 3)

    with guarding(place, nats_server):
        assert asyncio.run(run()) == {"requests": 0, "accepted": 3, "refused": 0}
    assert len({line["request_id"] for line in lines(place)}) == 3


def test_keys_are_not_left_on_the_disk_of_the_server(place: Place, nats_server: int, tmp_path: Path) -> None:
    """Messages are overwritten where they are deleted, in the middle of a file and at its end."""
    key = place.keys.ada.encode()

    def kept() -> int:
        return sum(path.read_bytes().count(key) for path in (tmp_path / "nats").rglob("*") if path.is_file())

    async def publish() -> None:
        async with connected(nats_server) as (_, stream):
            await stream.add_stream(name="requests", subjects=["requests.>"], retention="workqueue")
            for _ in range(20):
                await stream.publish("requests.iris", GOOD, headers={"x-api-key": place.keys.ada})

    async def run() -> dict[str, int]:
        async with connected(nats_server) as (_, stream):
            return await ended(stream, 20)

    asyncio.run(publish())
    assert kept() == 20
    with guarding(place, nats_server):
        assert asyncio.run(run())["requests"] == 0
    assert kept() == 0


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"deny_delete": True}, "the stream requests denies that messages are deleted"),
        ({"retention": "interest"}, "the stream requests keeps nothing for the guard"),
    ],
)
def test_a_stream_that_cannot_be_guarded_is_told(
    place: Place, nats_server: int, settings: dict[str, Any], why: str
) -> None:
    async def made() -> None:
        async with connected(nats_server) as (_, stream):
            await stream.add_stream(name="requests", subjects=["requests.>"], **settings)

    asyncio.run(made())
    with guarding(place, nats_server) as process:
        assert process.stderr
        assert process.stderr.readline().startswith("guarding ")
        assert process.stderr.readline().startswith(f"messages wait: {why}")


def test_a_second_guard_of_one_feed_does_not_start(place: Place, nats_server: int) -> None:
    with guarding(place, nats_server) as first:
        assert first.stderr
        assert first.stderr.readline().startswith("guarding ")
        with guarding(place, nats_server) as second:
            assert second.wait(20) == 2
            assert second.stderr
            assert "another guard writes " in second.stderr.read()
        assert first.poll() is None
    with guarding(place, nats_server) as third:  # a lock goes with who was killed
        assert third.stderr
        assert third.stderr.readline().startswith("guarding ")


def test_a_server_that_is_away_is_waited_for(place: Place, tmp_path: Path) -> None:
    with guarding(place, 1) as process:
        assert process.stderr
        first, second = process.stderr.readline(), process.stderr.readline()
        assert first.startswith("guarding requests at nats://127.0.0.1:1")
        assert second.startswith("messages wait: ")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
