"""TLS to upstreams, rate-limit services and Redis: what would not be used is refused, and plaintext is told at each start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from garrison.forms.places import Steps
from garrison.gateway.file.form import UpstreamTls
from garrison.gateway.file.read import Loaded
from garrison.ledger.web import is_loopback

_PLAIN = ("http://", "redis://")


class _Server(NamedTuple):
    """One of them: what it is called, where the file names it, and how it is known to be the right one."""

    what: str
    steps: Steps
    url: str
    tls: UpstreamTls | None = None


def hold(loaded: Loaded) -> None:
    """Raises ConfigError where TLS would not be what the file says."""
    for server in _servers(loaded):
        if server.tls is None:
            continue
        if _is_plain(server):
            message = "it would not be used: the URL is one of plaintext"
            raise loaded.wrong((*server.steps, "tls"), message, "write https:// in url, or take it out")
        for key, other in (("certificate", "key"), ("key", "certificate")):
            if getattr(server.tls, key) and not getattr(server.tls, other):
                message, hint = f"{key} without {other}", f"add {other}: the PEM file that belongs to it"
                raise loaded.wrong((*server.steps, "tls", key), message, hint)


def warnings(loaded: Loaded) -> list[str]:
    """Of those that are spoken to in plaintext, and are not on this machine. Their URLs are right."""
    return [_told(server) for server in _servers(loaded) if _is_open(server)]


def _is_plain(server: _Server) -> bool:
    return server.url.startswith(_PLAIN)


def _is_open(server: _Server) -> bool:
    return _is_plain(server) and not is_loopback(urlsplit(server.url).hostname or "")


def _told(server: _Server) -> str:
    where = urlsplit(server.url).netloc.rpartition("@")[2]  # there may be a password before it
    return f"{server.what} is spoken to in plaintext at {where}: what goes there can be read and changed on the way"


def _servers(loaded: Loaded) -> Iterator[_Server]:
    gateway = loaded.gateway
    for name, upstream in gateway.upstream.items():
        yield _Server(f"upstream {name}", ("upstream", name), upstream.url, upstream.tls)
    if service := gateway.limits.service:
        yield _Server("the rate-limit service", ("limits", "service"), service.url, service.tls)
    if redis := gateway.quotas.redis:
        yield _Server("redis", ("quotas", "redis"), redis.url)
