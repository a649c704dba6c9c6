"""Syslog: RFC 5424 and 3164 messages over TLS (RFC 5425), TCP (RFC 6587) and UDP (RFC 5426).

Plain syslog acknowledges nothing. While messages cannot be kept, nothing more is read of a connection, and its sender waits; what a
connection's end or this process's takes with it, and datagrams that nobody could hold, are counted as lost, as far as they are known.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, cast

from garrison.errors import BusyError, ConfigError
from garrison.watch.receive.framing import Frames
from garrison.watch.receive.grouping import Piece
from garrison.watch.receive.input import Around, Count
from garrison.watch.receive.listen import Guard, Listen, accept, bind, place
from garrison.watch.receive.programs import By, Programs

TYPE = "syslog"

_AT_ONCE = 1_000
_HELD_BYTES = 256 << 10  # of a connection, after which it is read no more
_DATAGRAMS_BYTES = 32 << 20
_SOCKET_BYTES = 8 << 20  # as much as the kernel allows of it
_SHORTEST_S, _LONGEST_S = 0.1, 5.0
_LOOK_S = 1.0
_FINISH_S = 3.0

_log = logging.getLogger(__name__)


class Settings(Listen, frozen=True, kw_only=True, tag=TYPE, forbid_unknown_fields=True, rename="kebab"):
    """`type = "syslog"`."""

    log: str = "syslog"
    transport: Literal["tcp", "udp"] = "tcp"
    insecure: bool = False  # datagrams from the network: anybody may send them, in anybody's name
    by: tuple[By, ...] = ()


def hold(settings: Settings, beside: Callable[[str], Path]) -> None:
    """See `Input`."""
    Programs(settings.name, settings.log, settings.by)
    if settings.keys_file:
        raise ConfigError(f"input {settings.name}: syslog shows no keys", hint="name client-ca in tls")
    if settings.transport == "tcp":
        if settings.insecure:
            hint = "tls with client-ca shows who sends; insecure is for UDP, which has neither"
            raise ConfigError(f"input {settings.name}: insecure is said of TCP", hint=hint)
        Guard(settings, beside)
        return
    if settings.tls:
        raise ConfigError(f"input {settings.name}: datagrams have no TLS", hint='write transport = "tcp"')
    if not place(settings.address)[2] and not settings.insecure:
        hint = 'use transport = "tcp" with tls; or write insecure = true, and let nobody but your own machines reach it'
        raise ConfigError(f"anybody could send datagrams to {settings.address}", hint=hint)


async def serve(settings: Settings, around: Around) -> None:
    """See `Input`."""
    hold(settings, around.beside)
    programs = Programs(settings.name, settings.log, settings.by)
    if settings.transport == "udp":
        await _datagrams(settings, around, programs)
    else:
        await _connections(settings, around, programs)


async def _connections(settings: Settings, around: Around, programs: Programs) -> None:
    guard = Guard(settings, around.beside)
    listening = bind(settings.address)
    _say(settings.name, listening)

    def denied() -> None:
        around.intake.count(settings.name, Count.DENIED)

    def connection() -> _Connection:
        made = _Connection(guard, _Queue(settings.name, around, programs), denied)
        open_.add(made)
        made.ended.add_done_callback(lambda _: open_.discard(made))
        return made

    open_: set[_Connection] = set()
    try:
        await accept(listening, guard, connection, most=settings.connections, denied=denied)
    finally:
        await asyncio.gather(*(one.finish() for one in open_))


async def _datagrams(settings: Settings, around: Around, programs: Programs) -> None:
    if not place(settings.address)[2]:
        _log.warning("%s is insecure: whoever reaches %s is believed", settings.name, settings.address)
    bound = bind(settings.address, socket.SOCK_DGRAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SOCKET_BYTES)
    _say(settings.name, bound)
    queue = _Queue(settings.name, around, programs)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Datagrams(queue), sock=bound)
    taking = asyncio.create_task(queue.run())
    known = 0
    try:
        while not taking.done():
            await asyncio.sleep(_LOOK_S)
            dropped = kernel_drops(bound.fileno())
            if dropped > known:
                queue.lose(dropped - known)
                known = dropped
        await taking
    finally:
        transport.close()
        await queue.stop(taking)


def kernel_drops(descriptor: int) -> int:
    """Datagrams to a socket that the kernel had no room for: `drops` of /proc/net/udp (proc_pid_net(5)). 0 where there is no such file."""
    name = Path(f"/proc/self/fd/{descriptor}").readlink().name  # socket:[INODE]
    inode = name.removeprefix("socket:[").removesuffix("]")
    for table in ("udp", "udp6"):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if len(fields) > 12 and fields[9] == inode:  # noqa: PLR2004 - see the manual page
                    return int(fields[12])
    return 0


class _Queue:
    """Messages on their way from one sender into the intake."""

    def __init__(self, name: str, around: Around, programs: Programs) -> None:
        self.size = 0  # bytes
        self._name, self._intake, self._programs = name, around.intake, programs
        self._pieces: deque[Piece] = deque()
        self._place = secrets.token_hex(8)
        self._some = asyncio.Event()
        self._ended = False
        self._taking: list[Piece] = []

    def put(self, pieces: Iterable[Piece]) -> None:
        """Have them wait."""
        for piece in pieces:
            self._pieces.append(piece)
            self.size += len(piece.data)
        self._some.set()

    def end(self) -> None:
        """Nothing comes any more."""
        self._ended = True
        self._some.set()

    async def run(self, taken: Callable[[], None] = lambda: None) -> None:
        """Hand messages over until the end; `taken` is called when there is room again."""
        while True:
            await self._some.wait()
            self._some.clear()
            while self._pieces:
                self._taking = [self._pieces.popleft() for _ in range(min(len(self._pieces), _AT_ONCE))]
                await self._take()
                self.size -= sum(len(piece.data) for piece in self._taking)
                self._taking = []
                taken()
            if self._ended:
                return

    async def stop(self, taking: asyncio.Task[None]) -> None:
        """End at once. What waits then is lost."""
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)
        self.lose_all()

    def lose_all(self) -> None:
        """Count what waits as gone."""
        self.lose(len(self._taking) + len(self._pieces))
        self._taking = []
        self._pieces.clear()

    def lose(self, count: int = 1) -> None:
        """Count messages that are gone."""
        if count:
            self._intake.count(self._name, Count.LOST, count)

    async def _take(self) -> None:
        waiting = self._programs.sorted(self._taking, self._place)
        pause_s = _SHORTEST_S
        while waiting:
            results = await asyncio.gather(
                *(self._intake.take(source, lines) for source, lines in waiting), return_exceptions=True
            )
            for result in results:
                if isinstance(result, BaseException) and not isinstance(result, BusyError):
                    raise result
            waiting = [one for one, result in zip(waiting, results, strict=True) if isinstance(result, BusyError)]
            if waiting:
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_S)


class _Connection(asyncio.Protocol):
    """One that sends messages. It is read no further while too much of it waits."""

    def __init__(self, guard: Guard, queue: _Queue, denied: Callable[[], None]) -> None:
        self._guard, self._queue, self._denied = guard, queue, denied
        self._frames = Frames()
        self._transport: asyncio.Transport | None = None
        self._paused = False
        self._taking: asyncio.Task[None] | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        if self._guard.sender(transport.get_extra_info("peercert")) is None:
            self._denied()
            cast("asyncio.Transport", transport).abort()
            self.ended.set_result(None)
            return
        self._transport = cast("asyncio.Transport", transport)
        self._taking = asyncio.get_running_loop().create_task(self._queue.run(self._taken))
        self._taking.add_done_callback(self._over)

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        if self._transport is None or self._transport.is_closing():
            return
        try:
            self._queue.put(self._frames.feed(data))
        except ValueError as error:
            self._queue.put([Piece(0, data[:_HELD_BYTES], str(error))])
            self._transport.abort()
        if self._queue.size > _HELD_BYTES and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        del exc
        self._queue.put(self._frames.rest())
        self._queue.end()

    async def finish(self) -> None:
        """Wait a while until what was heard is kept."""
        if self._taking is not None:
            await asyncio.wait([self._taking], timeout=_FINISH_S)
            await self._queue.stop(self._taking)

    def _over(self, taking: asyncio.Task[None]) -> None:
        self.ended.set_result(None)
        if not taking.cancelled() and (error := taking.exception()) is not None:
            _log.error("a connection failed: %r", error)
            self._queue.lose_all()
            if self._transport is not None:
                self._transport.abort()

    def _taken(self) -> None:
        if self._paused and self._queue.size <= _HELD_BYTES // 2 and self._transport is not None:
            self._paused = False
            if not self._transport.is_closing():
                self._transport.resume_reading()


class _Datagrams(asyncio.DatagramProtocol):
    """Each is a message. Those for which there is no room are lost."""

    def __init__(self, queue: _Queue) -> None:
        self._queue, self._number = queue, 0

    def datagram_received(self, data: bytes, addr: object) -> None:
        """See asyncio."""
        del addr
        if self._queue.size + len(data) > _DATAGRAMS_BYTES:
            self._queue.lose()
            return
        self._number += 1
        if message := data.rstrip(b"\r\n\0"):
            self._queue.put([Piece(self._number, message)])


def _say(name: str, bound: socket.socket) -> None:
    host, port = bound.getsockname()[:2]
    _log.info("%s listens on %s:%d", name, f"[{host}]" if ":" in host else host, port)
