"""Sending a few bytes to an address, and reading a short answer: HTTPS, or plain HTTP within this machine."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import SplitResult, urlsplit

import msgspec

from garrison.errors import LedgerError, UnreachedError

if TYPE_CHECKING:
    from ssl import SSLContext

_MOST_BYTES = 256 * 1024


class Response(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    body: bytes


def checked_url(url: str) -> SplitResult:
    """The address, taken apart. Raises LedgerError where what is sent to it could be read or changed on the way."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = SplitResult("", "", "", "", ""), None
    if not host or any(not "!" <= c <= "~" for c in url):
        raise LedgerError(f"{url!r} is no address", hint="write one as https://host/path")
    if parts.username is not None or parts.password is not None:
        raise LedgerError("an address holds no password", hint="use secret-file, or the header of a proxy")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise LedgerError(
            f"{url} is not https", hint="plain http is for addresses of this machine only: 127.0.0.1, ::1"
        )
    return parts


def is_loopback(host: str) -> bool:
    """Whether a host can only be this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def send(
    method: str,
    url: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    *,
    timeout_s: float = 10,
    context: SSLContext | None = None,
) -> Response:
    """Ask once; redirects are not followed, and environment variables for proxies not obeyed.

    `context` says whose certificates are trusted; those of the system's store where it is not given.

    Raises UnreachedError where no whole answer of at most 256 KiB came in time.
    """
    import http.client

    parts = checked_url(url)
    host = parts.hostname or ""
    connection = (
        http.client.HTTPSConnection(host, parts.port, timeout=timeout_s, context=context)
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, parts.port, timeout=timeout_s)
    )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.connect()
        with _ended_after(timeout_s, connection.sock):
            connection.request(method, target, body or None, {"User-Agent": "garrison", **(headers or {})})
            response = connection.getresponse()
            read = response.read(_MOST_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        _give_up(url, str(error) or type(error).__name__)
    finally:
        connection.close()
    if len(read) > _MOST_BYTES or response.length:
        _give_up(url, "its answer is too long, or not whole")
    return Response(response.status, read)


@contextmanager
def _ended_after(seconds: float, connection: socket.socket) -> Iterator[None]:
    """Bounds all of it; the timeout of a socket bounds only the wait for the next bytes. Raises TimeoutError."""
    over = threading.Event()

    def end() -> None:
        over.set()  # what was cut off may look like a whole answer
        cut(connection)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if over.is_set():
        raise TimeoutError("timed out")


def cut(connection: socket.socket) -> None:
    """End a connection that another thread is using."""
    with suppress(OSError):  # it is closed already
        connection.shutdown(socket.SHUT_RDWR)


def _give_up(url: str, why: str) -> NoReturn:
    raise UnreachedError(f"{url} was not reached: {why}", hint="it is tried again by: garrison ledger checkpoint")
