"""Listening, as all inputs do that senders connect to: addresses, TLS, credentials, and how many at a time.

Nobody but this machine is listened to without TLS and a credential.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import socket
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from garrison.errors import BusyError, ConfigError
from garrison.watch.receive.credentials import Fresh, Key, Tls, context, match, names_of, read_keys
from garrison.watch.receive.input import InputSettings

LOCAL = "local"
"""Who sends from this machine, where no credential is asked for."""

_LAST_PORT = 65_535
_BACKLOG = 512
_HANDSHAKE_S = 10.0
_PAUSE_S = 0.2
_SHORT_OF = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)  # it passes

_log = logging.getLogger(__name__)


class Listen(InputSettings, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """Where an input listens, and to whom."""

    address: str  # HOST:PORT, numeric; an IPv6 address stands in brackets
    tls: Tls | None = None
    keys_file: str = ""  # the keys of senders, as hashes
    connections: Annotated[int, msgspec.Meta(gt=0, le=100_000)] = 1_000  # at a time


def hold_listener(settings: Listen, beside: Callable[[str], Path]) -> None:
    """`Input.hold` of an input that listens, and refuses nothing else."""
    Guard(settings, beside)


class Guard:
    """Who may send to an input."""

    def __init__(self, listen: Listen, beside: Callable[[str], Path]) -> None:
        """Raises ConfigError for what is unsafe, or cannot be."""
        tls, keys = listen.tls, listen.keys_file
        if tls and not tls.client_ca and (tls.client_crl or tls.client_names or tls.client_required):
            raise ConfigError("tls asks for certificates without client-ca", hint="name the PEM file of who signs them")
        self._certified = bool(tls and tls.client_ca)
        self._required = self._certified and bool(not keys or (tls and tls.client_required))
        self._names = frozenset(tls.client_names) if tls else frozenset()
        if not place(listen.address)[2]:
            if tls is None:
                hint = 'add tls = { certificate = "...", key = "..." }, or listen on 127.0.0.1'
                raise ConfigError(f"{listen.address} would take plaintext from the network", hint=hint)
            if not (self._certified or keys):
                hint = "add keys-file, or client-ca to tls"
                raise ConfigError(f"anybody could send to {listen.address}", hint=hint)
        self._keys: Fresh[dict[str, Key]] | None = None
        if keys:
            self._keys = Fresh([beside(keys)], lambda: read_keys(beside(keys)))
            self._keys.now()
        self._context: Fresh[ssl.SSLContext] | None = None
        if tls:
            files = [beside(name) for name in (tls.certificate, tls.key, tls.client_ca, tls.client_crl) if name]
            self._context = Fresh(files, lambda: context(tls, beside, required=self._required))
            self._context.now()

    @property
    def takes_keys(self) -> bool:
        """Whether a key may let in who has none yet."""
        return self._keys is not None

    def context(self) -> ssl.SSLContext | None:
        """For the next connection. Raises ConfigError as long as its files cannot be used."""
        return self._context.now() if self._context else None

    def sender(self, certificate: Mapping[str, Any] | None, key: str = "") -> str | None:
        """Who sends, by a certificate that was verified and the key that was shown; None for whom nothing is taken of."""
        named = self._named(certificate)
        if self._required and named is None:
            return None
        if self._keys is None:
            return named if self._certified else LOCAL
        try:
            known = match(self._keys.now(), key)
        except ConfigError as error:
            _log.error("%s", error)
            known = None
        if known is not None:
            return known.name
        return None if self._required else named

    def _named(self, certificate: Mapping[str, Any] | None) -> str | None:
        if not self._certified or not certificate:
            return None
        names = names_of(certificate)
        allowed = [name for name in names if not self._names or name in self._names]
        return allowed[0] if allowed else None if self._names else "certificate"


def place(address: str) -> tuple[str, int, bool]:
    """The host and port of an address, and whether only this machine reaches it. Raises ConfigError for what is none."""
    host, _, port = address.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    hint = 'write HOST:PORT with a numeric host, as "127.0.0.1:8444" or "[::]:8444"'
    try:
        found = ipaddress.ip_address(host)
    except ValueError as error:
        raise ConfigError(f"{address!r} is no address", hint=hint) from error
    if not (port.isascii() and port.isdigit() and int(port) <= _LAST_PORT):
        raise ConfigError(f"{address!r} has no port", hint=hint)
    return host, int(port), found.is_loopback


def bind(address: str, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
    """A socket that listens, or takes datagrams. Raises ConfigError, and BusyError where it cannot be had now."""
    host, port, _ = place(address)
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
    try:
        if kind == socket.SOCK_STREAM:  # of datagrams it would let another process take them
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.setblocking(False)
        if kind == socket.SOCK_STREAM:
            made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        reason = (error.strerror or "it cannot be had").lower()
        raise BusyError(f"{address}: {reason}", hint="see who listens there, and who may") from error
    return made


async def accept(
    listening: socket.socket,
    guard: Guard,
    protocol: Callable[[], asyncio.Protocol],
    *,
    most: int,
    denied: Callable[[], None],
) -> None:
    """Serve whoever connects, `most` at a time, until cancelled; `denied` is told of those who were not let in."""
    loop = asyncio.get_running_loop()
    open_: set[asyncio.Task[None]] = set()
    try:
        while True:
            try:
                connection, _ = await loop.sock_accept(listening)
            except OSError as error:
                if error.errno in _SHORT_OF:
                    await asyncio.sleep(_PAUSE_S)
                elif error.errno == errno.EBADF:
                    raise
                continue  # else who called is gone again
            if len(open_) >= most:
                denied()
                connection.close()
                continue
            task = loop.create_task(_serve(connection, guard, protocol, denied))
            open_.add(task)
            task.add_done_callback(open_.discard)
    finally:
        listening.close()
        for task in open_:
            task.cancel()
        await asyncio.gather(*open_, return_exceptions=True)


async def _serve(
    connection: socket.socket, guard: Guard, protocol: Callable[[], asyncio.Protocol], denied: Callable[[], None]
) -> None:
    """One connection, from its handshake to its end."""
    loop = asyncio.get_running_loop()
    lost: asyncio.Future[None] = loop.create_future()
    try:
        tls = guard.context()
        transport, _ = await loop.connect_accepted_socket(
            lambda: _Ending(protocol(), lost), connection, ssl=tls, ssl_handshake_timeout=_HANDSHAKE_S if tls else None
        )
    except ConfigError as error:
        _log.error("%s", error)
        connection.close()
        denied()
        return
    except OSError:  # no TLS, too old, or without the certificate that is asked for
        connection.close()
        denied()
        return
    try:
        await lost
    finally:
        transport.abort()


class _Ending(asyncio.Protocol):
    """A protocol, and word of the end of its connection."""

    def __init__(self, inner: asyncio.Protocol, lost: asyncio.Future[None]) -> None:
        self._inner, self._lost = inner, lost
        self.data_received = inner.data_received  # type: ignore[method-assign] # past this one: it is called most
        self.eof_received = inner.eof_received  # type: ignore[method-assign]
        self.pause_writing = inner.pause_writing  # type: ignore[method-assign]
        self.resume_writing = inner.resume_writing  # type: ignore[method-assign]
        self.connection_made = inner.connection_made  # type: ignore[method-assign]

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        self._inner.connection_lost(exc)
        if not self._lost.done():
            self._lost.set_result(None)
