"""Measurements of machines: what Prometheus' node_exporter and NVIDIA's dcgm-exporter show, asked for from time to time.

They are samples in a table of their own, not events. `up` is one of them, 0 where an exporter did not answer.
"""

from __future__ import annotations

import asyncio
import base64
import http.client
import ipaddress
import re
import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

import msgspec

from garrison.errors import BusyError, ConfigError, UnmappedError
from garrison.ledger.durable import read_bounded
from garrison.watch.receive.input import Around, InputSettings, Sample
from garrison.watch.receive.metrics import Metric, samples, usual

TYPE = "prometheus"

_TIMEOUT_S = 10.0
_MOST_BYTES = 64 << 20
_SECRET_BYTES = 65_536
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_ACCEPT = "text/plain;version=0.0.4"


class Settings(InputSettings, frozen=True, kw_only=True, tag=TYPE, forbid_unknown_fields=True, rename="kebab"):
    """`type = "prometheus"`."""

    url: str  # https://gpu-1.example:9100/metrics
    host: str = ""  # what the samples are of; that of the URL if empty
    every_s: Annotated[float, msgspec.Meta(ge=1, le=3_600)] = 15.0
    metrics: tuple[str, ...] = ()  # besides the usual ones
    ca_file: str = ""  # who signs the exporter's certificate, where the system does not know
    token_file: str = ""
    user: str = ""
    password_file: str = ""


class _Exporter(msgspec.Struct, frozen=True):
    where: SplitResult
    host: str
    context: ssl.SSLContext | None
    metrics: Mapping[str, Metric]


def hold(settings: Settings, beside: Callable[[str], Path]) -> None:
    """See `Input`."""
    _exporter(settings, beside)
    _credentials(settings, beside)


async def serve(settings: Settings, around: Around) -> None:
    """See `Input`. Raises BusyError where the exporter does not answer."""
    exporter = await asyncio.to_thread(_exporter, settings, around.beside)
    begun = time.monotonic()
    while True:
        now_us = time.time_ns() // 1000
        try:
            found = await asyncio.to_thread(_asked, exporter, settings, around, now_us)
        except (BusyError, UnmappedError):
            await around.intake.sample(settings.name, [Sample(now_us, "up", 0.0, exporter.host)])
            raise
        await around.intake.sample(settings.name, [Sample(now_us, "up", 1.0, exporter.host), *found])
        await asyncio.sleep(settings.every_s - (time.monotonic() - begun) % settings.every_s)


def _exporter(settings: Settings, beside: Callable[[str], Path]) -> _Exporter:
    """Raises ConfigError."""
    where = urlsplit(settings.url)
    host = where.hostname or ""
    if where.scheme not in ("http", "https") or not host or where.username:
        hint = 'write url = "https://HOST:PORT/metrics"; who asks is told by token-file, or user and password-file'
        raise ConfigError(f"input {settings.name}: {settings.url!r} is no URL of an exporter", hint=hint)
    if (settings.token_file or settings.user) and where.scheme == "http" and not _is_here(host):
        raise ConfigError(f"input {settings.name}: a secret would go to {host} in plaintext", hint="use https")
    if bool(settings.user) is not bool(settings.password_file) or (settings.user and settings.token_file):
        raise ConfigError(
            f"input {settings.name}: who asks is told by halves, or twice", hint="see docs/receiving-files.md"
        )
    for name in settings.metrics:
        if not _NAME.fullmatch(name):
            raise ConfigError(f"input {settings.name}: {name!r} is no metric", hint="names stand alone, without labels")
    context = None
    if where.scheme == "https":
        try:
            context = ssl.create_default_context(cafile=str(beside(settings.ca_file)) if settings.ca_file else None)
        except (OSError, ssl.SSLError) as error:
            hint = "name a file in PEM (-----BEGIN CERTIFICATE-----)"
            raise ConfigError(f"input {settings.name}: {error}", hint=hint, path=settings.ca_file) from error
    metrics = {**usual(), **{name: Metric(name) for name in settings.metrics}}
    return _Exporter(where, settings.host or host, context, metrics)


def _asked(exporter: _Exporter, settings: Settings, around: Around, now_us: int) -> list[Sample]:
    """What the exporter shows now. Raises BusyError, ConfigError, UnmappedError."""
    where, headers = exporter.where, {"Accept": _ACCEPT, **_credentials(settings, around.beside)}
    connection = (
        http.client.HTTPSConnection(where.hostname or "", where.port, timeout=_TIMEOUT_S, context=exporter.context)
        if exporter.context
        else http.client.HTTPConnection(where.hostname or "", where.port, timeout=_TIMEOUT_S)
    )
    try:
        connection.request(
            "GET", f"{where.path or '/metrics'}{'?' if where.query else ''}{where.query}", headers=headers
        )
        with connection.getresponse() as answer:
            data, until = b"", time.monotonic() + _TIMEOUT_S
            while piece := answer.read1(1 << 20):
                data += piece
                if len(data) > _MOST_BYTES or time.monotonic() > until:
                    raise BusyError(f"{settings.url} shows too much, or too slowly", hint="see that it is an exporter")
    except (OSError, http.client.HTTPException) as error:
        raise BusyError(f"{settings.url} does not answer: {error}", hint="see that the exporter runs") from error
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise BusyError(f"{settings.url} answers {answer.status} {answer.reason}", hint="see who may ask, and the path")
    return list(samples(data.decode("utf-8", "replace"), exporter.metrics, exporter.host, now_us))


def _credentials(settings: Settings, beside: Callable[[str], Path]) -> dict[str, str]:
    """As the files say now: they may be written anew. Raises ConfigError."""
    name = settings.token_file or settings.password_file
    if not name:
        return {}
    try:
        secret = read_bounded(beside(name), _SECRET_BYTES).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        hint = "put the secret there, and nothing else"
        raise ConfigError(f"input {settings.name}: the secret cannot be read", hint=hint, path=name) from error
    if not secret or "\n" in secret:
        raise ConfigError(f"input {settings.name}: this is no secret of one line", hint="one line", path=name)
    if settings.token_file:
        return {"Authorization": f"Bearer {secret}"}
    return {"Authorization": "Basic " + base64.b64encode(f"{settings.user}:{secret}".encode()).decode()}


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
