"""The order of steps: whatever fails at whatever place, each message has one end and one line."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import pytest

from garrison.gateway.batch.guard import Guard
from garrison.gateway.batch.queue import HungUpError, Message, UnfitError
from garrison.gateway.digests import digest_of, read_key

if TYPE_CHECKING:
    from tests.gateway.batch.conftest import Place

GOOD = b'{"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [1.5]}]}'


class Memory:
    """A queue in memory, of which each step fails the first time for each message."""

    def __init__(self, messages: Sequence[Message], failing: frozenset[str] = frozenset()) -> None:
        self.waiting = {message.id: message for message in messages}
        self.failing, self.failed = failing, set[tuple[str, str]]()
        self.accepted: dict[str, Mapping[str, str]] = {}
        self.refused: dict[str, Mapping[str, str]] = {}

    def step(self, name: str, message: Message) -> None:
        if name in self.failing and (name, message.id) not in self.failed:
            self.failed.add((name, message.id))
            raise ConnectionError(name)

    async def next(self) -> Sequence[Message]:
        await asyncio.sleep(0)
        return tuple(self.waiting.values())

    async def accept(self, message: Message, headers: Mapping[str, str]) -> None:
        self.hold(message, headers)
        self.step("before", message)
        self.accepted[message.id] = headers
        self.step("after", message)

    def hold(self, message: Message, headers: Mapping[str, str]) -> None:
        """As the server has it."""

    async def refuse(self, message: Message, headers: Mapping[str, str]) -> None:
        self.hold(message, headers)
        self.step("before", message)
        self.refused[message.id] = headers
        self.step("after", message)

    async def done(self, message: Message) -> None:
        self.step("done", message)
        del self.waiting[message.id]

    async def close(self) -> None:
        pass


def messages(key: str) -> list[Message]:
    return [
        Message("1", "iris", {"x-api-key": key}, GOOD),
        Message("2", "iris", {}, GOOD),
        Message("3", "iris", {"x-api-key": key}, b"no"),
        Message("4", "iris", {"x-api-key": key}, GOOD),
    ]


async def eventually(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - what is waited for is no event
            await asyncio.sleep(0.01)


async def until_empty(guard: Guard, queue: Memory) -> None:
    running = asyncio.create_task(guard.run())
    await eventually(lambda: not queue.waiting)
    guard.ending.set()
    await running


@pytest.mark.parametrize("failing", [(), ("before",), ("after",), ("done",), ("before", "after", "done")])
def test_every_message_has_one_end_and_one_line(place: Place, failing: tuple[str, ...]) -> None:
    queue = Memory(messages(place.keys.ada), frozenset(failing))
    told: list[str] = []
    guard = Guard(place.file, lambda _: queue, told.append)
    asyncio.run(until_empty(guard, queue))
    lines = [json.loads(line) for line in guard.feed.path.read_text().splitlines()]
    assert [(line["request_id"], line["decision"], line.get("reason", "")) for line in lines] == [
        ("1", "allow", ""),
        ("2", "deny", "no-credential"),
        ("3", "deny", "invalid"),
        ("4", "allow", ""),
    ]
    assert lines[0]["input_digest"] == digest_of(read_key(place.file.parent / "state"), GOOD)
    assert queue.accepted.keys() == {"1", "4"}
    assert {id_: headers["x-garrison-reason"] for id_, headers in queue.refused.items()} == {
        "2": "no-credential",
        "3": "invalid",
    }
    assert queue.accepted["1"] == {"x-garrison-client": "ada", "x-garrison-role": "service"}
    assert bool(told) is bool(failing)
    assert place.keys.ada not in guard.feed.path.read_text() + str(told)


class Narrow(Memory):
    """A queue that takes so many bytes of body and headers, and ends the connection over what has a poison in it."""

    takes = 1 << 20
    hung_up = 0

    def hold(self, message: Message, headers: Mapping[str, str]) -> None:
        if len(message.body) + sum(map(len, headers.values())) > self.takes:
            raise UnfitError("too large for it")
        if b"poison" in message.body:
            self.hung_up += 1
            raise HungUpError("it hung up")


@pytest.mark.parametrize(("key", "client"), [("ada", "ada"), ("", None)])
def test_what_the_queue_never_takes_is_too_large_and_leaves_no_body(place: Place, key: str, client: str | None) -> None:
    large = GOOD + b" " * 700
    headers = {"x-api-key": place.keys.ada} if key else {}
    queue = Narrow([Message("1", "iris", headers, large), *messages(place.keys.ada)[3:]])
    queue.takes = 700
    told: list[str] = []
    guard = Guard(place.file, lambda _: queue, told.append)
    asyncio.run(until_empty(guard, queue))
    lines = [json.loads(line) for line in guard.feed.path.read_text().splitlines()]
    assert [(line["request_id"], line.get("reason")) for line in lines] == [("1", "too-large"), ("4", None)]
    assert (lines[0].get("client"), lines[0]["request_bytes"]) == (client, len(large))
    assert queue.refused["1"]["x-garrison-reason"] == "too-large"
    assert queue.refused["1"]["x-garrison-size"] == str(len(large))
    assert queue.refused["1"]["x-garrison-digest"] == f"sha256:{hashlib.sha256(large).hexdigest()}"
    assert queue.accepted.keys() == {"4"}
    assert not told


def test_a_queue_that_takes_not_even_a_letter_leaves_the_line(place: Place) -> None:
    queue = Narrow(messages(place.keys.ada)[:1])
    queue.takes = 10
    told: list[str] = []
    guard = Guard(place.file, lambda _: queue, told.append)
    asyncio.run(until_empty(guard, queue))
    assert json.loads(guard.feed.path.read_text())["reason"] == "too-large"
    assert told == ["1 leaves no dead letter, as too large for it"]


def test_a_message_that_the_queue_hangs_up_over_keeps_nobody_waiting(place: Place) -> None:
    queue = Narrow([Message("1", "iris", {}, b"poison"), *messages(place.keys.ada)[3:]])
    told: list[str] = []
    guard = Guard(place.file, lambda _: queue, told.append)
    asyncio.run(until_empty(guard, queue))
    lines = [json.loads(line) for line in guard.feed.path.read_text().splitlines()]
    assert [(line["request_id"], line.get("reason")) for line in lines] == [("1", "gateway-error"), ("4", None)]
    assert queue.hung_up == 3
    assert queue.refused["1"]["x-garrison-size"] == "6"
    assert queue.accepted.keys() == {"4"}
    assert told == ["messages wait: it hung up"]


def test_messages_wait_while_the_store_is_gone_and_the_disk_is_full(place: Place) -> None:
    queue = Memory(messages(place.keys.ada)[:1])
    told: list[str] = []
    guard = Guard(place.file, lambda _: queue, told.append)
    store = place.file.parent / "state" / "keys.db"
    aside = store.rename(store.with_suffix(".aside"))

    async def run() -> None:
        running = asyncio.create_task(guard.run())
        await eventually(lambda: told)
        assert not queue.accepted
        assert not queue.refused
        aside.rename(store)
        guard.feed._free_bytes = 1 << 60
        await eventually(lambda: len(told) == 2)
        assert queue.waiting
        guard.feed._free_bytes = 0
        await eventually(lambda: not queue.waiting)
        guard.ending.set()
        await running

    asyncio.run(run())
    assert queue.accepted.keys() == {"1"}
    assert all(text.startswith("messages wait: ") for text in told)
    assert "too little space" in told[1]


def test_a_file_that_changes_is_taken_up_unless_it_is_wrong(place: Place) -> None:
    queue = Memory([])
    told: list[str] = []
    guard = Guard(place.file, lambda _: queue, told.append)
    text = place.file.read_text()

    async def run() -> None:
        running = asyncio.create_task(guard.run())
        place.file.write_text(text.replace("per-day = 3", "per-day = 0"))
        await eventually(lambda: len(told) == 1)
        assert guard.judge.batch.per_day == 3
        place.file.write_text(text.replace("per-day = 3", "per-day = 1"))
        await eventually(lambda: len(told) == 2)
        queue.waiting = {m.id: m for m in (messages(place.keys.ada)[0], messages(place.keys.ada)[3])}
        await eventually(lambda: not queue.waiting)
        guard.ending.set()
        await running

    asyncio.run(run())
    assert "per-day" in told[0]
    assert "is in force" in told[1]
    assert queue.accepted.keys() == {"1"}
    assert queue.refused["4"]["x-garrison-reason"] == "quota"


def test_queue_and_feed_follow_the_file(place: Place) -> None:
    """What has its line gets no second one in another feed, and what was accepted today counts there too."""
    key, state, text = place.keys.ada, place.file.parent / "state", place.file.read_text()
    queues = {"requests": Memory(messages(key)[:1]), "later": Memory([])}
    queues["requests"].step = lambda name, message: refuse_to_end(name)  # type: ignore[method-assign]
    told: list[str] = []
    guard = Guard(place.file, lambda judge: queues[judge.batch.requests], told.append)

    def refuse_to_end(name: str) -> None:
        if name == "done":
            raise ConnectionError("not now")

    async def run() -> None:
        running = asyncio.create_task(guard.run())
        await eventually(lambda: told)
        place.file.write_text(text + 'log = "state/second.jsonl"\n')
        await eventually(lambda: len(told) == 2)
        del queues["requests"].step
        await eventually(lambda: not queues["requests"].waiting)
        queues["later"].waiting = {id_: Message(id_, "iris", {"x-api-key": key}, GOOD) for id_ in ("5", "6", "7")}
        place.file.write_text(text + 'log = "state/second.jsonl"\nrequests = "later"\n')
        await eventually(lambda: not queues["later"].waiting)
        guard.ending.set()
        await running

    asyncio.run(run())
    assert told[0] == "messages wait: not now"
    assert [f"is in force: guarding {name} at " in line for name, line in zip(queues, told[1:], strict=True)] == [
        True,
        True,
    ]
    first, second = ((state / name).read_text().splitlines() for name in ("batch.jsonl", "second.jsonl"))
    assert [json.loads(line)["request_id"] for line in first] == ["1"]
    assert [(json.loads(line)["request_id"], json.loads(line).get("reason")) for line in second] == [
        ("5", None),
        ("6", None),
        ("7", "quota"),
    ]


def test_a_feed_that_cannot_be_written_is_not_taken_up(place: Place) -> None:
    queue = Memory([])
    told: list[str] = []
    guard = Guard(place.file, lambda _: queue, told.append)
    before = guard.feed

    async def run() -> None:
        running = asyncio.create_task(guard.run())
        place.file.write_text(place.file.read_text() + 'log = "state"\n')
        await eventually(lambda: told)
        queue.waiting = {"1": messages(place.keys.ada)[0]}
        await eventually(lambda: not queue.waiting)
        guard.ending.set()
        await running

    asyncio.run(run())
    assert told[0].startswith("what changed is wrong, and not in force: ")
    assert guard.feed is before
    assert before.path.read_text().count("\n") == 1
