"""One request by HTTP: HTTPS, or plain HTTP within this machine; redirects are not followed, answers are not believed."""

from __future__ import annotations

from collections.abc import Mapping

from garrison.errors import BusyError, ConfigError, LedgerError, UnreachedError
from garrison.ledger.web import checked_url, send
from garrison.watch.sending.secret import Beside, trust

_TAKEN = range(200, 300)
_ELSEWHERE = range(300, 400)


def hold_address(who: str, url: str) -> None:
    """Raises ConfigError, which says `who` has it, and in which the address does not stand: it may be a secret."""
    try:
        checked_url(url)
    except LedgerError as error:
        raise ConfigError(f"{who}: {error.message.replace(url, 'the url')}", hint=error.hint) from None


def post(
    who: str, url: str, body: bytes, headers: Mapping[str, str], *, ca: str, beside: Beside, timeout_s: float
) -> None:
    """Raises BusyError where it is not taken, ConfigError for an address that is none. The address, which may be a secret, is not told."""
    hold_address(who, url)
    context = trust(ca, beside) if url.startswith("https:") else None
    said = {"Content-Type": "application/json", **headers}
    try:
        answer = send("POST", url, body, said, timeout_s=timeout_s, context=context)
    except UnreachedError as error:
        raise BusyError(error.message.replace(url, "the receiver"), hint="it is tried again") from None
    if answer.status in _ELSEWHERE:
        raise BusyError(
            f"the receiver answers {answer.status}: redirects are not followed", hint="write where it leads"
        )
    if answer.status not in _TAKEN:
        raise BusyError(f"the receiver answers {answer.status}", hint="it is tried again")
