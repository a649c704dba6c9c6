"""Classes and holds, as they are in force. No stored event is changed by them: they are conditions by which the store lets rows go.

What an event was promised when it was stored is kept: the days of its class then. Fewer days are for what is stored from now on; more days
are for all. What is in force, and what was promised before, lies in `retention.json` in the folder of the store.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from garrison.errors import BusyError, ConfigError, UsageError, nearest
from garrison.ledger import durable
from garrison.watch.store.filter import parse
from garrison.watch.store.schema import RETENTION_DAYS, Promise, retained, ttl
from garrison.watch.store.search import moment
from garrison.watch.store.verify import InForce

FILE: Final = "retention.json"
_KEY_BYTES: Final = 32
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Hold(msgspec.Struct, frozen=True):
    """Events that a filter of `garrison logs` finds are kept until the hold is released.

    `condition` is the filter as it was understood when the hold was made: "the last 30 days" go no further with time.
    """

    name: str
    filter: str
    condition: str
    reason: str
    actor: str
    since: dt.datetime


class Retention(msgspec.Struct, frozen=True):
    """Days by class (None: for ever), and holds.

    `people` is the key of the pseudonyms under which people stand in the ledger; `promised` is, by class, what was said before; `told` is the
    last entry of the ledger that a change was made by.
    """

    days: dict[str, int | None]
    holds: tuple[Hold, ...] = ()
    people: bytes = b""
    promised: dict[str, tuple[Promise, ...]] = {}
    told: int = -1

    def rules(self) -> str:
        """When rows go. Raises ConfigError for what is no class."""
        return ttl(self.days, [hold.condition for hold in self.holds], self.promised)

    def statement(self, cluster: str = "") -> str:
        """What puts these rules in force. Raises ConfigError."""
        return retained(self.rules(), cluster)

    def in_force(self) -> InForce:
        """What `garrison logs verify` compares. Raises ConfigError."""
        return InForce(self.days, {hold.name: hold.condition for hold in self.holds}, self.statement())


class SetDays(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="days"):
    """Classes are kept for so many days from now on. `entries` of the ledger say so."""

    days: dict[str, int | None]
    entries: tuple[int, ...] = ()


class AddHold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="hold"):
    """What a filter finds is held."""

    name: str
    filter: str
    reason: str
    actor: str


class ReleaseHold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="release"):
    """A hold is over. `entries` of the ledger say so."""

    name: str
    entries: tuple[int, ...] = ()


Change = SetDays | AddHold | ReleaseHold


def read(folder: Path) -> Retention:
    """What is in force in a store. Raises ConfigError for a file that is damaged."""
    data = durable.read(folder / FILE)
    if data is None:
        return Retention(dict(RETENTION_DAYS))
    try:
        return msgspec.json.decode(data, type=Retention)
    except msgspec.DecodeError as error:
        raise ConfigError(f"is damaged: {error}", path=str(folder / FILE), hint="put it back from a copy") from error


def write(folder: Path, made: Retention) -> None:
    """Note what is in force. Raises BusyError."""
    try:
        durable.replace(folder / FILE, msgspec.json.format(msgspec.json.encode(made), indent=2), mode=0o600)
    except OSError as error:
        raise BusyError(f"cannot be noted: {error}", hint="do it again", path=str(folder)) from error


def keyed(now: Retention) -> Retention:
    """With a key for the pseudonyms of people, if there is none yet."""
    return now if now.people else msgspec.structs.replace(now, people=secrets.token_bytes(_KEY_BYTES))


def amended(now: Retention, change: Change, at: dt.datetime) -> Retention:
    """What is in force after a change. Raises UsageError, ConfigError for one that cannot be made."""
    if isinstance(change, SetDays):
        made = _set(now, change.days, at)
    elif isinstance(change, AddHold):
        made = _held(now, change, at)
    else:
        names = [hold.name for hold in now.holds]
        if change.name not in names:
            hint = nearest(change.name, names, f"holds: {', '.join(names) or 'none'}")
            raise UsageError(f"there is no hold {change.name}", hint=hint)
        made = msgspec.structs.replace(now, holds=tuple(hold for hold in now.holds if hold.name != change.name))
    made.rules()  # what is no class is told before anything is done
    return made


def changed(now: Retention, days: Mapping[str, int | None]) -> dict[str, int | None]:
    """The classes that would be kept for other days than now."""
    return {name: said for name, said in days.items() if now.days.get(name, 0) != said}


def condition(filter_: str) -> str:
    """A filter as a condition of SQL without parameters. Raises UsageError."""
    return parse(filter_, moment).literal()


def _set(now: Retention, days: Mapping[str, int | None], at: dt.datetime) -> Retention:
    """The first days of a class are for all of its events: nothing was promised before."""
    until = int(at.timestamp()) + 1  # what is stored in this second is promised the days of before
    before = {name: Promise(until, now.days[name]) for name in changed(now, days) if name in now.days}
    promised = {**now.promised, **{name: (*now.promised.get(name, ()), one) for name, one in before.items()}}
    return msgspec.structs.replace(now, days={**now.days, **days}, promised=promised)


def _held(now: Retention, change: AddHold, at: dt.datetime) -> Retention:
    if not _NAME.fullmatch(change.name):
        raise UsageError(f"{change.name!r} is no name of a hold", hint="letters, digits, . _ and -")
    if not change.filter.strip():
        raise UsageError("a hold needs a filter", hint="what it is about: actor_user=ann time>=2026-11-01")
    if any(hold.name == change.name for hold in now.holds):
        raise UsageError(f"there is a hold {change.name} already", hint="name another, or release it first")
    said, since = condition(change.filter), at.replace(microsecond=0)
    made = Hold(change.name, change.filter, said, change.reason, change.actor, since)
    return msgspec.structs.replace(now, holds=(*now.holds, made))
