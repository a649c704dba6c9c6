"""Lines of any log by HTTP: POSTed one a line, as an array of JSON, or as the document that a cloud writes.

An answer of 200 says that all of them are on the disk: `{"events": 3, "quarantined": 0}`. A request that is sent again doubles nothing: an
event has its own name, or that of its line and the place of it, which is its sender, the request's `Idempotency-Key`
(draft-ietf-httpapi-idempotency-key-header), if it has one, and the line's number.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from typing import TYPE_CHECKING, Annotated

import msgspec

from garrison.errors import ConfigError, UnmappedError, UsageError
from garrison.events.mappers import Mapper, mapper, records
from garrison.watch.receive.body import Budget, RefusedError, pieces
from garrison.watch.receive.input import Around, Line, Source
from garrison.watch.receive.lines import AT_ONCE, slices
from garrison.watch.receive.listen import Listen, hold_listener
from garrison.watch.receive.web import answer
from garrison.watch.receive.web import serve as serve_web

if TYPE_CHECKING:
    from aiohttp import web

TYPE = "http"

_HEAD_BYTES = 256
_DOCUMENT = re.compile(rb'\s*(?:\[|\{\s*"(?:[Rr]ecords"|kind"\s*:\s*"EventList"))')
_HELD_BYTES = 256 << 20  # of documents
_array = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Settings(Listen, frozen=True, kw_only=True, tag=TYPE, forbid_unknown_fields=True, rename="kebab"):
    """`type = "http"`."""

    log: str
    path: Annotated[str, msgspec.Meta(pattern="^/")] = "/"
    most_mb: Annotated[int, msgspec.Meta(gt=0, le=4096)] = 64  # of a request, unpacked


hold = hold_listener


async def serve(settings: Settings, around: Around) -> None:
    """See `Input`."""
    source, budget, most_bytes = source_of(settings.name, settings.log), Budget(_HELD_BYTES), settings.most_mb << 20

    async def take(request: web.BaseRequest, sender: str) -> web.Response:
        stream, is_document = await _looked_at(pieces(request, most_bytes))
        place = (sender, request.headers.get("Idempotency-Key", ""))
        found = _of_document(source.form, stream, place, budget) if is_document else slices(stream, place)
        lines = events = 0
        async with contextlib.aclosing(found):
            async for some in found:
                events += await around.intake.take(source, some)
                lines += len(some)
        return answer({"events": events, "quarantined": lines - events})

    await serve_web(settings, around, {settings.path: take})


def source_of(name: str, log: str) -> Source:
    """Where an input's lines come from. Raises ConfigError for a format that is none."""
    try:
        return Source(name, mapper(log))
    except UsageError as error:
        raise ConfigError(f"input {name}: {error.message}", hint=error.hint) from error


async def _looked_at(stream: AsyncIterator[bytes]) -> tuple[AsyncIterator[bytes], bool]:
    """A body, and whether it is one document instead of lines."""
    head = b""
    async for piece in stream:
        head = (head + piece).lstrip()
        if len(head) >= _HEAD_BYTES:
            break

    async def again() -> AsyncIterator[bytes]:
        yield head
        async for piece in stream:
            yield piece

    return again(), _DOCUMENT.match(head) is not None


async def _of_document(
    form: Mapper, stream: AsyncIterable[bytes], place: tuple[object, ...], budget: Budget
) -> AsyncGenerator[list[Line], None]:
    async with budget.whole(stream) as data:
        try:
            found = iter(await asyncio.to_thread(_split, form, data))
        except (UnmappedError, msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise RefusedError(400, f"this is no JSON of {form.LABEL}: {error}") from error
        number = 0
        while some := list(itertools.islice(found, AT_ONCE)):
            yield [Line(line, (*place, number + at)) for at, line in enumerate(some, start=1)]
            number += len(some)


def _split(form: Mapper, data: bytes) -> Iterable[bytes]:
    if not data.lstrip().startswith(b"["):
        return list(records(form, data))
    return [_text(bytes(item)) for item in _array(data)]


def _text(item: bytes) -> bytes:
    """A line of an array: an object stays as it is written, a string is what it says."""
    return msgspec.json.decode(item, type=str).encode() if item.startswith(b'"') else item
