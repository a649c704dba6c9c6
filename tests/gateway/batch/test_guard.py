"""The order of steps: whatever fails at whatever place, each message has one end and one line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import pytest

from garrison.gateway.batch.guard import Guard
from garrison.gateway.batch.queue import Message
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
        self.step("before", message)
        self.accepted[message.id] = headers
        self.step("after", message)

    async def refuse(self, message: Message, headers: Mapping[str, str]) -> None:
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
    guard = Guard(place.file, queue, told.append)
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


def test_messages_wait_while_the_store_is_gone_and_the_disk_is_full(place: Place) -> None:
    queue = Memory(messages(place.keys.ada)[:1])
    told: list[str] = []
    guard = Guard(place.file, queue, told.append)
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
    guard = Guard(place.file, queue, told.append)
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
