"""Classes and holds, as they are in force. No stored event is changed by them: they are conditions by which the store lets rows go.

Each change is an entry of the ledger before it holds; that of a hold has the digest of its condition, which may name people, and says how
many events it kept then, so that `garrison logs verify` notices if there are fewer. What is in force lies in `retention.json` in the
folder of the store.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from garrison.errors import BusyError, ConfigError, UsageError, nearest
from garrison.ledger import Ledger, durable
from garrison.ledger.entry import Object, as_actor
from garrison.watch.store.filter import parse
from garrison.watch.store.schema import RETENTION_DAYS, retained
from garrison.watch.store.search import moment
from garrison.watch.store.verify import RETENTION as KIND
from garrison.watch.store.verify import count, digest_of

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

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
    """Days by class (None: for ever), and holds. `people` is the key of the pseudonyms under which people stand in the ledger."""

    days: dict[str, int | None]
    holds: tuple[Hold, ...] = ()
    people: bytes = b""


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

    def keep_for(self, days: Mapping[str, int | None], *, reason: str) -> Retention:
        """Keep classes for so many days; None: for ever. Raises ConfigError, BusyError, LedgerError."""
        with self._alone() as now:
            made = msgspec.structs.replace(now, days={**now.days, **days})
            changed = {name: said for name, said in days.items() if now.days.get(name, 0) != said}

            def record(ledger: Ledger) -> None:
                for name, said in changed.items():
                    details: dict[str, Any] = {"class": name} | ({"days": said} if said is not None else {})
                    thing: Object = {"type": "events", "name": name}
                    ledger.append(
                        KIND,
                        action="change",
                        actor=as_actor(self._actor, now.people),
                        object=thing,
                        reason=reason,
                        details=details,
                    )

            return self._change(made, record)

    def hold(self, name: str, filter_: str, *, reason: str) -> Retention:
        """Keep what a filter finds, whatever its class says. Raises UsageError for a name or filter that is none."""
        if not _NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no name of a hold", hint="letters, digits, . _ and -")
        if not filter_.strip():
            raise UsageError("a hold needs a filter", hint="what it is about: actor_user=ann time>=2026-11-01")
        said = condition(filter_)
        with self._alone() as now:
            if any(hold.name == name for hold in now.holds):
                raise UsageError(f"there is a hold {name} already", hint="name another, or release it first")
            since = dt.datetime.now(dt.UTC).replace(microsecond=0)
            made = Hold(name, filter_, said, reason, self._actor, since)
            kept = msgspec.structs.replace(now, holds=(*now.holds, made))
            self._rule(kept)  # before they are counted, so that what is counted stays
            details = {"events": self.count(made)}
            thing: Object = {"type": "hold", "name": name, "digest": digest_of(said)}
            return self._change(
                kept,
                lambda ledger: ledger.append(
                    KIND,
                    action="hold",
                    actor=as_actor(self._actor, now.people),
                    object=thing,
                    reason=reason,
                    details=details,
                    time=since,
                ),
            )

    def release(self, name: str, *, reason: str) -> Retention:
        """Let what a hold kept go when its time is over. Raises UsageError for one that is not there."""
        with self._alone() as now:
            names = [hold.name for hold in now.holds]
            if name not in names:
                raise UsageError(
                    f"there is no hold {name}", hint=nearest(name, names, f"holds: {', '.join(names) or 'none'}")
                )
            thing: Object = {"type": "hold", "name": name}
            return self._change(
                msgspec.structs.replace(now, holds=tuple(hold for hold in now.holds if hold.name != name)),
                lambda ledger: ledger.append(
                    KIND, action="release", actor=as_actor(self._actor, now.people), object=thing, reason=reason
                ),
            )

    def count(self, hold: Hold) -> int:
        """How many events that were stored before a hold it keeps. Raises EventsError."""
        return count(self._client, hold.condition, hold.since)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[Retention]:
        """What is in force, which nobody else changes meanwhile. Raises BusyError."""
        try:
            descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise BusyError(
                f"cannot be opened: {error.strerror}", hint="see who may", path=str(self._folder)
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            now = read(self._folder)
            yield now if now.people else msgspec.structs.replace(now, people=secrets.token_bytes(_KEY_BYTES))
        finally:
            os.close(descriptor)

    def _rule(self, made: Retention) -> None:
        from clickhouse_connect.driver.exceptions import ClickHouseError

        try:
            self._client.command(retained(made.days, [hold.condition for hold in made.holds], self._cluster))
        except ClickHouseError as error:
            raise BusyError(f"nothing has been changed: {error}", hint="do it again", path=str(self._folder)) from error

    def _change(self, made: Retention, record: Callable[[Ledger], object]) -> Retention:
        retained(made.days, [])  # what is no class is told before the ledger is
        if self._ledger is not None:
            record(self._ledger)
        self._rule(made)
        try:
            durable.replace(self._folder / FILE, msgspec.json.format(msgspec.json.encode(made), indent=2), mode=0o600)
        except OSError as error:
            raise BusyError(f"cannot be noted: {error}", hint="do it again", path=str(self._folder)) from error
        return made


def condition(filter_: str) -> str:
    """A filter as a condition of SQL without parameters. Raises UsageError."""
    return parse(filter_, moment).literal()
