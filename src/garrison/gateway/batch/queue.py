"""What a queue is to the guard: the seam for others than NATS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec


class UnfitError(Exception):
    """The queue never takes this message: with its headers it is too large for it."""


class HungUpError(ConnectionError):
    """The queue ended the connection while this message was written: for its sake, if that happens again and again."""


class Message(msgspec.Struct, frozen=True):
    """What a producer wrote. `id` is the same however often it is delivered, and never that of another message."""

    id: str
    model: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class Queue(Protocol):
    """Messages are delivered until they are done with; what fails raises OSError or TimeoutError, and may be tried again."""

    async def next(self) -> Sequence[Message]:
        """Some messages in the order in which they were written; none if there are none for a while."""
        ...

    async def accept(self, message: Message, headers: Mapping[str, str]) -> None:
        """Write it to where model servers read, once, with these headers added. Returns when it is kept there.

        Raises UnfitError and HungUpError, and so does `refuse`.
        """
        ...

    async def refuse(self, message: Message, headers: Mapping[str, str]) -> None:
        """Write it to the dead letters, once, with these headers added. Returns when it is kept there."""
        ...

    async def done(self, message: Message) -> None:
        """It is not delivered any more. Returns when that is certain."""
        ...

    async def close(self) -> None:
        """Leave the queue; what was delivered and is not done with is delivered again."""
        ...
