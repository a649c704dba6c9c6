"""Bodies of requests, in pieces: however large, slow, false or folded together they are, little of them is held at a time.

Gzip is RFC 1952, deflate RFC 1950 (as HTTP means it: RFC 9110, section 8.4.1.2), zstd RFC 8878.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp import web

_PIECE_BYTES = 1 << 18
_PATIENCE_S = 30.0
_SLOWEST_BYTES_S = 4_096
_FREE_BYTES = 8 << 20  # unpacked before it is asked what they were packed in
_MOST_FOLD = 200  # so many times its packed size: text of logs packs 10 to 100 times
_MOST_WINDOW = 23  # bits of zstd's memory: what RFC 8878, section 3.1.1.1.2, recommends


class RefusedError(Exception):
    """A request that is not taken, as HTTP says it."""

    def __init__(self, status: int, message: str, *, retry_s: int = 0) -> None:
        super().__init__(message)
        self.status, self.message, self.retry_s = status, message, retry_s


async def pieces(request: web.BaseRequest, most_bytes: int) -> AsyncIterator[bytes]:
    """A body, unpacked. Raises RefusedError, for one that is too large, too slow, broken off or not packed as it says."""
    if (request.content_length or 0) > most_bytes:
        raise _too_large(most_bytes)
    unpack = _Unpack(request.headers.get("Content-Encoding", "identity").strip().lower())
    packed = unpacked = 0
    async for data in _packed(request):
        packed += len(data)
        for piece in unpack(data):
            unpacked += len(piece)
            if unpacked > most_bytes or packed > most_bytes:
                raise _too_large(most_bytes)
            if unpacked > max(_FREE_BYTES, packed * _MOST_FOLD):
                raise RefusedError(413, f"it unpacks to more than {_MOST_FOLD} times its size")
            yield piece
    if not unpack.is_whole:
        raise RefusedError(400, "the body is broken off")


class Budget:
    """How much of bodies that can only be read as a whole is held at a time, of all requests to an input."""

    def __init__(self, most_bytes: int) -> None:
        self._left_bytes = most_bytes

    @contextlib.asynccontextmanager
    async def whole(self, stream: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        """All of a body. Raises RefusedError, also where others have the memory that it needs."""
        found = bytearray()
        try:
            async for piece in stream:
                if len(piece) > self._left_bytes:
                    raise RefusedError(429, "others send too much at this time", retry_s=1)
                self._left_bytes -= len(piece)
                found += piece
            yield bytes(found)
        finally:
            self._left_bytes += len(found)


async def _packed(request: web.BaseRequest) -> AsyncIterator[bytes]:
    """As it comes; whoever sends slower than the slowest line is let go."""
    from aiohttp import ClientError
    from aiohttp.http_exceptions import HttpProcessingError

    loop = asyncio.get_running_loop()
    until, read = loop.time() + _PATIENCE_S, 0
    while True:
        try:
            async with asyncio.timeout_at(until + read / _SLOWEST_BYTES_S):
                data = await request.content.readany()
        except TimeoutError as error:
            raise RefusedError(408, f"it comes slower than {_SLOWEST_BYTES_S:,} bytes a second") from error
        except (ClientError, HttpProcessingError, ConnectionError) as error:
            raise RefusedError(400, "the body is broken off") from error
        if not data:
            return
        read += len(data)
        yield data


class _Unpack:
    """One kind of packing, undone; several packs may follow each other. `is_whole`: none is broken off."""

    def __init__(self, coding: str) -> None:
        if coding not in _UNPACKERS:
            raise RefusedError(415, f"Content-Encoding may be {', '.join(_UNPACKERS)}")
        self._coding, self._make = coding, _UNPACKERS[coding]
        self._open: Any = None

    @property
    def is_whole(self) -> bool:
        return self._open is None

    def __call__(self, data: bytes) -> Iterator[bytes]:
        """What it unpacks to, in pieces."""
        if self._make is None:
            yield data
            return
        more = bool(data)
        while more:
            self._open = self._open or self._make()
            piece, data = self._step(data)
            if piece:
                yield piece
            more = bool(data) or (len(piece) == _PIECE_BYTES and self._open is not None)

    def _step(self, data: bytes) -> tuple[bytes, bytes]:
        """The next piece, and what is left to unpack."""
        try:
            piece: bytes = self._open.decompress(data, _PIECE_BYTES)
        except Exception as error:  # each library has an error of its own
            raise RefusedError(400, f"the body is no {self._coding}") from error
        if not self._open.eof:
            return piece, getattr(self._open, "unconsumed_tail", b"")
        rest: bytes = self._open.unused_data
        self._open = None
        return piece, rest


def _zstd() -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _MOST_WINDOW})


def _too_large(most_bytes: int) -> RefusedError:
    return RefusedError(413, f"the body has more than {most_bytes:,} bytes")


_UNPACKERS: Mapping[str, Callable[[], Any] | None] = {
    "identity": None,
    "gzip": lambda: zlib.decompressobj(zlib.MAX_WBITS | 16),
    "deflate": lambda: zlib.decompressobj(zlib.MAX_WBITS),
    "zstd": _zstd,
}
