"""Revoke the gateway's keys of a client, with `garrison keys revoke`: what that holds to and tells the ledger holds here too.

Watch and gateway know nothing of each other's insides (record 28): the command is what both know.
"""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
from msgspec import Meta

from garrison.errors import BusyError, ConfigError
from garrison.watch.responses.program import garrison
from garrison.watch.responses.response import ACTOR, Case, Response, needs
from garrison.watch.sending.secret import Beside

_CLIENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class Settings(Response, frozen=True, kw_only=True, tag_field="type", tag="revoke-key"):
    """`type = "revoke-key"`."""

    store: Annotated[str, Meta(min_length=1, description="The store of garrison keys.")]


class _Key(msgspec.Struct):
    id: str


_listed = msgspec.json.Decoder(list[_Key]).decode  # before threads use it


def hold(settings: Settings, beside: Beside) -> None:
    """Raises ConfigError where there is no store of keys."""
    needs(settings.store, beside, "name the store that garrison keys issue made")


def respond(settings: Settings, case: Case) -> str:
    """Revoke them. Whether it is done is seen in the store, whatever the command said."""
    client, store = case.request.target, str(case.beside(settings.store))
    if not _CLIENT.fullmatch(client):
        raise ConfigError(f"{client!r} is no client of a gateway", hint="narrow the response: rules, assets, detectors")
    before = _keys(client, store, settings.timeout_s)
    if not before:
        return f"{client} has no key that is let in"
    reason = f"alert {case.alert.number}: {case.alert.title}"[:500]
    said = ["--reason", reason, "--actor", ACTOR, "--store", store, f"--client={client}"]
    ended = garrison("keys", "revoke", *said, timeout_s=settings.timeout_s)
    if left := _keys(client, store, settings.timeout_s):
        raise BusyError(f"{', '.join(left)} not revoked: {ended.said}", hint="it is tried again")
    return f"revoked {', '.join(before)} of {client}"


def _keys(client: str, store: str, timeout_s: float) -> list[str]:
    """Those that are let in."""
    ended = garrison("keys", "list", f"--client={client}", "--store", store, "--format", "json", timeout_s=timeout_s)
    if ended.code:
        raise ConfigError(f"the keys cannot be listed: {ended.said}", hint="see store under the response")
    return [key.id for key in _listed(ended.out)]
