"""Handing over by HTTP: HTTPS, or plain HTTP within this machine; redirects are not followed, answers are not believed."""

from __future__ import annotations

from collections.abc import Mapping

from garrison.errors import BusyError, ConfigError, LedgerError, UnreachedError
from garrison.ledger.web import checked_url, send
from garrison.watch.export.destination import Beside, Destination
from garrison.watch.routes.secret import trust

_TAKEN = range(200, 300)


def post(
    destination: Destination, url: str, body: bytes, headers: Mapping[str, str], *, ca: str, beside: Beside
) -> None:
    """Raises BusyError where it is not taken, ConfigError for an address that is none."""
    try:
        checked_url(url)
    except LedgerError as error:
        raise ConfigError(f"export {destination.name}: {error.message}", hint=error.hint) from error
    context = trust(ca, beside) if url.startswith("https:") else None
    try:
        answer = send("POST", url, body, headers, timeout_s=destination.timeout_s, context=context)
    except UnreachedError as error:
        raise BusyError(f"export {destination.name}: {error.message}", hint="it is tried again") from error
    if answer.status not in _TAKEN:
        raise BusyError(f"export {destination.name}: the receiver answers {answer.status}", hint="it is tried again")
