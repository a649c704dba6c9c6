"""What the inputs share that take HTTP: a POST is let in by its credential, and answered when what it told is on the disk."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from garrison.errors import BusyError
from garrison.watch.receive.body import RefusedError
from garrison.watch.receive.input import Around, Count
from garrison.watch.receive.listen import Guard, Listen, accept, bind

if TYPE_CHECKING:
    from aiohttp import web

_AT_ONCE = 256  # requests; more are told to come again
_IDLE_S = 30.0  # until the next request, headers included
_LINGER_S = 2.0  # for what a refused sender is still sending
_HEADER_BYTES, _HEADERS = 8_190, 64
_BUSY_S, _CROWDED_S = 5, 1

_log = logging.getLogger(__name__)

Handler = Callable[["web.BaseRequest", str], Awaitable["web.Response"]]  # of a request and its sender
Refuse = Callable[["web.BaseRequest", int, str], "web.Response"]


def as_json(request: web.BaseRequest, status: int, message: str) -> web.Response:
    """An error as JSON."""
    del request
    return answer({"error": message}, status)


def answer(said: object, status: int = 200) -> web.Response:
    """An answer in JSON."""
    from aiohttp import web

    return web.Response(status=status, body=msgspec.json.encode(said), content_type="application/json")


async def serve(settings: Listen, around: Around, routes: Mapping[str, Handler], refuse: Refuse = as_json) -> None:
    """Answer POSTs to the paths of `routes` until cancelled. Raises ConfigError, and BusyError where the address is taken."""
    from aiohttp import web

    name, guard = settings.name, Guard(settings, around.beside)
    listening = bind(settings.address)
    quiet = logging.Logger("aiohttp")  # noqa: LOG001 - it would write what strangers send
    quiet.disabled = True
    server = web.Server(
        _Door(name, guard, around, routes, refuse).handle,
        access_log=None,
        logger=quiet,
        auto_decompress=False,
        keepalive_timeout=_IDLE_S,
        lingering_time=_LINGER_S,
        max_line_size=_HEADER_BYTES,
        max_field_size=_HEADER_BYTES,
        max_headers=_HEADERS,
    )
    host, port = listening.getsockname()[:2]
    _log.info("%s listens on %s:%d", name, f"[{host}]" if ":" in host else host, port)
    try:
        await accept(
            listening,
            guard,
            server,
            most=settings.connections,
            denied=lambda: around.intake.count(name, Count.DENIED),
        )
    finally:
        await server.shutdown(_LINGER_S)


class _Door:
    """What every request passes."""

    def __init__(self, name: str, guard: Guard, around: Around, routes: Mapping[str, Handler], refuse: Refuse) -> None:
        self._name, self._guard, self._intake = name, guard, around.intake
        self._routes, self._refuse = routes, refuse
        self._open = 0

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """The answer to a request."""
        self._open += 1
        try:
            return await self._let_in(request)
        except RefusedError as error:
            self._intake.count(self._name, Count.DENIED if error.status in (401, 403) else Count.REFUSED)
            return self._refused(request, error.status, error.message, error.retry_s)
        except BusyError as error:
            return self._refused(request, 503, error.message, _BUSY_S)
        except Exception:  # noqa: BLE001 - the next request is answered all the same
            _log.exception("a request to %s failed", self._name)
            return self._refused(request, 503, "this failed here; it is not taken", _BUSY_S)
        finally:
            self._open -= 1

    async def _let_in(self, request: web.BaseRequest) -> web.Response:
        transport = request.transport
        certificate = transport.get_extra_info("peercert") if transport else None
        sender = self._guard.sender(certificate, _key(request))
        if sender is None:
            if self._guard.takes_keys:
                raise RefusedError(401, "show a key that is valid: Authorization: Bearer KEY")
            raise RefusedError(403, "nobody of this certificate is let in")
        handler = self._routes.get(request.path)
        if handler is None:
            raise RefusedError(404, f"send to {' or '.join(self._routes)}")
        if request.method != "POST":
            raise RefusedError(405, "send by POST")
        if self._open > _AT_ONCE:
            raise RefusedError(429, "too many send at this time", retry_s=_CROWDED_S)
        if request.headers.get("Expect", "").lower() == "100-continue" and transport:
            transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return await handler(request, sender)

    def _refused(self, request: web.BaseRequest, status: int, message: str, retry_s: int) -> web.Response:
        made = self._refuse(request, status, message)
        if retry_s:
            made.headers["Retry-After"] = str(retry_s)
        if status == 401:  # noqa: PLR2004 - RFC 9110, section 11.6.1
            made.headers["WWW-Authenticate"] = "Bearer"
        if status == 405:  # noqa: PLR2004 - RFC 9110, section 15.5.6
            made.headers["Allow"] = "POST"
        if request.can_read_body:
            made.force_close()
        return made


def _key(request: web.BaseRequest) -> str:
    """The key that is shown, as a bearer token (RFC 6750, section 2.1) or in the header that the gateway takes too."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else request.headers.get("X-Api-Key", "")
