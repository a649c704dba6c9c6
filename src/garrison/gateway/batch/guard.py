"""The guard of a queue: takes messages, judges them, passes them on or lays them aside, and tells of each once.

Whatever fails, a message stays in the queue and comes again: without keys to look up, without space for the audit feed,
without a queue to write to, none is passed on and none is lost. But no message keeps others waiting for its own sake: one that the
queue never takes, or ends the connection over, becomes a dead letter without its body.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from garrison.errors import GarrisonError
from garrison.gateway.batch.feed import Feed, Line
from garrison.gateway.batch.judge import Judge, Verdict
from garrison.gateway.batch.queue import HungUpError, Message, Queue, UnfitError
from garrison.gateway.digests import digest_of, make_key, read_key
from garrison.gateway.file import rules
from garrison.gateway.file.form import Batch
from garrison.gateway.file.read import Loaded, read
from garrison.running.stamps import Stamp, stamps

Say = Callable[[str], None]
Connect = Callable[[Judge], Queue]  # the queue that a file names
_SHORTEST_S, _LONGEST_S = 0.1, 10.0  # between two tries of what fails
LOG: Final = "batch.jsonl"  # in the state folder
_TRIES: Final = 3  # of a message that the queue ends the connection over
_LONGEST_MESSAGE: Final = 512  # characters of a header
CLIENT, ROLE, REASON, MESSAGE = "x-garrison-client", "x-garrison-role", "x-garrison-reason", "x-garrison-message"
SIZE, DIGEST = "x-garrison-size", "x-garrison-digest"  # of a body that was left out


class Guard:
    """One gateway file, and the queue and the feed that it names."""

    def __init__(self, path: Path, connect: Connect, say: Say) -> None:
        """Raises GarrisonError for a file that is wrong, OSError for a feed that cannot be written."""
        self.path, self.say, self._connect = path, say, connect
        self._seen: dict[Path, Stamp] = {}
        self._take_up(None)
        self.ending = asyncio.Event()
        self._told = ""

    @property
    def described(self) -> str:
        """What it does, for people."""
        return f"guarding {self.judge.batch.requests} at {self.judge.batch.url}; audit feed {self.feed.path}"

    async def run(self) -> None:
        """Until `ending` is set; what was begun is finished first."""
        patience = _SHORTEST_S
        while not self.ending.is_set():
            try:
                await self._renew()
                if not self.feed.has_room():
                    raise OSError(f"too little space is free for {self.feed.path}")  # noqa: TRY301 - told as all others
                for message in await self.queue.next():
                    await self.handle(message, dt.datetime.now(dt.UTC))
                    patience = _SHORTEST_S
                self._told = ""
            except (OSError, GarrisonError) as error:  # TimeoutError is an OSError
                self._tell(f"messages wait: {error or type(error).__name__}")
                await self._pause(patience)
                patience = min(patience * 2, _LONGEST_S)

    async def handle(self, message: Message, now: dt.datetime) -> None:
        """Bring one message to its end. In this order, so that after a crash at any place each step is done once."""
        if not self.feed.has(message.id):
            verdict = self.judge.verdict(message, self.feed.today(now), now)
            self.feed.write(_line(message, await self._end(message, verdict), now, self.key))
        await self.queue.done(message)
        self._hung_up = 0

    async def _end(self, message: Message, verdict: Verdict) -> Verdict:
        """Write a message to where it belongs, and tell what has become of it."""
        try:
            if self._hung_up < _TRIES:
                await self._write(message, verdict)
                return verdict
            reason, text = "gateway-error", "the queue ended the connection over this message again and again"
        except UnfitError as error:
            reason, text = "too-large", str(error)
        ended = msgspec.structs.replace(verdict, reason=reason, message=text)
        left_out = {SIZE: str(len(message.body)), DIGEST: f"sha256:{hashlib.sha256(message.body).hexdigest()}"}
        try:
            await self._write(Message(message.id, message.model, {}, b""), ended, left_out)
        except UnfitError as error:
            self.say(f"{message.id} leaves no dead letter, as {error}")
        return ended

    async def _write(self, message: Message, verdict: Verdict, more: Mapping[str, str] = {}) -> None:
        headers = {CLIENT: verdict.client, ROLE: verdict.role} if verdict.client else {}
        try:
            if verdict.accepted:
                await self.queue.accept(message, headers)
            else:
                why = {REASON: verdict.reason, MESSAGE: verdict.message[:_LONGEST_MESSAGE]}
                await self.queue.refuse(message, {**headers, **why, **more})
        except HungUpError:
            self._hung_up += 1
            raise

    async def close(self) -> None:
        """Leave queue and feed."""
        try:
            await self.queue.close()
        finally:
            self.feed.close()

    def _take_up(self, feed: Feed | None) -> None:
        """Read the file, and put it in force, with the queue and the feed that it names now. Raises before anything is changed."""
        before = stamps({self.path, *self._seen})
        loaded = read(self.path)
        judge = Judge(loaded)
        make_key(loaded.state)
        key = read_key(loaded.state) if loaded.gateway.log.input_digest else b""
        self.feed = _feed(loaded, judge.batch, feed)
        self.judge, self.key, self.queue = judge, key, self._connect(judge)
        self._hung_up = 0  # times in a row, over one message: they are handled in their order
        self._seen = {path: before.get(path, stamp) for path, stamp in stamps(rules.watched(loaded)).items()}

    async def _renew(self) -> None:
        """Take up a file that has changed, between two messages; one that is wrong changes nothing."""
        if stamps(self._seen) == self._seen:
            return
        queue = self.queue
        try:
            self._take_up(self.feed)
        except (GarrisonError, OSError) as error:
            self._seen = stamps(self._seen)
            self.say(f"what changed is wrong, and not in force: {error}")
            return
        self.say(f"{self.path} has changed and is in force: {self.described}")
        await queue.close()

    def _tell(self, text: str) -> None:
        if text != self._told:
            self._told = text
            self.say(text)

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.ending.wait(), seconds)
        except TimeoutError:
            return


def _feed(loaded: Loaded, batch: Batch, before: Feed | None) -> Feed:
    """The feed that a file names: the one of before, or one that takes over from it."""
    path, free_mb = loaded.beside(batch.log) if batch.log else loaded.state / LOG, loaded.gateway.log.free_mb
    if before is not None and path.resolve() == before.path.resolve():
        before.keep_free(free_mb)
        return before
    feed = Feed(path, free_mb)
    if before is not None:
        feed.take_over(before)
    return feed


def _line(message: Message, verdict: Verdict, now: dt.datetime, key: bytes) -> Line:
    return Line(
        time=f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z",
        request_id=message.id,
        decision="allow" if verdict.accepted else "deny",
        client=verdict.client,
        role=verdict.role,
        model=message.model,
        reason=verdict.reason,
        request_bytes=len(message.body),
        input_digest=digest_of(key, message.body) if key else "",
    )
