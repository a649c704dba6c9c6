"""Queues of NATS JetStream (https://docs.nats.io/nats-concepts/jetstream).

A message is delivered until it is acknowledged, and what is published under one `Nats-Msg-Id` is kept once while the
stream remembers it: an hour in the streams that are made here. Streams that are there are taken as they are.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from garrison.gateway.batch.queue import Message
from garrison.gateway.file.form import Batch

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.js.api import RetentionPolicy

_DURABLE: Final = "garrison"
_UNDER_WAY: Final = 64  # messages
_AGAIN_S: Final = 5  # after which one that was not acknowledged is delivered again
_REMEMBERED_S: Final = 3600
_WAIT_S: Final = 1.0  # for messages
_CONNECT_S: Final = 2.0
_ID: Final = "Nats-Msg-Id"


class JetStream:
    """A connection. `credentials` are the names of headers that do not go on."""

    def __init__(self, batch: Batch, folder: Path, credentials: Iterable[str]) -> None:
        self._batch, self._folder, self._credentials = batch, folder, frozenset(credentials)
        self._client: Client | None = None
        self._stream: Any = None
        self._puller: Any = None
        self._open: dict[str, Msg] = {}
        self._made = ""

    async def next(self) -> Sequence[Message]:
        """Some messages; none if there are none for a while. Connects if it has to."""
        with _as_os_errors():
            if self._client is None or self._client.is_closed:
                await self._connect()
            try:
                found = await self._puller.fetch(_UNDER_WAY, timeout=_WAIT_S)
            except TimeoutError:
                return ()
        self._open = {self._id(msg): msg for msg in found}
        prefix = len(self._batch.requests) + 1
        return [Message(id_, msg.subject[prefix:], _lower(msg.headers), msg.data) for id_, msg in self._open.items()]

    async def accept(self, message: Message, headers: Mapping[str, str]) -> None:
        """To where model servers read."""
        await self._publish(self._batch.accepted, message, headers)

    async def refuse(self, message: Message, headers: Mapping[str, str]) -> None:
        """To the dead letters."""
        await self._publish(self._batch.refused, message, headers)

    async def done(self, message: Message) -> None:
        """Acknowledge it, and wait for the server to have taken that."""
        with _as_os_errors():
            await self._open.pop(message.id).ack_sync()

    async def close(self) -> None:
        """Leave."""
        if self._client is not None:
            with _as_os_errors():
                await self._client.close()

    async def _publish(self, stream: str, message: Message, headers: Mapping[str, str]) -> None:
        # Who a producer says that he is does not go on, nor what he says that the gateway has said.
        own = {
            name: value
            for name, value in message.headers.items()
            if name not in self._credentials and not name.startswith(("x-garrison-", "nats-"))
        }
        told = {name: value.replace("\r", " ").replace("\n", " ") for name, value in headers.items()}
        with _as_os_errors():
            await self._stream.publish(
                f"{stream}.{message.model}", message.body, headers={**own, **told, _ID: message.id}
            )

    async def _connect(self) -> None:
        import nats
        from nats.js.api import ConsumerConfig, RetentionPolicy

        batch = self._batch
        options: dict[str, Any] = {"allow_reconnect": False, "max_reconnect_attempts": 1, "error_cb": _ignore}
        if batch.url.startswith("tls://"):
            options["tls"] = ssl.create_default_context(cafile=str(self._folder / batch.ca) if batch.ca else None)
        if batch.credentials:
            options["user_credentials"] = str(self._folder / batch.credentials)
        client = await asyncio.wait_for(nats.connect(batch.url, **options), _CONNECT_S)
        try:
            stream = client.jetstream()
            await _make(stream, batch.requests, RetentionPolicy.WORK_QUEUE)  # keys lie in it no longer than they must
            for name in (batch.accepted, batch.refused):
                await _make(stream, name, RetentionPolicy.LIMITS)
            info = await stream.stream_info(batch.requests)
            config = ConsumerConfig(ack_wait=_AGAIN_S, max_ack_pending=_UNDER_WAY)
            subject = f"{batch.requests}.>"
            self._puller = await stream.pull_subscribe(subject, _DURABLE, stream=batch.requests, config=config)
        except BaseException:
            await client.close()
            raise
        # Numbers begin anew in a stream that is made anew: the id tells the two apart.
        self._client, self._stream, self._made = client, stream, f"{batch.requests}:{info.created}"

    def _id(self, msg: Msg) -> str:
        return f"{self._made}:{msg.metadata.sequence.stream}"


async def _make(stream: Any, name: str, retention: RetentionPolicy) -> None:
    """Make a stream unless it is there."""
    from nats.js.errors import NotFoundError

    try:
        await stream.stream_info(name)
    except NotFoundError:
        subjects = [f"{name}.>"]
        await stream.add_stream(name=name, subjects=subjects, retention=retention, duplicate_window=_REMEMBERED_S)


async def _ignore(_: Exception) -> None:
    """Errors of a connection are raised where it is used."""


def _lower(headers: Mapping[str, str] | None) -> dict[str, str]:
    return {name.lower(): value for name, value in (headers or {}).items()}


@contextlib.contextmanager
def _as_os_errors() -> Iterator[None]:
    """What NATS raises, as the seam has it."""
    from nats.errors import Error

    try:
        yield
    except TimeoutError as error:
        raise TimeoutError("the queue does not answer") from error
    except Error as error:
        raise ConnectionError(f"the queue cannot be used: {error}") from error
