"""Queues of NATS JetStream (https://docs.nats.io/nats-concepts/jetstream).

Messages are read by their numbers, one after the other, and deleted when they have come to an end: the server overwrites
them, as keys lie in them. It tells a message in JSON (`STREAM.MSG.GET`), so what a producer wrote, whatever it is, does not
meet the client's parser, which stops over headers and subjects that are not UTF-8 and takes a message with the header
`Status` for one of the server's own. What is published under one `Nats-Msg-Id` is kept once while the stream remembers it: an
hour in the streams that are made here. Streams that are there are taken as they are.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from garrison.gateway.batch.credentials import connecting
from garrison.gateway.batch.queue import HungUpError, Message, UnfitError
from garrison.gateway.file.form import MODEL_PATTERN, Batch

if TYPE_CHECKING:
    from nats.js.api import RetentionPolicy, StreamInfo

_REMEMBERED_S: Final = 3600
_LOOK_S: Final = 0.2  # between two looks where no message waits
_CONNECT_S: Final = 2.0
_ANSWER_S: Final = 5.0
_ID: Final = "Nats-Msg-Id"
_OPENING: Final = b"NATS/1.0\r\n"  # of headers
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # of a header, as RFC 9110 (section 5.6.2) has it
_MODEL: Final = re.compile(MODEL_PATTERN)
_LONGEST_NAME: Final = 256  # of a model; a longer subject could break the line that carries it
_NOT_FOUND: Final = 10_037  # err_code of the server: no message from this number on
_TOO_LARGE: Final = frozenset({10_054, 10_097})  # more than the stream takes, more headers than it can keep


class JetStream:
    """A connection. `credentials` are the names of headers that do not go on."""

    def __init__(self, batch: Batch, folder: Path, credentials: Iterable[str]) -> None:
        self._batch, self._folder, self._credentials = batch, folder, frozenset(credentials)
        self._client: Any = None  # nats-py's Client and JetStreamContext, once there is a connection
        self._stream: Any = None
        self._from = 1  # where to look first; back at the start where nothing is found, as a stream may be made anew
        self._said = ""  # what the server said last that was about no request

    async def next(self) -> Sequence[Message]:
        """The first message that waits; none if there is none. Connects if it has to."""
        if self._client is None or self._client.is_closed:
            with self._as_os_errors():
                await self._connect()
        batch = self._batch
        answer = await self._ask("GET", {"seq": self._from, "next_by_subj": f"{batch.requests}.>"})
        if answer.error is not None and answer.error.err_code == _NOT_FOUND:
            self._from = 1
            await asyncio.sleep(_LOOK_S)
            return ()
        found = answer.message or answer.failed()
        # Numbers begin anew in a stream that is made anew: the time tells the two apart.
        id_, model = f"{batch.requests}:{found.time}:{found.seq}", found.subject[len(batch.requests) + 1 :]
        return (Message(id_, model, _headers(found.hdrs), found.data),)

    async def accept(self, message: Message, headers: Mapping[str, str]) -> None:
        """To where model servers read."""
        await self._publish(self._batch.accepted, message, headers)

    async def refuse(self, message: Message, headers: Mapping[str, str]) -> None:
        """To the dead letters."""
        await self._publish(self._batch.refused, message, headers)

    async def done(self, message: Message) -> None:
        """Have the server delete it, and wait until it has."""
        number = int(message.id.rpartition(":")[2])
        deleted = await self._ask("DELETE", {"seq": number})
        if deleted.error is not None and (await self._ask("GET", {"seq": number})).message is not None:
            deleted.failed()
        self._from = number + 1

    async def close(self) -> None:
        """Leave."""
        if self._client is not None:
            with self._as_os_errors():
                await self._client.close()

    async def _publish(self, stream: str, message: Message, headers: Mapping[str, str]) -> None:
        # Who a producer says that he is does not go on, nor what he says that the gateway has said.
        own = {
            name: value
            for name, value in message.headers.items()
            if name not in self._credentials and not name.startswith(("x-garrison-", "nats-"))
        }
        told = {name: value.replace("\r", " ").replace("\n", " ") for name, value in headers.items()}
        whole = {**own, **told, _ID: message.id}
        size, largest = _size(whole) + len(message.body), self._client.max_payload
        if size > largest:
            raise UnfitError(f"the queue takes {largest:,} bytes, and this message would have {size:,}")
        try:
            with self._as_os_errors():
                await self._stream.publish(f"{stream}.{_subject(message.model)}", message.body, headers=whole)
        except OSError as error:
            if self._client.is_closed:
                raise HungUpError(f"the queue ended the connection over {message.id}: {self._said or error}") from error
            raise

    async def _ask(self, what: str, about: Mapping[str, object]) -> _Answer:
        """Something of the messages of `requests`, in the API of JetStream."""
        subject = f"$JS.API.STREAM.MSG.{what}.{self._batch.requests}"
        with self._as_os_errors():
            answer = await self._client.request(subject, msgspec.json.encode(about), timeout=_ANSWER_S)
        try:
            return msgspec.json.decode(answer.data, type=_Answer)
        except msgspec.DecodeError as error:
            raise ConnectionError(f"the queue answers what is no answer: {error}") from error

    async def _connect(self) -> None:
        import nats
        from nats.js.api import RetentionPolicy

        batch = self._batch
        options: dict[str, Any] = {"allow_reconnect": False, "max_reconnect_attempts": 1, "error_cb": self._hear}
        if batch.url.startswith("tls://"):
            options["tls"] = _trusting(self._folder / batch.ca if batch.ca else None)
        if batch.credentials:
            options |= connecting(self._folder / batch.credentials)
        self._said = ""
        client = await asyncio.wait_for(nats.connect(batch.url, **options), _CONNECT_S)
        try:
            stream = client.jetstream(timeout=_ANSWER_S)
            await _make(stream, batch.requests, RetentionPolicy.WORK_QUEUE)
            for name in (batch.accepted, batch.refused):
                await _make(stream, name, RetentionPolicy.LIMITS)
            _hold(batch.requests, await stream.stream_info(batch.requests))
        except BaseException:
            await client.close()
            raise
        self._client, self._stream, self._from = client, stream, 1

    async def _hear(self, error: Exception) -> None:
        """Errors of a connection are raised where it is used; what the server said is told there."""
        self._said = str(error)

    @contextlib.contextmanager
    def _as_os_errors(self) -> Iterator[None]:
        """What NATS raises, as the seam has it."""
        from nats.errors import Error
        from nats.js.errors import APIError

        try:
            yield
        except TimeoutError as error:
            said = f": {self._said}" if self._said else ""
            raise TimeoutError(f"the queue does not answer{said}") from error
        except APIError as error:
            if error.err_code in _TOO_LARGE:
                raise UnfitError(f"the queue does not take it: {error.description}") from error
            raise ConnectionError(f"the queue cannot be used: {error}") from error
        except Error as error:
            raise ConnectionError(f"the queue cannot be used: {error}") from error


class _Stored(msgspec.Struct, frozen=True):
    """A message in a stream; bytes stand in base64."""

    subject: str
    seq: int
    time: str
    hdrs: bytes = b""
    data: bytes = b""


class _Failure(msgspec.Struct, frozen=True):
    code: int
    err_code: int = 0
    description: str = ""


class _Answer(msgspec.Struct, frozen=True):
    """What JetStream answers (https://docs.nats.io/reference/reference-protocols/nats_api_reference)."""

    message: _Stored | None = None
    error: _Failure | None = None

    def failed(self) -> _Stored:
        """Raises ConnectionError."""
        raise ConnectionError(
            f"the queue cannot be used: {self.error.description if self.error else 'an empty answer'}"
        )


def _trusting(authority: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authority)
    except OSError as error:  # it does not name the file
        raise OSError(f"{authority} cannot be used: {error}") from error


async def _make(stream: Any, name: str, retention: RetentionPolicy) -> None:
    """Make a stream unless it is there."""
    from nats.js.errors import NotFoundError

    try:
        await stream.stream_info(name)
    except NotFoundError:
        subjects = [f"{name}.>"]
        await stream.add_stream(name=name, subjects=subjects, retention=retention, duplicate_window=_REMEMBERED_S)


def _hold(name: str, info: StreamInfo) -> None:
    """Raises ConnectionError for a stream that cannot be guarded."""
    if info.config.deny_delete:
        raise ConnectionError(f"the stream {name} denies that messages are deleted: make it anew without that")
    if info.config.retention == "interest":
        raise ConnectionError(f"the stream {name} keeps nothing for the guard: make it anew with --retention work")


def _headers(data: bytes) -> dict[str, str]:
    """As a producer wrote them, names in lower case. What is no header is left out."""
    found = {}
    for line in data.split(b"\r\n")[1:]:
        name, colon, value = line.partition(b":")
        if colon and _NAME.fullmatch(name):
            found[name.decode().lower()] = value.strip().decode("utf-8", "replace")
    return found


def _size(headers: Mapping[str, str]) -> int:
    """How many bytes they are on the way."""
    lines = sum(len(name.encode()) + len(value.encode()) + len(": \r\n") for name, value in headers.items())
    return len(_OPENING) + lines + len(b"\r\n")


def _subject(model: str) -> str:
    """Where messages about a model lie. What can be no model's name is told in few characters that harm nothing."""
    if len(model) <= _LONGEST_NAME and _MODEL.fullmatch(model):
        return model
    return re.sub(r"[^A-Za-z0-9_-]", "_", model[:_LONGEST_NAME])
