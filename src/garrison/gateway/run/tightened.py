"""Clients that are held to less for a while: a file in the state folder, which `garrison gateway run` watches.

What it says ends by itself: each line has an end, and a file that nobody writes any more tightens nothing in the end. Taking away holds at
once; the ledger is told then, as of keys that are revoked.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from garrison.errors import ConfigError, UsageError
from garrison.gateway.file.form import ClientName, Rate
from garrison.gateway.file.read import Loaded
from garrison.gateway.run.publish import replace
from garrison.ledger.entry import Fields

FILE = "tightened.json"
_MOST = 1000  # clients at a time: each is a bucket of Envoy's


class Tightened(msgspec.Struct, frozen=True):
    """What one client has left, until when, and why."""

    per_second: Annotated[float, msgspec.Meta(gt=0, le=1_000_000)]
    until: dt.datetime
    reason: str
    actor: str


Clients = dict[ClientName, Tightened]
_decode = msgspec.json.Decoder(Clients).decode


def path_of(loaded: Loaded) -> Path:
    """Where it lies."""
    return loaded.state.resolve() / FILE


def read_tightened(path: Path) -> Clients:
    """All that it says, over or not. Raises ConfigError."""
    try:
        return _decode(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        hint = "garrison gateway tighten writes it; remove it where nothing is to be tightened"
        raise ConfigError(f"does not say what is tightened: {error}", path=str(path), hint=hint) from error


def rates(said: Mapping[str, Tightened], now: dt.datetime) -> dict[str, Rate]:
    """What holds now."""
    return {client: Rate(one.per_second, burst=1) for client, one in said.items() if one.until > now}


def tighten(loaded: Loaded, client: str, wanted: Tightened | None, now: dt.datetime) -> Clients:
    """Hold a client to less, or (None) no more; what holds then. Raises ConfigError, UsageError, OSError."""
    path = path_of(loaded)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = {name: one for name, one in read_tightened(path).items() if one.until > now}
        if wanted is None and client not in said:
            raise UsageError(f"{client} is not held to less", hint="garrison gateway tighten FILE lists who is")
        said.pop(client, None)
        if wanted is not None:
            said[client] = wanted
        if len(said) > _MOST:
            raise UsageError(f"{_MOST} clients are held to less already", hint="lower [limits] client for all")
        data = msgspec.json.encode(said, order="sorted")
        try:
            _decode(data)  # what could not be read again would hold for nobody
        except msgspec.ValidationError as error:
            raise UsageError(f"this cannot be kept: {error}", hint="a client's name has 1 to 128 characters") from error
        replace(path, data)
    return said


def record(loaded: Loaded, client: str, wanted: Tightened | None, *, actor: str, reason: str) -> None:
    """Tell the ledger, if there is one. Raises LedgerError; what was tightened is all the same."""
    if not loaded.gateway.gateway.ledger:
        return
    from garrison.ledger.opening import open_ledger

    digest = hashlib.sha256(msgspec.json.encode(wanted)).hexdigest()
    said = f"at most {wanted.per_second:g} a second until {wanted.until.isoformat()}" if wanted else "as the file says"
    entry: Fields = {
        "actor": actor,
        "action": "change",
        "object": {"type": "limit", "name": f"client {client}", "digest": f"sha256:{digest}"},
        "reason": reason,
        "details": {"summary": said},
    }
    with open_ledger(loaded.beside(loaded.gateway.gateway.ledger)) as ledger:
        ledger.append("policy.change", **entry)
