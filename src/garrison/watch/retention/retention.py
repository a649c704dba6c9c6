"""Classes and holds, as they are in force. No stored event is changed by them: they are conditions by which the store lets rows go.

Each change is an entry of the ledger before it holds. What is in force lies in `retention.json` in the folder of the store.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from garrison.errors import BusyError, ConfigError, UsageError, nearest
from garrison.ledger import Ledger, durable
from garrison.ledger.entry import Object
from garrison.watch.store.filter import parse
from garrison.watch.store.schema import RETENTION_DAYS, retained
from garrison.watch.store.search import moment
from garrison.watch.store.verify import RETENTION as KIND

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

FILE: Final = "retention.json"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Hold(msgspec.Struct, frozen=True):
    """Events that a filter of `garrison logs` finds are kept until the hold is released."""

    name: str
    filter: str
    reason: str
    actor: str
    since: dt.datetime


class Retention(msgspec.Struct, frozen=True):
    """Days by class (None: for ever), and holds."""

    days: dict[str, int | None]
    holds: tuple[Hold, ...] = ()


def read(folder: Path) -> Retention:
    """What is in force in a store. Raises ConfigError for a file that is damaged."""
    data = durable.read(folder / FILE)
    if data is None:
        return Retention(dict(RETENTION_DAYS))
    try:
        return msgspec.json.decode(data, type=Retention)
    except msgspec.DecodeError as error:
        raise ConfigError(f"is damaged: {error}", path=str(folder / FILE), hint="put it back from a copy") from error


class Changes:
    """Changes of what is in force, by an administrator of the store."""

    def __init__(self, client: Client, folder: Path, ledger: Ledger | None, *, actor: str, cluster: str = "") -> None:
        self._client, self._folder, self._ledger = client, folder, ledger
        self._actor, self._cluster = actor, cluster

    def keep_for(self, name: str, days: int | None, *, reason: str) -> Retention:
        """Keep a class for so many days. Raises ConfigError, BusyError, LedgerError."""
        now = read(self._folder)
        details: dict[str, Any] = {"class": name} | ({"days": days} if days is not None else {})
        thing: Object = {"type": "events", "name": name}
        return self._change(
            msgspec.structs.replace(now, days={**now.days, name: days}),
            lambda ledger: ledger.append(
                KIND, action="change", actor=self._actor, object=thing, reason=reason, details=details
            ),
        )

    def hold(self, name: str, filter_: str, *, reason: str) -> Retention:
        """Keep what a filter finds, whatever its class says. Raises UsageError for a name or filter that is none."""
        now = read(self._folder)
        if not _NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no name of a hold", hint="letters, digits, . _ and -")
        if any(hold.name == name for hold in now.holds):
            raise UsageError(f"there is a hold {name} already", hint="name another, or release it first")
        if not filter_.strip():
            raise UsageError("a hold needs a filter", hint="what it is about: actor_user=ann time>=2026-11-01")
        condition(filter_)
        made = Hold(name, filter_, reason, self._actor, dt.datetime.now(dt.UTC).replace(microsecond=0))
        thing: Object = {"type": "hold", "name": name}
        return self._change(
            msgspec.structs.replace(now, holds=(*now.holds, made)),
            lambda ledger: ledger.append(
                KIND, action="hold", actor=self._actor, object=thing, reason=f"{reason} ({filter_})"
            ),
        )

    def release(self, name: str, *, reason: str) -> Retention:
        """Let what a hold kept go when its time is over. Raises UsageError for one that is not there."""
        now = read(self._folder)
        names = [hold.name for hold in now.holds]
        if name not in names:
            raise UsageError(
                f"there is no hold {name}", hint=nearest(name, names, f"holds: {', '.join(names) or 'none'}")
            )
        thing: Object = {"type": "hold", "name": name}
        return self._change(
            msgspec.structs.replace(now, holds=tuple(hold for hold in now.holds if hold.name != name)),
            lambda ledger: ledger.append(KIND, action="release", actor=self._actor, object=thing, reason=reason),
        )

    def _change(self, made: Retention, record: Callable[[Ledger], object]) -> Retention:
        from clickhouse_connect.driver.exceptions import ClickHouseError

        statement = retained(made.days, [condition(hold.filter) for hold in made.holds], self._cluster)
        if self._ledger is not None:
            record(self._ledger)
        try:
            self._client.command(statement)
            durable.replace(self._folder / FILE, msgspec.json.format(msgspec.json.encode(made), indent=2), mode=0o600)
        except (ClickHouseError, OSError) as error:
            raise BusyError(f"nothing has been changed: {error}", hint="do it again", path=str(self._folder)) from error
        return made


def condition(filter_: str) -> str:
    """A filter as a condition of SQL without parameters. Raises UsageError."""
    return parse(filter_, moment).literal()
