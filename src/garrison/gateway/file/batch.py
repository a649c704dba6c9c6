"""What a gateway file must not say of a queue: streams that are one and the same, or files that let nobody in."""

from __future__ import annotations

from urllib.parse import urlsplit

from garrison.errors import ConfigError
from garrison.gateway.batch.credentials import connecting
from garrison.gateway.certificates.usable import certificates
from garrison.gateway.file.form import Batch
from garrison.gateway.file.read import Loaded
from garrison.ledger.web import is_loopback


def hold(loaded: Loaded) -> None:
    """Raises ConfigError."""
    batch = loaded.gateway.batch
    if batch is None:
        return
    _hold_url(loaded, batch)
    seen: dict[str, str] = {}
    for key in ("requests", "accepted", "refused"):
        name = getattr(batch, key)
        if name in seen:
            hint = "name three streams that differ: what is written to one is not to be read from it again"
            raise loaded.wrong(("batch", key), f"{name} is the one of {seen[name]} too", hint)
        seen[name] = key
    if batch.log and loaded.beside(batch.log).resolve() == loaded.log.resolve():
        raise loaded.wrong(("batch", "log"), f"{batch.log} is the gateway's own audit feed", "name another file")
    if batch.ca:
        if not batch.url.startswith("tls://"):
            raise loaded.wrong(("batch", "ca"), "a nats URL has no certificate", "write tls:// in url")
        certificates(loaded, ("batch", "ca"), batch.ca)
    if batch.credentials:
        _hold_credentials(loaded, batch.credentials)


def warnings(loaded: Loaded) -> list[str]:
    """What is allowed, and told at each start."""
    batch = loaded.gateway.batch
    if batch is None or batch.url.startswith("tls://") or is_loopback(urlsplit(batch.url).hostname or ""):
        return []
    return [f"the queue at {batch.url} takes plaintext: keys and data can be read on the way"]


def _hold_url(loaded: Loaded, batch: Batch) -> None:
    try:
        found = urlsplit(batch.url)
        good = bool(found.hostname) and found.port != 0
    except ValueError:
        good = False
    if not good:
        raise loaded.wrong(("batch", "url"), f"{batch.url} names no host and port", "write tls://HOST:PORT")


def _hold_credentials(loaded: Loaded, name: str) -> None:
    steps = ("batch", "credentials")
    try:
        connecting(loaded.beside(name))
    except ConfigError as error:
        raise loaded.wrong(steps, f"{name}: {error.message}", error.hint) from error
    except OSError as error:
        raise loaded.unread(steps, name, error) from error
