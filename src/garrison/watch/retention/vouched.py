"""Which ledger vouches for a store. A store that had one keeps to it: nothing is stored or changed without telling it.

It lies in `ledger.json` in the folder of the store, with the key that the ledger began with; later keys are followed from it.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from garrison.errors import ConfigError, LedgerError
from garrison.ledger import Ledger, durable
from garrison.ledger.entry import as_actor, parse
from garrison.ledger.keyring import VKEY, first_key, keys_of
from garrison.ledger.note import Ed25519Verifier
from garrison.watch.retention.retention import AddHold, Change, Hold, Retention, SetDays, changed, read
from garrison.watch.store.schema import RETENTION_DAYS
from garrison.watch.store.verify import RETENTION as KIND
from garrison.watch.store.verify import count, digest_of

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

FILE: Final = "ledger.json"
_MOST_ENTRIES: Final = 1000  # of a change
_TOLD: Final = "it began to vouch for this store"


class Vouched(msgspec.Struct, frozen=True):
    """A ledger: what it is called, the key it began with, and its folder."""

    origin: str
    vkey: str
    folder: str


def by(folder: Path) -> Vouched | None:
    """Which ledger vouches for a store; None: none does. Raises ConfigError for a file that is damaged."""
    data = durable.read(folder / FILE)
    if data is None:
        return None
    try:
        return msgspec.json.decode(data, type=Vouched)
    except msgspec.DecodeError as error:
        raise ConfigError(f"is damaged: {error}", path=str(folder / FILE), hint="put it back from a copy") from error


def hold_to(folder: Path, ledger: Path | None) -> None:
    """Raises LedgerError where another ledger, or none, is told of what is done to a store that one vouches for."""
    known = by(folder)
    if known is None:
        return
    if ledger is None:
        raise LedgerError(f"the ledger {known.origin} vouches for this store", hint=f"name it: --ledger {known.folder}")
    if (ledger / VKEY).exists() and str(first_key(ledger).key) != known.vkey:
        hint = f"name that one: --ledger {known.folder}"
        raise LedgerError(f"another ledger vouches for this store: {known.origin}", hint=hint, path=str(ledger))


def vouch(folder: Path, ledger: Ledger | None, client: Client, actor: str) -> None:
    """Have a ledger vouch for a store from now on. What is in force otherwise than it is shipped, it is told.

    Raises LedgerError where another one does, or where one does and none is named; EventsError.
    """
    hold_to(folder, ledger.path if ledger is not None else None)
    if ledger is None:
        return
    known, now = by(folder), read(folder)
    told = (ledger.path / VKEY).exists()
    vkey = known.vkey if known else str(first_key(ledger.path).key) if told else ledger.signer.vkey
    made = Vouched(ledger.checkpoint().checkpoint.origin, vkey, str(ledger.path.resolve()))
    if known is None:
        who = as_actor(actor, now.people)
        for name, days in changed(Retention(dict(RETENTION_DAYS)), now.days).items():
            record_days(ledger, name, days, actor=who, reason=_TOLD)
        for hold in now.holds:
            record_hold(ledger, client, hold, actor=who, reason=_TOLD)
    if made != known:
        durable.replace(folder / FILE, msgspec.json.format(msgspec.json.encode(made), indent=2), mode=0o600)


def record_days(ledger: Ledger, name: str, days: int | None, *, actor: str, reason: str) -> int:
    """The entry that a class is kept for so many days. Raises LedgerError."""
    return ledger.append(
        KIND,
        action="change",
        actor=actor,
        object={"type": "events", "name": name},
        reason=reason,
        details={"class": name} | ({"days": days} if days is not None else {}),
    )


def record_hold(ledger: Ledger, client: Client, hold: Hold, *, actor: str, reason: str) -> int:
    """The entry of a hold, with the number of events that it keeps. Raises LedgerError, EventsError."""
    return ledger.append(
        KIND,
        action="hold",
        actor=actor,
        object={"type": "hold", "name": hold.name, "digest": digest_of(hold.condition)},
        reason=reason,
        details={"events": count(client, hold.condition, hold.since)},
        time=hold.since,
    )


def record_release(ledger: Ledger, name: str, *, actor: str, reason: str) -> int:
    """The entry that a hold is over. Raises LedgerError."""
    return ledger.append(KIND, action="release", actor=actor, object={"type": "hold", "name": name}, reason=reason)


def told(folder: Path, change: Change, now: Retention) -> int:
    """The last entry by which the ledger says a change that keeps something for a shorter time. Raises LedgerError where it does not."""
    known = by(folder)
    if known is None or isinstance(change, AddHold):
        return now.told
    if len(change.entries) > _MOST_ENTRIES or any(index <= now.told for index in change.entries):
        raise _unsaid(known, "an entry is for one change")
    ledger_folder = Path(known.folder)
    ledger = Ledger.open(ledger_folder, verifiers=keys_of(ledger_folder, Ed25519Verifier.parse(known.vkey))[-1:])
    said = set()
    with contextlib.closing(ledger):
        for entry in map(parse, map(ledger.entry, change.entries)):
            if entry.kind == KIND and entry.object is not None:
                said.add((entry.action, entry.object.name, entry.details.get("days")))
    asked = (
        {("change", name, days) for name, days in changed(now, change.days).items()}
        if isinstance(change, SetDays)
        else {("release", change.name, None)}
    )
    if not asked <= said:
        raise _unsaid(known, "it has no entry of this change")
    return max(change.entries, default=now.told)


def _unsaid(known: Vouched, why: str) -> LedgerError:
    hint = "use garrison logs with --ledger, which tells it first"
    return LedgerError(
        f"refused: the ledger {known.origin} vouches for this store: {why}", hint=hint, path=known.folder
    )
